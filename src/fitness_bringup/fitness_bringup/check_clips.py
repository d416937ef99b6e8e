"""How `analyze` does on clips whose repetitions were counted by hand.

    python -m fitness_bringup.check_clips ../shared/data/clips.csv [--exercise squat] [--filter text] [--cache DIR]

Right is: the exercise with most repetitions is the expected one, and its count is within one. clips.csv has the columns
file (relative to it), exercise, reps, certainty; clips whose certainty begins with "certain" are taken. --cache keeps
landmarks as bags, so that a second run leaves the pictures out. Exit code 1 where fewer than 80 % are right.
"""

import argparse
import csv
import sys
from pathlib import Path

from rich.console import Console

from exercise_classifier import model_file
from exercise_classifier.classifier import default_model
from fitness_bringup.analyze import analyze
from fitness_bringup.report import Report
from fitness_bringup.tables import table
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError

NEEDED = 0.8
"""Share of clips that must be right."""


def main() -> int:
    """Print a row per clip and the share that is right."""
    parser = argparse.ArgumentParser(description="Compare analyze with clips that were counted by hand.")
    parser.add_argument("clips", type=Path, help="clips.csv")
    parser.add_argument("--exercise", action="append", help="only this one; repeatable; default: those the model knows")
    parser.add_argument("--filter", default="", help="only files whose name holds this")
    parser.add_argument("--model", type=Path, help="classifier; default: the one that ships")
    parser.add_argument("--cache", type=Path, help="folder to keep landmarks in")
    given = parser.parse_args()
    exercises = given.exercise or [
        name for name in model_file.read(default_model()).info.labels if name in Catalogue.load()
    ]
    rows = table("clip", "expected", "found", "")
    right = total = 0
    for clip in read_clips(given.clips):
        if clip["exercise"] not in exercises or given.filter not in clip["file"]:
            continue
        report = _analyze(given.clips.parent / clip["file"], given.cache, given.model)
        found = report.main_exercise, report.totals.get(report.main_exercise, 0)
        good = found[0] == clip["exercise"] and abs(found[1] - int(clip["reps"])) <= 1
        right, total = right + good, total + 1
        rows.add_row(
            clip["file"],
            f"{clip['exercise']} {clip['reps']}",
            f"{found[0]} {found[1]}",
            "" if good else "wrong",
        )
    console = Console(width=120)
    console.print(rows)
    console.print(f"{right} of {total} right" + (f" ({right / total:.0%})" if total else ""))
    return 0 if total and right >= NEEDED * total else 1


def read_clips(path: Path) -> list[dict[str, str]]:
    """The rows of clips.csv whose count is certain."""
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["certainty"].startswith("certain") and row["reps"]]


def _analyze(clip: Path, cache: Path | None, model: Path | None) -> Report:
    if cache is None:
        return analyze(str(clip), model=model)
    from fitness_bringup.landmarks import record_landmarks

    bag = cache / clip.parent.name / clip.stem
    if not bag.exists():
        record_landmarks([clip], bag)
    return analyze(str(bag), model=model)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
