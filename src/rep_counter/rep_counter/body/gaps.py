"""Gaps in the stream of poses that are long enough to hide a repetition."""

from collections import deque
from statistics import mean

from fitness_core.types import nanoseconds, seconds

# A gap is this many times the usual distance of poses: a source may be slow by nature.
_UNUSUAL = 3.0
# How fast the usual distance follows, per pose.
_FOLLOW = 0.1
# Poses over which the missing ones are counted: three seconds at 30 Hz.
_RECENT = 90
# So long after a restart labels may still be missing because of it [ns].
_AFTER_RESTART = nanoseconds(10.0)
# So many times the lower quartile is no longer one distance.
_SINGLE = 1.5


class Gaps:
    """Follows the stamps of poses. last: stamp of the newest [ns], None before the first; before a restart, too.

    resumed: whether a restart was so short a while ago that poses or labels may be missing because of it; until when
    [ns] that may be is `doubtful_until`.
    """

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.resumed = last is not None
        self.doubtful_until = -1
        self._usual = 0.0
        self._distances: deque[float] = deque(maxlen=_RECENT)

    @property
    def missing(self) -> float:
        """Share of the poses of the last seconds that never came [0..1]; the shorter distances tell their rate."""
        if len(self._distances) < _RECENT:
            return 0.0
        # Between poses that follow each other, trembling stamps included: none of them is missing.
        single = _SINGLE * sorted(self._distances)[_RECENT // 4]
        regular = mean(distance for distance in self._distances if distance <= single)
        return sum(distance - regular for distance in self._distances if distance > single) / sum(self._distances)

    def step(self, stamp: int, bearable: float) -> tuple[int, int] | None:
        """The gap before this pose [ns], where it is unusual and longer than `bearable` [s]."""
        last, self.last = self.last, max(stamp, self.last or stamp)
        if last is None or stamp < last:
            return None
        if self.resumed and self.doubtful_until < 0:
            self.doubtful_until = stamp + _AFTER_RESTART
        self.resumed &= stamp <= self.doubtful_until
        distance = seconds(stamp - last)
        before_restart = self.resumed and not self._distances  # this distance began before it
        self._distances.append(distance)
        if not self._usual and not self.resumed:
            self._usual = distance
        gap = distance > bearable and distance > _UNUSUAL * self._usual
        # Of gaps too: a source that has become slow for good is told of a few times only.
        if not (gap and before_restart):
            self._usual += (_FOLLOW if self._usual or gap else 1.0) * (distance - self._usual)
        return (last, stamp) if gap else None
