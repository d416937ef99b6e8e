"""How a repetition was done: the form rules of an exercise, judged once, from the poses between its start and end.

A measure is taken where the camera can see it. Depth is what a single camera knows least, and the world landmarks of
BlazePose bend less than the person in the picture does; so all but the angles of joints is measured in the picture
itself, and what one view only shows is not judged in another. Upright means upright in the picture: the camera is taken
to be level. docs/form.md says where each rule and its limit come from.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np

from fitness_core.catalogue import Exercise
from fitness_core.form_rules import FormRule, Measure, Moment, View
from fitness_core.geometry import angle_at, metric_of, pixels_of, rows_of
from fitness_core.skeleton import INDEX, MIN_VISIBILITY
from fitness_core.types import Pose, nanoseconds

FRONT_UP_TO = math.radians(30)
"""Turned no further than this from facing the camera (or turning the back to it) is a view from the front."""
SIDE_FROM = math.radians(60)
"""Turned at least this far is a view from the side; in between, no rule that needs a view is judged."""

# Poses so close to the turning point stand for it.
_AROUND_TURN = nanoseconds(0.1)
# A measure counts where at least this share of the poses has it.
_NEEDED_SHARE = 0.5
# The side of the body that is this much less visible than the other is estimated rather than seen.
_HIDDEN_BESIDE_OTHER = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a repetition. value: in the measure's unit; NaN = not judged (another view, hidden)."""

    rule: FormRule
    value: float

    @property
    def judged(self) -> bool:
        """Whether the rule could be judged."""
        return math.isfinite(self.value)

    @property
    def fault(self) -> bool:
        """Whether the rule is broken."""
        return self.rule.broken_by(self.value)


class RepetitionPoses:
    """The poses of one repetition as arrays; at least one tracked pose.

    poses: from its start to its end. turn: stamp of the turning point [ns]. Hidden points are NaN.
    """

    def __init__(self, poses: Sequence[Pose], turn: int, min_visibility: float = MIN_VISIBILITY) -> None:
        poses = [pose for pose in poses if pose.tracked]
        if not poses:
            raise ValueError("a repetition needs a pose in which somebody is seen")
        self.turn = turn
        self.stamps = np.array([pose.stamp for pose in poses])
        self._visibility = rows_of([pose.visibility for pose in poses])
        if not np.isfinite(self._visibility).all():
            self._visibility = np.nan_to_num(self._visibility)
        hidden, pixels = self._visibility < min_visibility, pixels_of(poses)
        self._space = metric_of(poses, pixels).astype(np.float64)
        self._picture = pixels[..., :2].astype(np.float64)
        if hidden.any():
            self._space[hidden] = self._picture[hidden] = np.nan

    def pair(self, name: str) -> np.ndarray:
        """Left and right of a point in the picture [n, 2, 2]: x right, y down, in pixels."""
        return self._picture[:, _rows(name)]

    def pair_in_space(self, name: str) -> np.ndarray:
        """Left and right of a point [n, 2, 3] in metres, else pixels with estimated depth; z away from the camera."""
        return self._space[:, _rows(name)]

    def middle(self, name: str) -> np.ndarray:
        """Middle of the visible ones of left and right in the picture [n, 2], in pixels."""
        return _mean(self.pair(name), axis=1)

    def weights(self, *names: str) -> np.ndarray:
        """How far each side is seen [2]: of the points that are named, the least visible; the worse side is dropped."""
        seen = self._visibility[:, [_rows(name) for name in names]].mean(axis=0).min(axis=0)
        return np.where(seen >= _HIDDEN_BESIDE_OTHER * seen.max(), seen**2, 0.0)

    @cached_property
    def _across(self) -> np.ndarray:
        """Direction from the person's right to the left [3], shoulders and hips together, over the repetition."""
        pairs = [self.pair_in_space(name) for name in ("shoulder", "hip")]
        lines = [pair[:, 0] - pair[:, 1] for pair in pairs]
        return _mean(np.concatenate([line / np.linalg.norm(line, axis=-1, keepdims=True) for line in lines]), axis=0)

    @cached_property
    def view(self) -> View | None:
        """From where the person is seen; None = obliquely, or not known."""
        turned = math.atan2(abs(self._across[2]), abs(self._across[0]))
        if turned <= FRONT_UP_TO:
            return View.FRONT
        return View.SIDE if turned >= SIDE_FROM else None

    @property
    def forward(self) -> float:
        """Where a standing person seen from the side faces: 1 = to the right of the picture, -1 = to the left."""
        return float(np.sign(self._across[2]))


def judge(
    exercise: Exercise, poses: Sequence[Pose], turn: int, min_visibility: float = MIN_VISIBILITY
) -> list[Verdict]:
    """What every form rule of an exercise says of the repetition in `poses`, most important first.

    turn: stamp of its turning point [ns]. min_visibility: a less visible point is not measured [0..1].
    """
    if not exercise.form or not any(pose.tracked for pose in poses):
        return [Verdict(rule, math.nan) for rule in exercise.form]
    repetition = RepetitionPoses(poses, turn, min_visibility)
    return [Verdict(rule, measure(rule, repetition)) for rule in exercise.form]


def measure(rule: FormRule, repetition: RepetitionPoses) -> float:
    """The value that a rule speaks of; NaN where the view is another, or its points are hidden for too long."""
    if rule.view not in (View.ANY, repetition.view):
        return math.nan
    values = _MEASURES[rule.measure](repetition)
    if rule.at == Moment.TURN:
        values = values[np.abs(repetition.stamps - repetition.turn) <= _AROUND_TURN]
    measured = values[np.isfinite(values)]
    if not len(measured) or len(measured) < _NEEDED_SHARE * len(values):
        return math.nan
    if rule.at == Moment.TURN:
        return float(median(measured.tolist()))
    ordered = sorted(measured.tolist())
    most, least = _between(ordered, 0.95), _between(ordered, 0.05)
    return {Moment.MOST: most, Moment.LEAST: least, Moment.CHANGE: most - least}[rule.at]


def _between(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of some ordered values lies, as np.percentile gives it."""
    at = share * (len(ordered) - 1)
    below = math.floor(at)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    # From the nearer of the two, as there.
    return low + (high - low) * (at - below) if at - below < 0.5 else high - (high - low) * (1 - (at - below))


def _rows(name: str) -> list[int]:
    """Indices of the left and the right point of a name."""
    if name == "mouth":
        return [INDEX["mouth_left"], INDEX["mouth_right"]]
    return [INDEX[f"left_{name}"], INDEX[f"right_{name}"]]


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean without NaN; NaN where there is nothing else, without a warning."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=axis) / known.sum(axis=axis)


def _both(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One value per pose [n] of left and right [n, 2], weighted by how well each side is seen."""
    weighted = np.where(np.isfinite(values), weights, 0.0)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values), values * weighted, 0.0).sum(axis=1) / weighted.sum(axis=1)


def _joint(a: str, at: str, b: str) -> Callable[[RepetitionPoses], np.ndarray]:
    def angle(repetition: RepetitionPoses) -> np.ndarray:
        points = (repetition.pair_in_space(name) for name in (a, at, b))
        return _both(np.degrees(angle_at(*points)), repetition.weights(a, at, b))

    return angle


def _lean(repetition: RepetitionPoses, lower: str, upper: str) -> np.ndarray:
    """Angle [n, deg] of the line from `lower` to `upper` from upright in the picture, forward positive."""
    up = repetition.middle(upper) - repetition.middle(lower)
    return np.degrees(np.arctan2(repetition.forward * up[:, 0], -up[:, 1]))


def _trunk_tilt(repetition: RepetitionPoses) -> np.ndarray:
    up = repetition.middle("shoulder") - repetition.middle("hip")
    return np.degrees(np.arctan2(up[:, 0], -up[:, 1]))


def _upper_arm(repetition: RepetitionPoses) -> np.ndarray:
    points = (repetition.pair(name) for name in ("elbow", "shoulder", "hip"))
    return _both(np.degrees(angle_at(*points)), repetition.weights("elbow", "shoulder", "hip"))


def _trunk_to_shin(repetition: RepetitionPoses) -> np.ndarray:
    return _lean(repetition, "hip", "shoulder") - _lean(repetition, "ankle", "knee")


def _thigh(repetition: RepetitionPoses) -> np.ndarray:
    """Hip above knee [n, deg], by heights in the picture, which every view shows.

    The thigh's length is the longest it is seen in the repetition: that of the person who still nearly stands.
    """
    line = repetition.pair("hip") - repetition.pair("knee")
    length = np.linalg.norm(line, axis=-1)
    sides = [sorted(filter(math.isfinite, side)) for side in length.T.tolist()]
    longest = [_between(known, 0.95) if known else math.nan for known in sides]
    return _both(np.degrees(np.arcsin(np.clip(-line[..., 1] / longest, -1, 1))), repetition.weights("hip", "knee"))


def _body_line(repetition: RepetitionPoses) -> np.ndarray:
    shoulder, hip, ankle = (repetition.pair(name) for name in ("shoulder", "hip", "ankle"))
    along = ankle - shoulder
    off = hip - shoulder
    share = np.sum(off * along, axis=-1) / np.sum(along**2, axis=-1)
    below = hip[..., 1] - (shoulder + share[..., None] * along)[..., 1]
    bend = 180 - np.degrees(angle_at(shoulder, hip, ankle))
    return _both(np.sign(below) * bend, repetition.weights("shoulder", "hip", "ankle"))


def _knee_width(repetition: RepetitionPoses) -> np.ndarray:
    width = {name: np.abs(np.diff(repetition.pair(name)[..., 0], axis=1))[:, 0] for name in ("knee", "ankle")}
    with np.errstate(divide="ignore", invalid="ignore"):
        return width["knee"] / width["ankle"]


def _front_shin(repetition: RepetitionPoses) -> np.ndarray:
    """Of the leg whose ankle is ahead. The tip of the foot is what cameras see worst, so it is not asked for."""
    ankle, knee = (repetition.pair(name) for name in ("ankle", "knee"))
    ahead = repetition.forward * ankle[..., 0]
    up = knee - ankle
    lean = np.degrees(np.arctan2(repetition.forward * up[..., 0], -up[..., 1]))
    front = np.where(ahead[:, 0] >= ahead[:, 1], lean[:, 0], lean[:, 1])
    return np.where(np.isfinite(ahead).all(axis=1), front, np.nan)


def _mouth_over_hands(repetition: RepetitionPoses) -> np.ndarray:
    trunk = np.linalg.norm(repetition.middle("shoulder") - repetition.middle("hip"), axis=-1)
    return (repetition.middle("wrist") - repetition.middle("mouth"))[:, 1] / trunk


_MEASURES: dict[Measure, Callable[[RepetitionPoses], np.ndarray]] = {
    Measure.ELBOW: _joint("shoulder", "elbow", "wrist"),
    Measure.SHOULDER: _joint("elbow", "shoulder", "hip"),
    Measure.HIP: _joint("shoulder", "hip", "knee"),
    Measure.KNEE: _joint("hip", "knee", "ankle"),
    Measure.TRUNK_LEAN: lambda repetition: _lean(repetition, "hip", "shoulder"),
    Measure.TRUNK_TILT: _trunk_tilt,
    Measure.UPPER_ARM: _upper_arm,
    Measure.TRUNK_TO_SHIN: _trunk_to_shin,
    Measure.THIGH: _thigh,
    Measure.BODY_LINE: _body_line,
    Measure.KNEE_WIDTH: _knee_width,
    Measure.FRONT_SHIN: _front_shin,
    Measure.MOUTH_OVER_HANDS: _mouth_over_hands,
}
