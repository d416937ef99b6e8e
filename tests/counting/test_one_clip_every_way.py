"""The same movement has the same count, however fast, large or turned the pictures are; through the pose network."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.types import Frame
from pose_estimator.backend import make_backend
from pose_estimator.estimator import PoseEstimator
from rep_counter.counter import RepCounter

ROOT = Path(__file__).resolve().parents[2]
CLIP, REPETITIONS = "videos/deadlift/exercises_deadlift.mp4", 3
SIDE_LUNGE, SIDE_LUNGES = "videos/other/nowva_side_lunge.mp4", 10


def every(step: int) -> Callable[[list[Frame]], list[Frame]]:
    """Every so many frames."""
    return lambda frames: frames[::step]


def doubled(frames: list[Frame]) -> list[Frame]:
    """Twice the frames per second: between each two a mixture of both."""
    between = [
        Frame((a.stamp + b.stamp) // 2, cv2.addWeighted(a.image, 0.5, b.image, 0.5, 0)) for a, b in pairwise(frames)
    ]
    return sorted([*frames, *between], key=lambda frame: frame.stamp)


def pictures(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[list[Frame]], list[Frame]]:
    """Every second frame, its picture changed."""
    return lambda frames: [Frame(frame.stamp, np.ascontiguousarray(change(frame.image))) for frame in frames[::2]]


WAYS = {
    "60 fps": doubled,
    "30 fps": every(1),
    "15 fps": every(2),
    "10 fps": every(3),
    "mirrored": pictures(lambda image: image[:, ::-1]),
    "cropped": pictures(lambda image: image[:, image.shape[1] // 8 : -image.shape[1] // 8]),
    "half size": pictures(lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
}


def count(frames: Iterator[Frame] | list[Frame], catalogue: Catalogue, exercise: str) -> int:
    """Counted repetitions, from pictures."""
    estimator, counter = PoseEstimator(make_backend()), RepCounter(catalogue, exercise)
    events = [event for frame in frames for event in counter.step(estimator.step(frame)).events]
    events += counter.finish().events
    estimator.close()
    return sum(event.counted for event in events)


@pytest.fixture(scope="module")
def clip(data: Callable[[str], Path]) -> list[Frame]:
    with open_source(str(data(CLIP))) as source:
        return list(source)


@pytest.mark.parametrize("way", WAYS)
def test_one_clip_every_way(clip: list[Frame], way: str) -> None:
    assert count(WAYS[way](clip), Catalogue.load(), "deadlift") == REPETITIONS


def test_an_exercise_added_as_the_guide_says(data: Callable[[str], Path]) -> None:
    """docs/examples/side_lunge.yaml, driven by a distance; at 10 frames per second."""
    catalogue = Catalogue.load(ROOT / "docs" / "examples" / "side_lunge.yaml")
    with open_source(str(data(SIDE_LUNGE))) as source:
        frames = (frame for number, frame in enumerate(source) if number % 3 == 0)
        assert count(frames, catalogue, "side_lunge") == SIDE_LUNGES
