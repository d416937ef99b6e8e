"""What an analysis found, in full: the report and the signals that it was made of. Free of ROS."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitness_bringup.analysis.report import Report
from fitness_core.catalogue import Catalogue, Exercise
from fitness_core.types import Classification, RepEvent, SetSummary, seconds
from rep_counter.body.signals import drive

COLUMNS = (
    *("set", "repetition", "exercise", "counted", "reason", "start_s", "turn_s", "end_s"),
    *("duration_s", "out_s", "pause_s", "back_s", "range_deg", "range_torso", "turn_deg", "turn_torso"),
    *("symmetry", "smoothness", "confidence", "form_judged", "form_faults"),
)
"""Of the table of repetitions."""


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of an analysis.

    stamps: of the frames [n, ns]. readings: of the signal of each exercise, a `rep_counter.body.signals.Reading` per
    frame [n, 4]. timeline: every classification. events, summaries: as the counter told them. catalogue: the exercises.
    """

    report: Report
    stamps: np.ndarray
    readings: dict[str, np.ndarray]
    timeline: Sequence[Classification]
    events: Sequence[RepEvent]
    summaries: Sequence[SetSummary]
    catalogue: Catalogue

    @property
    def origin(self) -> int:
        """Stamp of the first frame [ns]."""
        return int(self.stamps[0])

    @property
    def times(self) -> np.ndarray:
        """Time of each frame [n, s] after the first."""
        return (self.stamps - self.origin) / 1e9

    def signal(self, exercise: str) -> np.ndarray:
        """What drives an exercise, left and right [n, 2]: angle [rad], distance [torso lengths]; NaN = not measured."""
        return self.readings[exercise][:, ::2]

    def driving(self, exercise: str) -> np.ndarray:
        """What its repetitions are found in, in the same unit: of both sides together [n, 1], or of each [n, 2]."""
        one = self.catalogue[exercise]
        rows = self.readings[exercise].tolist()
        return one.direction.sign * np.array([drive(one.direction, one.sides, tuple(row)) for row in rows])


def rows_of(examination: Examination) -> list[dict[str, object]]:
    """The repetitions by time, one row each with the keys COLUMNS; None = not measured, or counted: no reason."""
    origin = examination.origin
    return [
        {
            "set": event.set_index or None,
            "repetition": event.index or None,
            "exercise": event.exercise,
            "counted": event.counted,
            "reason": None if event.counted else event.reason.name.lower(),
            "start_s": seconds(event.start - origin),
            "turn_s": seconds(event.turn - origin),
            "end_s": seconds(event.end - origin),
            "duration_s": event.duration,
            **dict(zip(("out_s", "pause_s", "back_s"), event.tempo, strict=True)),
            **_in_its_unit("range", event.range_of_motion, examination.catalogue[event.exercise]),
            **_in_its_unit("turn", event.turn_value, examination.catalogue[event.exercise]),
            "symmetry": _number(event.symmetry),
            "smoothness": _number(event.smoothness),
            "confidence": _number(event.confidence),
            "form_judged": " ".join(event.form_judged),
            "form_faults": " ".join(event.form_faults),
        }
        for event in sorted(examination.events, key=lambda event: event.end)
    ]


def to_csv(examination: Examination) -> str:
    """The repetitions as CSV (RFC 4180 with \\n): a header, one line each; numbers to a thousandth, empty = None."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows_of(examination):
        writer.writerow({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()})
    return text.getvalue()


def _in_its_unit(name: str, value: float, exercise: Exercise) -> dict[str, float | None]:
    """A value of the signal of an exercise, in degrees or torso lengths."""
    if exercise.joint is None:
        return {f"{name}_deg": None, f"{name}_torso": _number(value)}
    return {f"{name}_deg": _number(math.degrees(value)), f"{name}_torso": None}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
