"""What a page is told of the past when it comes late."""

from fitness_core.catalogue import Catalogue
from fitness_core.types import CuePriority, FormCue, Reason, RepEvent, SetSummary, nanoseconds
from fitness_visualization.dashboard.state import KEPT, State


def repetition(end: float, index: int = 1, number: int = 1) -> RepEvent:
    at = nanoseconds(end)
    return RepEvent(at, "squat", number, index, Reason.NONE, at - nanoseconds(2), at - nanoseconds(1), at, 2.0)


def finished(number: int, start: float, end: float, repetitions: int = 5, rejected: int = 0) -> SetSummary:
    at = nanoseconds(end)
    return SetSummary(at, "squat", number, nanoseconds(start), at, repetitions, rejected, 2.0, 1.5)


def test_a_number_of_a_set_that_comes_again_says_that_the_counter_was_reset() -> None:
    known = State(Catalogue.load())
    assert not known.counted_anew(repetition(10.0))
    known.take_set(finished(1, 0.0, 20.0))
    assert not known.counted_anew(repetition(20.0)), "told twice by a counter that crashed"
    assert not known.counted_anew(finished(1, 0.0, 20.0))
    assert not known.counted_anew(repetition(30.0, number=0)), "of no set"
    assert not known.counted_anew(repetition(30.0, number=2))
    assert known.counted_anew(repetition(30.0, number=1))
    known.take_set(finished(2, 25.0, 40.0))
    assert known.counted_anew(repetition(50.0, number=1)) and known.counted_anew(finished(1, 45.0, 60.0))
    known.forget_repetitions()
    assert not known.counted_anew(repetition(50.0, number=1))


def test_the_totals_are_of_all_sets_not_of_those_that_are_kept() -> None:
    known = State(Catalogue.load())
    for number in range(1, KEPT + 51):
        message = known.take_set(finished(number, 20.0 * number, 20.0 * number + 10))
    known.take_set(finished(KEPT + 51, 1e5, 1e5 + 1, repetitions=0))  # nothing was done in it
    totals = {"sets": KEPT + 50, "repetitions": 5 * (KEPT + 50)}
    assert message["totals"] == totals
    hello = known.hello()
    assert hello["totals"] == totals and len(hello["sets"]) == KEPT
    known.forget_repetitions()
    assert known.hello()["totals"] == {"sets": 0, "repetitions": 0}


def test_a_recording_that_starts_over_begins_without_the_repetitions_of_before() -> None:
    known = State(Catalogue.load())
    for second in range(100, 160):
        known.tick(nanoseconds(second))
    known.take_repetition(repetition(130.0))
    known.take_cue(FormCue(nanoseconds(131), "squat", "squat_depth", "A little lower.", CuePriority.CORRECTION))
    known.tick(nanoseconds(159.9))  # messages that have overtaken each other
    hello = known.hello()
    assert (len(hello["repetitions"]), len(hello["cues"])) == (1, 1)
    known.tick(nanoseconds(100))
    # Decided at the end of the recording, told after the first pose of the next round.
    message = known.take_repetition(repetition(158.0, index=2))
    assert message["index"] == 2
    hello = known.hello()
    assert (hello["repetitions"], hello["cues"]) == ([], [])
    known.take_repetition(repetition(100.1, index=3))
    assert [told["index"] for told in known.hello()["repetitions"]] == [3]
