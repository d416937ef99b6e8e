"""A clock that is set right by a little during a set: one person, one set, and `run_set` goes on."""

from collections.abc import Iterator

import numpy as np
import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.skeleton import INDEX
from fitness_core.types import Frame, nanoseconds
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.estimator import PoseEstimator
from rep_counter.counter import CounterOutput, RepCounter
from rep_counter.sets.run_set import End, RunSet, SetRequest

PICTURE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
SQUATS, EACH, RATE = 6, 3.0, 30


class Squatting(PoseBackend):
    """Finds somebody whose knees are bent as `knee` says [deg]."""

    def __init__(self) -> None:
        self.knee = 170.0

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection:
        fold = np.radians(180 - self.knee) / 2
        world = np.zeros((33, 3), np.float32)
        for side, sign in (("left", 1), ("right", -1)):
            hip = np.array([0.1 * sign, 0, 0])
            knee = hip + 0.42 * np.array([sign * np.sin(fold), np.cos(fold), 0])
            ankle = knee + 0.42 * np.array([-sign * np.sin(fold), np.cos(fold), 0])
            parts = {"shoulder": [0.2 * sign, -0.5, 0], "elbow": [0.2 * sign, -0.2, 0], "wrist": [0.2 * sign, 0, 0]}
            for name, point in {**parts, "hip": hip, "knee": knee, "ankle": ankle}.items():
                world[INDEX[f"{side}_{name}"]] = point
        sure = np.full(33, 0.99, np.float32)
        return Detection((world / 2.2 + [0.5, 0.5, 0]).astype(np.float32), world, sure, sure, 0.99)

    def close(self) -> None:
        pass


def outputs(back: float) -> Iterator[tuple[str, CounterOutput, int]]:
    """Body, what the counter says, and a clock that nobody sets [ns]; stamps are set back in the third squat [s]."""
    backend = Squatting()
    estimator, counter = PoseEstimator(backend), RepCounter(Catalogue.load(), "squat")
    for number in range(round((3 + SQUATS * EACH) * RATE)):
        time = number / RATE
        phase = np.clip((time - 1.5) / EACH, 0, SQUATS)
        backend.knee = 170 - 45 * (1 - np.cos(2 * np.pi * phase))
        stamp = nanoseconds(100 + time - back * (time >= 9.0))
        pose = estimator.step(Frame(stamp, PICTURE))
        yield pose.body_id, counter.step(pose), nanoseconds(time)
    yield "", counter.finish(), nanoseconds(time)


@pytest.mark.parametrize("back", [0.04, 0.05, 0.15])
def test_a_set_goes_on(back: float) -> None:
    run = RunSet(SetRequest("squat", repetitions=SQUATS), Catalogue.load(), 0)
    bodies, sets = set(), []
    for body, output, clock in outputs(back):
        bodies.add(body)
        sets += [(summary.set_index, summary.repetitions) for summary in output.summaries]
        for event in output.events:
            run.take(event)
        for summary in output.summaries:
            run.close(summary, clock)
        run.hear(output.state, clock)
    assert bodies == {"person_1", ""} and sets == [(1, SQUATS)]
    assert (run.end, run.count) == (End.REPETITIONS, SQUATS)


def test_a_recording_in_a_loop_is_two_sets_of_two_people() -> None:
    seen = list(outputs(back=5.0))
    assert [summary.set_index for _, output, _ in seen for summary in output.summaries] == [1, 2]
    assert {body for body, _, _ in seen} == {"person_1", "person_2", ""}
