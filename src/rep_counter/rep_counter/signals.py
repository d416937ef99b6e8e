"""The signals that drive repetitions: one angle over time per side, or of both sides together."""

import numpy as np

from fitness_core.catalogue import Direction, Exercise, Posture, Sides
from fitness_core.skeleton import INDEX, JOINT_INDEX
from fitness_core.types import JointAngles, Pose

# A side whose joint is this much less visible than the other's is estimated rather than seen.
_HIDDEN_BESIDE_OTHER = 0.5
# An angular speed that no joint of an exercising person reaches [rad/s]; a faster change is a tracking glitch.
_GLITCH_SPEED = 25.0
_GLITCH_HOLD_S = 0.2


def sides_of(exercise: Exercise, angles: JointAngles, min_visibility: float) -> tuple[float, float, float, float]:
    """Angle [rad] and confidence of the exercise's joint: left angle, left confidence, right angle, right confidence.

    NaN where a side is not visible enough, alone or beside the other.
    """
    left, right = JOINT_INDEX[f"left_{exercise.joint}"], JOINT_INDEX[f"right_{exercise.joint}"]
    left_seen, right_seen = float(angles.confidences[left]), float(angles.confidences[right])
    best = max(left_seen, right_seen)
    needed = max(min_visibility, _HIDDEN_BESIDE_OTHER * best)
    return (
        float(angles.angles[left]) if left_seen >= needed else np.nan,
        left_seen,
        float(angles.angles[right]) if right_seen >= needed else np.nan,
        right_seen,
    )


def drive(exercise: Exercise, left: float, left_seen: float, right: float, right_seen: float) -> dict[str, float]:
    """Driving values [rad] by signal name; a value grows on the way to the turning point. NaN = not measured.

    Both sides together are their mean, weighted by how well each is seen.
    """
    sign = 1.0 if exercise.direction == Direction.EXTEND else -1.0
    if exercise.sides == Sides.EITHER:
        return {"left": sign * left, "right": sign * right}
    values = np.array([left, right])
    weights = np.where(np.isfinite(values), np.array([left_seen, right_seen]) ** 2, 0.0)
    if not weights.any():
        return {"both": np.nan}
    return {"both": sign * float(np.nansum(values * weights) / weights.sum())}


class GlitchGate:
    """Passes a signal, but holds NaN for jumps that no body makes, for at most 0.2 s: then the jump was real."""

    def __init__(self) -> None:
        self._stamp: int | None = None
        self._value = np.nan

    def step(self, stamp: int, value: float) -> float:
        """The value [rad] at stamp [ns], or NaN."""
        if not np.isfinite(value):
            return np.nan
        if self._stamp is not None:
            elapsed = (stamp - self._stamp) / 1e9
            if 0 < elapsed < _GLITCH_HOLD_S and abs(value - self._value) > _GLITCH_SPEED * elapsed:
                return np.nan
        self._stamp, self._value = stamp, value
        return value


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


def _height(pixels: np.ndarray, pose: Pose, point: str, min_visibility: float) -> float:
    """Height of a point in the image [px, up]: the mean of its visible sides, NaN where none is."""
    rows = [INDEX[f"left_{point}"], INDEX[f"right_{point}"]]
    seen = [row for row in rows if pose.visibility[row] >= min_visibility]
    return -float(np.mean(pixels[seen, 1])) if seen else np.nan


def _length(pixels: np.ndarray, a: str, b: str) -> float:
    """Distance [px] between the midpoints of two pairs of landmarks, depth included."""
    middle = [(pixels[INDEX[f"left_{name}"]] + pixels[INDEX[f"right_{name}"]]) / 2 for name in (a, b)]
    return float(np.linalg.norm(middle[0] - middle[1]))
