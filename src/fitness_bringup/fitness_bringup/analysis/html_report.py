"""The report of one recording as a page that needs nothing else: no script, no other host. Free of ROS."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from fitness_bringup.analysis import plots
from fitness_bringup.analysis.examination import Examination, rows_of
from fitness_bringup.analysis.report import runs_of
from fitness_bringup.tables import pages
from fitness_bringup.tables.terminal import reach
from fitness_core.catalogue import NON_EXERCISES
from fitness_core.types import RepEvent, SetSummary, seconds
from fitness_core.words import amount, words_of

MARGIN = 1.5
"""A plot of a set begins so long before it and ends so long after it [s]."""
NONE = "\N{EN DASH}"
"""What is not measured."""
COLOURS = 6
"""Colours of exercises in the page's style; a seventh exercise begins again."""


@dataclass(frozen=True, slots=True)
class SetView:
    """A set as the page shows it: its summary, its repetitions (rows of the table) and its plot."""

    title: str
    summary: SetSummary
    start: float
    end: float
    rows: list[dict[str, Any]]
    range: str
    signal: str
    plot: Markup


def to_html(examination: Examination) -> str:
    """The page. Nothing in it depends on when it was made."""
    report = examination.report
    rows = rows_of(examination)
    sets = sorted(examination.summaries, key=lambda summary: summary.start)
    known = {row["set"] for row in rows if row["set"] in {summary.set_index for summary in sets}}

    def said(codes: Iterable[str], exercise: str) -> str:
        """What a robot would say of form faults."""
        return " ".join(rule.say for rule in examination.catalogue[exercise].form if rule.code in codes)

    filters: dict[str, Callable[..., Any]] = {
        "number": _number,
        "percent": lambda share: _number(100 * share, 0),
        "of_signal": _of_signal,
        "said": said,
    }
    return pages.template("report.html.j2", filters, {"measured": math.isfinite}).render(
        name=Path(report.source).name,
        report=report,
        titles={exercise.name: exercise.title for exercise in examination.catalogue},
        timeline=_timeline(examination, sets) if report.duration_s else None,
        sets=[_view(examination, summary, rows) for summary in sets],
        others=[row for row in rows if row["set"] not in known],
    )


def _timeline(examination: Examination, sets: list[SetSummary]) -> Markup:
    origin = examination.origin
    runs = [run for run in runs_of(examination.timeline) if run[0].label]
    names = list(dict.fromkeys([summary.exercise for summary in sets] + [run[0].label for run in runs]))
    exercises = [name for name in names if name not in NON_EXERCISES]

    def kind(name: str) -> int:
        return 1 + exercises.index(name) % COLOURS if name in exercises else 0

    seen = [
        plots.Bar(
            start,
            end,
            words_of(run[0].label),
            kind(run[0].label),
            f"{words_of(run[0].label)}, {start:.1f} to {end:.1f} s",
        )
        for run in runs
        for start, end in [(seconds(run[0].window_start - origin), seconds(run[-1].stamp - origin))]
    ]
    counted = [
        plots.Bar(
            seconds(summary.start - origin),
            seconds(summary.end - origin),
            f"{words_of(summary.exercise)} {summary.repetitions}",
            kind(summary.exercise),
            f"set {summary.set_index}: {words_of(summary.exercise)}, {amount(summary.repetitions, 'repetition')}",
        )
        for summary in sets
    ]
    rows = [("sets", counted)]
    if seen:
        rows.insert(0, ("recognised", _apart(seen)))
    marks = [mark_of(event, origin) for event in examination.events]
    return plots.timeline(rows, marks, examination.report.duration_s)


def _apart(bars: list[plots.Bar]) -> list[plots.Bar]:
    """Windows overlap: a bar begins where the one before it ends."""
    ends = [0.0, *(bar.end for bar in bars[:-1])]
    return [
        plots.Bar(max(bar.start, end), bar.end, bar.label, bar.kind, bar.note)
        for bar, end in zip(bars, ends, strict=True)
    ]


def _view(examination: Examination, summary: SetSummary, rows: list[dict[str, object]]) -> SetView:
    origin = examination.origin
    start, end = seconds(summary.start - origin), seconds(summary.end - origin)
    exercise = examination.catalogue[summary.exercise]
    signal = examination.signal(summary.exercise)
    if exercise.joint is not None:
        name, unit, signal = f"Angle of the {exercise.joint}", "\N{DEGREE SIGN}", np.degrees(signal)
    else:
        assert exercise.distance is not None  # the catalogue holds one of the two
        name, unit = f"From {exercise.distance.of} to {exercise.distance.point} in lengths of the torso", ""
    name, mean = words_of(name), summary.range_of_motion_mean
    marks = [
        mark_of(event, origin)
        for event in examination.events
        if event.set_index == summary.set_index and event.exercise == summary.exercise
    ]
    first, last = min([start, *(mark.start for mark in marks)]), max([end, *(mark.end for mark in marks)])
    shown = max(0.0, first - MARGIN), min(examination.report.duration_s, last + MARGIN)
    return SetView(
        title=exercise.title,
        summary=summary,
        start=start,
        end=end,
        range=reach(math.degrees(mean), math.nan) if exercise.joint is not None else reach(math.nan, mean),
        rows=[row for row in rows if row["set"] == summary.set_index],
        signal=name,
        plot=plots.signal(f"{name}, set {summary.set_index}", examination.times, signal, unit, marks, *shown),
    )


def mark_of(event: RepEvent, origin: int) -> plots.Mark:
    """A repetition of a recording that begins at stamp `origin` [ns], for a plot."""
    what = f"repetition {event.index}" if event.counted else f"not counted: {words_of(event.reason.name.lower())}"
    note = f"{words_of(event.exercise)}, {what}, {event.duration:.1f} s"
    start, turn, end = (seconds(stamp - origin) for stamp in (event.start, event.turn, event.end))
    label = str(event.index) if event.counted else "\N{MULTIPLICATION SIGN}"
    return plots.Mark(start, turn, end, label, event.counted, note)


def _of_signal(row: dict[str, Any], name: str) -> str:
    """A value of a row with its unit: `range` or `turn` of what drives the exercise."""
    return reach(*(math.nan if row[key] is None else row[key] for key in (f"{name}_deg", f"{name}_torso"))) or NONE


def _number(value: float | None, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if value is not None and math.isfinite(value) else NONE
