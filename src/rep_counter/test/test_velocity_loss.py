"""Fatigue over a set, as strength coaches measure it."""

import math

import pytest

from fitness_core.catalogue import Catalogue, Effort
from fitness_core.types import Reason, RepEvent, nanoseconds
from rep_counter.sets.counted_set import Set


def a_set(effort, *ways):
    """A set of repetitions of one range; ways: (out, pause, back) of each [s]."""
    made, start = Set("squat", 1, effort), 0.0
    for out, pause, back in ways:
        still, left = start + out, start + out + pause
        stamps = [nanoseconds(time) for time in (start, (still + left) / 2, left + back, still, left)]
        begin, turn, end, turn_start, turn_end = stamps
        made.add(
            RepEvent(end, "squat", 1, 0, Reason.NONE, begin, turn, end, 1.5, turn_start=turn_start, turn_end=turn_end)
        )
        start = left + back
    return made.summary(made.end)


def test_the_way_that_is_an_effort_counts_and_pauses_do_not():
    slower_up = ((2.0, 0.0, 1.0), (2.0, 1.0, 0.8), (2.0, 3.0, 1.6))
    assert a_set(Effort.BACK, *slower_up).velocity_loss == pytest.approx(0.5)
    assert a_set(Effort.OUT, *slower_up).velocity_loss == pytest.approx(0.0)


def test_one_repetition_loses_nothing_that_is_known():
    assert math.isnan(a_set(Effort.OUT, (1.0, 0.0, 1.0)).velocity_loss)


def test_who_goes_down_first_works_on_the_way_back():
    effort = {exercise.name: exercise.effort for exercise in Catalogue.load()}
    assert {effort[name] for name in ("deadlift", "lunge", "push_up", "squat")} == {Effort.BACK}
    assert {effort[name] for name in ("curl", "press", "pull_up", "sit_up")} == {Effort.OUT}
