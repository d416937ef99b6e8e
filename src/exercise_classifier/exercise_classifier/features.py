"""Body-frame features of a sequence of poses: what the model sees. Training and the node share this module.

A sequence is first brought into the body's own frame: vertical = the image's vertical (gravity, for a level camera),
turned about it until the person's left-right axis lies along x, divided by the length of the trunk. What is left does
not depend on where the person stands, how large they are or which way they face. Axes: x to the person's left, y up,
z forward. Change NAME or VERSION whenever a feature changes its meaning: a model refuses features it was not fitted to.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fitness_core.geometry import angle_at, rows_of
from fitness_core.skeleton import INDEX, JOINTS, N_LANDMARKS
from fitness_core.types import Pose, to_scale

NAME = "body_frame"
VERSION = 2

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
_TURNED = (*_SHOULDERS, *_HIPS)
_PLACED = ("left_wrist", "right_wrist", "left_ankle", "right_ankle", "nose")
_PICTURED = (*_TURNED, *(INDEX[name] for name in _PLACED))
# The features look at some of the landmarks; what follows are rows of these.
_USED = sorted(
    {INDEX[name] for name in (*_FROM_SHOULDERS, *_FROM_HIPS)} | {*_HIPS} | {i for j in JOINTS for i in (j.a, j.at, j.b)}
)


def _rows(landmarks: Iterable[int]) -> np.ndarray:
    return np.array([_USED.index(landmark) for landmark in landmarks])


_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP = _rows(_TURNED)
_SHOULDER_POINTS = _rows(INDEX[name] for name in _FROM_SHOULDERS)
_HIP_POINTS = _rows(INDEX[name] for name in _FROM_HIPS)
_BONE_A = _rows(a for _, a, _ in _BONES)
_BONE_B = _rows(b for _, _, b in _BONES)
_JOINT_A, _JOINT_AT, _JOINT_B = (_rows(of) for of in zip(*((j.a, j.at, j.b) for j in JOINTS), strict=True))
_POSITIONS = np.concatenate([_SHOULDER_POINTS, _HIP_POINTS])
_MASKED = np.concatenate([_POSITIONS, _rows(_HIPS)])
_PLACED_POINTS = _rows(INDEX[name] for name in _PLACED)

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
    "hips.place_side",
    *(f"{name}.place_up" for name in ("hips", *_PLACED)),
)
"""Name of each feature, in the order of the model's input."""

N_FEATURES = len(FEATURES)


@dataclass(frozen=True, slots=True)
class PoseSequence:
    """Poses at equal steps of time, or many such sequences: each array may have axes in front. NaN rows = nobody seen.

    metric: [steps, 33, 3] in one true unit (metres, or pixels where there are no metres), x right, y down, z forward
    of the camera. pixels: [steps, 33, 3] image position and depth in pixels. visibility: [steps, 33], 0..1.
    rate: steps per second [Hz]. size: width, height of the picture [px], or an array [..., 2]; only `raw132` needs it.
    """

    metric: np.ndarray
    pixels: np.ndarray
    visibility: np.ndarray
    rate: float
    size: tuple[int, int] | np.ndarray = (1, 1)


def stack(poses: Sequence[Pose]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """metric [n, 33, 3], pixels [n, 33, 3], visibility [n, 33] of poses, as `PoseSequence` has them.

    A pose without a visibility of its own counts as visible where it is measured, depth that was not measured as 0.
    """
    if not poses:
        points = np.empty((0, N_LANDMARKS, 3), np.float32)
        return points, points, points[..., 0]
    world = rows_of([pose.world for pose in poses])
    visibility = rows_of([pose.visibility for pose in poses])
    sizes = np.array([(pose.width, pose.height, pose.width) for pose in poses], np.float32)
    pixels = rows_of([pose.image for pose in poses]) * sizes[:, None]
    in_metres = np.isfinite(world).any(axis=(1, 2))
    metric = world if in_metres.all() else np.where(in_metres[:, None, None], world, to_scale(pixels))
    measured = np.isfinite(metric[..., 0])
    metric[..., 2] = np.where(measured & ~np.isfinite(metric[..., 2]), 0.0, metric[..., 2])
    visibility = np.where(np.isfinite(visibility), visibility, 1.0)
    return metric, pixels, np.where(measured, visibility, 0.0).astype(np.float32)


def seen_steps(sequence: PoseSequence) -> np.ndarray:
    """Bool [..., steps]: somebody is there, shoulders and hips measured."""
    return np.isfinite(sequence.metric[..., _TURNED, :]).all(axis=(-2, -1))


def features(sequence: PoseSequence) -> np.ndarray:
    """Features float32 [..., steps, N_FEATURES] in the order of FEATURES, about -4..4, never NaN: 0 where not seen.

    Positions are in trunk lengths; angles (angle - pi/2) in radians, their velocities in radians per 0.1 s; `up` is the
    cosine between a bone and the vertical; a trunk that lies has `trunk.up` near 0. Arms and head are measured from
    the mid-shoulders, the rest from the mid-hips, so that what is cropped away does not disturb what is seen. `place`
    is where a point is in the picture, measured from the middle of where it is in the whole sequence.
    """
    shape = sequence.metric.shape[:-2]
    if 0 in shape:
        return np.zeros((*shape, N_FEATURES), np.float32)
    points = sequence.metric[..., _USED, :].astype(np.float64)
    measured = np.isfinite(points)
    points[~measured] = np.nan
    seen = seen_steps(sequence)
    visible = np.minimum(np.maximum((sequence.visibility[..., _USED] - _HIDDEN) / (_SEEN - _HIDDEN), 0.0), 1.0)
    visible[~(seen[..., None] & measured[..., 0] & np.isfinite(visible))] = 0.0

    with np.errstate(invalid="ignore", divide="ignore"):
        mid_shoulders = (points[..., _LEFT_SHOULDER, :] + points[..., _RIGHT_SHOULDER, :]) / 2
        mid_hips = (points[..., _LEFT_HIP, :] + points[..., _RIGHT_HIP, :]) / 2
        # One unit for a sequence, the median length of the trunk, so that the noise of one frame scales nothing.
        unit = np.maximum(median_of(length_of(mid_shoulders - mid_hips)), 1e-6)
        pictured = _in_trunk_lengths(points, sequence.pixels[..., _PICTURED, :2], unit)
        body = _to_body_frame(points, mid_hips, visible) / unit[..., None, None, None]
        trunk = (body[..., _LEFT_SHOULDER, :] + body[..., _RIGHT_SHOULDER, :]) / 2
        arms = body[..., _SHOULDER_POINTS, :] - trunk[..., None, :]
        positions = np.concatenate([arms, body[..., _HIP_POINTS, :]], axis=-2) * visible[..., _POSITIONS, None]

        joints = points[..., _JOINT_A, :], points[..., _JOINT_AT, :], points[..., _JOINT_B, :]
        angles = angle_at(*joints)
        angle_visible = np.minimum(visible[..., _JOINT_A], visible[..., _JOINT_AT])
        angle_visible = np.minimum(angle_visible, visible[..., _JOINT_B])
        bones = body[..., _BONE_B, :] - body[..., _BONE_A, :]
        bone_visible = np.minimum(visible[..., _BONE_A], visible[..., _BONE_B])

        columns = [
            positions.reshape(*shape, -1),
            (angles - np.pi / 2) * angle_visible,
            _slope(angles) * sequence.rate * 0.1 * angle_visible,
            _cosine_up(bones) * bone_visible,
            _cosine_up(trunk)[..., None],
            trunk[..., 1:2],
            _speed(pictured) * sequence.rate,
            visible[..., _MASKED],
            np.ones((*shape, 1)),
            *_places(pictured, visible[..., _PLACED_POINTS]),
        ]
    table = np.concatenate(columns, axis=-1)
    table[~(np.isfinite(table) & seen[..., None])] = 0.0
    np.maximum(table, -_LIMIT, out=table)
    np.minimum(table, _LIMIT, out=table)
    return table.astype(np.float32)


def _to_body_frame(points: np.ndarray, mid_hips: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Points [..., steps, rows, 3] about the mid-hips, y up, turned about the vertical until left-right lies along x.

    One turn for a whole sequence: the depth of a single frame is too noisy, above all from the side.
    """
    across = np.zeros((*points.shape[:-3], 3))
    for left, right in ((_LEFT_SHOULDER, _RIGHT_SHOULDER), (_LEFT_HIP, _RIGHT_HIP)):
        weight = np.minimum(visible[..., left], visible[..., right])[..., None] + 0.05
        lines = (points[..., left, :] - points[..., right, :]) * weight
        across += np.where(np.isnan(lines), 0.0, lines).sum(axis=-2)
    yaw = np.arctan2(across[..., 2], across[..., 0])[..., None, None]
    cosine, sine = np.cos(yaw), np.sin(yaw)
    centred = points - mid_hips[..., None, :]
    x, y, z = centred[..., 0], centred[..., 1], centred[..., 2]
    # Facing the camera, left is the image's right: x stays. Forward is then towards the camera: z and y turn over.
    body = np.empty_like(centred)
    body[..., 0], body[..., 1], body[..., 2] = cosine * x + sine * z, -y, sine * x - cosine * z
    return body


def _cosine_up(vectors: np.ndarray) -> np.ndarray:
    """NaN where a vector has no length."""
    return vectors[..., 1] / length_of(vectors)


def length_of(vectors: np.ndarray) -> np.ndarray:
    """Lengths [...] of vectors [..., n]."""
    return np.sqrt(np.einsum("...i,...i", vectors, vectors))


def median_of(values: np.ndarray) -> np.ndarray:
    """Median of the last axis without NaN: what np.nanmedian gives, in a tenth of its time."""
    ordered = np.sort(values, axis=-1).reshape(-1, values.shape[-1])  # NaN comes last
    known = (ordered == ordered).sum(axis=-1)
    rows = np.arange(len(ordered))
    lower, upper = (
        ordered[rows, np.maximum(known - 1, 0) // 2],
        ordered[rows, np.minimum(known // 2, len(ordered[0]) - 1)],
    )
    return ((lower + upper) / 2).reshape(values.shape[:-1])


def _slope(values: np.ndarray) -> np.ndarray:
    """Change per step of values [..., steps, n]: half the difference of the neighbours, at the ends of one step."""
    slope = np.empty_like(values)
    if values.shape[-2] == 1:
        slope[:] = 0.0
    else:
        slope[..., 1:-1, :] = (values[..., 2:, :] - values[..., :-2, :]) / 2
        slope[..., 0, :] = values[..., 1, :] - values[..., 0, :]
        slope[..., -1, :] = values[..., -1, :] - values[..., -2, :]
    return slope


def _in_trunk_lengths(points: np.ndarray, pixels: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Where the points of _PICTURED are in the picture [..., steps, 9, 2], x right, y down, in lengths of the trunk.

    pixels: the same in pixels. Landmarks about the mid-hips do not show that the whole body goes down in a squat, up in
    a jump, or walks; the picture does.
    """
    turned = points[..., [_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP], :2]
    # The picture is nearly an orthographic view: pixels per unit of `points` is the ratio of the spreads.
    scale = median_of(_spread(pixels[..., :4, :]) / _spread(turned))
    return pixels / (scale * unit)[..., None, None, None]


def _speed(pictured: np.ndarray) -> np.ndarray:
    """Of the mid-shoulders across the picture [..., steps, 2], trunk lengths per step: sideways (absolute) and up."""
    speed = _slope((pictured[..., 0, :] + pictured[..., 1, :]) / 2)
    speed[..., 0], speed[..., 1] = np.abs(speed[..., 0]), -speed[..., 1]
    return speed


def _places(pictured: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far to the side the mid-hips are (absolute) [..., steps, 1], and how far up they and each point of _PLACED
    [..., steps, 6], from the median over the steps [trunk lengths]. visible: of _PLACED [..., steps, 5].

    The hands stay in a push-up and go up in a burpee; the feet stay in a squat and leave the floor in a jump.
    """
    hips = (pictured[..., 2, :] + pictured[..., 3, :]) / 2
    tracks = np.concatenate([hips, pictured[..., 4:, 1]], axis=-1)
    away = tracks - median_of(np.swapaxes(tracks, -1, -2))[..., None, :]
    away[..., 2:] *= visible
    return np.abs(away[..., :1]), -away[..., 1:]


def _spread(points: np.ndarray) -> np.ndarray:
    return np.sqrt(((points - points.sum(axis=-2, keepdims=True) / points.shape[-2]) ** 2).sum(axis=(-2, -1)))


def raw132(sequence: PoseSequence) -> np.ndarray:
    """The values of the existing system, float32 [..., steps, 132]: 33 x (x, y, z, visibility), 0 where nobody is seen.

    x and z are divided by the picture's width, y by its height: they depend on where and how large somebody stands.
    """
    size = np.asarray(sequence.size, np.float32)[..., None, None, [0, 1, 0]]
    table = np.concatenate([sequence.pixels / size, sequence.visibility[..., None]], axis=-1)
    table = np.nan_to_num(table.reshape(*table.shape[:-2], 4 * N_LANDMARKS), posinf=0.0, neginf=0.0)
    return (table * seen_steps(sequence)[..., None]).astype(np.float32)


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
