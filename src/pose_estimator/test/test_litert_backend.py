"""The LiteRT backend: beside MediaPipe on real clips, and by itself."""

import json
import subprocess
import sys
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.types import SET_BACK
from pose_estimator import compare_backends
from pose_estimator.backends import make_backend
from pose_estimator.compare import differences
from pose_estimator.litert import files, landmarks
from pose_estimator.litert.detector import anchors, best
from pose_estimator.litert.region import Region
from pose_estimator.options import Options

# Cuts and text; a person at the edge whose limbs leave the picture; a person in the middle.
CLIPS = (
    "videos/squat/mrpose_squat.mp4",
    "videos/squat/virtual_gym_assistant_back.mp4",
    "videos/curl/pose_trainer_sample_bicep_curl.mp4",
)


def pictures(path: Path, count: int) -> list[np.ndarray]:
    with open_source(str(path)) as source:
        return [frame.image for frame in islice(source, count)]


@pytest.fixture
def backend():
    made = make_backend("litert")
    yield made
    made.close()


@pytest.fixture
def person(data):
    return pictures(data(CLIPS[2]), 12)


@pytest.mark.parametrize("clip", CLIPS)
def test_its_landmarks_are_those_of_mediapipe(data, clip):
    found = differences(pictures(data(clip), 45))
    assert found.pictures == 45
    assert found.both > 30
    assert found.one_only == 0
    assert found.landmarks < 0.01, "median, of the torso's length"
    assert found.angles < 1.0, "median, degrees"
    assert found.visibility < 0.02


def test_a_person_is_found_in_the_form_that_backends_promise(backend, person):
    found = backend.detect(person[-1], 0)
    assert found.image.shape == found.world.shape == (33, 3)
    assert found.visibility.shape == found.presence.shape == (33,)
    assert {found.image.dtype, found.world.dtype, found.visibility.dtype, found.presence.dtype} == {np.dtype("f4")}
    assert 0 < found.score <= 1


def test_it_looks_for_a_person_only_where_it_follows_none(backend, person, monkeypatch):
    searches = []
    find = backend._detector.find
    monkeypatch.setattr(backend._detector, "find", lambda picture: searches.append(1) or find(picture))
    followed = [backend.detect(picture, number) for number, picture in enumerate(person)]
    assert all(followed) and len(searches) == 1
    # Gone: one picture shows it, then every picture is searched.
    empty = np.full_like(person[0], 90)
    assert [backend.detect(empty, 100 + number) for number in range(3)] == [None] * 3
    assert len(searches) == 3
    assert backend.detect(person[0], 200) and len(searches) == 4
    # A picture that others have overtaken is of the same body; a recording that starts over is searched again.
    assert backend.detect(person[0], 200 - SET_BACK) and len(searches) == 4
    assert backend.detect(person[0], -2 * SET_BACK) and len(searches) == 5


def test_the_tracking_confidence_decides_when_a_body_is_lost(person):
    never = make_backend("litert", Options(min_tracking_confidence=1.0))
    assert [never.detect(picture, number) for number, picture in enumerate(person[:3])] == [None] * 3
    never.close()


def test_the_number_of_threads_changes_nothing_but_time(person):
    one, two = (make_backend("litert", Options(threads=threads)) for threads in (1, 2))
    for number, picture in enumerate(person[:3]):
        first, second = one.detect(picture, number), two.detect(picture, number)
        assert first.image == pytest.approx(second.image, abs=1e-3)


def test_pictures_of_any_shape(backend, person):
    for height, width in ((1, 1), (2, 900), (900, 2)):
        backend.detect(np.zeros((height, width, 3), np.uint8), 0)
    high = cv2.copyMakeBorder(person[0], 100, 100, 0, 0, cv2.BORDER_CONSTANT)
    found = backend.detect(high, -1)
    assert found is not None and np.isfinite(found.image).all()


@pytest.mark.parametrize("rotation", [-2.0, 0.0, 0.7])
def test_what_lies_in_a_region_is_put_back_where_it_was(rotation):
    picture = np.zeros((300, 400, 3), np.uint8)
    cv2.circle(picture, (230, 120), 5, (255, 128, 0), -1)
    region = Region(210.0, 140.0, 150.0, rotation)
    cut = region.crop(picture, 256, cv2.BORDER_REPLICATE)
    rows, columns = np.nonzero(cut.any(axis=2))
    place = np.array([[columns.mean(), rows.mean()]]) / 256
    assert region.to_picture(place)[0] == pytest.approx((230, 120), abs=0.5)
    assert cut.max(axis=(0, 1)).tolist() == [0, 128, 255], "RGB"


def test_a_region_is_turned_so_that_the_body_stands_upright():
    lying = Region.of_body(np.array([[100.0, 100.0], [180.0, 100.0]]))
    assert (lying.x, lying.y, lying.side) == (100, 100, 200)
    # The point beyond the head comes to lie above the middle.
    assert lying.to_picture(np.array([[0.5, 0.1]]))[0] == pytest.approx((180, 100))


def test_the_anchors_of_the_detector():
    made = anchors()
    assert made.shape == (2254, 2)
    assert made[0] == pytest.approx(0.5 * 8 / 224)
    assert made[28 * 28 * 2] == pytest.approx(0.5 * 16 / 224)
    assert made[-1] == pytest.approx(1 - 0.5 * 32 / 224)


def test_boxes_of_one_body_are_averaged_and_others_left_out():
    values = np.zeros((4, 12), np.float32)
    values[:, 2:4] = 112
    values[1, :2] = values[1, 4:8] = 11.2
    values[3, :2] = values[3, 4:8] = 200
    logits = np.array([2.0, 2.0, -5.0, 1.0], np.float32)
    centres = np.full((4, 2), 0.3, np.float32)
    assert best(values, logits, centres, 0.5) == pytest.approx(0.3 + 0.5 * 11.2 / 224)
    assert best(values, logits, centres, 0.95) is None


def test_the_heatmap_moves_a_point_only_where_it_is_sure():
    heatmap = np.full((64, 64, 39), -20.0, np.float32)
    heatmap[31, 34, 0] = 10.0
    heatmap[31, 34, 1] = -1.0
    points = np.array([[0.5, 0.5], [0.5, 0.5], [1.2, 0.5]])
    moved = landmarks.refine(points, heatmap)
    assert moved[0] == pytest.approx((34 / 64, 31 / 64), abs=1e-3)
    assert moved[1:].tolist() == points[1:].tolist()


def test_it_runs_where_mediapipe_cannot_be_imported(data):
    program = (
        "import sys\n"
        "sys.modules['mediapipe'] = None\n"
        "from fitness_camera.sources import open_source\n"
        "from pose_estimator.backends import make_backend\n"
        "from pose_estimator.estimator import PoseEstimator\n"
        "estimator = PoseEstimator(make_backend('litert'))\n"
        "poses = (estimator.step(frame) for frame in open_source(sys.argv[1]))\n"
        "assert any(pose.tracked for pose in poses)\n"
        "estimator.close()\n"
        "assert not [name for name in sys.modules if name.startswith(('mediapipe.', 'tensorflow', 'jax'))]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, data(CLIPS[2])], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_networks_come_from_a_folder_a_bundle_or_a_wheel(tmp_path, person, monkeypatch):
    detector, full = files.load("full")
    (tmp_path / "pose_detection.tflite").write_bytes(detector)
    (tmp_path / "pose_landmark_full.tflite").write_bytes(full)
    bundle, wheel = tmp_path / "pose.task", tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(bundle, "w") as written:
        written.writestr("pose_detector.tflite", detector)
        written.writestr("pose_landmarks_detector.tflite", full)
    with zipfile.ZipFile(wheel, "w") as written:
        written.writestr("mediapipe/modules/pose_detection/pose_detection.tflite", detector)
        written.writestr("mediapipe/modules/pose_landmark/pose_landmark_full.tflite", full)
    for given in (tmp_path, bundle, wheel):
        assert files.load("full", str(given)) == (detector, full)
    monkeypatch.setenv("FITNESS_POSE_NETWORKS", str(wheel))
    monkeypatch.setattr(sys, "path", [])
    assert files.load("full") == (detector, full)
    made = make_backend("litert", Options(networks=str(bundle)))
    assert made.detect(person[0], 0)


def test_a_body_stays_where_it_is_when_the_size_of_the_pictures_changes(backend, person):
    before = [backend.detect(picture, number * 33_000_000) for number, picture in enumerate(person)]
    for number, picture in enumerate(person):
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        found = backend.detect(small, (len(person) + number) * 33_000_000)
        away = np.linalg.norm((found.image - before[number].image)[:, :2], axis=1)
        assert np.median(away) < 0.05, "of the picture; a quarter, where it was looked for as in the large one"


@pytest.mark.parametrize("model", ["lite", "heavy"])
def test_networks_that_are_not_there_are_refused_with_what_to_do(model, tmp_path, monkeypatch):
    detector, _ = files.load("full")
    (tmp_path / "pose_detection.tflite").write_bytes(detector)
    with pytest.raises(InputError, match=f"has no pose_landmark_{model}.tflite; accepted: .*wheel of mediapipe"):
        make_backend("litert", Options(model, networks=str(tmp_path)))
    with pytest.raises(InputError, match="no such folder or bundle"):
        make_backend("litert", Options(model, networks=str(tmp_path / "missing.task")))
    with pytest.raises(InputError, match="no such user"):
        make_backend("litert", Options(model, networks="~nosuchuser/networks"))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(InputError, match="pose networks are not on this machine"):
        make_backend("litert", Options(model))


def test_a_file_that_is_another_network_is_refused(tmp_path):
    detector, _ = files.load("full")
    for name in ("pose_detection.tflite", "pose_landmark_full.tflite"):
        (tmp_path / name).write_bytes(detector)
    file = tmp_path / "pose_landmark_full.tflite"
    with pytest.raises(InputError, match=f"{file}: not a pose network of BlazePose"):
        make_backend("litert", Options(networks=str(tmp_path)))
    file.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=f"{file}: not a network"):
        make_backend("litert", Options(networks=str(tmp_path)))
    for damaged in (detector[:2000], detector[:8] + bytes(2000)):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=f"{file} is damaged .*fetch it again"):
            make_backend("litert", Options(networks=str(tmp_path)))
    bundle = tmp_path / "pose.task"
    with zipfile.ZipFile(bundle, "w") as written:
        written.writestr("pose_detector.tflite", b"nonsense")
        written.writestr("pose_landmarks_detector.tflite", detector)
    with pytest.raises(InputError, match=f"pose_detector.tflite in {bundle}: not a network"):
        make_backend("litert", Options(networks=str(bundle)))
    locked = bytearray(bundle.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.index(signature) + flags] |= 1  # encrypted
    bundle.write_bytes(locked)
    with pytest.raises(InputError, match=f"{bundle} is damaged .*encrypted.*fetch it again"):
        make_backend("litert", Options(networks=str(bundle)))


@pytest.mark.parametrize(
    ("model", "by"), [("full", "or the wheel of mediapipe"), ("lite", "npm package"), ("heavy", "npm")]
)
def test_what_a_network_is_taken_from_is_what_holds_it(model, by, tmp_path):
    with pytest.raises(InputError, match=by) as error:
        make_backend("litert", Options(model, networks=str(tmp_path)))
    assert ("or the wheel" in str(error.value)) == (model == "full"), "it holds no other"


def test_threads_below_one_are_refused():
    with pytest.raises(InputError, match="threads is 0; accepted: 1 or more"):
        make_backend("litert", Options(threads=0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pictures", "0", "clip.mp4"], "error: --pictures is 0; accepted: 1 or more"),
        (["--threads", "0", "clip.mp4"], "error: threads is 0; accepted: 1 or more"),
        (["nowhere.mp4"], "error: nowhere.mp4: no pictures in it"),
    ],
)
def test_the_comparison_with_mediapipe_refuses_what_it_cannot_use(arguments, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["compare_backends", *arguments])
    assert compare_backends.main() == 2
    assert capsys.readouterr().err.startswith(said)


def test_the_comparison_of_a_clip_with_nobody_is_json(tmp_path, monkeypatch, capsys):
    clip = tmp_path / "nobody.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25, (160, 120))
    writer.write(np.full((120, 160, 3), 90, np.uint8))
    writer.release()
    monkeypatch.setattr(sys, "argv", ["compare_backends", str(clip), "--no-costs", "--json"])
    assert compare_backends.main() == 0

    def no_json(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(capsys.readouterr().out, parse_constant=no_json)
    assert (found["pictures"], found["both"], found["landmarks"]) == (1, 0, None)
