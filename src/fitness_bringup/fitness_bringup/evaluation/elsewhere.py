"""Clips of other people's repositories, counted by eye before anything ran: docs/evaluation.elsewhere.csv.

A row is a clip. `reps` is its count, "5-6" where either is right, nothing where no exercise is done. `told_blind` and
`not_told_blind` are what was counted before anybody had looked at a result of the round ("squat 18, curl 2"), the
exercise given and not given; `told` and `not_told` what the counter and the model that ship make of it.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitness_bringup.evaluation.scores import scores
from fitness_core.errors import InputError

GIVEN, NOT_GIVEN, GIVEN_NOW, NOT_GIVEN_NOW = WAYS = ("told_blind", "not_told_blind", "told", "not_told")
"""The columns of what was counted."""


@dataclass(frozen=True, slots=True)
class Round:
    """What the CSV does not hold of a round.

    minutes: of its other movement, together. counter: the commit that counted it blind. configured: whether the network
    of that commit has the configuration of the one that ships.
    """

    minutes: int
    counter: str
    configured: bool


ROUNDS = {
    "1": Round(9, "before 9a92f14", False),
    "2": Round(30, "d276724", False),
    "3": Round(11, "033ef03", False),
    "4": Round(26, "2e8ba2b", True),
    "5": Round(15, "cd75e6b", True),
    "6": Round(10, "d2c3650", True),
    "7": Round(13, "440c6c1", True),
    "8": Round(7, "9dcc5c7", True),
}
"""Round of the CSV -> what else is known of it. A new round needs an entry before its rows are read."""

PEERS = (
    (
        "Exercise_Recognition_AI",
        ("curl", "press", "squat"),
        {
            "123": ".54 [.45 .63] .73 .31",
            "4": ".56 .77 .36",
            "5": ".60 .81 .30",
            "6": ".47 .78 .42",
            "7": ".51 .62 .41",
            "8": ".40 .60 .27",
        },
    ),
    (
        "Fitness-AI-Trainer",
        ("curl", "press", "squat", "push_up"),
        {
            "123": ".37 [.29 .44] .53 .54",
            "4": ".24 .56 .67",
            "5": ".41 .66 .53",
            "6": ".37 .67 .48",
            "7": ".38 .53 .49",
            "8": ".17 .33 .59",
        },
    ),
    (
        "MediaPipePoseEstimation",
        ("curl",),
        {
            "123": ".38 [.24 .53] .53 .47",
            "4": ".27 .47 .53",
            "5": ".50 .62 .41",
            "6": ".42 .67 .32",
            "7": ".30 .50 .59",
            "8": ".20 .60 .32",
        },
    ),
)
"""Published counters (`peers`), the exercises they have a rule for, and exact, OBO, MAE of theirs by rounds.

Measured on videos that do not ship; a round without an entry was not counted with them."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of the CSV. reps: every count that is right; empty where no exercise is done. counted: way -> what."""

    round: str
    owner: str
    exercise: str
    reps: range
    certain: bool
    counted: dict[str, Counter[str]]
    notes: str

    def off(self, way: str) -> int:
        """How far a set's count is off the nearest right one; repetitions of other exercises if they are more."""
        right = self.counted[way][self.exercise]
        return max(min(abs(right - reps) for reps in self.reps), self.counted[way].total() - right)


def read(file: Path) -> list[Clip]:
    """All clips. InputError for a round that ROUNDS does not know and for a cell that is no count."""
    with file.open(newline="") as lines:
        return [_clip(row) for row in csv.DictReader(lines)]


def _clip(row: dict[str, str]) -> Clip:
    if row["round"] not in ROUNDS:
        raise InputError(f"round {row['round']}: add its minutes of other movement to ROUNDS of {Path(__file__).name}")
    try:
        bounds = [int(number) for number in row["reps"].split("-") if row["reps"]]
        counted = {way: _counted(row[way]) for way in WAYS}
    except ValueError as error:
        raise InputError(f"{row['source']}: {error}") from error
    reps = range(bounds[0], bounds[-1] + 1) if bounds else range(0)
    owner = row["source"].partition("/")[0]
    return Clip(row["round"], owner, row["exercise"], reps, row["certain"] == "yes", counted, row["notes"])


def _counted(text: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for part in filter(str.strip, re.split("[,;]", text)):
        exercise, number = part.split()
        counted[exercise] += int(number)
    return counted


def scored(sets: Sequence[Clip], way: str) -> dict[str, Any]:
    """Figures and intervals of `scores.scores`; MAE is of the larger count where two are right."""
    return scores([clip.off(way) for clip in sets], [clip.reps[-1] for clip in sets], [clip.owner for clip in sets])
