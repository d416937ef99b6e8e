"""At most so many a second are shown of what comes more often. Free of ROS."""


class MaxRate:
    """Which of what comes is shown: ask `early` first, tell `shown` of what was."""

    def __init__(self) -> None:
        self._due = 0.0

    def reset(self) -> None:
        """The next one is not too early."""
        self._due = 0.0

    def early(self, now: float) -> bool:
        """Whether it is too early for another one; now: of a clock that only goes on [s]."""
        return now < self._due

    def shown(self, now: float, rate: float) -> None:
        """One is shown now; the next one is due by `rate` [Hz].

        Half a period early is not too early, or 15 Hz of poses at 30 Hz that tremble would become 10.
        """
        self._due = max(self._due + 1 / rate, now + 0.5 / rate)
