"""Counted repetitions become sets."""

from dataclasses import replace

import numpy as np

from fitness_core.catalogue import Effort
from fitness_core.types import RepEvent, SetSummary
from rep_counter.sets.memory import SavedSet


class Set:
    """Consecutive repetitions of one exercise."""

    def __init__(self, exercise: str, index: int, effort: Effort = Effort.OUT) -> None:
        self.exercise = exercise
        self.index = index
        self._effort = effort
        self.counted: list[RepEvent] = []
        self.rejected: list[RepEvent] = []
        self.has_first_half = False
        """Whether its first repetition was recorded from the turning point on."""

    @classmethod
    def of(cls, saved: SavedSet, effort: Effort) -> "Set":
        """A set that was saved."""
        restored = cls(saved.exercise, saved.index, effort)
        restored.counted, restored.rejected = list(saved.counted), list(saved.rejected)
        restored.has_first_half = saved.has_first_half
        return restored

    def saved(self) -> SavedSet:
        """As it is saved."""
        return SavedSet(self.exercise, self.index, list(self.counted), list(self.rejected), self.has_first_half)

    @property
    def start(self) -> int:
        """Start of the earliest counted repetition [ns]."""
        return min(event.start for event in self.counted)

    @property
    def end(self) -> int:
        """End of the latest counted repetition [ns]."""
        return max(event.end for event in self.counted)

    def add(self, event: RepEvent) -> RepEvent:
        """Take in a repetition and return it numbered."""
        if event.counted:
            event = replace(event, set_index=self.index, index=len(self.counted) + 1)
            self.counted.append(event)
        else:
            event = replace(event, set_index=self.index)
            self.rejected.append(event)
        return event

    def summary(self, stamp: int) -> SetSummary:
        """What there is to say of the set, decided at stamp [ns].

        A repetition that the recording cuts off says nothing of time: its range is not that of the time it was seen.
        """
        whole = [event for event in self.counted if event.whole]
        ranges = [event.range_of_motion for event in self.counted]
        symmetries = [event.symmetry for event in self.counted if np.isfinite(event.symmetry)]
        return SetSummary(
            stamp=stamp,
            exercise=self.exercise,
            set_index=self.index,
            start=self.start,
            end=self.end,
            repetitions=len(self.counted),
            rejected=len(self.rejected),
            duration_mean=float(np.mean([event.duration for event in whole])) if whole else float("nan"),
            range_of_motion_mean=float(np.mean(ranges)),
            symmetry_mean=float(np.mean(symmetries)) if symmetries else float("nan"),
            velocity_loss=_velocity_loss(whole, self._effort),
            form_faults=tuple(sorted({fault for event in self.counted for fault in event.form_faults})),
            body_id=self.counted[-1].body_id,
        )


def _velocity_loss(events: list[RepEvent], effort: Effort) -> float:
    """Fall of the mean speed of the way that is an effort, from the fastest repetition to the last [0..1]; NaN below 2.

    events: repetitions that were recorded whole. Strength coaches take the mean (propulsive) velocity of the bar; here
    it is the driving joint's, to 60 % of the way back: the share that is lost is the same where the movement stays the
    same.
    Source: Sanchez-Medina and Gonzalez-Badillo 2011, https://doi.org/10.1249/MSS.0b013e318213f880.
    """
    speeds = []
    for event in events:
        out, _, back = event.tempo
        duration = out if effort == Effort.OUT else back
        if duration > 0:
            speeds.append(event.range_of_motion / duration)
    return max(0.0, 1 - speeds[-1] / max(speeds)) if len(speeds) > 1 else float("nan")
