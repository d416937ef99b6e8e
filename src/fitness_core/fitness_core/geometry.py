"""Angles between points in one true unit (pixels or metres), never in normalised coordinates."""

import numpy as np

from fitness_core.skeleton import JOINTS
from fitness_core.types import JointAngles, Pose

_A = np.array([joint.a for joint in JOINTS])
_AT = np.array([joint.at for joint in JOINTS])
_B = np.array([joint.b for joint in JOINTS])


def angle_at(a: np.ndarray, at: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Inner angle [rad, 0..pi] at `at` between the directions to `a` and `b`; arrays [..., 2 or 3], same unit.

    NaN where a point is NaN or a direction has no length.
    """
    to_a = a - at
    to_b = b - at
    # Faster for the ten joints of a pose than norm, sum and clip, and this is done for every picture.
    squares = np.einsum("...i,...i", to_a, to_a) * np.einsum("...i,...i", to_b, to_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.einsum("...i,...i", to_a, to_b) / np.sqrt(squares)
    return np.arccos(np.minimum(np.maximum(cosine, -1.0), 1.0))


def angles_of(points: np.ndarray) -> np.ndarray:
    """Angles [..., 10] in the order of `skeleton.JOINTS` of landmarks [..., 33, 2 or 3] in one true unit."""
    return angle_at(points[..., _A, :], points[..., _AT, :], points[..., _B, :])


def confidences_of(visibility: np.ndarray) -> np.ndarray:
    """Confidence [..., 10] of each joint: the smallest visibility of its three points; visibility [..., 33]."""
    return np.minimum(np.minimum(visibility[..., _A], visibility[..., _AT]), visibility[..., _B])


def joint_angles(pose: Pose, min_visibility: float = 0.0) -> JointAngles:
    """Joint angles of a pose, both sides, NaN where a point's visibility is below `min_visibility`.

    Computed in metres where the pose has world landmarks, else in pixels with the estimated depth to scale.
    """
    confidences = confidences_of(pose.visibility)
    angles = np.where(confidences >= min_visibility, angles_of(pose.metric()), np.nan)
    return JointAngles(pose.stamp, angles.astype(np.float32), confidences.astype(np.float32), pose.body_id)
