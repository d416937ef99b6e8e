"""Whether a take is good enough for a data set; what is wrong with it, in words."""

from dataclasses import dataclass

import numpy as np

from fitness_core.types import Pose, nanoseconds, seconds
from fitness_datasets.collection.placement import MIN_LIGHT

GAP = 0.25
"""Of a longer step between two poses a movement cannot be filled in [s]; a pose stage that is merely slow has less."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a take may lack at most.

    max_lost: share of the poses without a body [0..1]. min_light: mean luminance [0..255]. max_dropped: share of the
    take's time in which frames are missing, steps of stamps longer than GAP [0..1]. max_gap: longest time without a
    pose [s]. min_duration: [s].
    """

    max_lost: float = 0.1
    min_light: float = MIN_LIGHT
    max_dropped: float = 0.2
    max_gap: float = 0.5
    min_duration: float = 1.0


class Gate:
    """Takes in the poses of one take as they come, and says at its end what is wrong with it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stamps: list[int] = []
        self._lost = 0
        self._light: list[float] = []

    def add(self, pose: Pose, light: float) -> None:
        """The next pose of the take, and the mean luminance of its picture [0..255], NaN = no picture."""
        self._stamps.append(pose.stamp)
        self._lost += not pose.tracked
        self._light.append(light)

    def problems(self, repetitions: int, asked: int) -> tuple[str, ...]:
        """What is wrong, one clause each; empty = a good take.

        repetitions: counted ones. asked: repetitions that were asked for, 0 = none.
        """
        limits, found = self._limits, []
        steps = np.diff(self._stamps)
        duration = seconds(self._stamps[-1] - self._stamps[0]) if self._stamps else 0.0
        if duration < limits.min_duration:
            found.append(f"it is only {duration:.1f} s long")
        lost = self._lost / max(1, len(self._stamps))
        if lost > limits.max_lost:
            found.append(f"the body was lost for {lost:.0%} of the time")
        light = np.array(self._light)[np.isfinite(self._light)]
        if light.size and light.mean() < limits.min_light:
            found.append("it was too dark")
        if steps.size:
            dropped = float(steps[steps > nanoseconds(GAP)].sum() / steps.sum())
            gap = seconds(int(steps.max()))
            if gap > limits.max_gap:
                found.append(f"no frame came for {gap:.1f} s")
            elif dropped > limits.max_dropped:
                found.append(f"frames were missing for {dropped:.0%} of the time")
        if asked and not repetitions:
            found.append("no repetition was counted")
        return tuple(found)
