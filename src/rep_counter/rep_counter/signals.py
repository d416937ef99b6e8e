"""The signals that drive repetitions: an angle, or a distance in torso lengths, per side or of both sides together."""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from statistics import median

import numpy as np

from fitness_core.catalogue import PICTURE, Direction, Posture, Sides, Travel
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, nanoseconds

# A speed that no exercising person reaches; a faster change is a tracking glitch. An arm of one torso length that
# turns at the one moves a hand at the other.
_GLITCH_SPEED = 25.0  # [rad/s], or torso lengths per second
_GLITCH_HOLD_S = 0.2

# Poses so close tell the same height.
_BESIDE = nanoseconds(0.1)

Reading = tuple[float, float, float, float]
"""Left value, left confidence, right value, right confidence; a value is NaN where its side is not seen."""


def drive(direction: Direction, sides: Sides, reading: Reading) -> tuple[float, ...]:
    """The driving values of an exercise: one of both sides together, or left and right.

    They grow on the way to the turning point. NaN = not measured. Both sides together are their mean, weighted by
    how well each is seen.
    """
    left, left_seen, right, right_seen = reading
    sign = 1.0 if direction == Direction.EXTEND else -1.0
    if sides != Sides.BOTH:
        return sign * left, sign * right
    if left != left:
        return (sign * right,)
    if right != right:
        return (sign * left,)
    left_weight, right_weight = left_seen * left_seen, right_seen * right_seen
    weight = left_weight + right_weight
    return (sign * (left * left_weight + right * right_weight) / weight if weight > 0 else math.nan,)


class GlitchGate:
    """Passes a signal, but holds NaN for jumps that no body makes, for at most 0.2 s: then the jump was real."""

    def __init__(self) -> None:
        self._stamp: int | None = None
        self._value = math.nan

    def step(self, stamp: int, value: float) -> float:
        """The value at stamp [ns], or NaN."""
        if value != value:
            return math.nan
        if self._stamp is not None:
            elapsed = (stamp - self._stamp) / 1e9
            if 0 < elapsed < _GLITCH_HOLD_S and abs(value - self._value) > _GLITCH_SPEED * elapsed:
                return math.nan
        self._stamp, self._value = stamp, value
        return value


class Past:
    """The poses of the last seconds, for what is judged when a repetition is over."""

    def __init__(self, duration_s: float) -> None:
        self._duration = nanoseconds(duration_s)
        self._poses: deque[Pose] = deque()

    def add(self, pose: Pose) -> None:
        """The newest pose."""
        self._poses.append(pose)
        while pose.stamp - self._poses[0].stamp > self._duration:
            self._poses.popleft()

    def between(self, start: int, end: int) -> Sequence[Pose]:
        """The poses with stamps in [start, end] ns, oldest first."""
        first = bisect_left(self._poses, start, key=lambda pose: pose.stamp)
        last = bisect_left(self._poses, end + 1, key=lambda pose: pose.stamp)
        return [self._poses[number] for number in range(first, last)]


def posture_holds(conditions: tuple[Posture, ...], pose: Pose, min_visibility: float) -> bool:
    """Whether every condition holds in this pose; one whose points are hidden is not judged."""
    return all(_holds(condition, pose, min_visibility) for condition in conditions)


def _holds(condition: Posture, pose: Pose, min_visibility: float) -> bool:
    pixels = pose.pixels()
    torso = _length(pixels, "shoulder", "hip")
    difference = _height(pixels, pose, condition.point, min_visibility) - _height(
        pixels, pose, condition.of, min_visibility
    )
    if not np.isfinite(difference) or not torso > 0:
        return True
    by = difference / torso
    return bool(by >= condition.by if condition.is_ == "above" else by <= -condition.by)


def travelled(
    travel: Travel,
    poses: Sequence[Pose],
    turn: int,
    sides: Sequence[str],
    ends: tuple[bool, bool],
    min_visibility: float,
) -> float:
    """How far [torso lengths, up] the point of a travel condition rose over its reference; NaN where hidden.

    poses: of the repetition, with the turning point at stamp `turn` [ns]. sides: of the body that did it. ends: whether
    the poses hold its start and its end; the travel is from the mean of those to the turning point.
    """
    if not poses:
        return math.nan
    at_turn = bisect_left(poses, turn, hi=len(poses) - 1, key=lambda pose: pose.stamp)
    top, torso = _around(travel, poses, at_turn, sides, min_visibility)
    kept = [
        _around(travel, poses, number, sides, min_visibility)[0]
        for number, kept in zip((0, len(poses) - 1), ends, strict=True)
        if kept
    ]
    kept = [height for height in kept if math.isfinite(height)]
    return (top - sum(kept) / len(kept)) / torso if kept and torso > 0 else math.nan


def _around(
    travel: Travel, poses: Sequence[Pose], number: int, sides: Sequence[str], min_visibility: float
) -> tuple[float, float]:
    """Height of the travelling point and length of the torso, medians of a pose and its neighbours within 0.1 s."""
    measured = []
    for pose in poses[max(0, number - 1) : number + 2]:
        if abs(pose.stamp - poses[number].stamp) > _BESIDE:
            continue
        points = pose.pixels() if travel.of == PICTURE else pose.metric()
        height = _height_over(travel, points, pose.visibility, sides, min_visibility)
        if math.isfinite(height):
            measured.append((height, _length(points, "shoulder", "hip")))
    if not measured:
        return math.nan, math.nan
    heights, torsos = zip(*measured, strict=True)
    return median(heights), median(torsos)


def _height_over(
    travel: Travel, points: np.ndarray, visibility: np.ndarray, sides: Sequence[str], min_visibility: float
) -> float:
    """Height of a travelling point over its reference [m or px], mean of the visible ones of the sides."""
    heights = []
    for side in sides:
        point = INDEX[f"{side}_{travel.point}"]
        height, seen = -points[point, 1], visibility[point]
        if travel.of != PICTURE:
            of = INDEX[f"{side}_{travel.of}"]
            height, seen = height + points[of, 1], min(seen, visibility[of])
        if seen >= min_visibility:
            heights.append(float(height))
    return sum(heights) / len(heights) if heights else math.nan


def _height(pixels: np.ndarray, pose: Pose, point: str, min_visibility: float) -> float:
    """Height of a point in the image [px, up]: the mean of its visible sides, NaN where none is."""
    rows = [INDEX[f"left_{point}"], INDEX[f"right_{point}"]]
    seen = [row for row in rows if pose.visibility[row] >= min_visibility]
    return -sum(float(pixels[row, 1]) for row in seen) / len(seen) if seen else math.nan


def _length(points: np.ndarray, a: str, b: str) -> float:
    """Distance between the midpoints of two pairs of landmarks, depth included, in the unit of the points."""
    rows = [INDEX[f"{side}_{name}"] for name in (a, b) for side in ("left", "right")]
    pairs = points.take(rows, axis=0).tolist()
    # Plain numbers: of so few, arrays would take ten times as long.
    return math.hypot(*((p + q - r - s) / 2 for p, q, r, s in zip(*pairs, strict=True)))
