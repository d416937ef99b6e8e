"""The body as a figure in space: where it stands before the camera, its bones, its words. Free of ROS.

RViz markers and Foxglove's scene are made from it.
"""

import math
from dataclasses import dataclass

import numpy as np

from fitness_core.skeleton import CONNECTIONS, INDEX, JOINTS, LANDMARKS, MIN_VISIBILITY
from fitness_core.types import JointAngles, Pose, RepState
from fitness_core.words import words_of
from fitness_visualization.space.camera_model import CameraModel

FEWEST_POINTS = 6
"""Landmarks that must be seen to say where the body stands."""
NEAREST, FARTHEST = 0.2, 50.0
"""Distances between which a body can stand [m]; others come of landmarks that do not fit together."""
ABOVE_HEAD = 0.25
"""The title is so far above the highest landmark [m]."""
BESIDE_JOINT = 0.09
"""The words of a joint are so far towards the camera, where no bone hides them [m]."""
BONE_WIDTH, DOT_SIZE = 0.025, 0.05
"""[m]"""
LEFT, MIDDLE, RIGHT = (1.0, 0.62, 0.25), (0.92, 0.92, 0.92), (0.28, 0.75, 1.0)
"""RGB 0..1 of the person's left, middle and right, the overlay's colours."""

SIDES = tuple(LEFT if "left" in name else RIGHT if "right" in name else MIDDLE for name in LANDMARKS)
"""Colour of each landmark."""

_FACE = {INDEX[name] for name in LANDMARKS[1:11]}
BONES = tuple((a, b) for a, b in CONNECTIONS if a not in _FACE and b not in _FACE)
"""Pairs of landmarks that are drawn as bones; of the face only the nose is drawn."""
DRAWN = tuple(index for index in range(len(LANDMARKS)) if index not in _FACE)
"""Landmarks that are drawn as dots."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a point [3] in metres."""

    at: np.ndarray
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A body in the camera optical frame (REP 103: x right, y down, z forward), metres.

    points: float [33, 3], every one finite where `seen`. bones: pairs of seen landmarks. joints: by number in
    `skeleton.JOINTS`, the angle in words. title: exercise and count, above the head; None = nothing to say.
    """

    points: np.ndarray
    seen: tuple[int, ...]
    bones: tuple[tuple[int, int], ...]
    joints: dict[int, Words]
    title: Words | None


def stand(pose: Pose, camera: CameraModel, min_visibility: float = MIN_VISIBILITY) -> np.ndarray | None:
    """Landmarks [33, 3] in metres in the camera optical frame; None where it cannot be said where the body stands.

    A single camera gives landmarks in metres around the mid-hips. The body is put where those that are at least
    `min_visibility` visible lie on the rays of their pixels: with a ray (u, v, 1), X + tx = u (Z + tz) and
    Y + ty = v (Z + tz) are linear in the translation t (least squares; the rotation is known, since the axes are the
    camera's). How far away it stands is as true as the person is of the height that the pose network assumes.
    """
    if not (pose.tracked and np.isfinite(pose.world).any()):
        return None
    world = pose.world.astype(float)
    rays = camera.rays(pose.image[:, :2])
    with np.errstate(invalid="ignore"):
        used = (pose.visibility >= min_visibility) & np.isfinite(world).all(axis=1) & np.isfinite(rays).all(axis=1)
    if used.sum() < FEWEST_POINTS:
        return None
    (x, y, z), (u, v) = world[used].T, rays[used].T
    one, nought = np.ones_like(u), np.zeros_like(u)
    rows = np.concatenate([np.column_stack([one, nought, -u]), np.column_stack([nought, one, -v])])
    translation, *_ = np.linalg.lstsq(rows, np.concatenate([u * z - x, v * z - y]), rcond=None)
    placed = world + translation
    if not NEAREST <= translation[2] <= FARTHEST or placed[used, 2].min() <= 0:
        return None
    return placed


def figure_of(
    pose: Pose,
    angles: JointAngles | None,
    state: RepState | None,
    camera: CameraModel,
    min_visibility: float = MIN_VISIBILITY,
) -> Figure | None:
    """The figure of a pose; None where nobody is seen or it cannot be said where the body stands.

    min_visibility: landmarks below it are left out, angles below it not written.
    """
    points = stand(pose, camera, min_visibility)
    if points is None:
        return None
    with np.errstate(invalid="ignore"):
        visible = (pose.visibility >= min_visibility) & np.isfinite(points).all(axis=1)
    seen = tuple(index for index in DRAWN if visible[index])
    joints = {}
    for number, joint in enumerate(JOINTS):
        if angles is None or not (visible[joint.at] and angles.confidences[number] >= min_visibility):
            continue
        if math.isfinite(angles.angles[number]):
            at = points[joint.at] - (0, 0, BESIDE_JOINT)
            joints[number] = Words(at, f"{math.degrees(angles.angles[number]):.0f} deg")
    title = None
    if state is not None and state.exercise and seen:
        top = points[list(seen)]
        above = np.array([top[:, 0].mean(), top[:, 1].min() - ABOVE_HEAD, top[:, 2].mean()])
        title = Words(above, title_of(state))
    return Figure(points, seen, tuple((a, b) for a, b in BONES if visible[a] and visible[b]), joints, title)


def title_of(state: RepState) -> str:
    """Exercise and count in words."""
    return f"{words_of(state.exercise)} {state.count}"
