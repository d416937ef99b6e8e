"""One window as another person, camera or room might have given it."""

from dataclasses import replace

import numpy as np

from exercise_classifier.pose_sequence import PoseSequence, median_of
from fitness_core.skeleton import INDEX, MIRROR

_LEGS = [number for name, number in INDEX.items() if any(part in name for part in ("knee", "ankle", "heel", "foot"))]
_HEAD = list(range(INDEX["left_shoulder"]))
_ARMS = {
    side: [
        number
        for name, number in INDEX.items()
        if side in name
        and any(part in name for part in ("elbow", "wrist", "pinky", "index", "thumb"))
        and "foot" not in name
    ]
    for side in ("left", "right")
}


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """The same motion with left and right exchanged."""
    flip = np.array([-1, 1, 1], np.float32)
    return replace(
        sequence,
        metric=sequence.metric[:, MIRROR] * flip,
        pixels=sequence.pixels[:, MIRROR] * flip + np.array([sequence.size[0], 0, 0], np.float32),
        visibility=sequence.visibility[:, MIRROR],
    )


def other_camera(sequence: PoseSequence, rng: np.random.Generator) -> PoseSequence:
    """The same motion of another build from elsewhere: turned, tilted, stretched, with errors of depth and place."""
    metric = sequence.metric.astype(np.float64)
    hips = metric[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    points = metric - hips
    # The pose network's depth is a guess that depends on the view; from the side it is left-right that is guessed.
    points[..., 2] *= rng.uniform(0.6, 1.3)
    points[..., 0] *= rng.uniform(0.85, 1.18)
    yaw = _turn(1, rng.uniform(-np.pi, np.pi))
    points = points @ yaw.T
    points[..., 2] *= rng.uniform(0.8, 1.2)
    points = points @ (_turn(0, np.radians(rng.normal(0, 7))) @ _turn(2, np.radians(rng.normal(0, 4)))).T
    trunk = np.linalg.norm(points[:, INDEX["left_shoulder"]] - points[:, INDEX["left_hip"]], axis=-1)
    if np.isfinite(trunk).any():
        unit = median_of(trunk)
        points += rng.normal(0, 0.04, (1, *points.shape[1:])) * unit
        points += rng.normal(0, 0.015, points.shape) * unit
        if rng.random() < 0.3:
            drift = np.cumsum(rng.normal(0, 0.03, points.shape), axis=0)
            points += (drift - drift.mean(axis=0)) * unit * (rng.random((1, points.shape[1], 1)) < 0.15)
    return replace(sequence, metric=points.astype(np.float32))


def _turn(axis: int, angle: float) -> np.ndarray:
    a, b = [number for number in range(3) if number != axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def hidden(visibility: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Visibility [steps, 33] with legs, head or an arm out of sight, and points that are lost for a while."""
    visibility = visibility * rng.uniform(0.8, 1.2)
    if rng.random() < 0.3:
        cut = _LEGS if rng.random() < 0.6 else [*_LEGS, INDEX["left_hip"], INDEX["right_hip"]]
        visibility[:, cut] = rng.uniform(0, 0.15)
    if rng.random() < 0.15:
        visibility[:, _HEAD] = 0.0
    if rng.random() < 0.15:
        visibility[:, _ARMS["left" if rng.random() < 0.5 else "right"]] = rng.uniform(0, 0.3)
    if rng.random() < 0.3:
        for landmark in rng.integers(0, visibility.shape[1], 6):
            first = rng.integers(0, len(visibility))
            visibility[first : first + rng.integers(3, 30), landmark] = 0.0
    return visibility
