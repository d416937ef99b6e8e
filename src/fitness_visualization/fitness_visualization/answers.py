"""What answers each pose, and what no more: a node that has stopped leaves its last word behind. Free of ROS."""

import math
from collections.abc import Iterable
from typing import Any

from fitness_core.types import SILENT


class Answers:
    """Tell `posed` of each pose and `came` of each answer; `last` is what came last, and `missing` says that it is old.

    names: of what comes for each pose; what has another name is never old. patience: so long poses may come without an
    answer [s].
    """

    def __init__(self, names: Iterable[str], patience: float = SILENT) -> None:
        self.patience = patience
        self._unanswered = dict.fromkeys(names, math.nan)  # since when
        self._last: dict[str, Any] = {}
        self._posed = -math.inf

    def posed(self, now: float) -> None:
        """A pose has come; now: of a clock that only goes on [s]."""
        paused = now - self._posed > self.patience  # nobody had anything to answer
        for name, since in self._unanswered.items():
            if paused or math.isnan(since):
                self._unanswered[name] = now
        self._posed = now

    def came(self, name: str, answer: Any = None) -> None:
        """An answer has come."""
        self._last[name] = answer
        if name in self._unanswered:
            self._unanswered[name] = math.nan

    def missing(self, name: str) -> bool:
        """Whether poses have come for longer than `patience` without that answer."""
        return self._posed - self._unanswered.get(name, math.nan) > self.patience

    def last(self, name: str) -> Any:
        """The answer that came last; None where none did, or it is old."""
        return None if self.missing(name) else self._last.get(name)
