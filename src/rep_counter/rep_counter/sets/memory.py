"""What a counter has published, as a file: a counter that is started again after a crash goes on from it.

Repetitions and times only, no landmarks. What happened since is counted anew from the poses that their publisher still
has (`fitness_core.ros.topics.catch_up`). The file is replaced as a whole, so that a crash while writing leaves the one
before.
"""

import contextlib
import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from fitness_core.files import replace_file
from fitness_core.types import Reason, RepEvent

LONG_AGO = 10
"""What is older than so many times `within` is of another day: nobody waits for that set any more."""
_VERSION = 2


@dataclass(frozen=True, slots=True)
class SavedSet:
    """A set that was running; the fields of `sets.Set`."""

    exercise: str
    index: int
    counted: list[RepEvent]
    rejected: list[RepEvent] = field(default_factory=list)
    has_first_half: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What is published up to `stamp` [ns], the newest pose.

    exercise: the one that was asked for; empty = the classifier decides. sets: how many began. running: the open one.
    credited: exercise, start, end [ns] of the last repetitions. settled: what turned before it [ns] counts no more.
    """

    stamp: int
    exercise: str = ""
    sets: int = 0
    running: SavedSet | None = None
    credited: list[tuple[str, int, int]] = field(default_factory=list)
    settled: int = -1

    @property
    def end(self) -> int:
        """End of the last repetition [ns]; 0 without any."""
        return max((end for _, _, end in self.credited), default=0)


class MemoryFile:
    """Keeps the newest `Memory` of one counter. problem: why that fails, one line; empty while it works.

    started_with: the exercise that the counter's parameters ask for. Who is started again with another one wants that,
    not what was asked for before the crash.
    """

    def __init__(self, path: Path, started_with: str = "") -> None:
        self.path = path
        self.started_with = started_with
        self.problem = ""

    def save(self, memory: Memory) -> None:
        """Replace what is kept; never raises: a full disk must not end the counting."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = {"version": _VERSION, "started_with": self.started_with, **asdict(memory)}
            replace_file(self.path, json.dumps(content))
            self.problem = ""
        except OSError as error:
            self.problem = f"{self.path} cannot be written ({error.strerror}): a crash would lose the running set"

    def load(self, within: float) -> tuple[Memory | None, str]:
        """What a counter left that did not end properly less than `within` seconds ago, and what is wrong with it.

        (None, "") where there is nothing, or of long ago; (None, why) where it is too old or cannot be read.
        """
        try:
            age = time.time() - self.path.stat().st_mtime
            text = self.path.read_text()
        except FileNotFoundError:
            return None, ""
        except (OSError, UnicodeDecodeError) as error:
            return None, f"{self.path} cannot be read ({error}): what the counter before had counted is not known"
        if abs(age) > LONG_AGO * within:
            return None, ""
        if abs(age) > within:
            return None, f"the counter before ended {age:.0f} s ago without closing its set; starting from nought"
        try:
            content = json.loads(text)
            memory = _parsed(content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return None, f"{self.path} is damaged ({error!r}): what the counter before had counted is not known"
        asked_anew = content.get("started_with", "") != self.started_with
        if asked_anew:
            memory = replace(memory, exercise=self.started_with, settled=memory.stamp)
        return memory, ""

    def remove(self) -> None:
        """The counter has ended properly: there is nothing to go on from."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def _parsed(content: dict) -> Memory:
    if content["version"] != _VERSION:
        raise ValueError(f"version {content['version']}")
    running = content["running"]
    if running is not None:
        running = SavedSet(
            str(running["exercise"]),
            int(running["index"]),
            [_event(event) for event in running["counted"]],
            [_event(event) for event in running["rejected"]],
            bool(running["has_first_half"]),
        )
        if not running.counted:
            raise ValueError("a set without repetitions")
    credited = [(str(name), int(start), int(end)) for name, start, end in content["credited"]]
    stamp, settled, sets = (int(content[name]) for name in ("stamp", "settled", "sets"))
    return Memory(stamp, str(content["exercise"]), sets, running, credited, settled)


def _event(content: dict) -> RepEvent:
    lists = {key: tuple(map(str, content[key])) for key in ("form_faults", "form_judged")}
    return RepEvent(**{**content, **lists, "reason": Reason(content["reason"])})
