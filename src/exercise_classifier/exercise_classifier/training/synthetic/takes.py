"""Synthetic takes: a jointed body that moves as an exercise asks, with random proportions, tempo, range and style.

There are few people in public clips of an exercise; this fills in what they lack. Never used to test.
"""

from collections.abc import Callable

import numpy as np

from exercise_classifier.training.synthetic import exercises, others
from exercise_classifier.training.synthetic.body import body
from exercise_classifier.training.synthetic.signals import RATE, Generator, Motion, wander
from exercise_classifier.training.takes.takes import Take
from fitness_core.types import DEPTH_OF_IMAGE

_SIZE = (640, 480)
_PIXELS_PER_METRE = 160.0

MOTIONS: dict[str, tuple[Callable[[int, Generator], Motion], ...]] = {
    "curl": (exercises.curl,),
    "press": (exercises.press,),
    "squat": (exercises.squat,),
    "lunge": (exercises.lunge,),
    "sit_up": (exercises.sit_up,),
    "deadlift": (exercises.deadlift,),
    "front_raise": (exercises.front_raise,),
    "lateral_raise": (exercises.lateral_raise,),
    "pull_up": (exercises.pull_up,),
    "jumping_jack": (exercises.jumping_jack,),
    "push_up": (exercises.push_up,),
    "idle": (others.idle, others.idle, others.walk),
    "other": (
        *(others.hinge, others.side_lunge, others.upright_row, others.bench, others.row, others.row),
        *(others.arm_swing, others.run, others.plank, others.plank, others.crunch, others.twist),
        *(others.calf_raise, others.step_up, others.box, others.dip),
    ),
}
"""Exercise -> the motions it is drawn from."""


def take_of(exercise: str, name: str, rng: Generator, seconds: float = 6.0) -> Take:
    """A synthetic take of a class, seen from a level camera."""
    steps = round(seconds * RATE)
    motions = MOTIONS[exercise]
    points, place = body(motions[rng.integers(len(motions))](steps, rng), rng)
    # The pose network gives no point twice the same: an error that changes slowly, besides the one of each frame.
    for landmark in np.flatnonzero(np.isfinite(points[0, :, 0])):
        points[:, landmark] += np.stack([wander(steps, rng, 0.012) for _ in range(3)], axis=1)
    yaw = rng.uniform(-np.pi, np.pi)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    world = (points @ turn.T) * [1, -1, -1]
    seen = world + (place * [1, -1, -1])[:, None]
    pixels = seen * _PIXELS_PER_METRE + [_SIZE[0] / 2, _SIZE[1] / 2, 0]
    image = pixels / [_SIZE[0], _SIZE[1], _SIZE[0] * DEPTH_OF_IMAGE]
    visibility = np.where(np.isfinite(world[..., 0]), 0.95, 0.0)
    # Every landmark must be there for a body to be seen; what was not made lies hidden at the mid-hips.
    world, image = np.nan_to_num(world), np.where(np.isfinite(image), image, 0.5)
    return Take(
        name,
        exercise,
        f"synthetic {name}",
        False,
        np.arange(steps) / RATE,
        image.astype(np.float32),
        world.astype(np.float32),
        visibility.astype(np.float32),
        *_SIZE,
        kind="synthetic",
    )


def takes(number: int, seed: int) -> list[Take]:
    """So many takes of each exercise, twice as many of `other`, which is many things."""
    rng = np.random.default_rng(seed)
    return [
        take_of(exercise, f"{exercise} {n}", rng)
        for exercise in MOTIONS
        for n in range(number * (2 if exercise == "other" else 1))
    ]
