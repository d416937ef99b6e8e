"""What fuzzing has found, one example each, so that it does not come back."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from exercise_classifier.window import PoseWindow
from fitness_core import yaml_text
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, messages
from fitness_core.ros.images import to_bgr
from fitness_core.ros.refusals import Refusals
from fitness_core.types import Pose
from fitness_datasets.pose_files import WIDTH, read_pose_file
from fitness_msgs import msg
from fitness_visualization.dashboard.state import State
from rep_counter.counter import RepCounter


def body(**fields) -> msg.BodyPose:
    """A body in the middle of a picture."""
    landmarks = [msg.Landmark(x=0.5, y=0.5, visibility=1.0, presence=1.0) for _ in range(33)]
    given = {"status": msg.BodyPose.STATUS_TRACKED, "image_width": 640, "image_height": 480, "landmarks": landmarks}
    return msg.BodyPose(**given | fields)


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (messages.from_rep_state, msg.RepState(phase=9)),
        (messages.from_rep_event, msg.RepEvent(reason=200)),
        (messages.from_form_cue, msg.FormCue(priority=7)),
        (lambda message: messages.from_classification(message, []), msg.ExerciseClassification(status=44)),
        (messages.from_body_pose, body(status=200)),
        (messages.from_body_pose, body(image_width=0)),
        (messages.from_time, Time(sec=0, nanosec=4_294_967_295)),
        (messages.from_time, Time(sec=-1)),
        (to_bgr, Image(encoding="bgr8")),
    ],
)
def test_what_no_interface_allows_is_refused(convert, message) -> None:
    with pytest.raises(InputError):
        convert(message)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.5, 7.0])
def test_a_probability_that_is_none_does_not_spoil_the_counters_sums(value: float) -> None:
    with pytest.raises(InputError, match="probability"):
        messages.from_classification(
            msg.ExerciseClassification(status=1, probabilities=[0.5, value]), ["squat", "curl"]
        )


def test_landmarks_that_cannot_be_are_not_measured_and_the_others_stay() -> None:
    message = body()
    message.landmarks[3] = msg.Landmark(x=math.inf, y=0.5)
    message.landmarks[4] = msg.Landmark(x=0.5, y=-3e38)
    message.landmarks[5].world.x = math.nan
    pose = messages.from_body_pose(message)
    assert np.isnan(pose.image[[3, 4]]).all()
    assert np.isfinite(pose.image[[0, 5, 32]]).all(), "a body without metres is one all the same"


def test_a_clock_that_stands_still_fills_no_memory() -> None:
    counter, window = RepCounter(Catalogue.load(), "squat"), PoseWindow(2.0, 15.0)
    for number in range(500):
        pose = Pose.nobody(1_000_000_000 + number, 640, 480)
        counter.step(pose)
        window.add(pose)
    assert len(counter._past._bodies) == 1 == len(window._poses)


def test_a_refusal_is_a_warning_for_a_while_and_a_number_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    refusals = Refusals(said.append)

    def callback(message: int) -> None:
        raise InputError(f"{message} is too much")

    guarded = refusals.guard("body_pose", callback)
    for number in (1, 2):
        guarded(number)
    assert said == ["body_pose: 1 is too much"]
    level, message, values = refusals.tell(diagnostics.OK, "active", {})
    assert (level, message) == (diagnostics.WARN, "body_pose: 2 is too much")
    assert values == {"refused body_pose": 2}
    monkeypatch.setattr("fitness_core.ros.refusals.time.monotonic", lambda: math.inf)
    assert refusals.tell(diagnostics.OK, "active", {})[:2] == (diagnostics.OK, "active")


def test_a_figure_that_is_no_number_is_not_known() -> None:
    state = State(Catalogue.load())
    state.take_diagnostics("pose_estimator", 0, "active", {"stamp_age_ms": "soon", "lost": "many", "replaced": "2"})
    now = state.now(None, None)
    assert (now["latency_ms"], now["drops"]) == (None, 2)
    for number in range(1000):
        state.take_diagnostics(f"node{number}", 0, "", {})
    assert len(state.nodes) <= 200


def test_a_pose_file_of_endless_width_has_the_assumed_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "poses.npz", landmarks=np.full((1, 33, 4), 0.5), width=math.inf)
    (pose,) = read_pose_file(tmp_path / "poses.npz", 30.0)
    assert pose.width == WIDTH


@pytest.mark.parametrize(("loader", "kind"), [(yaml.CSafeLoader, "control"), (yaml.SafeLoader, "special")])
def test_a_control_character_in_yaml_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: type, kind: str
) -> None:
    monkeypatch.setattr(yaml_text, "Loader", loader)
    (tmp_path / "jump.yaml").write_text("name: \x1cjump\n")
    said = rf"^[^\n]*unacceptable character #x001c: {kind} characters are not allowed[^\n]*$"
    with pytest.raises(InputError, match=said):
        Catalogue.load(tmp_path / "jump.yaml")
