"""The evaluation of counting as a page that needs nothing else: every recording drawn, failures first. Free of ROS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from fitness_bringup.analysis import plots
from fitness_bringup.analysis.html_report import mark_of
from fitness_bringup.evaluation.scores import GIVEN, NAMED, Result, Run
from fitness_bringup.tables import pages
from fitness_core.catalogue import Catalogue
from fitness_core.types import Phase
from fitness_core.words import words_of

_PHASES = {Phase.OUT: 1, Phase.TURN: 2, Phase.BACK: 3}
"""Phase -> number of its colour."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A recording as the page shows it. off: how far the worse of our two ways is off."""

    result: Result
    off: int
    counted: str
    plots: list[Markup]


def to_html(evaluation: dict[str, Any], results: list[Result], catalogue: Catalogue) -> str:
    """The page. Nothing in it depends on when it was made."""
    filters: dict[str, Callable[..., Any]] = {"interval": _interval, "shown": _shown}
    tests = {"in_all": lambda exercise: exercise.startswith("all")}
    drawings = sorted((_drawing(result, catalogue) for result in results), key=lambda drawing: -drawing.off)
    return pages.template("counts.html.j2", filters, tests).render(
        evaluation=evaluation,
        collections=_collections(evaluation["sets"]),
        told=_told(evaluation["sets"]),
        phantoms=sum(row["phantoms"] for row in evaluation["negatives"]),
        failed=[drawing for drawing in drawings if drawing.off],
        right=[drawing for drawing in drawings if not drawing.off and drawing.result.recording.data == "clips"],
        others=sum(not drawing.off and drawing.result.recording.data != "clips" for drawing in drawings),
    )


def _drawing(result: Result, catalogue: Catalogue) -> Drawing:
    recording = result.recording
    positive = recording.exercise in catalogue
    off = max((result.errors[way] for way in (NAMED, GIVEN) if way in result.errors), default=0)
    if not positive:
        off = result.counts.get(NAMED, 0)
    off = max(off, result.while_idle)
    counted = ", ".join(f"{number} ({way})" for way, number in result.counts.items())
    elsewhere = {name: number for name, number in _counted(result).items() if name != recording.exercise}
    if elsewhere:
        counted += "; credited to " + ", ".join(f"{words_of(name)}: {number}" for name, number in elsewhere.items())
    drawn = []
    if result.signal is not None:
        run = result.runs[NAMED] if NAMED in result.runs else result.runs[GIVEN]
        drawn.append(_signal(result, run, catalogue))
    if off or recording.data == "clips":
        drawn.append(_phases(result))
    return Drawing(result, off, counted, drawn)


def _counted(result: Result) -> dict[str, int]:
    return dict(result.runs[NAMED].counted) if NAMED in result.runs else {}


def _signal(result: Result, run: Run, catalogue: Catalogue) -> Markup:
    assert result.signal is not None
    exercise = catalogue[result.recording.exercise]
    angle = exercise.joint is not None
    unit, values = ("\N{DEGREE SIGN}", np.degrees(result.signal)) if angle else ("", result.signal)
    marks = [mark_of(event, result.origin) for event in run.events if event.exercise == exercise.name]
    return plots.signal(f"Signal of {result.recording.name}", result.times, values, unit, marks, 0.0, result.duration)


def _phases(result: Result) -> Markup:
    """The phases of our two ways, and every repetition of the one that was not told the exercise."""
    rows = []
    for way, run in result.runs.items():
        bars = [
            plots.Bar(start, end, "", _PHASES[phase], f"{phase.name.lower()}, {start:.1f} to {end:.1f} s")
            for start, end, phase in run.phases
            if phase in _PHASES
        ]
        rows.append(("not given" if way == NAMED else "given", bars))
    run = result.runs[NAMED] if NAMED in result.runs else result.runs[GIVEN]
    marks = [mark_of(event, result.origin) for event in run.events]
    return plots.timeline(rows, marks, result.duration)


def _collections(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {data: [row for row in rows if row["data"] == data] for data in dict.fromkeys(row["data"] for row in rows)}


def _told(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """All sets of the first collection, the exercise not given where there is such a row; stands at the top."""
    whole = [row for row in rows if row["exercise"] == "all"]
    return min(whole, key=lambda row: row["way"] != NAMED, default=None)


def _shown(row: dict[str, Any]) -> str:
    """What a row is of, in words."""
    name = row["exercise"]
    if not name.startswith("all"):
        return words_of(name)
    peer = name.removeprefix("all of ")
    return f"of which {peer} has a rule" if peer != name else {"all, certain": "of certain count"}.get(name, name)


def _interval(row: dict[str, Any], figure: str) -> str:
    low, high = row[f"{figure}_95"]
    return f"{row[figure]:.2f} [{low:.2f}, {high:.2f}]"
