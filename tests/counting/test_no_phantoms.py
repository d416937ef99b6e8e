"""What resembles an exercise is not counted, however sure a classifier is of it; through the pose network."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, RepEvent, nanoseconds
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator
from rep_counter.counter import RepCounter

RESEMBLES = (
    ("videos_starfish.mp4", "squat", 0, 1),  # star jumps
    ("videos_starfish.mp4", "jumping_jack", 18, 1),  # from where the squat before a jump is seen
    ("fitnesstransformer_upright_rows.mp4", "jumping_jack", 0, 3),
    ("fitnesstransformer_jumping_lunges.mp4", "lunge", 0, 3),
    ("prime_fitness_dips.mp4", "push_up", 0, 3),
    ("videos_ibbu_7.mp4", "push_up", 0, 3),  # burpees
    ("videos_ibbu_2.mp4", "deadlift", 0, 2),  # inchworms
)
"""A clip, an exercise that it is taken for, from which of its frames on, and every which of them is looked at."""


@pytest.mark.parametrize(("clip", "exercise", "first", "step"), RESEMBLES)
def test_what_resembles_an_exercise_is_not_counted(
    data: Callable[[str], Path], clip: str, exercise: str, first: int, step: int
) -> None:
    estimator, counter = PoseEstimator(make_backend()), RepCounter(Catalogue.load())
    events: list[RepEvent] = []
    with open_source(str(data(f"videos/other/{clip}"))) as source:
        for number, frame in enumerate(source):
            if number >= first and number % step == 0:
                counter.classify(sure(frame.stamp, exercise))
                events += counter.step(estimator.step(frame)).events
    events += counter.finish().events
    estimator.close()
    assert [event.exercise for event in events if event.counted] == []


def sure(stamp: int, exercise: str) -> Classification:
    """A label at a stamp [ns]."""
    probabilities = {exercise: 0.9, "other": 0.1}
    return Classification(stamp, stamp - nanoseconds(2), ClassificationStatus.OK, exercise, 0.9, probabilities)
