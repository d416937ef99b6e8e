"""What a node said that has stopped is not shown as if it were now; what comes seldom is no stop."""

from types import SimpleNamespace

import numpy as np
import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    JointAngles,
    Phase,
    Pose,
    RepState,
    nanoseconds,
)
from fitness_visualization.answers import Answers
from fitness_visualization.dashboard import state as state_module
from fitness_visualization.dashboard.state import State


def test_an_answer_is_missing_once_poses_have_come_without_it_for_a_while() -> None:
    answers = Answers(["count", "label"], patience=3.0)
    assert not answers.missing("count")
    for tenth in range(100):
        answers.posed(tenth / 10)
        answers.came("label")
        assert answers.missing("count") == (tenth > 30)
        assert not answers.missing("label")
    answers.came("count")
    assert not answers.missing("count")


def test_nothing_is_missing_where_nothing_is_to_be_answered() -> None:
    answers = Answers(["count"], patience=3.0)
    answers.posed(0.0)
    answers.came("count")
    answers.posed(0.1)  # the last before the camera is unplugged; its answer is lost
    assert not answers.missing("count")
    answers.posed(60.0)
    assert not answers.missing("count"), "it has had no time to answer"
    answers.posed(62.0)
    answers.posed(64.0)
    assert answers.missing("count")


def test_what_came_last_is_known_until_it_is_old() -> None:
    answers = Answers(["count"], patience=3.0)
    assert answers.last("count") is None and answers.last("cue") is None
    answers.posed(0.0)
    answers.came("count", 4)
    answers.came("count", 5)
    answers.came("cue", "lower")
    for now in (0.1, 1.0, 2.0, 3.0):
        answers.posed(now)
        assert answers.last("count") == 5
    answers.posed(4.0)
    assert answers.last("count") is None and answers.last("cue") == "lower"
    answers.came("count", 6)
    assert answers.last("count") == 6


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of a State [s]."""
    made = SimpleNamespace(now=100.0)
    monkeypatch.setattr(state_module, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def test_a_counter_that_stops_leaves_no_count_and_no_angles_behind(clock: SimpleNamespace) -> None:
    known = State(Catalogue.load())
    known.take_state(RepState(0, "squat", Phase.OUT, 0.5, 3, 0, 1))
    known.take_classification(Classification(0, 0, ClassificationStatus.OK, "curl", 0.9, {"curl": 0.9}))
    angles = JointAngles(0, np.ones(10, np.float32), np.ones(10, np.float32))

    def after(seconds: float, *answered: str) -> dict:
        pose = Pose.nobody(0, 640, 480)
        for _ in range(round(seconds * 10)):
            clock.now += 0.1
            known.tick(nanoseconds(clock.now))
            for topic in answered:
                known.answered(topic)
        return known.now(pose, angles)

    live = after(5.0, "rep_state", "exercise")
    assert (live["count"], live["exercise"], live["missing"]) == (3, "squat", [])
    assert live["angles"]["left_knee"] == 57.3
    dead = after(4.0, "exercise")
    assert (dead["rep"], dead["count"], dead["phase"], dead["angles"]) == (None, 0, "unknown", {})
    assert (dead["exercise"], dead["missing"]) == ("curl", ["rep_state"])
    both = after(4.0)
    assert (both["classification"], both["exercise"], both["missing"]) == (None, "", ["rep_state", "exercise"])
    assert after(0.1, "rep_state", "exercise")["count"] == 3


def test_a_node_that_says_nothing_any_more_is_forgotten(clock: SimpleNamespace) -> None:
    known = State(Catalogue.load())
    known.take_diagnostics("pose_estimator", 0, "", {"stamp_age_ms": "31.2", "lost": "2"})
    known.take_diagnostics("rep_counter", 0, "", {"told": "squat"})
    clock.now += 2.5
    known.take_diagnostics("rep_counter", 0, "", {"told": "squat"})
    state = known.now(None, None)
    assert (state["latency_ms"], state["drops"]) == (31.2, 2)
    clock.now += 1.0
    state = known.now(None, None)
    assert (state["latency_ms"], state["drops"], list(known.nodes), known.told) == (
        None,
        None,
        ["rep_counter"],
        "squat",
    )
    known.silent_after = 10.0  # of a graph that is looked at seldom
    assert known.now(None, None)["drops"] == 2
