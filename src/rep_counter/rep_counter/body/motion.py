"""How the driving signal of one repetition moved: how smoothly, and whether it paused at the turning point."""

import math
from dataclasses import dataclass

import numpy as np

from fitness_core.types import NANOSECONDS, nanoseconds, seconds

# The signal is resampled to this rate [Hz], so that cameras of any rate compare.
_RATE = 30.0
# Highest frequency of a movement [Hz], and the share of the spectrum's peak below which it is noise: the values that
# the authors of the spectral arc length recommend.
_CUTOFF = 10.0
_NOISE_SHARE = 0.05
# The spectrum is made so many times finer by padding with zeros.
_PADDING = 16
# A way out that is shorter, or has fewer samples, is not measured.
_SHORTEST = nanoseconds(0.3)
_FEWEST = 6
# Nor is one with a longer gap.
_LONGEST_GAP = nanoseconds(0.25)
# The way out begins where its speed first exceeds this share of its peak.
_STARTED_SHARE = 0.05
NOTICED_LATE = nanoseconds(1.0)
"""How long before the start of a repetition its driving signal is asked for [ns]."""
# Below this share of the peak speed of the way there, and of the way back, the turning point is being held.
_STILL_SHARE = 0.2
STOOD = nanoseconds(2.0)
"""Who stands still for so long on the way out begins anew from there [ns]."""
# Still: four fifths of the time within this share of the range; and so far from either end of it, where one rests or
# holds. A way out in one go is faster unless it takes more than 6 s.
_WITHIN = 0.25
# Looked at again after so long [ns].
_STEP = nanoseconds(0.25)
# Speed is the change over this long [s]: what is shorter is the noise of the landmarks.
_SPEED_OVER_S = 0.2


@dataclass(frozen=True, slots=True)
class Motion:
    """smoothness: spectral arc length of the way out, see `spectral_arc_length`; NaN = not measured.

    turn_start, turn_end: the pause around the turning point [ns]; equal to it where there is none.
    """

    smoothness: float
    turn_start: int
    turn_end: int


def motion_of(stamps: np.ndarray, values: np.ndarray, start: int, turn: int, end: int) -> Motion:
    """Measure one repetition.

    stamps [n, ns], values [n]: the driving signal from NOTICED_LATE before its start, if recorded, to its end; NaN =
    not measured. start, turn, end: stamps of the repetition [ns].
    """
    known = np.isfinite(values)
    stamps, values = stamps[known], values[known]
    pause = _pause(stamps, values, start, turn, end)
    return Motion(_smoothness(stamps, values, start, turn), *pause)


def stood_at(stamps: np.ndarray, out: np.ndarray) -> float | None:
    """Where the way out stood still for STOOD, if it did: share of the range of motion, _WITHIN to 1 - _WITHIN.

    Who walks up, stands with bent knees and then bends them a little more has not bent them all that far.

    stamps [n, ns], out [n]: share of the range of motion, from the start to the turning point; NaN = not measured.
    """
    known = np.isfinite(out)
    stamps, out = stamps[known], out[known]
    for since in range(int(stamps[0]), int(stamps[-1] - STOOD), _STEP) if len(stamps) else ():
        stood = out[(stamps >= since) & (stamps <= since + STOOD)]
        if not len(stood):
            continue
        low, middle, high = np.percentile(stood, [10, 50, 90])
        if high - low <= _WITHIN <= middle <= 1 - _WITHIN:
            return float(middle)
    return None


def spectral_arc_length(speed: np.ndarray, rate: float) -> float:
    """Smoothness of a movement: minus the length of its speed's normalised amplitude spectrum; NaN without movement.

    speed: [n] of one movement from rest to rest, in any unit. rate: its samples per second [Hz]. About -1.5 for a
    single smooth stroke; each hesitation makes it more negative. It depends neither on amplitude nor on duration.

    Source: spectral arc length with adaptive cut-off (SPARC), Balasubramanian, Melendez-Calderon, Roby-Brami and
    Burdet 2015, https://doi.org/10.1186/s12984-015-0090-9; the measure without it: Balasubramanian, Melendez-Calderon
    and Burdet 2012, https://doi.org/10.1109/TBME.2011.2179545.
    """
    samples = _PADDING * 2 ** math.ceil(math.log2(len(speed)))
    amplitude = np.abs(np.fft.rfft(speed, samples))
    if not amplitude[0] > 0:
        return math.nan
    amplitude /= amplitude.max()
    frequency = np.fft.rfftfreq(samples, 1 / rate)
    amplitude, frequency = amplitude[frequency <= _CUTOFF], frequency[frequency <= _CUTOFF]
    last = np.flatnonzero(amplitude >= _NOISE_SHARE)[-1]
    if last == 0:
        return math.nan
    steps = np.diff(frequency[: last + 1]) / frequency[last]
    return -float(np.hypot(steps, np.diff(amplitude[: last + 1])).sum())


def _smoothness(stamps: np.ndarray, values: np.ndarray, start: int, turn: int) -> float:
    """Of the way out: the way back is not recorded to its end, and a stroke that is cut off does not look smooth."""
    way = (stamps >= start - NOTICED_LATE) & (stamps <= turn)
    if way.sum() < _FEWEST or np.diff(stamps[way]).max() > _LONGEST_GAP or np.ptp(stamps[way]) <= _SHORTEST:
        return math.nan
    speed = np.diff(_resampled(stamps[way], values[way])) * _RATE
    outwards = math.copysign(1, values[way][-1] - values[way][0]) * speed
    noticed = max(1, math.ceil(seconds(start - int(stamps[way][0])) * _RATE))
    slow = np.flatnonzero(outwards[:noticed] < _STARTED_SHARE * outwards.max())
    if not len(slow):
        return math.nan  # it was not seen from its beginning
    stroke = np.abs(speed[slow[-1] :])
    return spectral_arc_length(stroke, _RATE) if len(stroke) >= seconds(_SHORTEST) * _RATE else math.nan


def _pause(stamps: np.ndarray, values: np.ndarray, start: int, turn: int, end: int) -> tuple[int, int]:
    """Stamps [ns] between which the signal is slow around the turning point."""
    inside = (stamps >= start) & (stamps <= end)
    if inside.sum() < _FEWEST or not start < turn < end:
        return turn, turn
    stamps = stamps[inside]
    # From the first on: a double does not hold the nanoseconds of an epoch.
    first = int(stamps[0])
    times = np.arange(0, seconds(int(stamps[-1]) - first), 1 / _RATE) * NANOSECONDS
    line = _resampled(stamps, values[inside])
    lag = round(_SPEED_OVER_S * _RATE)
    if len(line) <= 2 * lag:
        return turn, turn
    speed = np.abs(line[lag:] - line[:-lag])
    times = times[: len(line)][lag // 2 : lag // 2 + len(speed)]
    before, after = times <= turn - first, times > turn - first
    if not before.any() or not after.any():
        return turn, turn
    moving = np.where(before, speed >= _STILL_SHARE * speed[before].max(), speed >= _STILL_SHARE * speed[after].max())
    last_before, first_after = np.flatnonzero(moving & before)[-1], np.flatnonzero(moving & after)[0]
    return min(turn, first + int(times[last_before])), max(turn, first + int(times[first_after]))


def _resampled(stamps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The signal at _RATE, from the first to the last stamp."""
    times = (stamps - stamps[0]) / NANOSECONDS
    return np.interp(np.arange(0, times[-1], 1 / _RATE), times, values)
