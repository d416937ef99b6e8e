"""The last seconds of poses, resampled by stamp: what the classifier looks at does not depend on the frame rate."""

from collections import deque

import numpy as np

from exercise_classifier.features import PoseSequence, stack
from fitness_core.types import SOONEST, Pose, nanoseconds, seconds

MAX_GAP = 0.45
"""Poses further apart than this [s] are not joined by a line: what happened between them was not seen (2.5 Hz)."""

MIN_SEEN = 0.7
"""Seconds of a body that a window must hold before anything is said about it."""


def resample(
    stamps: np.ndarray,
    values: tuple[np.ndarray, ...],
    at: np.ndarray,
    max_gap: float = MAX_GAP,
) -> list[np.ndarray]:
    """Each array [n, ...] linearly interpolated at other times; NaN outside the stamps and in gaps.

    stamps [n], at [steps]: ascending times in one unit, seconds if max_gap is.
    """
    steps = len(at)
    if len(stamps) == 0:
        return [np.full((steps, *value.shape[1:]), np.nan, np.float32) for value in values]
    after = np.clip(np.searchsorted(stamps, at), 0, len(stamps) - 1)
    before = np.where(stamps[after] <= at, after, np.maximum(after - 1, 0))
    span = stamps[after] - stamps[before]
    weight = np.where(span > 0, (at - stamps[before]) / np.where(span > 0, span, 1.0), 0.0)
    epsilon = 1e-6
    outside = (at < stamps[0] - epsilon) | (at > stamps[-1] + epsilon) | (span > max_gap)
    results = []
    for value in values:
        w = weight.reshape(-1, *[1] * (value.ndim - 1))
        mixed = value[before] * (1 - w) + value[after] * w
        mixed[outside] = np.nan
        results.append(mixed.astype(np.float32))
    return results


class PoseWindow:
    """A ring buffer of poses by stamp.

    duration: length of the window [s]. rate: steps per second of what `sequence` gives [Hz].
    """

    def __init__(self, duration: float, rate: float) -> None:
        self.duration = duration
        self.rate = rate
        self.steps = round(duration * rate)
        self._poses: deque[Pose] = deque()
        # What `stack` makes of each, made once; None where nobody is seen.
        self._arrays: deque[tuple[np.ndarray, np.ndarray, np.ndarray] | None] = deque()

    def reset(self) -> None:
        """Forget every pose."""
        self._poses.clear()
        self._arrays.clear()

    def add(self, pose: Pose) -> bool:
        """Take a pose in. A stamp that jumps back, or another person, empties the window first: returns True then."""
        fresh, tracked = False, pose.tracked
        if self._poses:
            newest = self._poses[-1]
            if 0 <= pose.stamp - newest.stamp < SOONEST:
                return False
            before = zip(self._poses, self._arrays, strict=True)
            other = tracked and any(arrays and held.body_id != pose.body_id for held, arrays in before)
            if pose.stamp < newest.stamp or other:
                self.reset()
                fresh = True
        self._poses.append(pose)
        self._arrays.append(stack([pose]) if tracked else None)
        # One pose older than the window stays, so that its first step can be interpolated.
        oldest = pose.stamp - nanoseconds(self.duration)
        while len(self._poses) > 2 and self._poses[1].stamp <= oldest:
            self._poses.popleft()
            self._arrays.popleft()
        return fresh

    @property
    def start(self) -> int:
        """Stamp of the oldest pose in the window [ns]."""
        newest = self._poses[-1].stamp
        return max(self._poses[0].stamp, newest - nanoseconds(self.duration))

    @property
    def held(self) -> float:
        """Seconds between the oldest and the newest pose, at most the window's length."""
        return seconds(self._poses[-1].stamp - self.start) if self._poses else 0.0

    def sequence(self) -> PoseSequence:
        """The window at `rate` up to the newest pose; NaN in front while it fills, and where nobody was seen."""
        newest = self._poses[-1].stamp
        tracked = [pose for pose, arrays in zip(self._poses, self._arrays, strict=True) if arrays]
        stacked = [np.concatenate(of) for of in zip(*filter(None, self._arrays), strict=True)] or stack([])
        stamps = np.array([seconds(pose.stamp - newest) for pose in tracked])
        at = (np.arange(self.steps) - (self.steps - 1)) / self.rate
        metric, pixels, visibility = resample(stamps, tuple(stacked), at)
        size = (tracked[-1].width, tracked[-1].height) if tracked else (1, 1)
        return PoseSequence(metric, pixels, visibility, self.rate, size)
