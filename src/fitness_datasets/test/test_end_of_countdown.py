"""No take begins while nobody stands there, however the countdown came to its end."""

import pytest
from take_figure import standing

from fitness_core.catalogue import Catalogue
from fitness_core.types import Pose, nanoseconds
from fitness_datasets.collection.guidance import Guidance, TakePhase, TakeRequest


def nobody(time: float) -> Pose:
    return Pose.nobody(nanoseconds(time), 640, 480)


@pytest.mark.parametrize("pause", [0.0, 10.0], ids=["who goes at its end", "who goes while the camera stands still"])
def test_a_take_waits_for_the_person(pause: float) -> None:
    guidance = Guidance(TakeRequest("P01", "S01", "squat", repetitions=2, consent=True), Catalogue.load()["squat"])
    time = 0.0
    while guidance.phase == TakePhase.PLACEMENT or guidance.remaining > 0.2:
        guidance.step(standing(time))
        time += 0.05
    time += pause
    for _ in range(6):
        guidance.step(nobody(time))
        assert guidance.phase == TakePhase.COUNTDOWN and guidance.start is None
        time += 0.05
    guidance.step(standing(time))
    assert guidance.phase == TakePhase.RECORDING and guidance.start == nanoseconds(time), "a moment is forgiven"


def test_who_has_gone_meanwhile_is_asked_back() -> None:
    guidance = Guidance(TakeRequest("P01", "S01", "squat", repetitions=2, consent=True), Catalogue.load()["squat"])
    time = 0.0
    while guidance.phase == TakePhase.PLACEMENT:
        guidance.step(standing(time))
        time += 0.05
    time += 10.0
    while guidance.phase == TakePhase.COUNTDOWN:
        guidance.step(nobody(time))
        time += 0.05
    assert guidance.phase == TakePhase.PLACEMENT and guidance.instruction.startswith("Step into the picture")
