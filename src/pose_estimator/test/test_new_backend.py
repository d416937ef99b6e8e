"""A backend that is none of ours, added as docs/backends.md says, does all that ours do."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fitness_core.errors import InputError
from fitness_core.types import Frame
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.backends import BACKENDS, make_backend
from pose_estimator.compare import costs, differences
from pose_estimator.estimator import PoseEstimator
from pose_estimator.mediapipe_backend import MediaPipeBackend
from pose_estimator.options import Options

FOLDER = Path(__file__).parent
PICTURE = np.full((120, 160, 3), 90, np.uint8)


class ToyBackend(PoseBackend):
    """Sees the same body in every picture."""

    distribution = "numpy"
    models = ("lightning", "thunder")

    def __init__(self, options: Options) -> None:
        self.options = options

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        points = np.random.default_rng(0).random((33, 3)).astype(np.float32)
        return Detection(points, points, points[:, 0], points[:, 1], 0.5)

    def close(self) -> None:
        pass


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(BACKENDS, "toy", f"{__name__}:ToyBackend")


@pytest.mark.usefixtures("toy")
def test_it_is_made_by_its_name_with_models_of_its_own():
    assert make_backend("toy").options == Options(model="lightning"), "its usual one"
    assert make_backend("toy", Options("thunder", threads=4)).options == Options("thunder", threads=4)
    with pytest.raises(InputError, match="'full' is not known; toy accepts: lightning, thunder"):
        make_backend("toy", Options("full"))
    with pytest.raises(InputError, match=f"'openpose' is not known; accepted: {', '.join(BACKENDS)}"):
        make_backend("openpose")


@pytest.mark.usefixtures("toy")
def test_it_finds_poses_and_its_distance_from_mediapipe_can_be_told():
    assert PoseEstimator(make_backend("toy")).step(Frame(0, PICTURE, "eye")).tracked
    found = differences([PICTURE] * 2, "toy", Options("thunder"))
    assert (found.pictures, found.both, found.one_only) == (2, 0, 2), "MediaPipe sees nobody there"
    assert costs([PICTURE], "toy", slices=1, length=1).latency.keys() == {"mediapipe", "toy"}


@pytest.mark.usefixtures("toy")
def test_it_need_not_know_landmarks_in_metres(monkeypatch):
    flat = replace(make_backend("toy").detect(PICTURE, 0), world=np.full((33, 3), np.nan, np.float32))
    monkeypatch.setattr(ToyBackend, "detect", lambda *_: flat)
    estimator = PoseEstimator(make_backend("toy"))
    poses = [estimator.step(Frame(number * 33_000_000, PICTURE, "eye")) for number in range(60)]
    assert {pose.body_id for pose in poses} == {"person_1"}
    np.testing.assert_allclose(poses[-1].image, flat.image, atol=1e-6)
    monkeypatch.setattr(ToyBackend, "detect", lambda *_: None)
    gone = estimator.step(Frame(60 * 33_000_000, PICTURE, "eye"))
    assert not gone.tracked
    assert not gone.lost, "there is no lock that would wait"


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("toy")
def test_without_metres_its_distance_from_mediapipe_is_told_without_angles(monkeypatch):
    flat = replace(make_backend("toy").detect(PICTURE, 0), world=np.full((33, 3), np.nan, np.float32))
    seen = replace(flat, world=flat.image)
    monkeypatch.setattr(ToyBackend, "detect", lambda *_: flat)
    monkeypatch.setattr(MediaPipeBackend, "detect", lambda *_: seen)
    found = differences([PICTURE] * 2, "toy")
    assert (found.both, found.landmarks) == (2, 0.0)
    assert np.isnan([found.angles, found.angles_p95, found.world]).all()


def test_what_a_backend_imports_and_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(BACKENDS, "lost", "no_such_module_anywhere:LostBackend")
    with pytest.raises(InputError, match="'lost' needs no_such_module_anywhere, which is not installed"):
        make_backend("lost")


NODE = """
import sys
sys.path.insert(0, sys.argv[1])
from pose_estimator.backends import BACKENDS
BACKENDS["toy"] = "test_new_backend:ToyBackend"
import rclpy
from rclpy.parameter import Parameter
from pose_estimator.pose_estimator_node import PoseEstimatorNode

rclpy.init()
node = PoseEstimatorNode(parameter_overrides=[Parameter("backend", value="toy")])
node.start()
print(node.get_parameter("model").value, node.diagnose()[2]["backend"], "mediapipe" in sys.modules)
node.stop()
node.destroy_node()
rclpy.shutdown()
"""


def test_the_node_runs_it_and_says_its_model():
    command = [sys.executable, "-c", NODE, str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "lightning toy lightning False\n", done.stdout + done.stderr
