"""Fatigue over a set, as strength coaches measure it."""

import math

import numpy as np
import pytest

from fitness_core.catalogue import Catalogue, Effort
from fitness_core.ros import messages
from fitness_core.types import Reason, RepEvent, nanoseconds
from rep_counter.counter import RepCounter
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


@pytest.mark.parametrize("cut", [None, 0.1, 0.3, 0.6, 1.0])
def test_a_repetition_that_is_cut_off_after_its_turn_tells_nothing_of_speed(figure, cut):
    """Five squats whose way up takes longer each time, and a sixth that the recording ends in."""
    bends, time = [(0.0, 170.0), (1.5, 170.0)], 1.5
    for up in (1.0, 1.4, 1.8, 2.2, 2.6):
        bends += [(time + 1.0, 80.0), (time + 1.0 + up, 170.0)]
        time += 1.0 + up
    if cut:
        bends += [(time + 1.0, 80.0), (time + 1.0 + cut, 80.0 + 30.0 * cut)]
    times, knees = zip(*bends, strict=True)
    counter = RepCounter(Catalogue.load(), "squat")
    for at in np.arange(0, times[-1] + (0 if cut else 1), 1 / 30):
        counter.step(figure(at, knee=np.interp(at, times, knees)))
    [summary] = counter.finish().summaries
    assert summary.repetitions == (6 if cut else 5)
    assert summary.velocity_loss == pytest.approx(1 - 1.0 / 2.6, abs=0.06)
    assert summary.duration_mean == pytest.approx(1.0 + 0.6 * 1.8, abs=0.15)


def test_of_half_a_repetition_no_duration_is_known(figure):
    counter = RepCounter(Catalogue.load(), "squat")
    for number in range(30):
        counter.step(figure(number / 30, knee=120 - 50 * np.cos(np.pi * number / 30)))
    [summary] = counter.finish().summaries
    assert summary.repetitions == 1 and math.isnan(summary.duration_mean) and math.isnan(summary.velocity_loss)


def test_who_goes_down_first_works_on_the_way_back():
    effort = {exercise.name: exercise.effort for exercise in Catalogue.load()}
    assert {effort[name] for name in ("deadlift", "lunge", "push_up", "squat")} == {Effort.BACK}
    assert {effort[name] for name in ("curl", "press", "pull_up", "sit_up")} == {Effort.OUT}


def test_a_message_has_no_duration_of_half_a_repetition(figure):
    counter = RepCounter(Catalogue.load(), "squat")
    events = []
    for number in range(100):  # up from the bottom, a whole squat, and up to there
        knee = 120 - 50 * np.cos(np.pi * min(number, 90) / 30)
        events += counter.step(figure(number / 30, knee=knee)).events
    events += counter.finish().events
    told = [messages.to_rep_event(event, "") for event in events]
    assert [event.whole for event in events] == [messages.from_rep_event(message).whole for message in told]
    halves = [message for event, message in zip(events, told, strict=True) if not event.whole]
    assert len(events) > len(halves) > 0
    assert all(
        math.isnan(value)
        for half in halves
        for value in (half.duration, half.duration_out, half.duration_turn, half.duration_back)
    )
