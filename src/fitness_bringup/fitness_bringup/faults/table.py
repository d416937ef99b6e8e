"""The fault table: one row per fault, as JSON, as a table for people, as a page of the docs.

`python -m fitness_bringup.faults.table FAULTS.json docs/reliability.md` puts a table that was measured into the page.
"""

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from fitness_bringup.tables import markdown
from fitness_bringup.tables.terminal import table


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
    rows = table("fault", "injected", "recovered", "p50 [s]", "max [s]", "repetitions lost", "declared")
    for fault in faults:
        rows.add_row(*("-" if value is None else str(value) for value in fault.row().values()))
    console.print(rows)


def as_markdown(content: dict) -> str:
    """The table of docs/reliability.md from the JSON."""
    head = ("fault", "injected", "recovered", "p50 [s]", "max [s]", "repetitions lost", "declared")
    rows = (["-" if value is None else str(value) for value in row.values()] for row in content["faults"])
    return markdown.table(head, rows, numbers=True)


def into_page(content: dict, page: Path) -> None:
    """Replace the table between the marks of a page."""
    page.write_text(markdown.put(page.read_text(), "faults", as_markdown(content)))


if __name__ == "__main__":
    into_page(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
