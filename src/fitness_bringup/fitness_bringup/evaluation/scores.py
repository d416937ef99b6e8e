"""Figures of counted recordings: exact, off by one, mean absolute error, phantoms, timing. See `counts`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fitness_bringup.evaluation.counted_recordings import CountedRecording
from fitness_core.catalogue import Catalogue
from fitness_core.types import Phase, RepEvent, SetSummary, seconds

NAMED, GIVEN = "exercise not given", "exercise given"
"""The two ways ours is run."""
BETWEEN = "idle, before and between exercises"
"""The label of the idle stretches of recordings of exercises."""
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Run:
    """One recording counted one way. phases: (start [s], end [s], phase) of the exercise that is in its table."""

    events: list[RepEvent]
    summaries: list[SetSummary] = field(default_factory=list)
    phases: list[tuple[float, float, Phase]] = field(default_factory=list)

    @property
    def counted(self) -> Counter[str]:
        """Exercise -> counted repetitions."""
        return Counter(event.exercise for event in self.events if event.counted)


@dataclass(frozen=True, slots=True)
class Result:
    """A recording, and how it was counted in every way that applies.

    origin: stamp of its first pose [ns]. duration [s]. counts: way -> repetitions of the exercise of the table (of
    every exercise where that is none). errors: way -> how far off. times [n, s], signal [n, 2]: what drives the
    exercise, left and right; None where it is in no catalogue.
    """

    recording: CountedRecording
    origin: int
    duration: float
    counts: dict[str, int]
    errors: dict[str, int]
    runs: dict[str, Run]
    times: np.ndarray
    signal: np.ndarray | None

    @property
    def while_idle(self) -> int:
        """Repetitions counted, the exercise not given, that turn in an idle stretch of the recording."""
        events = self.runs[NAMED].events if NAMED in self.runs else ()
        return sum(
            event.counted and any(start <= event.turn < end for start, end in self.recording.idle) for event in events
        )


def scores(errors: Sequence[int], true: Sequence[int], sources: Sequence[str]) -> dict[str, Any]:
    """exact, OBO and MAE with 95 % intervals from resampling whole sources."""
    off, of = np.array(errors, float), np.array(true, float)
    figures = np.stack([off == 0, off <= 1, off / np.maximum(of, 1)], axis=1).astype(float)
    members = [np.flatnonzero(np.array(sources) == source) for source in sorted(set(sources))]
    sums = np.array([figures[rows].sum(axis=0) for rows in members])
    sizes = np.array([len(rows) for rows in members])
    draws = np.random.default_rng(1).integers(0, len(members), (_RESAMPLES, len(members)))
    resampled = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)[:, None]
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    means = figures.mean(axis=0)
    scored: dict[str, Any] = {"sets": len(off), "sources": len(members)}
    for number, name in enumerate(("exact", "obo", "mae")):
        scored[name] = round(float(means[number]), 4)
        scored[f"{name}_95"] = [round(float(low[number]), 4), round(float(high[number]), 4)]
    return scored


def sets(results: list[Result]) -> list[dict[str, Any]]:
    """A row for each collection, exercise and way.

    Exercises, then all; all of which the table is certain; and for a peer of several exercises all it has a rule for.
    """
    rows = []
    positive = [result for result in results if result.errors]
    for data in dict.fromkeys(result.recording.data for result in positive):
        here = [result for result in positive if result.recording.data == data]
        for name in _exercises(here):
            rows += _rows(data, name, [result for result in here if result.recording.exercise == name])
        rows += _rows(data, "all", here, (NAMED, GIVEN))
        if not all(result.recording.certain for result in here):
            rows += _rows(data, "all, certain", [r for r in here if r.recording.certain], (NAMED, GIVEN))
        for peer in dict.fromkeys(way for result in here for way in result.errors if way not in (NAMED, GIVEN)):
            ruled = [result for result in here if peer in result.errors]
            if len(_exercises(ruled)) > 1:
                rows += _rows(data, f"all of {peer}", ruled, (NAMED, GIVEN, peer))
    return rows


def _rows(data: str, name: str, results: list[Result], ways: Sequence[str] = ()) -> list[dict[str, Any]]:
    rows = []
    for way in ways or dict.fromkeys(way for result in results for way in result.errors):
        told = [result for result in results if way in result.errors]
        if told:
            scored = scores(
                [result.errors[way] for result in told],
                [result.recording.count or 0 for result in told],
                [result.recording.source for result in told],
            )
            rows.append({"data": data, "exercise": name, "way": way, **scored})
    return rows


def _exercises(results: list[Result]) -> list[str]:
    return sorted({result.recording.exercise for result in results})


def negatives(results: list[Result], catalogue: Catalogue) -> list[dict[str, Any]]:
    """Repetitions counted where no exercise of the catalogue is done, by collection and label.

    In whole recordings without one, and in the idle stretches of the others.
    """
    rows = []
    named = [result for result in results if NAMED in result.runs]
    none = [result for result in named if result.recording.exercise not in catalogue]
    for data, name in dict.fromkeys((result.recording.data, result.recording.exercise) for result in none):
        here = [r for r in none if (r.recording.data, r.recording.exercise) == (data, name)]
        minutes = sum(result.duration for result in here) / 60
        rows.append(_negative(data, name, minutes, [result.counts[NAMED] for result in here]))
    partly = [result for result in named if result.recording.exercise in catalogue and result.recording.idle]
    for data in dict.fromkeys(result.recording.data for result in partly):
        here = [result for result in partly if result.recording.data == data]
        minutes = sum(seconds(end - start) for result in here for start, end in result.recording.idle) / 60
        rows.append(_negative(data, BETWEEN, minutes, [result.while_idle for result in here]))
    return rows


def _negative(data: str, label: str, minutes: float, phantoms: Sequence[int]) -> dict[str, Any]:
    return {
        "data": data,
        "exercise": label,
        "recordings": len(phantoms),
        "minutes": round(minutes, 2),
        "phantoms": sum(phantoms),
        "recordings_with_phantoms": sum(number > 0 for number in phantoms),
    }


def second_opinion(results: list[Result]) -> dict[str, Any]:
    """How often the counter that knows no exercises agrees with the one that was told it."""
    sets = [summary for result in results if GIVEN in result.runs for summary in result.runs[GIVEN].summaries]
    apart = [abs(s.second_opinion - s.repetitions) for s in sets if s.second_opinion >= 0]
    share = [float(np.mean([off <= most for off in apart])) if apart else None for most in (0, 1)]
    return {"sets": len(sets), "with_opinion": len(apart), "same": share[0], "within_one": share[1]}


def timing(results: list[Result]) -> list[dict[str, Any]]:
    """Mean distance [s] of starts and ends from the true bounds, of repetitions whose turning point is within them."""
    rows = []
    bounded = [result for result in results if result.recording.bounds and GIVEN in result.runs]
    for data, name in dict.fromkeys((result.recording.data, result.recording.exercise) for result in bounded):
        starts, ends = [], []
        for result in bounded:
            if (result.recording.data, result.recording.exercise) != (data, name):
                continue
            for event in result.runs[GIVEN].events:
                number = int(np.searchsorted(result.recording.bounds, event.turn, side="right")) - 1
                if event.counted and 0 <= number < len(result.recording.bounds) - 1:
                    begin, end = result.recording.bounds[number : number + 2]
                    starts.append(abs(seconds(event.start - begin)))
                    ends.append(abs(seconds(event.end - end)))
        if starts:
            rows.append(
                {
                    "data": data,
                    "exercise": name,
                    "repetitions": len(starts),
                    "start_error_s": round(float(np.mean(starts)), 3),
                    "end_error_s": round(float(np.mean(ends)), 3),
                }
            )
    return rows
