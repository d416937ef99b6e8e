"""The last seconds of poses, resampled by stamp: what the classifier looks at does not depend on the frame rate."""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exercise_classifier.pose_sequence import PoseSequence, planes_of, points_of, stack
from fitness_core.skeleton import N_LANDMARKS
from fitness_core.types import NANOSECONDS, SET_BACK, SOONEST, Pose, nanoseconds, seconds

MAX_GAP = 0.45
"""Poses further apart than this [s] are not joined by a line: what happened between them was not seen (2.5 Hz)."""

MIN_SEEN = 0.6
"""Seconds of a body that a window must hold before anything is said about it, and before it is fitted to or judged."""

# Times this share of a second apart are the same.
_SAME_TIME = 1e-6
# Windows that have more than this share of their instants for themselves are made faster one by one.
_WORTH_SHARING = 0.8
# Poses for which there is room at first: of two seconds at 60 Hz, and as many again before they are moved.
_ROOM = 256

_Lines = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def holds_enough(seen: np.ndarray, rate: float, least: float = MIN_SEEN) -> np.ndarray:
    """Bool [...]: whether windows hold enough of a body to say something.

    seen [..., steps]: of `seen_steps`. rate: of the steps [Hz]. least: seconds of a body.
    """
    return np.count_nonzero(seen, axis=-1) >= math.ceil(least * rate - _SAME_TIME)


def planes_of_poses(poses: Sequence[Pose]) -> np.ndarray:
    """What a window keeps of poses in which somebody is seen, float32 [7, n, 33].

    x, y, z of `PoseSequence.metric` and of its pixels, and the visibility.
    """
    metric, pixels, visibility = stack(poses)
    return np.concatenate([planes_of(metric), planes_of(pixels), visibility[None]])


def resample(
    stamps: np.ndarray,
    values: tuple[np.ndarray, ...],
    at: np.ndarray,
    max_gap: float = MAX_GAP,
) -> list[np.ndarray]:
    """Each array [n, ...] linearly interpolated at other times; NaN outside the stamps and in gaps.

    stamps [n], at [steps]: ascending times in one unit, seconds if max_gap is.
    """
    if len(stamps) == 0:
        return [np.full((len(at), *value.shape[1:]), np.nan, np.float32) for value in values]
    lines = _lines(stamps, at, np.array([0]), np.array([len(stamps)]), max_gap, _SAME_TIME)
    return [_mixed(np.asarray(value, np.float32), *lines) for value in values]


def _lines(
    stamps: np.ndarray, at: np.ndarray, first: np.ndarray, end: np.ndarray, max_gap: float, same: float
) -> _Lines:
    """Between which two stamps each time lies, how far on the way to the second, and whether nothing is known there.

    stamps [n]: ascending, at least one. at [..., steps]. first, end [..., 1]: the stamps from `first` to before `end`
    may be used. same: times so close are one. All times in one unit.
    """
    empty, first = first >= end, np.minimum(first, len(stamps) - 1)
    last = np.maximum(end - 1, first)
    after = np.minimum(np.maximum(np.searchsorted(stamps, at), first), last)
    later = stamps[after]
    before = np.where(later <= at, after, np.maximum(after - 1, first))
    earlier = stamps[before]
    span = later - earlier
    weight = np.divide(at - earlier, span, out=np.zeros(span.shape), where=span > 0)
    outside = empty | (at < stamps[first] - same) | (at > stamps[last] + same) | (span > max_gap)
    return before, after, weight, outside


def _mixed(
    values: np.ndarray, before: np.ndarray, after: np.ndarray, weight: np.ndarray, outside: np.ndarray, axis: int = 0
) -> np.ndarray:
    """Values between each pair of rows, which are along an axis, float32; NaN outside."""
    weight = weight.reshape(*weight.shape, *[1] * (values.ndim - 1 - axis)).astype(np.float32)
    mixed, following = values.take(before, axis=axis), values.take(after, axis=axis)
    following -= mixed
    following *= weight
    mixed += following
    if outside.any():
        mixed[(*[slice(None)] * axis, outside)] = np.nan
    return mixed


def _shared(lines: _Lines) -> tuple[_Lines, np.ndarray | None]:
    """What `_lines` gave of [windows, steps], each only once, [n]; and which of them each step is, [windows, steps].

    Where stamps are regular, as those of a video, a window steps where others did: in a recording of 30 Hz seven of
    eight times. None, and the lines as they are, where that is seldom so.
    """
    before, after, weight, outside = lines
    of_pair = 2 * before + (after > before)
    # As exact as `_mixed` takes it.
    keys = of_pair << 32 | weight.astype(np.float32).view(np.uint32)
    keys[outside] = -1
    _, which, steps = np.unique(keys, return_index=True, return_inverse=True)
    if len(which) > _WORTH_SHARING * keys.size:
        return lines, None
    before, after, weight, outside = (of.ravel()[which] for of in lines)
    return (before, after, weight, outside), steps.reshape(keys.shape)


class Cut(NamedTuple):
    """A window that can be made: stamp of its newest pose [ns], and the rows of a `PoseWindow` that it is made of."""

    newest: int
    first: int
    end: int


class PoseWindow:
    """The poses of the last seconds, by stamp.

    duration: length of the window [s]. rate: steps per second of what `sequence` gives [Hz].
    """

    def __init__(self, duration: float, rate: float) -> None:
        self.duration = duration
        self._duration = nanoseconds(duration)
        self.rate = rate
        self.steps = round(duration * rate)
        # Whole nanoseconds: every window then interpolates the same, whichever others are made beside it.
        self._at = np.rint((np.arange(self.steps) - (self.steps - 1)) / rate * NANOSECONDS)
        self._poses: deque[tuple[int, bool]] = deque()  # stamp, and whether somebody is seen
        # Poses in which somebody is seen, a row each. Rows are numbered on and on; `_rows_before` are gone.
        self._rows = _empty_rows(_ROOM)
        self._rows_before = 0
        self._first = self._end = 0
        self._uncut: int | None = None  # first row of the oldest cut that is not made yet
        self.body_id = ""
        """Of the newest pose in which somebody is seen."""

    def reset(self) -> None:
        """Forget every pose."""
        self._poses.clear()
        self._first = self._end

    def add(self, pose: Pose, planes: np.ndarray | None = None) -> bool:
        """Take a pose in. A stamp that jumps back, or another person, empties the window first: returns True then. One
        that comes twice, or too late, is nothing new.

        planes: [7, 33], the pose's own of `planes_of_poses`, where that was done for many poses at once.
        """
        fresh, tracked = False, planes is not None or pose.tracked
        if self._poses:
            newest, _ = self._poses[-1]
            if -SET_BACK <= pose.stamp - newest < SOONEST:
                return False
            other = tracked and self._first < self._end and pose.body_id != self.body_id
            if pose.stamp < newest or other:
                self.reset()
                fresh = True
        self._poses.append((pose.stamp, tracked))
        if tracked:
            self.body_id = pose.body_id
            if planes is None:
                planes = planes_of_poses([pose])[:, 0]
            self._append(pose.stamp, (pose.width, pose.height), planes)
        # One pose older than the window stays, so that its first step can be interpolated.
        oldest = pose.stamp - self._duration
        while len(self._poses) > 2 and self._poses[1][0] <= oldest:
            self._first += self._poses.popleft()[1]
        return fresh

    @property
    def newest(self) -> int:
        """Stamp of the newest pose [ns]; 0 for none."""
        return self._poses[-1][0] if self._poses else 0

    @property
    def start(self) -> int:
        """Stamp of the oldest pose in the window [ns]."""
        newest, _ = self._poses[-1]
        return max(self._poses[0][0], newest - self._duration)

    @property
    def held(self) -> float:
        """Seconds between the oldest and the newest pose, at most the window's length."""
        return seconds(self._poses[-1][0] - self.start) if self._poses else 0.0

    def cut(self) -> Cut:
        """The window as it is now, for `sequences`."""
        if self._uncut is None:
            self._uncut = self._first
        return Cut(self._poses[-1][0], self._first, self._end)

    def sequence(self) -> PoseSequence:
        """The window at `rate` up to the newest pose; NaN in front while it fills, and where nobody was seen."""
        made = self.sequences([self.cut()])
        size = int(made.size[0, 0]), int(made.size[0, 1])  # type: ignore[call-overload]
        return PoseSequence(made.metric[0], made.pixels[0], made.visibility[0], self.rate, size)

    def sequences(self, cuts: Sequence[Cut]) -> PoseSequence:
        """The windows of all cuts since the last call, or since a `reset`: of one arrays [1, steps, ...]; of many those
        of the instants that they share, where that is worth it."""
        self._uncut = None
        newest, first, end = np.array(list(zip(*cuts, strict=True)))[..., None]
        first, end = first - self._rows_before, end - self._rows_before
        start = min(int(first[0, 0]), len(self._rows[0]) - 1)
        used = slice(start, max(int(end[-1, 0]), start + 1))
        stamps, sizes, planes = (rows[used] for rows in self._rows)
        zero = newest[0, 0]
        lines = _lines(
            (stamps - zero).astype(float),
            (newest - zero) + self._at,
            first - start,
            end - start,
            MAX_GAP * NANOSECONDS,
            _SAME_TIME * NANOSECONDS,
        )
        lines, steps = _shared(lines) if len(cuts) > 1 else (lines, None)
        size = np.where(first < end, sizes[np.maximum(end[:, 0] - 1 - start, 0)], 1)
        mixed = _mixed(planes.swapaxes(0, 1), *lines, axis=1)
        return PoseSequence(points_of(mixed[:3]), points_of(mixed[3:6]), mixed[6], self.rate, size, steps)

    def _append(self, stamp: int, size: tuple[int, int], planes: np.ndarray) -> None:
        row = self._end - self._rows_before
        if row == len(self._rows[0]):
            kept = self._first if self._uncut is None else self._uncut
            before, self._rows = self._rows, _empty_rows(max(_ROOM, 2 * (self._end - kept)))
            for old, new in zip(before, self._rows, strict=True):
                new[: self._end - kept] = old[kept - self._rows_before :]
            self._rows_before = kept
            row = self._end - kept
        stamps, sizes, kept_planes = self._rows
        stamps[row], sizes[row], kept_planes[row] = stamp, size, planes
        self._end += 1


def _empty_rows(count: int) -> tuple[np.ndarray, ...]:
    """Room for stamps [ns], sizes [px], and what `planes_of_poses` makes, a row each."""
    planes = np.zeros((7, count, N_LANDMARKS), np.float32)
    return np.zeros(count, np.int64), np.zeros((count, 2), int), planes.swapaxes(0, 1)
