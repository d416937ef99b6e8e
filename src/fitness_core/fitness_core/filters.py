"""Filters over stamped signals."""

import math

import numpy as np

from fitness_core.types import seconds


class OneEuro:
    """One-Euro filter: a low-pass whose cut-off rises with speed, so that rest is calm and motion is not late.

    Source: Casiez, Roussel, Vogel 2012, https://doi.org/10.1145/2207676.2208639.

    min_cutoff: cut-off at rest [Hz]. beta: how fast the cut-off rises [Hz per unit per second].
    derivative_cutoff: cut-off of the speed estimate [Hz]. Works on arrays of any one shape, element by element;
    an element that was NaN starts anew at its next finite value, a stamp that does not advance too.
    """

    def __init__(self, min_cutoff: float, beta: float, derivative_cutoff: float = 1.0) -> None:
        self.min_cutoff = min_cutoff
        self.beta = beta
        self.derivative_cutoff = derivative_cutoff
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next value passes unchanged."""
        self._stamp: int | None = None
        self._value: np.ndarray | None = None
        self._speed: np.ndarray | None = None

    def step(self, stamp: int, value: np.ndarray, scale: float | np.ndarray = 1.0) -> np.ndarray:
        """The smoothed value. stamp [ns]; scale: the size of the object in the value's unit, divides the speed.

        Of several objects at once each may have a scale of its own.
        """
        value = np.asarray(value, float)
        if self._stamp is None or self._value is None or self._speed is None or stamp <= self._stamp:
            self._stamp, self._value, self._speed = stamp, value, np.zeros_like(value)
            return value
        elapsed = seconds(stamp - self._stamp)
        step = value - self._value
        speed = step / elapsed / scale
        everywhere = bool(np.logical_and.reduce(np.isfinite(speed), axis=None))
        if not everywhere:
            speed = np.nan_to_num(speed)
        self._speed += _alpha(self.derivative_cutoff, elapsed) * (speed - self._speed)
        alpha = _alpha(self.min_cutoff + self.beta * np.abs(self._speed), elapsed)
        smoothed = self._value + alpha * step
        if not everywhere:
            # Where there was no past the new value starts one; where there is no present the past is forgotten.
            smoothed = np.where(np.isfinite(self._value), smoothed, value)
        self._stamp, self._value = stamp, smoothed
        return smoothed


def _alpha(cutoff, elapsed: float):
    """Weight of the newest sample of a first-order low-pass with this cut-off [Hz] after this time [s]."""
    rate = 2 * math.pi * cutoff * elapsed
    return rate / (rate + 1)
