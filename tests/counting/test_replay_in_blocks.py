"""Recorded poses that are taken many at a time give what the same poses give one after the other."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from exercise_classifier.classifier import ExerciseClassifier
from fitness_bringup.analysis.pipeline import Moment, Pipeline
from fitness_bringup.composition.live import DEMO
from fitness_core.catalogue import Catalogue
from fitness_core.types import Pose, nanoseconds
from fitness_datasets.bags import BagReader
from rep_counter.counter import RepCounter


def pipeline(exercise: str = "") -> Pipeline:
    return Pipeline(None if exercise else ExerciseClassifier(), RepCounter(Catalogue.load(), exercise))


def recorded() -> list[Pose]:
    with BagReader(DEMO) as bag:
        return list(bag.poses())


def disturbed(poses: Sequence[Pose]) -> list[Pose]:
    """Nobody for a while, another person, poses without metres, a stamp twice, and time that jumps back."""
    away = [Pose.nobody(p.stamp, p.width, p.height) if 200 <= n < 215 else p for n, p in enumerate(poses)]
    other = [replace(p, body_id="7") if n >= 300 else p for n, p in enumerate(away)]
    flat = [replace(p, world=np.full_like(p.world, np.nan)) if n >= 400 else p for n, p in enumerate(other)]
    return [*flat[:100], flat[99], *flat[100:], *poses[:150]]


def told(moments: Sequence[Moment]) -> list[tuple]:
    """What is published at each moment, but for what the classifier computed to the last digit."""
    return [
        (
            moment.state,
            moment.events,
            moment.summaries,
            moment.angles.angles.tolist(),
            moment.classification and (moment.classification.stamp, moment.classification.label, moment.new),
        )
        for moment in moments
    ]


@pytest.mark.parametrize("exercise", ("", "squat"))
@pytest.mark.parametrize("changed", (list, disturbed))
def test_blocks_tell_what_steps_tell(exercise, changed):
    poses = changed(recorded())
    single, many = pipeline(exercise), pipeline(exercise)
    one_by_one = [single.step(pose) for pose in poses]
    one_by_one.append(single.finish(poses[-1]))
    together = [*many.through(iter(poses)), many.finish(poses[-1])]
    assert sum(len(moment.events) for moment in one_by_one) >= 5
    # NaN is not itself, its text is.
    for one, other in zip(told(one_by_one), told(together), strict=True):
        assert repr(one) == repr(other)


def test_the_stamps_are_those_of_the_poses():
    poses = recorded()[:40]
    assert [moment.pose.stamp for moment in pipeline().through(poses)] == [pose.stamp for pose in poses]
    assert poses[-1].stamp - poses[0].stamp > nanoseconds(1.0)


def test_bouts_that_nobody_wants_change_nothing_else():
    poses = recorded()
    wanted, unwanted = RepCounter(Catalogue.load(), "squat"), RepCounter(Catalogue.load(), "squat")
    with_bouts, without = wanted.steps(poses), unwanted.steps(poses, bouts=False)
    assert any(output.periodicity for output in with_bouts) and not any(output.periodicity for output in without)
    for one, other in zip([*with_bouts, wanted.finish()], [*without, unwanted.finish()], strict=True):
        assert repr((one.state, one.events, one.summaries)) == repr((other.state, other.events, other.summaries))


@pytest.mark.parametrize("length", range(256, 260))
def test_a_recording_of_any_length_goes_through_a_network_that_takes_one_window(length: int) -> None:
    # One window is due in the last block of some of these, while the network still has those of the block before.
    classifier = ExerciseClassifier()
    classifier._network._together = 1
    moments = Pipeline(classifier, RepCounter(Catalogue.load())).through(recorded()[:length])
    assert len(list(moments)) == length
