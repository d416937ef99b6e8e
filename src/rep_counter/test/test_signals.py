"""Each kind of signal that a catalogue may name drives repetitions."""

import numpy as np
import pytest

from fitness_core.catalogue import Catalogue
from rep_counter.counter import RepCounter

PRESS = (
    "distance: {point: wrist, of: shoulder, along: up}\ndirection: extend\nminimum_range_torso: 0.3\nturn_torso: 0.5"
)
SQUAT = "joint: knee\nplane: image\ndirection: flex\nminimum_range_deg: 35\nturn_deg: 130"
CURL = "joint: elbow\ndirection: flex\nsides: {sides}\nminimum_range_deg: 35\nturn_deg: 120"


@pytest.fixture
def events(tmp_path):
    def run(signal, poses):
        file = tmp_path / "mine.yaml"
        file.write_text(f"name: mine\ntitle: Mine\n{signal}\n")
        counter = RepCounter(Catalogue.load(file), "mine")
        return [event for pose in poses for event in counter.step(pose).events] + counter.finish().events

    return run


def turned(pose):
    """The person seen from the side: depth is as good as unknown, so that the picture shows no knee."""
    pose.image[:, 0] = 0.5
    return pose


def test_a_distance_in_torso_lengths(events, figure, wave):
    poses = [figure(time, elbow=angle, arm=40 + (angle - 70) * 1.2) for time, angle in wave(4, 2.0, 70, 165, 30)]
    for size in (0.6, 1.0, 1.4):
        for pose in poses:
            pose.world[:] *= size
        found = events(PRESS, poses)
        assert len(found) == 4
        assert all(0.3 < event.range_of_motion < 1.5 for event in found)
        assert all(event.turn_value == pytest.approx(found[0].turn_value, abs=0.01) for event in found)
        assert 0.5 < found[0].turn_value < 1.2


def test_an_angle_in_the_picture(events, figure, wave):
    motion = wave(3, 2.0, 170, 70, 30)
    found = events(SQUAT, [figure(time, knee=angle) for time, angle in motion])
    assert len(found) == 3
    assert [np.degrees(event.turn_value) for event in found] == pytest.approx([70] * 3, abs=2)
    assert events(SQUAT, [turned(figure(time, knee=angle)) for time, angle in motion]) == []


def test_alternating_sides_count_each(events, figure, wave):
    left, right = wave(3, 2.0, 165, 50, 30), wave(3, 2.0, 165, 50, 30, lead=2.0)
    overlapping = [figure(time, elbow=(a, b)) for (time, a), (_, b) in zip(left, right, strict=False)]
    assert len(events(CURL.format(sides="alternating"), overlapping)) == 6
    together = [figure(time, elbow=(a, a - 3)) for time, a in left]
    assert len(events(CURL.format(sides="alternating"), together)) == 3
    assert np.isclose(events(CURL.format(sides="both"), together)[0].symmetry, 1, atol=0.05)
