"""Body-frame features of a sequence of poses: what the model sees. Training and the node share this module.

A sequence is first brought into the body's own frame: vertical = the image's vertical (gravity, for a level camera),
turned about it until the person's left-right axis lies along x, divided by the length of the trunk. What is left does
not depend on where the person stands, how large they are or which way they face. Axes: x to the person's left, y up,
z forward. Change NAME or VERSION whenever a feature changes its meaning: a model refuses features it was not fitted to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fitness_core.geometry import angles_of, confidences_of
from fitness_core.skeleton import INDEX, JOINTS, N_LANDMARKS
from fitness_core.types import Pose

NAME = "body_frame"
VERSION = 1

# Visibility below the first is "not seen", above the second "seen"; between them a feature fades, it does not jump.
_HIDDEN, _SEEN = 0.1, 0.5
# Body-frame positions are a few trunk lengths; beyond this they are measuring errors.
_LIMIT = 4.0

_SHOULDERS = (INDEX["left_shoulder"], INDEX["right_shoulder"])
_HIPS = (INDEX["left_hip"], INDEX["right_hip"])
_FROM_SHOULDERS = ("nose", "left_elbow", "right_elbow", "left_wrist", "right_wrist")
_FROM_HIPS = (
    "left_shoulder",
    "right_shoulder",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
_BONES = tuple(
    (f"{side}_{name}", INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"])
    for name, a, b in (
        ("upper_arm", "shoulder", "elbow"),
        ("forearm", "elbow", "wrist"),
        ("thigh", "hip", "knee"),
        ("shin", "knee", "ankle"),
    )
    for side in ("left", "right")
)
_SHOULDER_POINTS = np.array([INDEX[name] for name in _FROM_SHOULDERS])
_HIP_POINTS = np.array([INDEX[name] for name in _FROM_HIPS])
_BONE_A = np.array([a for _, a, _ in _BONES])
_BONE_B = np.array([b for _, _, b in _BONES])
_MASKED = np.concatenate([_SHOULDER_POINTS, _HIP_POINTS, np.array(_HIPS)])

FEATURES: tuple[str, ...] = (
    *(f"{name}.{axis}" for name in _FROM_SHOULDERS + _FROM_HIPS for axis in "xyz"),
    *(f"{joint.name}.angle" for joint in JOINTS),
    *(f"{joint.name}.velocity" for joint in JOINTS),
    *(f"{name}.up" for name, _, _ in _BONES),
    "trunk.up",
    "trunk.length_up",
    "shoulders.velocity_side",
    "shoulders.velocity_up",
    *(f"{name}.visible" for name in (*_FROM_SHOULDERS, *_FROM_HIPS, "left_hip", "right_hip")),
    "seen",
)
"""Name of each feature, in the order of the model's input."""

N_FEATURES = len(FEATURES)


@dataclass(frozen=True, slots=True)
class PoseSequence:
    """Poses at equal steps of time; NaN rows = nobody seen.

    metric: [steps, 33, 3] in one true unit (metres, or pixels where there are no metres), x right, y down, z forward
    of the camera. pixels: [steps, 33, 3] image position and depth in pixels. visibility: [steps, 33], 0..1.
    rate: steps per second [Hz]. size: width, height of the picture [px]; only `raw132` needs it.
    """

    metric: np.ndarray
    pixels: np.ndarray
    visibility: np.ndarray
    rate: float
    size: tuple[int, int] = (1, 1)


def stack(poses: Sequence[Pose]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """metric [n, 33, 3], pixels [n, 33, 3], visibility [n, 33] of poses, as `PoseSequence` has them.

    A pose without a visibility of its own counts as visible where it is measured, depth that was not measured as 0.
    """
    metric = np.array([pose.metric() for pose in poses], np.float32).reshape(-1, N_LANDMARKS, 3)
    pixels = np.array([pose.pixels() for pose in poses], np.float32).reshape(-1, N_LANDMARKS, 3)
    visibility = np.array([pose.visibility for pose in poses], np.float32).reshape(-1, N_LANDMARKS)
    measured = np.isfinite(metric[..., 0])
    metric[..., 2] = np.where(measured & ~np.isfinite(metric[..., 2]), 0.0, metric[..., 2])
    visibility = np.where(np.isfinite(visibility), visibility, 1.0)
    return metric, pixels, np.where(measured, visibility, 0.0).astype(np.float32)


def seen_steps(sequence: PoseSequence) -> np.ndarray:
    """Bool [steps]: somebody is there, shoulders and hips measured."""
    return np.isfinite(sequence.metric[:, [*_SHOULDERS, *_HIPS], :]).all(axis=(1, 2))


def features(sequence: PoseSequence) -> np.ndarray:
    """Features float32 [steps, N_FEATURES] in the order of FEATURES, about -4..4, never NaN: 0 where not seen.

    Positions are in trunk lengths; angles (angle - pi/2) in radians, their velocities in radians per 0.1 s; `up` is the
    cosine between a bone and the vertical; a trunk that lies has `trunk.up` near 0. Arms and head are measured from
    the mid-shoulders, the rest from the mid-hips, so that what is cropped away does not disturb what is seen.
    """
    steps = len(sequence.metric)
    if steps == 0:
        return np.zeros((0, N_FEATURES), np.float32)
    points = np.where(np.isfinite(sequence.metric), sequence.metric, np.nan).astype(np.float64)
    seen = seen_steps(sequence)
    visible = np.clip((sequence.visibility - _HIDDEN) / (_SEEN - _HIDDEN), 0.0, 1.0)
    visible = np.where(seen[:, None] & np.isfinite(points[..., 0]), np.nan_to_num(visible), 0.0)
    if not seen.any():
        return np.zeros((steps, N_FEATURES), np.float32)

    unit = _trunk_length(points)
    speed = _image_velocity(points, sequence.pixels, unit, sequence.rate)
    body = _to_body_frame(points, visible) / unit
    mid_shoulders = body[:, _SHOULDERS, :].mean(axis=1)
    arms = body[:, _SHOULDER_POINTS] - mid_shoulders[:, None]
    legs = body[:, _HIP_POINTS] - body[:, _HIPS, :].mean(axis=1)[:, None]
    positions = np.concatenate([arms, legs], axis=1)
    position_visible = visible[:, _MASKED[: positions.shape[1]]]
    trunk = mid_shoulders - body[:, _HIPS, :].mean(axis=1)

    angles = angles_of(points)
    angle_visible = confidences_of(visible)
    velocity = np.zeros_like(angles)
    if steps > 1:
        velocity = np.gradient(angles, axis=0) * sequence.rate * 0.1
    bones = body[:, _BONE_B] - body[:, _BONE_A]
    bone_visible = np.minimum(visible[:, _BONE_A], visible[:, _BONE_B])

    columns = [
        (positions * position_visible[..., None]).reshape(steps, -1),
        (angles - np.pi / 2) * angle_visible,
        velocity * angle_visible,
        _cosine_up(bones) * bone_visible,
        _cosine_up(trunk)[:, None],
        trunk[:, 1:2],
        speed,
        visible[:, _MASKED],
        np.ones((steps, 1)),
    ]
    table = np.nan_to_num(np.concatenate(columns, axis=1), posinf=0.0, neginf=0.0)
    return (np.clip(table, -_LIMIT, _LIMIT) * seen[:, None]).astype(np.float32)


def _middle(points: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    return points[:, pair, :].mean(axis=1)


def _trunk_length(points: np.ndarray) -> float:
    """Median length of the trunk: one unit for the sequence, so that the noise of one frame scales nothing."""
    length = np.linalg.norm(_middle(points, _SHOULDERS) - _middle(points, _HIPS), axis=-1)
    return max(float(np.nanmedian(length)), 1e-6)


def _to_body_frame(points: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Points [steps, 33, 3] about the mid-hips, y up, turned about the vertical until left-right lies along x.

    One turn for the whole sequence: the depth of a single frame is too noisy, above all from the side.
    """
    across = np.zeros(3)
    for left, right in (_SHOULDERS, _HIPS):
        weight = np.minimum(visible[:, left], visible[:, right])[:, None] + 0.05
        across += np.nansum((points[:, left] - points[:, right]) * weight, axis=0)
    yaw = np.arctan2(across[2], across[0])
    cosine, sine = np.cos(yaw), np.sin(yaw)
    centred = points - _middle(points, _HIPS)[:, None]
    x, y, z = centred[..., 0], centred[..., 1], centred[..., 2]
    # Facing the camera, left is the image's right: x stays. Forward is then towards the camera: z and y turn over.
    return np.stack([cosine * x + sine * z, -y, sine * x - cosine * z], axis=-1)


def _cosine_up(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return vectors[..., 1] / np.where(length > 0, length, np.nan)


def _image_velocity(points: np.ndarray, pixels: np.ndarray, unit: float, rate: float) -> np.ndarray:
    """Speed of the mid-shoulders across the picture [trunk lengths per second]: sideways (absolute) and up.

    Landmarks about the mid-hips do not show that the whole body goes down in a squat or up in a jump; the picture does.
    """
    steps = len(points)
    if steps < 2:
        return np.zeros((steps, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        # The picture is nearly an orthographic view: pixels per unit of `points` is the ratio of the spreads.
        scale = np.nanmedian(_spread(pixels[..., :2]) / _spread(points[..., :2]))
        where = pixels[:, _SHOULDERS, :2].mean(axis=1) / (scale * unit)
        speed = np.gradient(where, axis=0) * rate
    return np.stack([np.abs(speed[:, 0]), -speed[:, 1]], axis=1)


def _spread(points: np.ndarray) -> np.ndarray:
    chosen = points[:, [*_SHOULDERS, *_HIPS], :]
    return np.sqrt(((chosen - chosen.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)))


def raw132(sequence: PoseSequence) -> np.ndarray:
    """The values of the existing system, float32 [steps, 132]: 33 x (x, y, z, visibility), 0 where nobody is seen.

    x and z are divided by the picture's width, y by its height: they depend on where and how large somebody stands.
    """
    width, height = sequence.size
    image = sequence.pixels / np.array([width, height, width], np.float32)
    table = np.concatenate([image, sequence.visibility[..., None]], axis=-1).reshape(len(image), 4 * N_LANDMARKS)
    table = np.nan_to_num(table, posinf=0.0, neginf=0.0)
    return (table * seen_steps(sequence)[:, None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A choice of features; a model names the one that it was fitted to. count: values per step."""

    name: str
    version: int
    count: int
    compute: Callable[[PoseSequence], np.ndarray]


FEATURE_SETS = {
    NAME: FeatureSet(NAME, VERSION, N_FEATURES, features),
    "raw132": FeatureSet("raw132", 1, 4 * N_LANDMARKS, raw132),
}
"""Every choice by its name."""
