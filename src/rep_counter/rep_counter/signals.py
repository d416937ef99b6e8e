"""The signals that drive repetitions: an angle, or a distance in torso lengths, per side or of both sides together."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from statistics import median

import numpy as np

from fitness_core.catalogue import PICTURE, Direction, Posture, Sides, Travel
from fitness_core.geometry import metric_of, pixels_of, rows_of
from fitness_core.skeleton import INDEX
from fitness_core.types import NANOSECONDS, Pose, nanoseconds

# A speed that no exercising person reaches; a faster change is a tracking glitch. The fastest joint here is a knee that
# leaves the ground in a jump as high as one can: about 15 rad/s (Bobbert and van Ingen Schenau 1988,
# https://doi.org/10.1016/0021-9290(88)90175-3). An arm of one torso length that turns at the one moves a hand at the
# other.
_GLITCH_SPEED = 15.0  # [rad/s], or torso lengths per second
_GLITCH_HOLD_S = 0.2
_NEVER = -nanoseconds(1e6)  # before every stamp

# Poses so close tell the same height.
_BESIDE = nanoseconds(0.1)
BOTH_SIDES = ("left", "right")
"""Of the body."""
_TORSO = [INDEX[f"{side}_{name}"] for name in ("shoulder", "hip") for side in BOTH_SIDES]

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


class GlitchGates:
    """Pass signals, but hold NaN for jumps that no body makes, for at most 0.2 s: then the jump was real.

    count: how many signals.
    """

    def __init__(self, count: int) -> None:
        self._passed = [(_NEVER, math.nan)] * count  # of each the last that passed: stamp, value

    def step(self, stamp: int, values: Sequence[float]) -> list[float]:
        """The values at stamp [ns], or NaN."""
        passed = []
        for number, value in enumerate(values):
            if value == value:
                before, last = self._passed[number]
                elapsed = (stamp - before) / NANOSECONDS
                if 0 < elapsed < _GLITCH_HOLD_S and abs(value - last) > _GLITCH_SPEED * elapsed:
                    value = math.nan
                else:
                    self._passed[number] = stamp, value
            passed.append(value)
        return passed


def posture_holds(
    conditions: tuple[Posture, ...], pose: Pose, min_visibility: float, sides: Sequence[str] = BOTH_SIDES
) -> bool:
    """Whether every condition holds in this pose; one whose points are hidden is not judged.

    sides: of the body that are looked at.
    """
    return all(_holds(condition, pose, min_visibility, sides) for condition in conditions)


def _holds(condition: Posture, pose: Pose, min_visibility: float, sides: Sequence[str]) -> bool:
    pixels = pose.pixels()
    torso = _length(pixels)
    difference = _height(pixels, pose, condition.point, min_visibility, sides) - _height(
        pixels, pose, condition.of, min_visibility, sides
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
    kept_at = [number for number, kept in zip((0, len(poses) - 1), ends, strict=True) if kept]
    (top, torso), *around = _around(travel, poses, [at_turn, *kept_at], sides, min_visibility)
    kept = [height for height, _ in around if math.isfinite(height)]
    return (top - sum(kept) / len(kept)) / torso if kept and torso > 0 else math.nan


def _around(
    travel: Travel, poses: Sequence[Pose], numbers: Sequence[int], sides: Sequence[str], min_visibility: float
) -> list[tuple[float, float]]:
    """Height of the travelling point and length of the torso at each of some poses, NaN where hidden.

    Medians of the pose and its neighbours within 0.1 s.
    """
    beside = [
        [
            other
            for other in range(max(0, number - 1), min(number + 2, len(poses)))
            if abs(poses[other].stamp - poses[number].stamp) <= _BESIDE
        ]
        for number in numbers
    ]
    measured = iter(_heights(travel, [poses[number] for some in beside for number in some], sides, min_visibility))
    found = []
    for some in beside:
        known = [(height, torso) for height, torso in islice(measured, len(some)) if math.isfinite(height)]
        heights, torsos = zip(*known, strict=True) if known else ((math.nan,), (math.nan,))
        found.append((median(heights), median(torsos)))
    return found


def _heights(
    travel: Travel, poses: Sequence[Pose], sides: Sequence[str], min_visibility: float
) -> list[tuple[float, float]]:
    """Height of a travelling point over its reference, mean of the visible ones of the sides, and length of the torso.

    Of each of some poses, at least one [m or px].
    """
    points = pixels_of(poses) if travel.of == PICTURE else metric_of(poses)
    visibility = rows_of([pose.visibility for pose in poses])
    heights, seen = [], []
    for side in sides:
        point = INDEX[f"{side}_{travel.point}"]
        height, visible = -points[:, point, 1], visibility[:, point]
        if travel.of != PICTURE:
            of = INDEX[f"{side}_{travel.of}"]
            height = height + points[:, of, 1]
            visible = np.where(visibility[:, of] < visible, visibility[:, of], visible)
        heights.append(height.tolist())
        seen.append((visible >= min_visibility).tolist())
    torsos = points.take(_TORSO, axis=1).tolist()
    found = []
    for torso, *sided in zip(torsos, *heights, *seen, strict=True):
        kept = [height for height, is_seen in zip(sided[: len(sides)], sided[len(sides) :], strict=True) if is_seen]
        found.append((sum(kept) / len(kept) if kept else math.nan, _distance_of_middles(torso)))
    return found


def _height(pixels: np.ndarray, pose: Pose, point: str, min_visibility: float, sides: Sequence[str]) -> float:
    """Height of a point in the image [px, up]: the mean of its visible sides, NaN where none is."""
    rows = [INDEX[f"{side}_{point}"] for side in sides]
    seen = [row for row in rows if pose.visibility[row] >= min_visibility]
    return -sum(float(pixels[row, 1]) for row in seen) / len(seen) if seen else math.nan


def _length(points: np.ndarray) -> float:
    """Of the torso, depth included, in the unit of the points [33, 3]."""
    return _distance_of_middles(points.take(_TORSO, axis=0).tolist())


def _distance_of_middles(pairs: Sequence[Sequence[float]]) -> float:
    """Between the middles of the first two and of the last two points."""
    # Plain numbers: of so few, arrays would take ten times as long.
    return math.hypot(*((p + q - r - s) / 2 for p, q, r, s in zip(*pairs, strict=True)))
