"""Somebody walks through, or stands beside: the trainee's count is what the clip alone gives, through the network.

The people are cut out of real clips, at test time, by the pose network's own segmentation.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.types import Frame, RepEvent, seconds
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator
from pose_estimator.lock import LockState
from rep_counter.counter import RepCounter

# A fixture watches the clip too, and the machine may be busy.
pytestmark = pytest.mark.timeout(1200)

CLIP, EXERCISE = "videos/squat/nowva_squats.mp4", "squat"
WALKER = "videos/other/mediapipe_python_walking.mp4"
CUT_OUT = """
import sys, cv2, numpy as np
from pose_estimator.mediapipe_backend import load
video, out = sys.argv[1:]
pose = load()[1].Pose(smooth_landmarks=False, enable_segmentation=True)
capture, pictures, masks = cv2.VideoCapture(video), [], []
while len(pictures) < 45:
    there, picture = capture.read()
    mask = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).segmentation_mask
    if mask is not None:
        pictures.append(picture)
        masks.append((mask * 255).astype(np.uint8))
rows, columns = np.where(np.max(masks, axis=0) > 127)
box = np.s_[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
np.savez(out, pictures=np.array(pictures)[box], masks=np.array(masks)[box])
"""

Person = tuple[np.ndarray, np.ndarray]
"""Pictures [n, height, width, 3] of somebody, and how much of each pixel is theirs [n, height, width, 0..255]."""


@pytest.fixture(scope="module")
def clip(data: Callable[[str], Path]) -> list[Frame]:
    """The first seven seconds: three squats."""
    with open_source(str(data(CLIP))) as source:
        return [frame for frame in source if seconds(frame.stamp) < 7]


@pytest.fixture(scope="module")
def walker(data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Person:
    """In a process of its own: a graph with segmentation is not for the others."""
    out = tmp_path_factory.mktemp("people") / "walker.npz"
    subprocess.run([sys.executable, "-c", CUT_OUT, str(data(WALKER)), str(out)], check=True, timeout=240)
    with np.load(out) as found:
        return found["pictures"], found["masks"]


def put(picture: np.ndarray, person: Person, number: int, height: int, centre: float) -> np.ndarray:
    """The picture with somebody in front, so many pixels tall, standing on its lower edge."""
    pictures, masks = person
    number %= len(pictures)
    size = (round(pictures.shape[2] * height / pictures.shape[1]), height)
    body, mask = cv2.resize(pictures[number], size), cv2.resize(masks[number], size)[..., None] / 255
    rows, columns = picture.shape[:2]
    left, top = round(centre - size[0] / 2), rows - height
    first, last = max(left, 0), min(left + size[0], columns)
    if last <= first:
        return picture
    made = picture.copy()
    part, here = np.s_[max(-top, 0) :, first - left : last - left], np.s_[max(top, 0) :, first:last]
    made[here] = (mask[part] * body[part] + (1 - mask[part]) * made[here]).astype(np.uint8)
    return made


def walks_through(frames: list[Frame], person: Person, begin: float, end: float, height: float) -> list[Frame]:
    """Somebody crosses from right to left between two times [s]; height as a share of the picture's."""
    made = []
    for number, frame in enumerate(frames):
        way = (seconds(frame.stamp) - begin) / (end - begin)
        rows, columns = frame.image.shape[:2]
        if 0 <= way < 1:
            centre = (1.2 - 1.4 * way) * columns
            frame = Frame(frame.stamp, put(frame.image, person, number, round(height * rows), centre))
        made.append(frame)
    return made


def watched(frames: list[Frame]) -> tuple[list[RepEvent], list[str], PoseEstimator]:
    """Counted repetitions, the bodies that had a pose, and the stage that saw them."""
    estimator, counter = PoseEstimator(make_backend()), RepCounter(Catalogue.load(), EXERCISE)
    events: list[RepEvent] = []
    bodies = []
    for frame in frames:
        pose = estimator.step(frame)
        bodies += [pose.body_id] if pose.tracked else []
        events += counter.step(pose).events
    events += counter.finish().events
    estimator.close()
    return [event for event in events if event.counted], bodies, estimator


@pytest.fixture(scope="module")
def alone(clip: list[Frame]) -> list[RepEvent]:
    """What the clip gives without anybody else."""
    events, bodies, estimator = watched(clip)
    assert set(bodies) == {"person_1"} and estimator.lock.refused == 0 and len(events) >= 3
    return events


def test_who_passes_in_front_changes_no_count(clip: list[Frame], walker: Person, alone: list[RepEvent]) -> None:
    events, bodies, estimator = watched(walks_through(clip, walker, 2.0, 3.8, 1.1))
    assert len(events) == len(alone)
    assert set(bodies) == {"person_1"} and estimator.lock.state == LockState.LOCKED
    for event, other in zip(events, alone, strict=True):
        assert abs(event.turn - other.turn) < 5e8


def test_who_stands_beside_is_never_counted(clip: list[Frame], walker: Person, alone: list[RepEvent]) -> None:
    """Two clips side by side: the smaller person at the edge is neither locked on to nor in the way."""
    beside = [
        Frame(frame.stamp, put(frame.image, walker, number, 200, 0.1 * frame.image.shape[1]))
        for number, frame in enumerate(clip)
    ]
    events, bodies, _ = watched(beside)
    assert len(events) == len(alone) and set(bodies) == {"person_1"}
