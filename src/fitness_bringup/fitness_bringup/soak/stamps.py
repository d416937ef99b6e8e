"""Stamps of a topic, to tell whether a message that was made of another one has its stamp."""

from array import array
from bisect import bisect_left, insort
from itertools import pairwise
from statistics import median

KEPT = 4_000
"""Stamps remembered."""
_USUAL = 60  # gaps that tell what is usual
_HOLE = 1.5  # times the usual gap: one was missed in there


class Stamps:
    """The newest stamps [ns] of a topic as far as they were heard."""

    def __init__(self) -> None:
        self._stamps = array("q")  # a list would hold forty bytes for each: a megabyte that the soak would measure

    def add(self, stamp: int) -> None:
        """One that was heard."""
        insort(self._stamps, stamp)
        if len(self._stamps) > 2 * KEPT:
            del self._stamps[:KEPT]

    def has(self, stamp: int) -> bool | None:
        """Whether the topic had this stamp; None where it cannot be told: around it something was not heard.

        False where its neighbours follow each other as closely as usual: nothing can have been between them.
        """
        place = bisect_left(self._stamps, stamp)
        if place < len(self._stamps) and self._stamps[place] == stamp:
            return True
        if place in (0, len(self._stamps)):
            return None
        near = self._stamps[max(0, place - _USUAL // 2) : place + _USUAL // 2]
        usual = median(after - before for before, after in pairwise(near))
        return None if self._stamps[place] - self._stamps[place - 1] > _HOLE * usual else False
