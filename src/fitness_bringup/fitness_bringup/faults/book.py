"""What kills came to, written after each one: a run that is broken off is worth what it has, and can go on."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fitness_bringup.faults.table import Fault
from fitness_core.errors import InputError
from fitness_core.files import replace_file


@dataclass(frozen=True, slots=True)
class Kill:
    """One process killed. moment: [s, monotonic]. back: seconds until it was heard again, None where it was not."""

    name: str
    moment: float
    back: float | None
    declared: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """One repetition that was missed, or told though there was none. after: whose kill. turn: [s] into the stream."""

    after: str
    exercise: str
    turn: float
    silent: bool


class Book:
    """Kills, and the repetitions that were lost. file: beside the table's JSON; None = nowhere."""

    def __init__(self, seed: int, file: Path | None = None) -> None:
        self.seed, self._file = seed, file
        self.kills: list[Kill] = []
        self.losses: list[Loss] = []
        self._before: list[Loss] = []

    @classmethod
    def opened(cls, file: Path) -> "Book":
        """The book of a run that was broken off. Raises InputError."""
        try:
            content = json.loads(file.read_text())
            book = cls(int(content["seed"]), file)
            book.kills = [Kill(**kill) for kill in content["kills"]]
            book._before = [Loss(**loss) for loss in content["losses"]]
        except FileNotFoundError:
            raise InputError(f"--resume: {file} is not there; run once without --resume") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"--resume: {file} is no record of kills ({error!r}); run once without --resume") from None
        book.losses = list(book._before)
        return book

    def settle(self, losses: list[Loss]) -> None:
        """What this run has lost so far, in place of what was thought before."""
        self.losses = [*self._before, *losses]
        if self._file is not None:
            kills, lost = ([asdict(each) for each in all_of_them] for all_of_them in (self.kills, self.losses))
            replace_file(self._file, json.dumps({"seed": self.seed, "kills": kills, "losses": lost}))

    def faults(self) -> list[Fault]:
        """A row for each program."""
        faults: dict[str, Fault] = {}
        for kill in self.kills:
            fault = faults.setdefault(kill.name, Fault(f"{kill.name} killed -9"))
            fault.injected += 1
            fault.declared += kill.declared
            if kill.back is not None:
                fault.times.append(kill.back)
        for loss in self.losses:
            fault = faults.setdefault(loss.after, Fault(f"{loss.after} killed -9"))
            fault.reps_lost += 1
            fault.silent += loss.silent
        return list(faults.values())


def beside(table: Path) -> Path:
    """Where the book of a table is: `faults.json` has `faults.kills.json`."""
    return table.with_suffix(".kills.json")
