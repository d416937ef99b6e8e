"""Motion capture as the pose network would have given it: from any side, with its errors and its visibility.

Exact joints have neither. The figures were measured on 130 clips of people (`mediapipe full`, after the pose stage).
"""

from dataclasses import replace

import numpy as np

from exercise_classifier.training.takes.takes import Take
from fitness_core.skeleton import INDEX, LANDMARKS
from fitness_core.types import DEPTH_OF_IMAGE

_FRONT = {"elbow": (0.99, 0.96), "wrist": (0.98, 0.95), "knee": (0.96, 0.83), "ankle": (0.93, 0.75)}
_SIDE = {"elbow": (0.98, 0.13), "wrist": (0.95, 0.15), "knee": (0.97, 0.37), "ankle": (0.96, 0.49)}
"""Median visibility of the better and of the worse seen side: 70 clips from the front, 38 from the side."""

_VISIBLE = (0.05, 0.2, 0.4, 0.6, 0.8, 0.93, 0.99)
_ERROR = (0.016, 0.015, 0.014, 0.013, 0.0115, 0.010, 0.006)
"""Error of a landmark by its visibility: robust standard deviation from the line between its neighbours in time
[lengths of the trunk]; in depth it is larger by this factor:"""
_DEEPER = 1.6


def as_seen(take: Take, seed: int) -> Take:
    """A take of motion capture (all in metres, y down) seen from a random side. The same seed, the same take."""
    rng = np.random.default_rng([seed, *take.name.encode()])
    size = np.array([take.width, take.height, take.width * DEPTH_OF_IMAGE])
    trunk = [INDEX["left_shoulder"], INDEX["left_hip"]]
    pixels = take.image * size
    per_metre = np.median(_length(pixels[:, trunk])) / np.median(_length(take.world[:, trunk]))
    hips = pixels[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    middle = hips.mean(axis=0, keepdims=True)
    turn = _yaw(rng.uniform(-np.pi, np.pi)).T
    world = take.world @ turn
    visibility = _visibility(world, take.visibility, rng)
    errors = np.interp(visibility, _VISIBLE, _ERROR)[..., None] * np.median(_length(world[:, trunk]))
    world = world + rng.normal(0, 1, world.shape) * errors * [1, 1, _DEEPER] * (take.visibility > 0)[..., None]
    image = (world * per_metre + (hips - middle) @ turn + middle) / size
    # What was not captured stays where it was put, unseen.
    captured = (take.visibility > 0)[..., None]
    return replace(
        take,
        image=np.where(captured, image, take.image).astype(np.float32),
        world=np.where(captured, world, take.world).astype(np.float32),
        visibility=visibility.astype(np.float32),
    )


def _length(pair: np.ndarray) -> np.ndarray:
    return np.linalg.norm(pair[:, 0] - pair[:, 1], axis=-1)


def _yaw(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def _visibility(world: np.ndarray, captured: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Visibility [steps, 33] by how far the body is turned: from the side, the limbs behind it are hidden."""
    across = np.median(world[:, INDEX["left_shoulder"]] - world[:, INDEX["right_shoulder"]], axis=0)
    turned = abs(across[2]) / (np.linalg.norm(across[[0, 2]]) + 1e-9)
    # Larger z is further from the camera.
    far = "left" if across[2] > 0 else "right"
    visibility = captured.astype(float)
    for number, name in enumerate(LANDMARKS):
        side, _, joint = name.partition("_")
        if joint in _FRONT:
            typical = (1 - turned) * _FRONT[joint][side == far] + turned * _SIDE[joint][side == far]
            visibility[:, number] = np.clip(typical + rng.normal(0, 0.1), 0.01, 1) * (captured[:, number] > 0)
    return visibility
