"""What `analyze` reports, as plain data and as JSON (`report.schema.json`). Free of ROS."""

import json
import math
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import jsonschema

from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, RepEvent, SetSummary, nanoseconds, seconds

SHORTEST_WITHOUT_REPETITION = 2.0
"""An exercise that was recognised but in which nothing was counted is a segment from this length on [s]."""

DOUBT = 1.0
"""A stretch without repetitions may hold gaps up to this, in which the classifier was not sure [s]."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one exercise; start_s and end_s in seconds after the first frame.

    A segment is a set of the counter in which something counted: from the start of its first to the end of its last
    repetition. A stretch of at least SHORTEST_WITHOUT_REPETITION that the classifier trusted and that belongs to no
    such set is a segment with 0 repetitions: the exercise was seen, but nothing of it counted.
    confidence: mean probability of the exercise in the stretch [0..1]; NaN where the exercise was given by the user.
    """

    exercise: str
    start_s: float
    end_s: float
    reps: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Repetition:
    """A finished repetition: time_s of its end after the first frame, its range of motion and where it turned in
    degrees (rom_deg, turn_deg) or, where a distance drives the exercise, in torso lengths (rom_torso, turn_torso); the
    other ones are NaN.

    reason: why it does not count ("shallow", "too_fast", ...); None where it counts. out_s, pause_s, back_s: tempo;
    together duration_s. symmetry, smoothness: of RepEvent; NaN = not measured. form_judged, form_faults: codes of the
    form rules that could be judged, and of those that were broken.
    """

    exercise: str
    time_s: float
    duration_s: float
    counted: bool
    reason: str | None
    rom_deg: float
    rom_torso: float
    turn_deg: float
    turn_torso: float
    out_s: float
    pause_s: float
    back_s: float
    symmetry: float
    smoothness: float
    form_judged: tuple[str, ...]
    form_faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of an analysis; the fields are described in `report.schema.json`."""

    source: str
    duration_s: float
    fps: float
    frames: int
    frames_with_body: int
    frames_undecoded: int
    unfinished: bool
    segments: tuple[Segment, ...]
    reps: tuple[Repetition, ...]
    versions: dict[str, str | None]

    @property
    def totals(self) -> dict[str, int]:
        """Counted repetitions of every exercise that has a segment, most first."""
        totals: dict[str, int] = {}
        for segment in self.segments:
            totals[segment.exercise] = totals.get(segment.exercise, 0) + segment.reps
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))

    def to_json(self) -> dict[str, Any]:
        """As JSON data that holds to the schema; not measured is null."""
        fields = asdict(self)
        versions = fields.pop("versions")
        data = _rounded(fields | {"totals": self.totals, "versions": versions})
        jsonschema.validate(data, schema())
        return data


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return json.loads(resources.files("fitness_bringup").joinpath("report.schema.json").read_text())


def segments_of(
    summaries: Sequence[SetSummary],
    timeline: Sequence[Classification],
    exercises: Container[str],
    origin: int,
    window: float,
) -> tuple[Segment, ...]:
    """The segments of a recording that begins at stamp `origin` [ns]; see Segment.

    exercises: names in the catalogue; a classifier has other labels too, which are no segments. window: length of the
    classifier's window [s]: by that much a label can outlast the exercise.
    """
    sets = [summary for summary in summaries if summary.repetitions]
    segments = [
        Segment(
            summary.exercise,
            seconds(summary.start - origin),
            seconds(summary.end - origin),
            summary.repetitions,
            _confidence(timeline, summary),
        )
        for summary in sets
    ]
    for run in runs_of(timeline):
        exercise, start, end = run[0].label, seconds(run[0].stamp - origin), seconds(run[-1].stamp - origin)
        counted = any(
            segment.exercise == exercise and start <= segment.end_s + window and segment.start_s <= end
            for segment in segments[: len(sets)]
        )
        if exercise in exercises and end - start >= SHORTEST_WITHOUT_REPETITION and not counted:
            segments.append(Segment(exercise, start, end, 0, _mean([item.confidence for item in run])))
    return tuple(sorted(segments, key=lambda segment: segment.start_s))


def repetitions_of(events: Sequence[RepEvent], exercises: Catalogue, origin: int) -> tuple[Repetition, ...]:
    """The repetitions of a recording that begins at stamp `origin` [ns], by time. exercises: those of the events."""
    by_distance = {exercise.name for exercise in exercises if exercise.joint is None}
    repetitions = [
        Repetition(
            exercise=event.exercise,
            time_s=seconds(event.end - origin),
            duration_s=event.duration,
            counted=event.counted,
            reason=None if event.counted else event.reason.name.lower(),
            rom_deg=math.nan if event.exercise in by_distance else math.degrees(event.range_of_motion),
            rom_torso=event.range_of_motion if event.exercise in by_distance else math.nan,
            turn_deg=math.nan if event.exercise in by_distance else math.degrees(event.turn_value),
            turn_torso=event.turn_value if event.exercise in by_distance else math.nan,
            out_s=event.tempo[0],
            pause_s=event.tempo[1],
            back_s=event.tempo[2],
            symmetry=event.symmetry,
            smoothness=event.smoothness,
            form_judged=event.form_judged,
            form_faults=event.form_faults,
        )
        for event in events
    ]
    return tuple(sorted(repetitions, key=lambda repetition: repetition.time_s))


def runs_of(timeline: Sequence[Classification]) -> list[list[Classification]]:
    """Stretches of the timeline with the same trusted label; moments of doubt do not break one."""
    runs: list[list[Classification]] = []
    for item in timeline:
        if item.status != ClassificationStatus.OK:
            continue
        last = runs[-1][-1] if runs else None
        if last is not None and item.label == last.label and item.stamp - last.stamp <= nanoseconds(DOUBT):
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs


def _confidence(timeline: Sequence[Classification], summary: SetSummary) -> float:
    later = [item for item in timeline if item.stamp >= summary.start and summary.exercise in item.probabilities]
    # A set may be shorter than the first window: then the first label after its start speaks for it.
    within = [item for item in later if item.stamp <= summary.end] or later[:1]
    return _mean([item.probabilities[summary.exercise] for item in within])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _rounded(value: Any) -> Any:
    """Numbers a person can read (a millisecond, a thousandth), NaN as None, tuples as lists."""
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
