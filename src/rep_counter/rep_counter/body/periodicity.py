"""Repetitions without knowing the exercise: how often the whole body repeats its movement. Free of ROS.

Every coordinate of every landmark, every joint angle and the leading principal components are signals that count by
themselves: half the reversals by more than a share of the signal's own range. They vote; a signal's vote weighs as much
as it moves and as it is periodic (its autocorrelation's highest peak). The count is the weighted median, so that no
still limb, no noisy one and no cut of the camera decides.

Sources: autocorrelation of self-similarity as the measure of periodicity: Cutler and Davis 2000,
https://doi.org/10.1109/34.868681; principal components, autocorrelation and peaks to count any exercise: Morris et al.
2014 (RecoFit), https://doi.org/10.1145/2556288.2557116. Nothing in it is learned.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fitness_core.geometry import angles_of, pixels_of
from fitness_core.types import NANOSECONDS, Periodicity, Pose, nanoseconds, seconds

RATE = 10.0
"""Samples per second that movement is looked at [Hz]: a repetition takes half a second at least."""

# A reversal is a way back of more than this share of the signal's own range (5 to 95 %).
_REVERSAL = 0.4
# Signals that move less than this do not vote: landmarks tremble. In body sizes, angles in half turns.
_STILL = 0.04
# Share of the frames with a body in which a landmark must be measured to be looked at.
_USUAL = 0.9
# Principal components that vote beside the single signals.
_COMPONENTS = 4
# Shortest period [s].
_SHORTEST = 0.5
# A bout of periodic movement: so many repetitions in the last seconds, so alike. Looked for this often [s].
_BOUT_REPETITIONS = 3
_BOUT_STRENGTH = 0.5
_RECENT_S = 15.0
_EVERY_S = 2.0
# Signals whose autocorrelation is taken at once.
_AT_A_TIME = 16
# Movement is remembered this long [s]; a longer bout or set has no count.
_KEEP_S = 120.0


def count(points: np.ndarray, stamps: np.ndarray) -> Periodicity:
    """How often the body repeats its movement. A single repetition repeats nothing: it may be taken for two or three.

    points: [frames, 33, 2 or 3] landmarks in any one unit, metres, pixels or min-max scaled; NaN rows = nobody seen.
    stamps: [frames] in ns, increasing; where the frame rate is not known any assumed one does, within a factor of two.
    """
    nothing = Periodicity(int(stamps[-1]), int(stamps[0]))
    signals = movement(points, stamps)
    if len(signals) < 3:
        return nothing
    signals = np.concatenate([signals, _components(signals)], axis=1)
    low, high = np.percentile(signals, [5, 95], axis=0)
    moving = high - low > _STILL
    if not moving.any():
        return nothing
    signals, span = signals[:, moving], (high - low)[moving]
    heights = _peak_heights(signals)
    least = (_REVERSAL * span).tolist()
    counts = np.array([_turns(signal, by) for signal, by in zip(signals.T.tolist(), least, strict=True)]) / 2
    # Not the square of the heights: an overtone, small but steady, would outvote the movement of a set of two.
    weights = span * heights
    if not weights.any():
        weights = span
    repetitions = int(_weighted_median(counts, weights) + 0.5)
    strength = float(np.average(heights, weights=weights))
    period = len(signals) / RATE / repetitions if repetitions else math.nan
    return replace(nothing, repetitions=repetitions, period=period, strength=strength)


def movement(points: np.ndarray, stamps: np.ndarray) -> np.ndarray:
    """Signals [samples, signals] at RATE: coordinates in body sizes and joint angles in half turns, smoothed.

    Frames in which nobody is seen are bridged by straight lines, landmarks that are seldom measured left out. Empty
    where fewer than three frames show a body, or one that has no extent.
    """
    used, seen = _measured(points)
    if seen.sum() < 3:
        return np.empty((0, 0))
    points, times = points[seen].astype(float), (stamps[seen] - stamps[0]) / NANOSECONDS
    angles = np.nan_to_num(angles_of(points) / np.pi, nan=1.0)
    points = points[:, used]
    size = np.median(np.maximum(*(np.ptp(points[:, :, axis], axis=1) for axis in (0, 1))))
    if not size > 0:
        return np.empty((0, 0))
    grid = np.arange(times[0], times[-1], 1 / RATE)
    raw = np.concatenate([(points / size).reshape(len(points), -1), angles], axis=1)
    del points, angles  # two minutes of each of these are a megabyte
    # Here and not above: a quarter of the time that a counter needs to be there again after a crash.
    from scipy import ndimage

    raw = _at(grid, times, raw)
    return ndimage.gaussian_filter1d(_median_of_three(raw), 1.0, axis=0, mode="nearest")


def _measured(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which landmarks [33] are measured in most frames that show a body, and the frames in which all of these are."""
    finite = np.isfinite(points[:, :, :2]).all(axis=2)
    if len(finite) and finite.all():
        return finite[0], finite[:, 0]
    body = finite.any(axis=1)
    used = finite[body].mean(axis=0) >= _USUAL if body.any() else body[:0]
    return used, finite[:, used].all(axis=1) & body if used.any() else np.zeros(len(points), bool)


def _median_of_three(values: np.ndarray) -> np.ndarray:
    """Of each value [samples, n] and its neighbours; at the ends its own counts twice."""
    before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    low, high = np.minimum(before, values), np.maximum(before, values, out=before)
    return np.maximum(low, np.minimum(high, after, out=after), out=low)


def _at(grid: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values [times, n] at the times of the grid, by linear interpolation."""
    right = np.clip(np.searchsorted(times, grid, side="right"), 1, len(times) - 1)
    share = ((grid - times[right - 1]) / (times[right] - times[right - 1]))[:, None]
    before, after = values[right - 1], values[right]
    before *= 1 - share
    after *= share
    return np.add(before, after, out=before)


def _components(signals: np.ndarray) -> np.ndarray:
    """The signals along the directions in which they vary most [samples, _COMPONENTS]."""
    from scipy import linalg  # as above

    centred = signals - signals.mean(axis=0)
    count = signals.shape[1]
    # A third of the time of a singular value decomposition, which gives the same.
    _, directions = linalg.eigh(centred.T @ centred, subset_by_index=[count - _COMPONENTS, count - 1])
    return centred @ directions[:, ::-1]


def _turns(signal: Sequence[float], least: float) -> int:
    """How often a signal turns by more than `least`, which is above 0."""
    # Plain numbers: of all signals at once, sample by sample, arrays take three times as long.
    turns, furthest, falling = 0, math.nan, False
    high = low = signal[0]
    for value in signal:
        if turns == 0:
            high, low = max(high, value), min(low, value)
            falling = high - value > least
            if falling or value - low > least:
                turns, furthest = 1, value
        elif falling:
            if value < furthest:
                furthest = value
            elif value - furthest > least:
                turns, furthest, falling = turns + 1, value, False
        elif value > furthest:
            furthest = value
        elif furthest - value > least:
            turns, furthest, falling = turns + 1, value, True
    return turns


def _peak_heights(signals: np.ndarray) -> np.ndarray:
    """Highest peak of each signal's autocorrelation between the shortest period and half the stretch, 0..1."""
    # A few at a time: the spectra of all are 8 MB after two minutes, by which the heap of the process grows each time.
    parts = range(0, signals.shape[1], _AT_A_TIME)
    return np.concatenate([_peaks_of(signals[:, start : start + _AT_A_TIME]) for start in parts])


def _peaks_of(signals: np.ndarray) -> np.ndarray:
    samples = len(signals)
    centred = signals - signals.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * samples, axis=0)) ** 2
    lags = np.arange(samples // 2 + 1)
    correlation = np.fft.irfft(spectrum, axis=0)[lags] / (samples - lags)[:, None]
    correlation = correlation / correlation[0]
    first = max(1, int(_SHORTEST * RATE))
    inner = correlation[first:-1]
    if not len(inner):
        return np.zeros(signals.shape[1])
    peak = (inner > correlation[first - 1 : -2]) & (inner >= correlation[first + 1 :])
    return np.clip(np.where(peak, inner, 0.0).max(axis=0), 0.0, 1.0)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    heaped = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heaped, heaped[-1] / 2)])


class Movement:
    """What the body did in the last minutes: counts stretches of it, and the bout of periodic movement that goes on.

    A bout: at least three repetitions in the last 15 s that are alike; it lasts until there are no more of them.
    """

    def __init__(self) -> None:
        self._samples: deque[Pose] = deque()
        self._bout_start: int | None = None
        self._credited = 0  # what was done before this [ns] is told of as repetitions of an exercise
        self._due = 0

    def add(self, pose: Pose) -> None:
        """Remember a pose; stamps must not go back."""
        # The slack lets every third frame of a camera that trembles around 30 Hz in.
        if self._samples and seconds(pose.stamp - self._samples[-1].stamp) < 0.9 / RATE:
            return
        self._samples.append(pose)
        while seconds(pose.stamp - self._samples[0].stamp) > _KEEP_S:
            self._samples.popleft()

    def count(self, start: int, end: int) -> Periodicity | None:
        """What repeats from `start` to `end` [ns]; None where that is no longer remembered or too little to see."""
        if not self._samples or start < self._samples[0].stamp - nanoseconds(1 / RATE):
            return None
        inside = [pose for pose in self._samples if start <= pose.stamp <= end]
        if not inside:
            return None
        points = pixels_of(inside)[:, :, :2]
        if np.count_nonzero(_measured(points)[1]) < 3:
            return None
        return count(points, np.array([pose.stamp for pose in inside]))

    def credit(self, until: int) -> None:
        """What was done until then [ns] were repetitions of an exercise, and is of no bout."""
        self._bout_start, self._credited = None, until

    def bout(self, body_id: str = "") -> Periodicity | None:
        """The bout that goes on, no repetitions where there is none; None but every two seconds."""
        if not self._samples or self._samples[-1].stamp < self._due:
            return None
        now = self._samples[-1].stamp
        self._due = now + nanoseconds(_EVERY_S)
        recently = max(self._samples[0].stamp, now - nanoseconds(_RECENT_S), min(self._credited, now))
        recent = self.count(recently, now)
        if recent is None or recent.repetitions < _BOUT_REPETITIONS or recent.strength < _BOUT_STRENGTH:
            self._bout_start = None
            return Periodicity(now, now, body_id=body_id)
        self._bout_start = max(recently if self._bout_start is None else self._bout_start, self._samples[0].stamp)
        return replace(self.count(self._bout_start, now) or recent, body_id=body_id)
