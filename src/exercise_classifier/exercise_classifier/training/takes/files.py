"""A recording that takes are read from, and what was found in it."""

from dataclasses import dataclass, field
from pathlib import Path

from exercise_classifier.training.takes.spans import Problem
from exercise_classifier.training.takes.takes import Take


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """One recording: where it is, its name in the dataset (no path of this machine), and its kind.

    kind: bag, clip (a video) or pose file. row: of the table that labels it, empty = none does.
    """

    path: Path
    name: str
    kind: str
    row: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds.

    withdrawn: takes that their label discards. recovered: the recorder did not close the bag.
    """

    takes: list[Take] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    withdrawn: int = 0
    recovered: bool = False
