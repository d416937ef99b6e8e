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
    if not conditions:
        return True
    pixels = pose.pixels()
    torso = _length(pixels)
    return all(_holds(condition, pixels, torso, pose, min_visibility, sides) for condition in conditions)


def _holds(
    condition: Posture, pixels: np.ndarray, torso: float, pose: Pose, min_visibility: float, sides: Sequence[str]
) -> bool:
    difference = _height(pixels, pose, condition.point, min_visibility, sides) - _height(
        pixels, pose, condition.of, min_visibility, sides
    )
    if not math.isfinite(difference) or not torso > 0:
        return True
    by = difference / torso
    return by >= condition.by if condition.is_ == "above" else by <= -condition.by


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
    beside = [_beside(poses, number) for number in (at_turn, *kept_at)]
    some = [pose for near in beside for pose in near]
    points = pixels_of(some) if travel.of == PICTURE else metric_of(some)
    heights = iter(_heights(travel, points, rows_of([pose.visibility for pose in some]), sides, min_visibility))
    top, *at_ends = [list(islice(heights, len(near))) for near in beside]
    pairs = points[: len(top)].take(_TORSO, axis=1).tolist()
    torsos = [_distance_of_middles(of) for of, height in zip(pairs, top, strict=True) if math.isfinite(height)]
    kept = [middle for middle in map(_median, at_ends) if math.isfinite(middle)]
    torso = median(torsos) if torsos else math.nan
    return (_median(top) - sum(kept) / len(kept)) / torso if kept and torso > 0 else math.nan


def _beside(poses: Sequence[Pose], number: int) -> list[Pose]:
    """A pose and its neighbours within 0.1 s: the median of what they tell stands for it."""
    near = poses[max(0, number - 1) : number + 2]
    return [other for other in near if abs(other.stamp - poses[number].stamp) <= _BESIDE]


def _median(values: Sequence[float]) -> float:
    """Of those that are known; NaN for none."""
    known = [value for value in values if math.isfinite(value)]
    return median(known) if known else math.nan


def _heights(
    travel: Travel, points: np.ndarray, visibility: np.ndarray, sides: Sequence[str], min_visibility: float
) -> list[float]:
    """Height of a travelling point over its reference in each pose, mean of the sides that are visible, else NaN.

    points [poses, 33, 3]: px where the reference is the picture, else m. visibility [poses, 33].
    """
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
    found = []
    for of_pose, is_seen in zip(zip(*heights, strict=True), zip(*seen, strict=True), strict=True):
        kept = [height for height, visible in zip(of_pose, is_seen, strict=True) if visible]
        found.append(sum(kept) / len(kept) if kept else math.nan)
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
