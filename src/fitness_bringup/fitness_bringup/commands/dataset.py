"""`./fitness dataset`: recordings in, a folder out that `./fitness train` takes. Free of ROS."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from exercise_classifier.training.data.dataset import Config, NothingUsable, build
from exercise_classifier.training.takes.spans import Problem
from fitness_bringup import __version__
from fitness_bringup.tables.terminal import table
from fitness_core.words import amount


def run(
    sources: list[Path],
    *,
    out: Path,
    clips: Path | None,
    poses: list[Path],
    length: float,
    rate: float,
    catalogue: Path | None,
    cache: Path | None,
) -> None:
    """The command: make the dataset with a progress bar on a terminal; print what is in it and what was left out."""
    config = Config(tuple(sources), out, clips, tuple(poses), length, rate, catalogue, version=__version__)
    if cache is not None:
        config = replace(config, cache=cache)
    try:
        built = build(config, _track)
    except NothingUsable as error:
        _print(error.problems)
        raise
    _print(built.problems)
    counts = built.manifest["counts"]
    rows = table("exercise", "takes", "subjects", "seconds", "windows")
    for exercise, of in counts.items():
        rows.add_row(exercise, *(str(value) for value in of.values()))
    Console(width=100).print(rows)
    takes, left_out = amount(len(built.manifest["takes"]), "take"), len(built.problems)
    print(
        f"{out}: {takes} of {amount(len(counts), 'exercise')}, {amount(built.manifest['windows']['n'], 'window')}; "
        f"{amount(left_out, 'problem')}{' (listed in README.md)' if left_out else ''}"
    )


def _track(items: Sequence[Any], what: str) -> Iterable[Any]:
    console = Console(stderr=True)
    return track(items, what, console=console, transient=True) if console.is_terminal else items


def _print(problems: list[Problem]) -> None:
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
