"""Where the body changes, no repetition is made of two people's movement."""

from dataclasses import replace

import pytest

from fitness_core.catalogue import Catalogue
from rep_counter.counter import RepCounter


def counted(poses):
    counter = RepCounter(Catalogue.load(), "squat")
    outputs = [counter.step(pose) for pose in poses] + [counter.finish()]
    events = [event for output in outputs for event in output.events if event.counted]
    return events, [summary for output in outputs for summary in output.summaries]


@pytest.mark.parametrize("at", [4.2, 4.5, 5.0])
def test_a_repetition_of_two_people_is_none(figure, wave, at):
    """Somebody else takes over in the middle of the second repetition; both go on in step."""
    poses = [figure(time, knee=angle) for time, angle in wave(4, 2.0, 170, 75, 30)]
    change = poses[0].stamp + round(at * 1e9)
    alone, _ = counted(poses)
    split = [replace(pose, body_id="person_2" if pose.stamp >= change else "person_1") for pose in poses]
    events, summaries = counted(split)
    assert len(alone) == 4
    for event in events:
        poses_of = {pose.body_id for pose in split if event.start <= pose.stamp <= event.end}
        assert poses_of == {event.body_id}
    assert len(events) <= 4 and len(summaries) == 2
    assert [summary.body_id for summary in summaries] == ["person_1", "person_2"]


def test_a_body_that_is_not_seen_is_no_other_body(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(4, 2.0, 170, 75, 30)]
    hidden = [
        type(pose).nobody(pose.stamp, pose.width, pose.height) if number in (10, 11, 150) else pose
        for number, pose in enumerate(poses)
    ]
    assert len(counted(hidden)[0]) == 4
