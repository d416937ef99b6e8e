"""Many poses at once give what one after the other does."""

from dataclasses import replace

import pytest
from exercise_clips import EXERCISES, START, poses_of

from exercise_classifier.classifier import ExerciseClassifier
from fitness_core.types import Classification, Pose, nanoseconds


def changed(poses: list[Pose]) -> list[Pose]:
    """A recording with everything in it: nobody for two seconds, a gap, another person, time that jumps back."""
    away = [p if not 60 <= n < 120 else Pose.nobody(p.stamp, p.width, p.height) for n, p in enumerate(poses)]
    gap = [replace(p, stamp=p.stamp + nanoseconds(1.0)) if n > 150 else p for n, p in enumerate(away)]
    somebody_else = [replace(p, body_id="2") if n > 180 else p for n, p in enumerate(gap)]
    return somebody_else + poses_of("squat", offset=START)[:90]


def assert_same(one: Classification | None, other: Classification | None) -> None:
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    assert (one.stamp, one.window_start, one.status, one.label, one.body_id) == (
        other.stamp,
        other.window_start,
        other.status,
        other.label,
        other.body_id,
    )
    assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert one.confidence == pytest.approx(other.confidence, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("block", (7, 300))
@pytest.mark.parametrize("exercise", EXERCISES)
def test_blocks_give_what_steps_give(exercise, block):
    poses = changed(poses_of(exercise))
    single, many = ExerciseClassifier(), ExerciseClassifier()
    one_by_one = [single.step(pose) for pose in poses]
    together = [found for at in range(0, len(poses), block) for found in many.steps(poses[at : at + block])]
    assert sum(found is not None for found in one_by_one) > 50
    for one, other in zip(one_by_one, together, strict=True):
        assert_same(one, other)


def test_no_pose_is_nothing():
    assert ExerciseClassifier().steps([]) == []


def test_poses_that_wait_for_the_next_label_change_nothing():
    poses = changed(poses_of("squat"))
    still = [replace(pose, stamp=poses[200].stamp) for pose in poses[200:300]]
    unnamed = [replace(pose, body_id="") for pose in poses_of("squat", offset=2 * START)[:60]]
    poses = [*poses[:200], *still, *poses[200:], *unnamed]
    waiting, at_once = ExerciseClassifier(), ExerciseClassifier()
    for number, pose in enumerate(poses):
        one, (other,) = waiting.step(pose), at_once.steps([pose])
        assert one == other or repr(one) == repr(other), number
