"""A steady label: one odd window changes neither what is published nor what a robot says."""

import math

import numpy as np

AVERAGING = 1.0
"""Time constant of the average over windows [s]: about one repetition's half."""
LEAD = 0.2
"""How much more probable than the label another one must have become to replace it."""


class LabelHold:
    """Averages probabilities over the last windows and holds a label until another one is clearly ahead.

    The average is exponential by stamp, so that it does not depend on the rate; the first window counts at once. Two
    thresholds instead of one keep a label from flickering (hysteresis, as in a Schmitt trigger).
    averaging: time constant [s], 0 = each window for itself. lead: 0..1, see LEAD.
    """

    def __init__(self, averaging: float = AVERAGING, lead: float = LEAD) -> None:
        self._averaging = averaging
        self._lead = lead
        self.reset()

    def reset(self) -> None:
        """Forget every window."""
        self._seconds = -math.inf
        self._mean: np.ndarray | None = None
        self._held = 0

    def step(self, seconds: float, probabilities: np.ndarray) -> tuple[np.ndarray, int]:
        """The averaged probabilities [labels] and the index of the held label, after a window that ends at `seconds`.

        Windows come in the order of their time.
        """
        if self._mean is None:
            self._mean = probabilities.astype(float)
            self._held = int(self._mean.argmax())
        else:
            elapsed = max(0.0, seconds - self._seconds)
            share = 1.0 - math.exp(-elapsed / self._averaging) if self._averaging > 0 else 1.0
            self._mean = self._mean + share * (probabilities - self._mean)
            best = int(self._mean.argmax())
            if self._mean[best] >= self._mean[self._held] + self._lead:
                self._held = best
        self._seconds = seconds
        return self._mean, self._held
