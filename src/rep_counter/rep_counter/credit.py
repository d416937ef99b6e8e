"""Which exercise a repetition is credited to: what the classifier said while it was done, and shortly after.

Every exercise's machine runs all the time. A single label says little (its window reaches back two seconds, and one
frame may flip it); the mean over a repetition says much.
"""

from collections import deque

import numpy as np

from fitness_core.catalogue import NON_EXERCISES
from fitness_core.types import Classification, nanoseconds

LABEL_LAG = nanoseconds(0.1)
"""Labels count from this long after their stamp, so that the order in which poses and labels arrive does not matter."""
WAIT = nanoseconds(2.0)
"""How long after its end a repetition waits for the classifier: one window [ns]."""
_KEEP = nanoseconds(60.0)


class Evidence:
    """What the classifier said, by stamp."""

    def __init__(self) -> None:
        self._labels: deque[Classification] = deque()

    def reset(self) -> None:
        """Forget everything."""
        self._labels.clear()

    def add(self, classification: Classification) -> None:
        """One classification; those without probabilities say nothing."""
        if not classification.probabilities:
            return
        if self._labels and classification.stamp < self._labels[-1].stamp:
            self._labels.clear()  # time jumped back
        self._labels.append(classification)
        while classification.stamp - self._labels[0].stamp > _KEEP:
            self._labels.popleft()

    def mean(self, exercise: str, since: int, until: int) -> float:
        """Mean probability of an exercise over the labels with stamps in [since, until] ns; NaN without any."""
        said = [label.probabilities.get(exercise, 0.0) for label in self._labels if since <= label.stamp <= until]
        return float(np.mean(said)) if said else float("nan")

    def latest(self, until: int) -> str:
        """The exercise that the newest label not after `until` [ns] trusts most; empty for none."""
        for label in reversed(self._labels):
            if label.stamp <= until:
                best = max(label.probabilities, key=lambda name: label.probabilities[name])
                return "" if best in NON_EXERCISES or label.probabilities[best] < 0.5 else best
        return ""
