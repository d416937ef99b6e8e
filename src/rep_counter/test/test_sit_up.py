"""A sit-up lifts the shoulders over the hips of somebody who lies."""

import numpy as np
import pytest
from counted_runs import counted, run

from fitness_core.skeleton import INDEX

LYING = {"knee": (0.3, -0.3), "ankle": (0.55, 0.0)}
STRAIGHT = {"knee": (0.42, 0.0), "ankle": (0.84, 0.0)}
SLOPING = {"knee": (0.3, -0.25), "ankle": (0.5, -0.05)}
STANDING = {"knee": (0.0, 0.42), "ankle": (0.0, 0.84)}
"""Knee and ankle from the hip [m right, m down], seen from the side."""


def bent(figure, time: float, trunk: float, legs: dict[str, tuple[float, float]]):
    """A pose seen from the side whose trunk rises from the hips by so many degrees."""
    pose = figure(time)
    world = np.zeros_like(pose.world)
    up = np.array([-np.cos(np.radians(trunk)), -np.sin(np.radians(trunk))])
    points = {"shoulder": 0.5 * up, "elbow": 0.6 * up, "wrist": 0.65 * up, "hip": 0 * up, **legs}
    for side, depth in (("left", -0.1), ("right", 0.1)):
        for name, at in points.items():
            world[INDEX[f"{side}_{name}"]] = (*at, depth)
    image = world / 2.2 + [0.5, 0.5, 0]
    image[:, 0] = 0.5 + world[:, 0] / 2.2 * pose.height / pose.width
    return figure(time, world=world.astype(np.float32), image=image.astype(np.float32))


@pytest.mark.parametrize(
    ("legs", "low", "high", "sit_ups"),
    [
        (LYING, 0, 85, 4),
        (STRAIGHT, 0, 85, 4),
        (SLOPING, 15, 75, 4),
        (LYING, 0, 25, 4),  # a crunch
        (LYING, 0, 13, 4),  # a small one
        (LYING, 0, 8, 0),  # the head only
        (STANDING, 10, 85, 0),  # who bows and stands up
    ],
)
def test_sit_ups(figure, wave, legs, low, high, sit_ups):
    poses = [bent(figure, time, trunk, legs) for time, trunk in wave(4, 2.5, low, high, 30)]
    events, _, _ = run(poses, exercise="sit_up")
    assert counted(events)["sit_up"] == sit_ups
    for event in events:
        if event.counted:
            height = np.sin(np.radians(high)) - np.sin(np.radians(low))
            assert event.range_of_motion == pytest.approx(height, abs=0.08), "in torso lengths"


def test_legs_that_are_drawn_up_are_no_sit_up(figure, wave):
    poses = []
    for time, share in wave(4, 2.5, 0.0, 1.0, 30):
        legs = {name: tuple(np.array(STRAIGHT[name]) * (1 - share) + np.array(LYING[name]) * share) for name in LYING}
        poses.append(bent(figure, time, 5, legs))
    assert counted(run(poses, exercise="sit_up")[0]) == {}
