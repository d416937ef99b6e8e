"""Exercises that either side does: one arm, both at once, in turn, or one that is hidden."""

import numpy as np
import pytest
from counted_runs import counted, run

from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, Reason


def test_one_arm_and_alternating_curls_count_each(figure, wave):
    one = [figure(time, elbow=(170, angle)) for time, angle in wave(3, 2.0, 165, 50, 30)]
    assert counted(run(one, lambda time: "curl")[0]) == {"curl": 3}
    left, right = wave(3, 2.0, 165, 50, 30), wave(3, 2.0, 165, 50, 30, lead=2.5)
    both = [figure(time, elbow=(a, b)) for (time, a), (_, b) in zip(left, right, strict=False)]
    together = [figure(time, elbow=(a, a - 3)) for time, a in left]
    assert counted(run(together, lambda time: "curl")[0]) == {"curl": 3}
    assert counted(run(both, lambda time: "curl")[0])["curl"] >= 3


def test_an_arm_that_trembles_back_while_the_other_is_up_counts_once(figure, wave):
    poses = []
    for time, angle in wave(3, 4.0, 165, 40, 30):
        from_top = abs((time - 1.5) % 4.0 - 2.0) if 1.5 < time < 13.5 else 2.0
        trembled = 100 * max(0.0, 1 - from_top / 0.4)
        poses.append(figure(time, elbow=(min(165, angle + trembled), angle)))
    assert counted(run(poses, exercise="curl")[0]) == {"curl": 3}


def test_an_arm_that_holds_its_weight_up_takes_nothing_from_the_other(figure, wave):
    poses = [
        figure(time, elbow=(max(60, 165 - 105 * time), angle)) for time, angle in wave(5, 1.2, 165, 50, 30, lead=2.5)
    ]
    assert counted(run(poses, exercise="curl")[0])["curl"] in (5, 6), "the arm that went up may count, too"


@pytest.mark.parametrize("exercise", ["press", "front_raise", "lateral_raise"])
def test_arms_that_take_turns_count_each_and_together_one(figure, wave, exercise):
    rest, top = (70, 165) if exercise == "press" else (8, 95)

    def raised(time: float, left: float, right: float) -> Pose:
        if exercise == "press":
            return figure(time, elbow=(left, right), arm=(40 + (left - 70) * 1.2, 40 + (right - 70) * 1.2))
        return figure(time, arm=(left, right))

    moved = wave(6, 2.0, rest, top, 30)
    lefts = [time < 1.5 or int((time - 1.5) / 2) % 2 == 0 for time, _ in moved]
    together = [raised(time, angle, angle - 2) for time, angle in moved]
    one = [raised(time, angle, rest) for time, angle in moved]
    in_turn = [
        raised(time, *((angle, rest) if left else (rest, angle)))
        for (time, angle), left in zip(moved, lefts, strict=True)
    ]
    for poses in (together, one, in_turn):
        assert counted(run(poses, exercise=exercise)[0]) == {exercise: 6}


def beside(figure, time: float, near: float, far: float, lifted: float) -> Pose:
    """Elbows [deg] seen from the left: the far one is behind the body until it bends. lifted: its visibility then."""
    visibility = np.full(33, 0.99, np.float32)
    visibility[[INDEX["right_elbow"], INDEX["right_wrist"]]] = lifted if far < 115 else 0.1
    return figure(time, elbow=(near, far), visibility=visibility)


def test_the_far_arm_counts_where_it_comes_into_sight(figure, wave):
    """Six curls of each arm, in turn."""
    near, far = (
        [min(165.0, 165 + 105 * np.sin(np.pi * (t - late))) for t in np.arange(1, 13, 1 / 30)] for late in (0, 1)
    )
    poses = [beside(figure, number / 30, a, b, 0.7) for number, (a, b) in enumerate(zip(near, far, strict=True))]
    assert counted(run(poses, exercise="curl")[0]) == {"curl": 12}
    hidden = [beside(figure, number / 30, a, b, 0.1) for number, (a, b) in enumerate(zip(near, far, strict=True))]
    assert counted(run(hidden, exercise="curl")[0]) == {"curl": 6}


@pytest.mark.parametrize("lifted", [0.1, 0.7])
def test_what_is_guessed_of_a_far_arm_is_no_repetition_beside_that_of_the_near(figure, wave, lifted):
    poses = [beside(figure, time, angle, angle + 5, lifted) for time, angle in wave(4, 2.0, 160.0, 60.0, 30)]
    assert counted(run(poses, exercise="curl")[0]) == {"curl": 4}


def test_a_far_arm_that_dips_while_the_near_is_up_adds_nothing(figure, wave):
    """It comes back before the near one, whose repetition is the one that is told of."""
    near, far = wave(3, 4.0, 160.0, 60.0, 30), wave(6, 2.0, 160.0, 60.0, 30)
    poses = []
    for (time, angle), (_, dip) in zip(near, far, strict=True):
        poses.append(beside(figure, time, angle, dip if (time - 1.5) % 4 < 2 else 160.0, 0.7))
    events, _, _ = run(poses, exercise="curl")
    assert counted(events) == {"curl": 3}
    assert all(event.duration > 2 for event in events)


def test_a_hidden_arm_does_not_hide_the_other(figure, wave):
    hidden = np.full(33, 0.99, np.float32)
    for name in ("right_elbow", "right_wrist"):
        hidden[INDEX[name]] = 0.05
    poses = [
        figure(time, elbow=(angle, 90 + 60 * np.sin(7 * time)), visibility=hidden)
        for time, angle in wave(3, 2.0, 165, 50, 30)
    ]
    assert counted(run(poses, exercise="curl")[0]) == {"curl": 3}


@pytest.mark.parametrize("exercise", ["", "curl"], ids=["classified", "asked for"])
@pytest.mark.parametrize("least", [28, 60])
def test_the_arm_that_does_more_stands_for_both_whichever_it_is(figure, wave, exercise, least):
    told = []
    for mirrored in (False, True):
        arms = [(165 - (165 - angle) * least / 120, angle) for _, angle in wave(3, 2.0, 165, 45, 30)]
        times = [time for time, _ in wave(3, 2.0, 165, 45, 30)]
        poses = [figure(t, elbow=both[::-1] if mirrored else both) for t, both in zip(times, arms, strict=True)]
        events, _, _ = run(poses, lambda time: "curl", exercise=exercise)
        assert [event.reason for event in events] == [Reason.NONE] * 3
        told.append([event.range_of_motion for event in events])
    assert told[0] == pytest.approx(told[1], abs=0.01)
    assert np.degrees(told[0]) == pytest.approx([120] * 3, abs=5)


@pytest.mark.parametrize("later", ["left", "right"])
def test_arms_that_are_up_at_the_beginning_and_come_down_one_after_the_other_did_one_half(figure, later):
    """As from the turning point of a recorded repetition on, of which the same arms are one repetition."""
    times = np.arange(0, 10, 1 / 30)
    soon, late = (np.interp(times, (0, down - 1, down, 5, 6, 7), (60, 50, 165, 165, 50, 165)) for down in (1.8, 4.0))
    left, right = (late, soon) if later == "left" else (soon, late)
    poses = [figure(time, elbow=angles) for time, *angles in zip(times, left, right, strict=True)]
    events, summaries, _ = run(poses, exercise="curl")
    assert [event.whole for event in events if event.counted] == [False, True]
    assert [summary.repetitions for summary in summaries] == [2]
