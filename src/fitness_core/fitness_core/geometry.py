"""Angles between points in one true unit (pixels or metres), never in normalised coordinates."""

from collections.abc import Sequence

import numpy as np

from fitness_core.skeleton import JOINTS, N_LANDMARKS
from fitness_core.types import JointAngles, Pose, to_scale

_A = np.array([joint.a for joint in JOINTS])
_AT = np.array([joint.at for joint in JOINTS])
_B = np.array([joint.b for joint in JOINTS])
_ENDS, _MIDDLES = np.concatenate([_A, _B]), np.concatenate([_AT, _AT])
_POINTS = np.stack([_A, _AT, _B])


def angle_at(a: np.ndarray, at: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Inner angle [rad, 0..pi] at `at` between the directions to `a` and `b`; arrays [..., 2 or 3], same unit.

    NaN where a point is NaN or a direction has no length.
    """
    to_a, to_b = a - at, b - at
    with np.errstate(invalid="ignore", divide="ignore"):
        return angle_of(_dot(to_a, to_b), _dot(to_a, to_a) * _dot(to_b, to_b))


def angle_of(product: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Angles [rad] between directions: of their scalar product, and of the squares of their lengths, multiplied.

    NaN, with NumPy's warning, where one has no length.
    """
    # Faster for the ten joints of a pose than norm, sum and clip, and this is done for every picture.
    return np.arccos(np.minimum(np.maximum(product / np.sqrt(squares), -1.0), 1.0))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("...i,...i", a, b)


def angles_of(points: np.ndarray) -> np.ndarray:
    """Angles [..., 10] in the order of `skeleton.JOINTS` of landmarks [..., 33, 2 or 3] in one true unit."""
    lines = points.take(_ENDS, axis=-2) - points.take(_MIDDLES, axis=-2)
    squares = _dot(lines, lines)
    squares = squares[..., : len(_A)] * squares[..., len(_A) :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return angle_of(_dot(lines[..., : len(_A), :], lines[..., len(_A) :, :]), squares)


def angles_of_planes(planes: np.ndarray, joints: Sequence[int]) -> np.ndarray:
    """`angles_of` points that are held as planes [3, ..., 33], of some joints: a fraction of its time for many."""
    at = planes.take(_AT.take(joints), axis=-1)
    to_a, to_b = planes.take(_A.take(joints), axis=-1) - at, planes.take(_B.take(joints), axis=-1) - at
    with np.errstate(invalid="ignore", divide="ignore"):
        return angle_of(dot_of_planes(to_a, to_b), dot_of_planes(to_a, to_a) * dot_of_planes(to_b, to_b))


def dot_of_planes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar products [...] of vectors [3, ...]."""
    x, y, z = a * b
    return x + y + z


def confidences_of(visibility: np.ndarray) -> np.ndarray:
    """Confidence [..., 10] of each joint: the smallest visibility of its three points; visibility [..., 33]."""
    return np.minimum.reduce(visibility.take(_POINTS, axis=-1), axis=-2)


def rows_of(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """What poses have of their landmarks, [33] or [33, n] each, as one float32 [poses, 33, ...]; at least one."""
    if len(arrays) == 1:
        return np.array(arrays[0][None], np.float32)
    # Several times as fast as np.array makes one of many.
    joined = np.concatenate(arrays, dtype=np.float32)
    return joined.reshape(len(arrays), N_LANDMARKS, *joined.shape[1:])


def pixels_of(poses: Sequence[Pose]) -> np.ndarray:
    """Landmarks float32 [poses, 33, 3] of one or more poses in pixels, as `Pose.pixels` gives them."""
    sizes = np.array([(pose.width, pose.height, pose.width) for pose in poses], np.float32)
    return rows_of([pose.image for pose in poses]) * sizes[:, None]


def metric_of(poses: Sequence[Pose], pixels: np.ndarray | None = None) -> np.ndarray:
    """Landmarks float32 [poses, 33, 3] of one or more poses, each in its true unit, as `Pose.metric` gives them.

    pixels: what `pixels_of` gives for them, where that is known.
    """
    world = rows_of([pose.world for pose in poses])
    known = np.isfinite(world)
    if known.all():
        return world
    in_metres = known.reshape(len(poses), -1).any(axis=1)
    if in_metres.all():
        return world
    return np.where(in_metres[:, None, None], world, to_scale(pixels_of(poses) if pixels is None else pixels))


def joint_angles(pose: Pose, min_visibility: float = 0.0) -> JointAngles:
    """Joint angles of a pose, both sides, NaN where a point's visibility is below `min_visibility`.

    Computed in metres where the pose has world landmarks, else in pixels with the estimated depth to scale.
    """
    return all_joint_angles([pose], angles_of(metric_of([pose])), min_visibility)[0]


def all_joint_angles(poses: Sequence[Pose], angles: np.ndarray, min_visibility: float = 0.0) -> list[JointAngles]:
    """The `joint_angles` of many poses; angles: `angles_of` what `metric_of` gives for them."""
    confidences = confidences_of(rows_of([pose.visibility for pose in poses]))
    angles = np.where(confidences >= min_visibility, angles, np.float32(np.nan))
    return [
        JointAngles(pose.stamp, *of, pose.body_id)
        for pose, of in zip(poses, zip(angles, confidences, strict=True), strict=True)
    ]
