"""Which repetitions a set begins with, where the classifier is of two minds."""

import numpy as np
import pytest
from counted_runs import CATALOGUE, counted, label

from fitness_core.catalogue import Catalogue, Half
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
