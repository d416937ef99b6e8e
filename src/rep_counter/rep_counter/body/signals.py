"""The signals that drive repetitions: an angle, or a distance in torso lengths, per side or of both sides together."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from statistics import median
from typing import Protocol

import numpy as np

from fitness_core.catalogue import PICTURE, Direction, Posture, Sides, Travel
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
    sign = direction.sign
    if sides is not Sides.BOTH:
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
        # Of each the last that passed.
        self._stamps = [_NEVER] * count
        self._values = [math.nan] * count

    def step(self, stamp: int, values: Sequence[float]) -> list[float]:
        """The values at stamp [ns], or NaN."""
        passed, stamps, before = list(values), self._stamps, self._values
        for number, value in enumerate(values):
            if value == value:
                elapsed = (stamp - stamps[number]) / NANOSECONDS
                if 0 < elapsed < _GLITCH_HOLD_S and abs(value - before[number]) > _GLITCH_SPEED * elapsed:
                    passed[number] = math.nan
                else:
                    stamps[number], before[number] = stamp, value
        return passed


def posture_holds(
    conditions: tuple[Posture, ...],
    pixels: np.ndarray,
    visibility: np.ndarray,
    min_visibility: float,
    sides: Sequence[str] = BOTH_SIDES,
) -> bool:
    """Whether every condition holds in a pose; one whose points are hidden is not judged.

    pixels [33, 3], visibility [33]: of the pose. sides: of the body that are looked at.
    """
    if not conditions:
        return True
    torso, heights, seen = torso_length(pixels), pixels[:, 1].tolist(), visibility.tolist()
    return all(_holds(condition, heights, seen, torso, min_visibility, sides) for condition in conditions)


def _holds(
    condition: Posture,
    heights: Sequence[float],
    seen: Sequence[float],
    torso: float,
    min_visibility: float,
    sides: Sequence[str],
) -> bool:
    difference = _height(heights, seen, condition.point, min_visibility, sides) - _height(
        heights, seen, condition.of, min_visibility, sides
    )
    if not math.isfinite(difference) or not torso > 0:
        return True
    by = difference / torso
    return by >= condition.by if condition.is_ == "above" else by <= -condition.by


class Measured(Protocol):
    """A pose and its landmarks, float32 [33, 3]: in pixels, and as `Pose.metric` gives them."""

    pose: Pose
    pixels: np.ndarray
    metric: np.ndarray


def travelled(
    travel: Travel,
    bodies: Sequence[Measured],
    turn: int,
    sides: Sequence[str],
    ends: tuple[bool, bool],
    min_visibility: float,
) -> float:
    """How far [torso lengths, up] the point of a travel condition rose over its reference; NaN where hidden.

    bodies: of the repetition, with the turning point at stamp `turn` [ns]. sides: of the body that did it. ends:
    whether the bodies hold its start and its end; the travel is from the mean of those to the turning point.
    """
    if not bodies:
        return math.nan
    at_turn = bisect_left(bodies, turn, hi=len(bodies) - 1, key=lambda body: body.pose.stamp)
    kept_at = [number for number, kept in zip((0, len(bodies) - 1), ends, strict=True) if kept]
    rows = [
        (INDEX[f"{side}_{travel.point}"], INDEX[f"{side}_{travel.of}"] if travel.of != PICTURE else None)
        for side in sides
    ]
    of_turn = _beside(bodies, at_turn)
    top = [_risen(rows, body, min_visibility) for body in of_turn]
    torsos = [
        torso_length(body.pixels if travel.of == PICTURE else body.metric)
        for body, height in zip(of_turn, top, strict=True)
        if math.isfinite(height)
    ]
    at_ends = [_median([_risen(rows, body, min_visibility) for body in _beside(bodies, number)]) for number in kept_at]
    kept = [height for height in at_ends if math.isfinite(height)]
    torso = median(torsos) if torsos else math.nan
    return (_median(top) - sum(kept) / len(kept)) / torso if kept and torso > 0 else math.nan


def _beside(bodies: Sequence[Measured], number: int) -> list[Measured]:
    """A body and its neighbours within 0.1 s: the median of what they tell stands for it."""
    near, stamp = bodies[max(0, number - 1) : number + 2], bodies[number].pose.stamp
    return [other for other in near if abs(other.pose.stamp - stamp) <= _BESIDE]


def _median(values: Sequence[float]) -> float:
    """Of those that are known; NaN for none."""
    known = [value for value in values if math.isfinite(value)]
    return median(known) if known else math.nan


def _risen(rows: Sequence[tuple[int, int | None]], body: Measured, min_visibility: float) -> float:
    """Height of a travelling point over its reference, mean of the sides that are visible, else NaN.

    rows: of the point and its reference on each side; without one the height in the picture [px], else in the unit of
    `metric`.
    """
    seen, kept = body.pose.visibility.item, []
    for point, of in rows:
        if not seen(point) >= min_visibility:
            continue
        if of is None:
            kept.append(-body.pixels.item(point, 1))
        elif seen(of) >= min_visibility:
            kept.append(float(body.metric[of, 1] - body.metric[point, 1]))
    return sum(kept) / len(kept) if kept else math.nan


def _height(
    heights: Sequence[float], seen: Sequence[float], point: str, min_visibility: float, sides: Sequence[str]
) -> float:
    """Height of a point in the image [px, up]: the mean of its visible sides, NaN where none is.

    heights [px, down] and how well each is seen: of all landmarks.
    """
    rows = [INDEX[f"{side}_{point}"] for side in sides]
    kept = [heights[row] for row in rows if seen[row] >= min_visibility]
    return -sum(kept) / len(kept) if kept else math.nan


def torso_length(points: np.ndarray) -> float:
    """From mid-hips to mid-shoulders, depth included, in the unit of the points [33, 3]."""
    # Plain numbers: of so few, arrays would take ten times as long.
    (a, b, c), (d, e, f), (g, h, i), (j, k, m) = points.take(_TORSO, axis=0).tolist()
    return math.hypot((a + d - g - j) / 2, (b + e - h - k) / 2, (c + f - i - m) / 2)
