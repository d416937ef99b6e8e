"""A stick figure whose elbows and knees are bent as a test asks."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import Pose, nanoseconds

# For the helper beside the tests.
sys.path.insert(0, str(Path(__file__).parent))

WIDTH, HEIGHT = 640, 480


def _direction(degrees: float) -> np.ndarray:
    """Unit vector in the image plane: 0 = down, 90 = to the person's left (image right)."""
    return np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees)), 0.0])


def figure(time: float, elbow: float = 170.0, knee: float = 170.0, arm: float = 5.0, **changes) -> Pose:
    """A person facing the camera at a time [s].

    elbow, knee: inner angles [deg]. arm: upper arms from hanging [deg]. A pair (left, right) where the sides differ.
    changes: replace fields of the pose, e.g. visibility.
    """
    world = np.zeros((N_LANDMARKS, 3))
    for side, sign in (("left", 1), ("right", -1)):
        bend = 180 - np.broadcast_to(elbow, 2)[0 if side == "left" else 1]
        fold = 180 - np.broadcast_to(knee, 2)[0 if side == "left" else 1]
        lifted = np.broadcast_to(arm, 2)[0 if side == "left" else 1]
        shoulder = np.array([0.2 * sign, -0.5, 0])
        hip = np.array([0.1 * sign, 0, 0])
        flip = np.array([sign, 1, 1])
        elbow_at = shoulder + 0.28 * _direction(lifted) * flip
        knee_at = hip + 0.42 * _direction(fold / 2) * flip
        ankle = knee_at + 0.42 * _direction(-fold / 2) * flip
        points = {
            "shoulder": shoulder,
            "elbow": elbow_at,
            "wrist": elbow_at + 0.26 * _direction(lifted + bend) * flip,
            "hip": hip,
            "knee": knee_at,
            "ankle": ankle,
            "foot_index": ankle - np.array([0, 0, 0.15]),
        }
        for name, point in points.items():
            world[INDEX[f"{side}_{name}"]] = point
    image = world / 2.2 + [0.5, 0.5, 0]
    image[:, 0] = 0.5 + world[:, 0] / 2.2 * HEIGHT / WIDTH
    sure = np.full(N_LANDMARKS, 0.99, np.float32)
    fields = {
        "stamp": nanoseconds(time),
        "image": image.astype(np.float32),
        "world": world.astype(np.float32),
        "visibility": sure,
        "presence": sure,
        "width": WIDTH,
        "height": HEIGHT,
        "score": 0.99,
        "body_id": "person_1",
    }
    return Pose(**{**fields, **changes})


@pytest.fixture(name="figure", scope="session")
def _figure():
    return figure


def _wave(repetitions: int, seconds_each: float, rest: float, turn: float, rate: float, lead: float = 1.5) -> list:
    """(time, angle) samples: rest, so many repetitions, rest."""
    times = np.arange(0, 2 * lead + repetitions * seconds_each, 1 / rate)
    phase = np.clip((times - lead) / seconds_each, 0, repetitions)
    return list(zip(times, rest + (turn - rest) * (1 - np.cos(2 * np.pi * phase)) / 2, strict=True))


@pytest.fixture(scope="session")
def wave():
    return _wave
