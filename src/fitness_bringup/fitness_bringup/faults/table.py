"""The fault table: one row per fault, as JSON, as a table for people, as a page of the docs.

`python -m fitness_bringup.faults.table FAULTS.json docs/reliability.md` puts the rows that were measured into the page.
"""

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from fitness_bringup.tables import markdown
from fitness_bringup.tables.terminal import table

HEAD = ("fault", "injected", "recovered", "p50 [s]", "max [s]", "repetitions lost", "declared")
"""Of the table; its columns are the fields of `Fault.row`."""


@dataclass(slots=True)
class Fault:
    """One row. injected: how often. times: seconds to each recovery. reps_lost: repetitions missed or told twice over.

    declared: how many of the injected ones were told, on /diagnostics or by an event. silent: repetitions lost while
    nothing told that poses were missing, or told twice over.
    """

    name: str
    injected: int = 0
    times: list[float] = field(default_factory=list)
    reps_lost: int = 0
    declared: int = 0
    silent: int = 0

    @property
    def survived(self) -> bool:
        """Whether it was always recovered from, and no repetition was lost without a word."""
        return len(self.times) == self.injected and not self.silent

    def back(self, after: float | None) -> None:
        """It was recovered from after so long [s]; None: it was not."""
        if after is not None:
            self.times.append(after)

    def row(self) -> dict[str, object]:
        """As in the JSON."""
        return {
            "name": self.name,
            "injected": self.injected,
            "recovered": len(self.times),
            "p50_s": round(statistics.median(self.times), 2) if self.times else None,
            "max_s": round(max(self.times), 2) if self.times else None,
            "reps_lost": self.reps_lost,
            "declared": self.declared,
        }


def as_json(faults: list[Fault]) -> dict[str, object]:
    """The whole table."""
    return {"faults": [fault.row() for fault in faults]}


def show(faults: list[Fault], console: Console) -> None:
    """For people."""
    rows = table(*HEAD)
    for fault in faults:
        rows.add_row(*("-" if value is None else str(value) for value in fault.row().values()))
    console.print(rows)


def into_page(content: dict, page: Path) -> None:
    """Replace the rows of these faults in the table between the marks of a page; those of other faults stay."""
    text = page.read_text()
    rows = {row[0]: row for row in markdown.rows(markdown.within(text, "faults"))}
    for row in content["faults"]:
        rows[row["name"]] = ["-" if value is None else str(value) for value in row.values()]
    page.write_text(markdown.put(text, "faults", markdown.table(HEAD, rows.values(), numbers=True)))


if __name__ == "__main__":
    into_page(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
