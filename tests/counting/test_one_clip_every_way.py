"""The same movement has the same count, however fast, large or turned the pictures are; through the pose network.

One clip in every way, one of each other exercise at 10 frames per second; with EVERY_CLIP=1 all clips in every way.
"""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.types import Frame
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator
from rep_counter.counter import RepCounter

ROOT = Path(__file__).resolve().parents[2]
CLIP = "deadlift/exercises_deadlift.mp4"
REPETITIONS = {
    CLIP: 3,
    "curl/cv_personal_trainer_curl.mp4": 2,
    "press/shoulderpressexcercise_c_back.mp4": 3,
    "squat/fitnesstransformer_bodyweight_squats.mp4": 2,
    "push_up/_pushup5.mp4": 2,
    "lunge/exercises_lunges.mp4": 3,
    "jumping_jack/videos_ibbu_1.mp4": 12,
    "sit_up/_situps3.mp4": 5,
}
"""Whole sets that the clip table is sure of."""
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
def frames(data: Callable[[str], Path]) -> Callable[[str], list[Frame]]:
    """The frames of a clip; those of the last one are kept."""

    @lru_cache(maxsize=1)
    def read(clip: str) -> list[Frame]:
        with open_source(str(data(f"videos/{clip}"))) as source:
            return list(source)

    return read


@pytest.mark.parametrize(
    ("clip", "way"),
    [
        (clip, way)
        for clip in REPETITIONS
        for way in WAYS
        if clip == CLIP or way == "10 fps" or os.environ.get("EVERY_CLIP")
    ],
)
def test_a_clip_every_way(frames: Callable[[str], list[Frame]], clip: str, way: str) -> None:
    assert count(WAYS[way](frames(clip)), Catalogue.load(), clip.split("/")[0]) == REPETITIONS[clip]


def test_an_exercise_added_as_the_guide_says(data: Callable[[str], Path]) -> None:
    """docs/examples/side_lunge.yaml, driven by a distance; at 10 frames per second."""
    catalogue = Catalogue.load(ROOT / "docs" / "examples" / "side_lunge.yaml")
    with open_source(str(data(SIDE_LUNGE))) as source:
        frames = (frame for number, frame in enumerate(source) if number % 3 == 0)
        assert count(frames, catalogue, "side_lunge") == SIDE_LUNGES
