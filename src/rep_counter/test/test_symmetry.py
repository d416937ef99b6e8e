"""How alike the two sides are, where both of them do a repetition."""

import numpy as np
import pytest
from counted_runs import CATALOGUE

from rep_counter.counter import RepCounter


def curls(figure, left, right, repetitions=4):
    """Events and summary of arms that curl for two seconds in every four; each by (begins [s], so far [deg])."""

    def bent(time, begins, by):
        since = time - 1.5 - begins
        done = since < 0 or since >= 4 * repetitions or since % 4 >= 2
        return 170 - (0 if done else by * (1 - np.cos(np.pi * (since % 4))) / 2)

    counter, events = RepCounter(CATALOGUE, "curl"), []
    for time in np.arange(0, 4 * repetitions + 4, 1 / 30):
        events += counter.step(figure(time, elbow=(bent(time, *left), bent(time, *right)))).events
    last = counter.finish()
    return events + last.events, last.summaries[0]


@pytest.mark.parametrize("right", [(0.0, 0), (0.0, 15), (2.0, 120), (1.0, 120)])
def test_an_arm_that_works_alone_or_in_turn_is_compared_with_nothing(figure, right):
    """The other hangs, trembles, or curls while this one rests, or from its turning point on."""
    events, summary = curls(figure, (0.0, 120), right)
    assert len(events) == summary.repetitions == (4 if right[1] < 100 else 8)
    assert all(np.isnan(event.symmetry) for event in events) and np.isnan(summary.symmetry_mean)


@pytest.mark.parametrize(("right", "expected"), [((0.0, 120), 1.0), ((0.0, 84), 0.7), ((0.1, 84), 0.7)])
def test_arms_that_work_together_are_compared(figure, right, expected):
    events, summary = curls(figure, (0.0, 120), right)
    assert len(events) == summary.repetitions == 4
    assert [event.symmetry for event in events] == pytest.approx([expected] * 4, abs=0.1)
    assert summary.symmetry_mean == pytest.approx(expected, abs=0.1)
