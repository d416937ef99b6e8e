"""The dataset card: what is in a dataset, in words and in one picture."""

from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from exercise_classifier.training.takes.takes import Take
from fitness_core.catalogue import Catalogue
from fitness_core.geometry import angles_of
from fitness_core.skeleton import JOINT_INDEX
from fitness_core.words import amount

CARD, PLOT = "README.md", "dataset.png"
_COLOURS = matplotlib.colormaps["tab20"]
_CURVES = 6
_CURVE_SECONDS = 20.0
_LONGEST = 24
"""Letters of a name below a bar: more leave no room for the bars."""

_TEXT = """# Dataset

{takes} of {exercises} by {subjects_of_all}, {minutes:.1f} minutes; {windows} of
{duration:g} s at {rate:g} Hz, one each {hop:g} s, with the features {feature_name} (version {feature_version}).

![Seconds per class, takes per subject, curves](dataset.png)

## Per class

{classes}

A subject here is what a split must keep whole: a person where the recording names one (by pseudonym), else footage
that may share a person.

## Per subject

{subjects}

## What it holds

- `takes/*.npz`, one per take: `stamps` [n] s after its first pose; `image` [n, 33, 3] x, y, z of BlazePose's landmarks
  by the picture's width, height, width; `world` [n, 33, 3] metres; `visibility` [n, 33]; `width`, `height` px;
  `exercise`, `subject`, `group` (never split), `source`, `kind`, `certain`, `synthetic` (never tested on).
  NaN = not measured.
- `windows.npz`: `x` [n, steps, features], `y` [n] index in `labels`, `take` [n] index in the manifest's takes,
  `end` [n] s after the take's first pose.
- `manifest.json`: every take and every source with its SHA-256, what was left out and why.

## Sources

{sources}

## Left out

{problems}

Pictures are not in it. Landmarks show how somebody moves and can tell people apart: treat them as personal data.
"""


def write(folder: Path, manifest: dict[str, Any], takes: list[Take], catalogue: Catalogue) -> None:
    """Write README.md and dataset.png into the folder of a dataset."""
    entries, window = manifest["takes"], manifest["window"]
    groups = sorted({entry["group"] for entry in entries})
    per_subject = []
    for group in groups:
        of = [entry for entry in entries if entry["group"] == group]
        exercises = ", ".join(sorted({entry["exercise"] for entry in of}))
        per_subject.append((group, exercises, len(of), f"{sum(entry['seconds'] for entry in of):.0f}"))
    text = _TEXT.format(
        takes=amount(len(entries), "take"),
        exercises=amount(len(manifest["labels"]), "exercise"),
        subjects_of_all=amount(len(groups), "subject"),
        minutes=sum(entry["seconds"] for entry in entries) / 60,
        windows=amount(manifest["windows"]["n"], "window"),
        feature_name=manifest["features"]["name"],
        feature_version=manifest["features"]["version"],
        duration=window["duration"],
        rate=window["rate"],
        hop=window["hop"],
        classes=_table(
            ("exercise", "takes", "subjects", "seconds", "windows"),
            [(exercise, *of.values()) for exercise, of in manifest["counts"].items()],
        ),
        subjects=_table(("subject", "exercises", "takes", "seconds"), per_subject),
        sources=_table(
            ("source", "kind", "takes", "withdrawn", "SHA-256"),
            [(s["source"], s["kind"], s["takes"], s["withdrawn"], s["sha256"][:12] + "…") for s in manifest["sources"]],
        ),
        problems=_table(
            ("source", "take", "exercise", "problem", "what is wrong"),
            [tuple(problem.values()) for problem in manifest["problems"]],
        )
        if manifest["problems"]
        else "Nothing.",
    )
    (folder / CARD).write_text(text)
    # A dollar in a name begins no formula.
    with matplotlib.rc_context({"text.parse_math": False}):
        # Without the version of the drawing library the picture depends on what is drawn only.
        _plot(manifest, takes, catalogue, groups).savefig(folder / PLOT, dpi=100, metadata={"Software": None})


def _table(columns: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _plot(manifest: dict[str, Any], takes: list[Take], catalogue: Catalogue, groups: list[str]) -> Figure:
    figure = Figure(figsize=(12, 8), layout="constrained")
    halves: Any = figure.subfigures(2, 1)
    above, below = halves
    left, right = above.subplots(1, 2)
    counts = manifest["counts"]
    left.barh(list(counts), [of["seconds"] for of in counts.values()], color="tab:blue")
    left.invert_yaxis()
    left.set_title("seconds per class")
    bottom = np.zeros(len(groups))
    for index, exercise in enumerate(manifest["labels"]):
        number = np.array(
            [sum(e["group"] == group and e["exercise"] == exercise for e in manifest["takes"]) for group in groups]
        )
        right.bar(range(len(groups)), number, bottom=bottom, label=exercise, color=_COLOURS(index % 20))
        bottom += number
    right.set_title("takes per subject")
    if len(groups) <= 12:
        names = [name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}" for name in groups]
        right.set_xticks(range(len(groups)), names, rotation=30, ha="right", fontsize=8)
    else:
        right.set_xlabel(f"{len(groups)} subjects")
    right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    shown = _examples(takes, catalogue)
    for axes, take in zip(below.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown, strict=True):
        joint = (catalogue[take.exercise].joint if take.exercise in catalogue else None) or "knee"
        first = take.stamps <= take.stamps[0] + _CURVE_SECONDS
        angles = np.degrees(angles_of(take.metric()[first].astype(np.float64)))
        for side in ("left", "right"):
            axes.plot(take.stamps[first], angles[:, JOINT_INDEX[f"{side}_{joint}"]], label=side, linewidth=1)
        axes.set_title(f"{take.exercise}: {joint} [deg]", fontsize=9)
        axes.set_xlabel("s", fontsize=8)
        axes.legend(fontsize=7)
    return figure


def _examples(takes: list[Take], catalogue: Catalogue) -> list[Take]:
    """The longest take of each of the classes with most takes, exercises of the catalogue first."""
    longest = {take.exercise: take for take in sorted(takes, key=lambda take: take.duration)}
    often = Counter(take.exercise for take in takes)
    chosen = sorted(longest, key=lambda name: (name not in catalogue, -often[name], name))[:_CURVES]
    return [longest[name] for name in chosen]
