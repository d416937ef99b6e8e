"""A set that was asked for: what belongs to it and when it is over."""

import math

import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import Phase, Reason, RepEvent, RepState, SetSummary, nanoseconds
from rep_counter.sets.run_set import End, RunSet, SetRequest

CATALOGUE = Catalogue.load()
START = 1_700_000_000.0
"""Stamp when the set is asked for [s]; the machine's clock is at 0 then."""


class Floor:
    """A counter that says what a test lets it say, a tenth of a second at a time."""

    def __init__(self, **asked) -> None:
        self.run = RunSet(SetRequest(**{"exercise": "squat", **asked}), CATALOGUE, 0, patience=60.0)
        self.time = self.clock = 0.0

    def pass_time(self, seconds: float, phase: Phase = Phase.REST) -> None:
        """States come."""
        for _ in range(round(seconds * 10)):
            self.time += 0.1
            self.clock += 0.1
            self.run.hear(RepState(nanoseconds(START + self.time), phase=phase), nanoseconds(self.clock))

    def stall(self, seconds: float) -> None:
        """No state comes."""
        self.clock += seconds
        self.run.look(nanoseconds(self.clock))

    def repeat(self, index: int, exercise: str = "squat", end: float = 0.0, reason: Reason = Reason.NONE) -> bool:
        end = nanoseconds(START + self.time + end)
        start = end - nanoseconds(2.0)
        turn = end - nanoseconds(1.0)
        stamp = nanoseconds(START + self.time)
        return self.run.take(RepEvent(stamp, exercise, 1, index, reason, start, turn, end, range_of_motion=1.5))

    def close(self, repetitions: int) -> None:
        """The counter closes its set."""
        now = nanoseconds(START + self.time)
        start = now - nanoseconds(9.0)
        summary = SetSummary(now, "squat", 1, start, now, repetitions, 0, 2.0, 1.5, second_opinion=repetitions)
        self.run.close(summary, nanoseconds(self.clock))

    @property
    def summary(self) -> SetSummary:
        return self.run.summary(nanoseconds(self.clock))


def test_so_many_repetitions_and_no_more() -> None:
    floor = Floor(repetitions=2)
    floor.pass_time(3.0)
    assert floor.repeat(1) and floor.repeat(0, reason=Reason.SHALLOW)
    floor.pass_time(2.0)
    assert floor.run.end is None
    assert floor.repeat(2)
    assert floor.run.end == End.REPETITIONS
    assert not floor.repeat(3)
    found = floor.summary
    assert (found.exercise, found.set_index, found.repetitions, found.rejected) == ("squat", 1, 2, 1)
    assert found.duration_mean == pytest.approx(2.0)


def test_a_repetition_that_is_told_twice_counts_once() -> None:
    floor = Floor(repetitions=3)
    floor.pass_time(3.0)
    assert floor.repeat(1)
    assert not floor.repeat(1, end=0.1)
    floor.pass_time(2.0)
    assert floor.repeat(1), "of a counter that was reset"
    assert floor.run.count == 2


def test_before_the_first_state_nothing_is_known_to_belong_to_it() -> None:
    floor = Floor(repetitions=1)
    assert not floor.run.heard
    assert not floor.repeat(1, end=-0.9)
    assert floor.run.end is None and floor.run.count == 0


def test_a_clock_that_is_set_on_is_no_time() -> None:
    floor = Floor(repetitions=3, time_limit=300.0)
    floor.pass_time(3.0)
    floor.time += 3600.0
    floor.pass_time(2.0)
    assert floor.run.end is None
    assert floor.repeat(1)


def test_stamps_that_are_none_are_told_as_0() -> None:
    assert Floor(repetitions=3).summary.start == 0
    floor = Floor(repetitions=3)
    floor.pass_time(8.0)
    floor.time = -START
    floor.pass_time(0.1)
    assert floor.summary.start == 0 < floor.summary.end


def test_what_was_done_before_or_is_something_else_does_not_belong_to_it() -> None:
    floor = Floor(repetitions=2)
    floor.pass_time(1.0)
    assert not floor.repeat(5, end=-1.5)
    assert not floor.repeat(1, exercise="curl")
    assert floor.repeat(6)
    assert floor.run.count == 1


def test_the_first_exercise_that_is_counted_is_the_one_where_none_was_named() -> None:
    floor = Floor(exercise="", repetitions=2)
    floor.pass_time(3.0)
    assert not floor.repeat(0, exercise="curl", reason=Reason.SHALLOW)
    assert floor.repeat(1, exercise="press")
    assert not floor.repeat(1, exercise="squat")
    assert (floor.run.exercise, floor.run.count) == ("press", 1)


def test_time_is_that_of_the_stamps() -> None:
    floor = Floor(time_limit=10.0)
    floor.pass_time(9.8)
    floor.repeat(1)
    assert floor.run.end is None
    floor.pass_time(0.4)
    assert (floor.run.end, floor.run.given_up, floor.summary.repetitions) == (End.TIME, False, 1)


def test_the_clock_goes_on_where_no_stamp_comes() -> None:
    floor = Floor(time_limit=10.0)
    floor.pass_time(5.0)
    floor.stall(4.5)
    assert floor.run.end is None
    floor.stall(1.0)
    assert floor.run.end == End.TIME
    never = Floor(time_limit=10.0)
    never.stall(10.1)
    assert never.run.end == End.TIME
    assert never.summary.repetitions == 0 and math.isnan(never.summary.duration_mean)


@pytest.mark.parametrize("to", [-3000.0, 0.0])
def test_stamps_that_jump_back_are_no_time(to: float) -> None:
    floor = Floor(time_limit=10.0)
    floor.pass_time(6.0)
    floor.time = to
    floor.pass_time(3.5)
    assert floor.run.end is None
    assert floor.repeat(1), "what is done after the jump belongs to it"
    floor.pass_time(1.0)
    assert floor.run.end == End.TIME


def test_rest_of_the_request_counts_from_the_last_repetition_and_not_within_one() -> None:
    floor = Floor(repetitions=5, rest=3.0)
    floor.pass_time(20.0)
    floor.repeat(1)
    floor.pass_time(4.0, Phase.OUT)
    floor.close(1)
    assert floor.run.end is None, "neither within a repetition, nor by the counter's shorter rest"
    floor.repeat(1)
    floor.pass_time(2.8)
    assert floor.run.end is None
    floor.pass_time(0.5)
    assert (floor.run.end, floor.summary.repetitions) == (End.REST, 2)


def test_the_counters_own_rest_ends_it_with_its_summary() -> None:
    floor = Floor(repetitions=5)
    floor.pass_time(3.0)
    floor.repeat(1)
    floor.repeat(2)
    floor.close(3)
    assert floor.run.end is None, "the third is still on its way"
    floor.repeat(3)
    floor.pass_time(0.1)
    assert (floor.run.end, floor.summary.second_opinion) == (End.REST, 3)
    lost = Floor(repetitions=5)
    lost.pass_time(3.0)
    lost.repeat(1)
    lost.close(2)
    lost.stall(1.1)
    assert (lost.run.end, lost.summary.repetitions) == (End.REST, 1)


def test_a_set_that_ended_before_it_was_asked_for_does_not_end_it() -> None:
    floor = Floor(repetitions=2)
    floor.pass_time(0.1)
    floor.run.close(
        SetSummary(0, "squat", 1, nanoseconds(START - 9), nanoseconds(START - 5), 4, 0, 2.0, 1.5),
        nanoseconds(floor.clock),
    )
    floor.pass_time(3.0)
    assert floor.run.end is None
    floor.repeat(1)
    assert floor.run.end is None


def test_a_summary_before_the_first_state_is_of_a_set_before() -> None:
    floor = Floor(repetitions=3)
    floor.close(5)
    floor.pass_time(3.0)
    assert floor.repeat(1) and floor.run.end is None


def test_nobody_is_waited_for_for_ever() -> None:
    floor = Floor(repetitions=2)
    floor.pass_time(3.0)
    floor.repeat(1)
    floor.pass_time(59.0)
    assert floor.run.end is None
    floor.pass_time(1.5)
    assert (floor.run.end, floor.run.given_up) == (End.TIME, True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"exercise": "juggling", "repetitions": 3}, "'juggling' is not in the catalogue; it has: "),
        ({"exercise": "idle", "time_limit": 3.0}, "'idle'"),
        ({"exercise": "squat"}, "the set needs an end"),
        ({"exercise": "squat", "repetitions": 3, "time_limit": -1.0}, "0 or more"),
        ({"exercise": "squat", "repetitions": 3, "rest": -0.5}, "0 or more"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(asked: dict, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        SetRequest(**asked).check(CATALOGUE)
    assert "\n" not in str(refused.value)


def test_a_summary_is_no_older_than_what_it_tells_of() -> None:
    floor = Floor(repetitions=1)
    floor.pass_time(3.0)
    floor.time += 0.1  # the event of a pose comes before its state
    assert floor.repeat(1)
    found = floor.summary
    assert found.stamp == nanoseconds(START + floor.time) >= found.end
