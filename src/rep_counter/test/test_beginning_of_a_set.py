"""Which repetitions a set begins with, where the classifier is of two minds; and which are too small beside others."""

from dataclasses import replace

import numpy as np
import pytest
from counted_runs import CATALOGUE, counted, label

from fitness_core.catalogue import Catalogue, Half
from fitness_core.types import Reason, seconds
from rep_counter.counter import RepCounter


def _squats(figure, *bends):
    """Poses of half a minute at most; bends: (second, knee angle [deg]) to move between at an even speed."""
    times, angles = zip(*bends, strict=True)
    return [figure(number / 30, knee=np.interp(number / 30, times, angles)) for number in range(round(30 * times[-1]))]


@pytest.mark.parametrize("cut", [8.7, 9.0, 9.3])
@pytest.mark.parametrize("ends_by", ["the end", "a recording that starts over"])
def test_a_way_out_that_does_not_count_begins_no_set_with_a_repetition_of_something_else(figure, cut, ends_by):
    """As a deadlift that the recording cuts off just after it turned, behind one that is said to be something else."""
    squat = Catalogue([CATALOGUE["squat"].model_copy(update={"half": Half.BACK})])
    counter, events, summaries = RepCounter(squat), [], []
    poses = _squats(figure, (0, 170), (1.5, 170), (2.5, 80), (3.5, 170), (4.7, 170), (8.2, 80), (10.2, 130))
    for pose in poses:
        time = pose.stamp / 1e9
        if time > cut:
            break
        counter.classify(label(time, "other" if time < 5 else "squat", 0.97))
        output = counter.step(pose)
        events, summaries = events + output.events, summaries + output.summaries
    last = counter.finish() if ends_by == "the end" else counter.step(figure(0.0))
    assert counted(events + last.events) == {} and summaries + last.summaries == []


@pytest.mark.parametrize(("said", "squats"), [(0.97, 5), (0.4, 6)])
def test_a_first_repetition_is_of_the_set_where_the_classifier_considered_it(figure, said, squats):
    """Six squats, of which the first is said to be something else: surely, or as one of several possibilities."""
    bends = [(0, 170), (1.5, 170), (2.5, 80), (3.5, 170)]
    for begins in (5.8, 7.8, 9.8, 11.8, 13.8):
        bends += [(begins, 170), (begins + 1, 80), (begins + 2, 170)]
    poses = _squats(figure, *bends, (18, 170))
    counter, events = RepCounter(CATALOGUE), []
    for pose in poses:
        time = pose.stamp / 1e9
        counter.classify(label(time, "other", said) if time < 5.6 else label(time, "squat"))
        events += counter.step(pose).events
    assert counted(events + counter.finish().events) == {"squat": squats}


def test_a_doubtful_set_that_goes_on_is_told_after_six_seconds(figure, wave):
    """Never sure, since lunges bend the knees as well, and never a pause: it must not wait for its end."""
    poses = [figure(time, knee=angle) for time, angle in wave(14, 1.2, 170, 80, 30)]
    counter, events = RepCounter(CATALOGUE), []
    for pose in poses:
        doubtful = {"squat": 0.55, "lunge": 0.45}
        counter.classify(replace(label(pose.stamp / 1e9, "squat"), probabilities=doubtful))
        events += counter.step(pose).events
    waited = seconds(events[0].stamp - events[0].end)
    assert events[0].exercise == "squat" and 5.5 < waited < 7.5
    assert counted(events + counter.finish().events) == {"squat": 14}


@pytest.mark.parametrize(("share", "expected"), [(0.41, 4), (0.55, 5)])
def test_a_repetition_is_shallow_beside_the_persons_own_ones_whatever_the_least_is(figure, share, expected):
    """Four squats of 100 degrees, and one that turns past 130 and by more than 35, which the file asks for."""
    bends = [(0, 170), (1.5, 170)]
    for number, depth in enumerate([100, 100, 100, 100, 100 * share]):
        begins = 1.5 + 2 * number
        bends += [(begins, 170), (begins + 1, 170 - depth), (begins + 2, 170)]
    counter, events = RepCounter(CATALOGUE, "squat"), []
    for pose in _squats(figure, *bends, (bends[-1][0] + 1, 170)):
        events += counter.step(pose).events
    events += counter.finish().events
    assert [event.reason for event in events][4:] == [Reason.NONE if expected == 5 else Reason.SHALLOW]
    assert counted(events) == {"squat": expected}


@pytest.mark.parametrize("stood", [170, 130, 115, 105, 80])
def test_who_stands_bent_before_the_first_way_up_has_done_half_a_repetition(figure, stood):
    """As at a bar: bent for a while, a little lower, and up; three whole ones follow. The least range is 35 degrees."""
    bends = [(0, stood), (2.5, stood), (3.1, 80), (4.1, 170)]
    for begins in (5, 7, 9):
        bends += [(begins, 170), (begins + 1, 80), (begins + 2, 170)]
    poses = _squats(figure, *bends, (12, 170))
    counter, events = RepCounter(CATALOGUE, "squat"), []
    for pose in poses:
        events += counter.step(pose).events
    events += counter.finish().events
    assert counted(events) == {"squat": 4}
    # From 130 degrees the way down is enough for a repetition.
    assert [event.whole for event in events if event.counted] == [stood >= 130, True, True, True]


def test_who_straightens_up_long_after_has_done_no_half_repetition(figure):
    """Leaning on something, sinking for a moment, and standing up ten seconds later is not a squat."""
    bends = [(0, 115), (2.5, 115), (3.1, 80), (3.7, 115), (13.7, 115), (14.7, 170)]
    counter, events = RepCounter(CATALOGUE, "squat"), []
    for pose in _squats(figure, *bends, (17, 170)):
        events += counter.step(pose).events
    assert counted(events + counter.finish().events) == {}
