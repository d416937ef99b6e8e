"""What may have been a repetition, and how its two sides compare."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitness_core.types import Reason
from rep_counter.body.signals import Reading
from rep_counter.repetitions.machine import Excursion

SEEN_SHARE = 0.9
"""A side that is seen for this share of a repetition is seen throughout."""


@dataclass(slots=True)
class Candidate:
    """An excursion judged by its exercise's own rules; whether the exercise was done is not decided here.

    readings: of the exercise's signal from its start to its end. sides: whose signal found it. together: whether both
    sides of the body did it. landed: whether it is known that no jump followed, where a jump is none of the exercise;
    till then it may turn bad.
    """

    excursion: Excursion
    reason: Reason
    readings: Sequence[Reading]
    sides: tuple[str, ...]
    together: bool
    landed: bool = True

    @property
    def symmetry(self) -> float:
        """Smaller over larger range of motion of the two sides [0..1]; NaN where one side is seen, or did it alone.

        As in limb symmetry indices (Bishop et al. 2016, https://doi.org/10.1519/SSC.0000000000000264).
        """
        return symmetry_of(self.readings) if self.together else math.nan

    @property
    def confidence(self) -> float:
        """How well the better seen side was seen [0..1], mean."""
        return float(np.mean(best_seen(self.readings))) if self.readings else 0.0

    def same_movement(self, other: "Candidate", alternating: bool) -> bool:
        """Whether both are one movement seen from two sides: more than half of the shorter is shared.

        Sides that alternate overlap; theirs is one movement only where they turn together.
        """
        a, b = self.excursion, other.excursion
        shorter = min(a.end - a.start, b.end - b.start)
        if alternating:
            return abs(a.turn - b.turn) < 0.25 * shorter
        return min(a.end, b.end) - max(a.start, b.start) > 0.5 * shorter


def best_seen(readings: Sequence[Reading]) -> list[float]:
    """How well the better seen side is seen in each, of those that are measured [0..1]."""
    finite = math.isfinite
    return [
        max(left_seen if finite(left) else 0.0, right_seen if finite(right) else 0.0)
        for left, left_seen, right, right_seen in readings
    ]


def symmetry_of(readings: Sequence[Reading]) -> float:
    """Smaller over larger range of motion of the two sides [0..1]; NaN where one side is not seen throughout."""
    rows = np.array(readings).reshape(-1, 4)
    ranges = [_range(rows[:, 0]), _range(rows[:, 2])]
    known = all(map(math.isfinite, ranges)) and max(ranges) > 0
    return min(ranges) / max(ranges) if known else math.nan


def _range(values: np.ndarray) -> float:
    """From the least to the most; NaN where the side is hidden for too much of the repetition to know them."""
    seen = values[np.isfinite(values)]
    return float(seen.max() - seen.min()) if len(seen) and len(seen) >= SEEN_SHARE * len(values) else float("nan")
