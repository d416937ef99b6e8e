"""What kills came to, written after each one: a run that is broken off is worth what it has, and can go on."""

import hashlib
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


@dataclass(frozen=True, slots=True)
class Given:
    """A file or folder that a run is made of: its name for people, its content to compare."""

    name: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Given":
        """Of what lies at a path. Raises InputError where it cannot be read."""
        digest = hashlib.sha256()
        try:
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if file.is_file():
                    with file.open("rb") as stream:
                        digest.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from None
        return cls(path.name, digest.hexdigest())


class Book:
    """Kills, and the repetitions that were lost.

    given: option -> what was given with it. file: beside the table's JSON; None = nowhere.
    """

    def __init__(self, seed: int, given: dict[str, Given], file: Path | None = None) -> None:
        self.seed, self._given, self._file = seed, given, file
        self.kills: list[Kill] = []
        self.losses: list[Loss] = []
        self._before: list[Loss] = []

    @classmethod
    def opened(cls, file: Path, given: dict[str, Given]) -> "Book":
        """The book of a run that was broken off. Raises InputError, also where that run was given something else."""
        try:
            content = json.loads(file.read_text())
            before = {option: Given(**what) for option, what in content["given"].items()}
            book = cls(int(content["seed"]), given, file)
            book.kills = [Kill(**kill) for kill in content["kills"]]
            book._before = [Loss(**loss) for loss in content["losses"]]
        except FileNotFoundError:
            raise InputError(f"--resume: {file} is not there; run once without --resume") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"--resume: {file} is no record of kills ({error!r}); run once without --resume") from None
        for option, now in given.items():
            was = before.get(option)
            if was is None or was.sha256 != now.sha256:
                raise InputError(
                    f"--resume: the run of {file} had {f'{option} {was.name}' if was else f'no {option}'} and not this "
                    f"{now.name}; give the same again, or run once without --resume"
                )
        book.losses = list(book._before)
        return book

    def settle(self, losses: list[Loss]) -> None:
        """What this run has lost so far, in place of what was thought before."""
        self.losses = [*self._before, *losses]
        if self._file is not None:
            kills, lost = ([asdict(each) for each in all_of_them] for all_of_them in (self.kills, self.losses))
            given = {option: asdict(what) for option, what in self._given.items()}
            content = {"seed": self.seed, "given": given, "kills": kills, "losses": lost}
            replace_file(self._file, json.dumps(content))

    def faults(self) -> list[Fault]:
        """A row for each program."""
        faults: dict[str, Fault] = {}
        for kill in self.kills:
            fault = faults.setdefault(kill.name, Fault(f"{kill.name} killed -9"))
            fault.injected += 1
            fault.declared += kill.declared
            fault.back(kill.back)
        for loss in self.losses:
            fault = faults.setdefault(loss.after, Fault(f"{loss.after} killed -9"))
            fault.reps_lost += 1
            fault.silent += loss.silent
        return list(faults.values())


def beside(table: Path) -> Path:
    """Where the book of a table is: `faults.json` has `faults.kills.json`."""
    return table.with_suffix(".kills.json")
