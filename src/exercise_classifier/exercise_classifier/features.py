"""Body-frame features of a sequence of poses: what the model sees. Training and the node share this module.

A sequence is first brought into the body's own frame: vertical = the image's vertical (gravity, for a level camera),
turned about it until the person's left-right axis lies along x, divided by the length of the trunk. What is left does
not depend on where the person stands, how large they are or which way they face. Axes: x to the person's left, y up,
z forward. Change NAME or VERSION whenever a feature changes its meaning: a model refuses features it was not fitted to.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from exercise_classifier.pose_sequence import TRUNK, PoseSequence, all_of, median_of, planes_of, points_of, seen_steps
from fitness_core.geometry import angle_of
from fitness_core.skeleton import INDEX, JOINTS, N_LANDMARKS

NAME = "body_frame"
VERSION = 1

# Visibility below the first is "not seen", above the second "seen"; between them a feature fades, it does not jump.
_HIDDEN, _SEEN = 0.1, 0.5
# Body-frame positions are a few trunk lengths; beyond this they are measuring errors.
_LIMIT = 4.0

_HIPS = TRUNK[2:]
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
# The features look at some of the landmarks; what follows are rows of these.
_USED = sorted(
    {INDEX[name] for name in (*_FROM_SHOULDERS, *_FROM_HIPS)} | {*_HIPS} | {i for j in JOINTS for i in (j.a, j.at, j.b)}
)


def _rows(landmarks: Iterable[int]) -> np.ndarray:
    return np.array([_USED.index(landmark) for landmark in landmarks])


_TRUNK_POINTS = _LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP = _rows(TRUNK)
# Shoulder and hip of a side.
_LEFT, _RIGHT = _rows(TRUNK[::2]), _rows(TRUNK[1::2])
_SHOULDER_POINTS = _rows(INDEX[name] for name in _FROM_SHOULDERS)
_HIP_POINTS = _rows(INDEX[name] for name in _FROM_HIPS)
_BONE_A = _rows(a for _, a, _ in _BONES)
_BONE_B = _rows(b for _, _, b in _BONES)
_JOINT_A, _JOINT_AT, _JOINT_B = (_rows(of) for of in zip(*((j.a, j.at, j.b) for j in JOINTS), strict=True))
_JOINT_ENDS, _JOINT_MIDDLES = np.concatenate([_JOINT_A, _JOINT_B]), np.concatenate([_JOINT_AT, _JOINT_AT])
# The points that a joint's angle, then those that a bone depends on.
_NEEDED = np.concatenate([np.stack([_JOINT_A, _JOINT_AT, _JOINT_B]), np.stack([_BONE_A, _BONE_B, _BONE_B])], axis=1)
_POSITIONS = np.concatenate([_SHOULDER_POINTS, _HIP_POINTS])
_MASKED = np.concatenate([_POSITIONS, _rows(_HIPS)])

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


def features(sequence: PoseSequence) -> np.ndarray:
    """Features float32 [..., steps, N_FEATURES] in the order of FEATURES, about -4..4, never NaN: 0 where not seen.

    Positions are in trunk lengths; angles (angle - pi/2) in radians, their velocities in radians per 0.1 s; `up` is the
    cosine between a bone and the vertical; a trunk that lies has `trunk.up` near 0. Arms and head are measured from
    the mid-shoulders, the rest from the mid-hips, so that what is cropped away does not disturb what is seen.
    """
    shape, of_steps = sequence.shape, sequence.of_steps
    if 0 in shape:
        return np.zeros((*shape, N_FEATURES), np.float32)
    # From here on coordinates are planes, [3, ..., steps, points]: several times as fast as point by point.
    points = planes_of(sequence.metric).take(_USED, axis=-1).astype(np.float64)
    measured = np.isfinite(points)
    if not measured.all():
        points[~measured] = np.nan
    seen = all_of(measured.take(_TRUNK_POINTS, axis=-1))
    visible = (sequence.visibility.take(_USED, axis=-1) - _HIDDEN) / (_SEEN - _HIDDEN)
    visible = np.minimum(np.maximum(visible, 0.0), 1.0)
    known = seen[..., None] & measured[0] & np.isfinite(visible)
    if not known.all():
        visible[~known] = 0.0

    with np.errstate(invalid="ignore", divide="ignore"):
        # What instants have by themselves, which sequences may share.
        left, right = points.take(_LEFT, axis=-1), points.take(_RIGHT, axis=-1)
        middles = (left + right) / 2
        mid_shoulders, mid_hips = middles[..., 0], middles[..., 1]
        lengths = of_steps(_length(mid_shoulders - mid_hips))
        across = (left - right) * (np.minimum(visible.take(_LEFT, axis=-1), visible.take(_RIGHT, axis=-1)) + 0.05)
        angles = _angles(points.take(_JOINT_ENDS, axis=-1) - points.take(_JOINT_MIDDLES, axis=-1))
        needed = visible.take(_NEEDED, axis=-1)
        needed = np.minimum(np.minimum(needed[..., 0, :], needed[..., 1, :]), needed[..., 2, :])
        angle_visible, bone_visible = needed[..., : len(JOINTS)], needed[..., len(JOINTS) :]
        bent = (angles - np.pi / 2) * angle_visible

        # One unit for a sequence, the median length of the trunk, so that the noise of one frame scales nothing.
        unit = np.maximum(median_of(lengths), 1e-6)
        speed = _image_velocity(sequence, points, unit)
        body = _turned_back(of_steps(points - mid_hips[..., None], 1), _yaw(of_steps(across, 1)))
        body /= unit[..., None, None]
        trunk = (body[..., _LEFT_SHOULDER] + body[..., _RIGHT_SHOULDER]) / 2
        arms = body.take(_SHOULDER_POINTS, axis=-1) - trunk[..., None]
        bones = body.take(_BONE_B, axis=-1) - body.take(_BONE_A, axis=-1)
        positions = np.concatenate([arms, body.take(_HIP_POINTS, axis=-1)], axis=-1)
        positions *= of_steps(visible.take(_POSITIONS, axis=-1))
        velocities = _slope(of_steps(angles))
        velocities *= sequence.rate
        velocities *= 0.1
        velocities *= of_steps(angle_visible)

        columns = [
            points_of(positions).reshape(*shape, -1),
            of_steps(bent),
            velocities,
            bones[1] / _length(bones) * of_steps(bone_visible),
            (trunk[1] / _length(trunk))[..., None],
            trunk[1][..., None],
            speed,
            of_steps(visible.take(_MASKED, axis=-1)),
            np.ones((*shape, 1)),
        ]
        table = np.concatenate(columns, axis=-1, dtype=np.float32)
    known = np.isfinite(table) & of_steps(seen)[..., None]
    if not known.all():
        table[~known] = 0.0
    np.maximum(table, -_LIMIT, out=table)
    np.minimum(table, _LIMIT, out=table)
    return table


def _yaw(across: np.ndarray) -> np.ndarray:
    """How far [rad] a body is turned about the vertical, from the lines from right to left [3, ..., steps, 2].

    Each is as long as it is seen well. One turn for a whole sequence: the depth of a single frame is too noisy, above
    all from the side.
    """
    sums = np.where(np.isnan(across), 0.0, across).sum(axis=-2)
    x, _, z = sums[..., 0] + sums[..., 1]
    return np.arctan2(z, x)


def _turned_back(points: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Points [3, ..., steps, n], y down, turned back by `yaw` [...] so that left-right lies along x; y up."""
    yaw = yaw[..., None, None]
    cosine, sine = np.cos(yaw), np.sin(yaw)
    x, y, z = points
    # Facing the camera, left is the image's right: x stays. Forward is then towards the camera: z and y turn over.
    body = np.empty_like(points)
    np.multiply(cosine, x, out=body[0])
    body[0] += sine * z
    np.negative(y, out=body[1])
    np.multiply(sine, x, out=body[2])
    body[2] -= cosine * z
    return body


def _angles(lines: np.ndarray) -> np.ndarray:
    """Angles [..., n] between the first and the second half of directions [3, ..., 2 n]; NaN: one has no length."""
    half = lines.shape[-1] // 2
    squares = _dot(lines, lines)
    return angle_of(_dot(lines[..., :half], lines[..., half:]), squares[..., :half] * squares[..., half:])


def _length(vectors: np.ndarray) -> np.ndarray:
    """Lengths [...] of vectors [3, ...]."""
    return np.sqrt(_dot(vectors, vectors))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar products [...] of vectors [3, ...]."""
    x, y, z = a * b
    # In the order in which NumPy's einsum adds up doubles: the features keep the bits that models were fitted to.
    return x + z + y


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


def _image_velocity(sequence: PoseSequence, points: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Speed of the mid-shoulders across the picture [trunk lengths per second]: sideways (absolute) and up.

    points [3, ..., steps, n]: those that are used. Landmarks about the mid-hips do not show that the whole body goes
    down in a squat or up in a jump; the picture does.
    """
    pixels = planes_of(sequence.pixels)[:2].take(TRUNK, axis=-1)
    # The picture is nearly an orthographic view: pixels per unit of `points` is the ratio of the spreads.
    scale = median_of(sequence.of_steps(_spread(pixels) / _spread(points[:2].take(_TRUNK_POINTS, axis=-1))))
    middle = sequence.of_steps(points_of((pixels[..., 0] + pixels[..., 1]) / 2))
    speed = _slope(middle / (scale * unit)[..., None, None]) * sequence.rate
    speed[..., 0], speed[..., 1] = np.abs(speed[..., 0]), -speed[..., 1]
    return speed


def _spread(points: np.ndarray) -> np.ndarray:
    """Of points [2, ..., 4] about their middle."""
    x, y = (points - _sum_of_four(points)[..., None] / 4) ** 2
    return np.sqrt(_sum_of_four(x + y))


def _sum_of_four(values: np.ndarray) -> np.ndarray:
    """Of the last axis, in the order in which np.sum adds up: a fraction of its time for so few."""
    return values[..., 0] + values[..., 1] + values[..., 2] + values[..., 3]


def raw132(sequence: PoseSequence) -> np.ndarray:
    """The values of the existing system, float32 [..., steps, 132]: 33 x (x, y, z, visibility), 0 where nobody is seen.

    x and z are divided by the picture's width, y by its height: they depend on where and how large somebody stands.
    """
    size = np.asarray(sequence.size, np.float32)[..., None, None, [0, 1, 0]]
    pixels, visibility = sequence.of_steps(sequence.pixels), sequence.of_steps(sequence.visibility)
    table = np.concatenate([pixels / size, visibility[..., None]], axis=-1)
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
