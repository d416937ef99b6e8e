"""The bodies of the last seconds, for what is judged when a repetition is over."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from fitness_core.types import Pose, nanoseconds
from rep_counter.body.bodies import Body
from rep_counter.body.signals import Reading
from rep_counter.body.whole import Trunk, trunks_of

# So many are forgotten at a time: each by itself would move all others.
_MANY = 256


class Past:
    """Remembers bodies for a while, by stamp; stamps go up. duration_s: for so long [s]."""

    def __init__(self, duration_s: float) -> None:
        self._duration = nanoseconds(duration_s)
        self._stamps: list[int] = []
        self._bodies: list[Body] = []

    def add(self, body: Body) -> None:
        """The newest body."""
        self._stamps.append(body.pose.stamp)
        self._bodies.append(body)
        if len(self._stamps) > _MANY and self._stamps[_MANY] < self._stamps[-1] - self._duration:
            del self._stamps[:_MANY], self._bodies[:_MANY]

    @property
    def newest(self) -> int:
        """Stamp of the newest body [ns]; 0 for none."""
        return self._stamps[-1] if self._stamps else 0

    @property
    def last_seen(self) -> int:
        """Stamp of the newest body that is seen [ns]; 0 for none."""
        return next((body.pose.stamp for body in reversed(self._bodies) if body.tracked), 0)

    def bodies(self, start: int, end: int) -> Sequence[Body]:
        """The bodies with stamps in [start, end] ns, oldest first."""
        return self._bodies[slice(*self._range(start, end))]

    def poses(self, start: int, end: int) -> Sequence[Pose]:
        """The poses of these."""
        return [body.pose for body in self.bodies(start, end)]

    def seen(self, start: int, end: int) -> Sequence[Pose]:
        """Of these the ones in which somebody is seen."""
        return [body.pose for body in self.bodies(start, end) if body.tracked]

    def readings(self, signal: int, start: int, end: int) -> tuple[Sequence[int], list[Reading]]:
        """Stamps in [start, end] ns, oldest first, and what a signal was then; signal: as `Bodies.signal` tells."""
        between = slice(*self._range(start, end))
        return self._stamps[between], [body.readings[signal] for body in self._bodies[between]]

    def trunks(self, start: int, end: int, seen: bool = False) -> Sequence[Trunk]:
        """The trunks of the bodies with stamps in [start, end] ns, oldest first; seen: of those who are seen.

        Each is measured once, when somebody first asks, with those that are asked for together.
        """
        bodies = [body for body in self.bodies(start, end) if body.tracked or not seen]
        new = [body for body in bodies if body.trunk is None]
        if new:
            for body, trunk in zip(new, trunks_of([body.pose for body in new]), strict=True):
                body.trunk = trunk
        return [body.trunk for body in bodies if body.trunk is not None]

    def _range(self, start: int, end: int) -> tuple[int, int]:
        # What is older than it should be may not be cut off yet.
        start = max(start, self.newest - self._duration)
        return bisect_left(self._stamps, start), bisect_right(self._stamps, end)
