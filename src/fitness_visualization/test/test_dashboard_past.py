"""What a page is told of the past when it comes late."""

from fitness_core.catalogue import Catalogue
from fitness_core.types import CuePriority, FormCue, Reason, RepEvent, nanoseconds
from fitness_visualization.dashboard.state import State


def repetition(end: float, index: int = 1) -> RepEvent:
    at = nanoseconds(end)
    return RepEvent(at, "squat", 1, index, Reason.NONE, at - nanoseconds(2), at - nanoseconds(1), at, 2.0)


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
