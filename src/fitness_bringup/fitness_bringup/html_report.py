"""The report of one recording as a page that needs nothing else: no script, no other host. Free of ROS."""

import math
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from fitness_bringup import plots
from fitness_bringup.examination import Examination, rows_of
from fitness_bringup.report import runs_of
from fitness_core.catalogue import NON_EXERCISES
from fitness_core.skeleton import JOINT_INDEX
from fitness_core.types import RepEvent, SetSummary, seconds

MARGIN = 1.5
"""A plot of a set begins so long before it and ends so long after it [s]."""
COLOURS = 6
"""Colours of exercises in the page's style; a seventh exercise begins again."""


@dataclass(frozen=True, slots=True)
class SetView:
    """A set as the page shows it: its summary, its repetitions (rows of the table) and its plot."""

    title: str
    summary: SetSummary
    start: float
    end: float
    rows: list[dict[str, object]]
    joint: str
    plot: Markup


def to_html(examination: Examination) -> str:
    """The page. Nothing in it depends on when it was made."""
    report = examination.report
    rows = rows_of(examination)
    sets = sorted(examination.summaries, key=lambda summary: summary.start)
    known = {row["set"] for row in rows if row["set"] in {summary.set_index for summary in sets}}
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"number": _number, "degrees": lambda angle: _number(math.degrees(angle), 0)}
    environment.filters |= {"percent": lambda share: _number(100 * share, 0), "words": _words}
    environment.tests["measured"] = math.isfinite
    template = environment.from_string(_file("report.html.j2"))
    return template.render(
        style=Markup(_file("report.css")),
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
            start, end, _words(run[0].label), kind(run[0].label), f"{_words(run[0].label)}, {start:.1f} to {end:.1f} s"
        )
        for run in runs
        for start, end in [(seconds(run[0].window_start - origin), seconds(run[-1].stamp - origin))]
    ]
    counted = [
        plots.Bar(
            seconds(summary.start - origin),
            seconds(summary.end - origin),
            f"{_words(summary.exercise)} {summary.repetitions}",
            kind(summary.exercise),
            f"set {summary.set_index}: {_words(summary.exercise)}, {summary.repetitions} repetitions",
        )
        for summary in sets
    ]
    rows = [("sets", counted)]
    if seen:
        rows.insert(0, ("recognised", _apart(seen)))
    marks = [_mark(event, origin) for event in examination.events]
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
    sides = {
        side: np.degrees(examination.angles[:, JOINT_INDEX[f"{side}_{exercise.joint}"]]) for side in ("left", "right")
    }
    marks = [
        _mark(event, origin)
        for event in examination.events
        if event.set_index == summary.set_index and event.exercise == summary.exercise
    ]
    first, last = min([start, *(mark.start for mark in marks)]), max([end, *(mark.end for mark in marks)])
    shown = max(0.0, first - MARGIN), min(examination.report.duration_s, last + MARGIN)
    name = f"Angle of the {exercise.joint} in set {summary.set_index}"
    return SetView(
        title=exercise.title,
        summary=summary,
        start=start,
        end=end,
        rows=[row for row in rows if row["set"] == summary.set_index],
        joint=str(exercise.joint),
        plot=plots.angles(name, examination.times, sides, marks, *shown),
    )


def _mark(event: RepEvent, origin: int) -> plots.Mark:
    what = f"repetition {event.index}" if event.counted else f"not counted: {_words(event.reason.name.lower())}"
    reach = math.degrees(event.range_of_motion)
    note = f"{_words(event.exercise)}, {what}, {event.duration:.1f} s, {reach:.0f} degrees"
    start, turn, end = (seconds(stamp - origin) for stamp in (event.start, event.turn, event.end))
    label = str(event.index) if event.counted else "\N{MULTIPLICATION SIGN}"
    return plots.Mark(start, turn, end, label, event.counted, note)


def _number(value: float | None, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if value is not None and math.isfinite(value) else "\N{EN DASH}"


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")


def _file(name: str) -> str:
    return resources.files("fitness_bringup").joinpath("templates", name).read_text()
