"""Takes, one after the other: guides through each, says its labels, keeps `session.yaml` up to date."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import Pose, RepEvent
from fitness_datasets.collection.guidance import Decision, Guidance, Settings, TakePhase, TakeRequest
from fitness_datasets.collection.session import DISCARDED, KEPT, Session, TakeRecord


class LabelEvent(IntEnum):
    """Values of `event` in fitness_msgs/TakeLabel."""

    START = 0
    STOP = 1
    DISCARD = 2


@dataclass(frozen=True, slots=True)
class Label:
    """A fitness_msgs/TakeLabel to publish. stamp: of the first (START) or last pose of the take [ns]."""

    event: LabelEvent
    stamp: int
    request: TakeRequest
    repetitions: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a take. reason: why it was not kept. label: the last one published of it, None = none.

    placed: somebody stood well for it before the time for that was over.
    """

    kept: bool
    reason: str
    label: Label | None
    placed: bool = True


class Collector:
    """One take at a time, repeated until it is kept or given up.

    auto: keep good takes and repeat others without asking, so many `attempts` at most; otherwise `decide` is waited
    for. After each call `labels` and `instructions` have what is to be published, oldest first (whoever
    publishes clears them), and `outcome` what became of a take that is over. `problem`: why session.yaml was not
    written last, empty where it was; the labels of a bag tell all the same which takes are kept.

    lacking: why a bag lacks something of what came since a time (monotonic), "" = nothing, None = nobody knows yet. A
    take becomes kept when its bag is known to hold it; until then `settle` is to be called.
    """

    def __init__(
        self,
        auto: bool = False,
        attempts: int = 3,
        lacking: Callable[[Path, float], str | None] = lambda bag, since: "",
    ) -> None:
        self.auto, self.attempts = auto, attempts
        self._lacking, self._over, self._keeping = lacking, 0.0, False
        self.guidance: Guidance | None = None
        self.labels: list[Label] = []
        self.instructions: list[str] = []
        self.outcome: Outcome | None = None
        self.problem = ""
        self._session: Session | None = None
        self._take: TakeRecord | None = None
        self._bag = self._said = ""
        self._tried = 0
        self._last: Label | None = None

    def begin(
        self, request: TakeRequest, catalogue: Catalogue, settings: Settings, session: Session, bag: str = ""
    ) -> None:
        """Guide through this take from now on. session: whose file is kept up to date. bag: its name there."""
        exercise = next((exercise for exercise in catalogue if exercise.name == request.exercise), None)
        self.guidance = Guidance(request, exercise, settings)
        self._session, self._bag = session, bag
        session.bag = bag
        self._take, self._tried, self._last, self.outcome = None, 0, None, None
        self._keeping = False
        self._say()

    def step(self, pose: Pose, light: float = float("nan")) -> None:
        """The next pose, and the mean luminance of the newest picture [0..255]."""
        guidance = self.guidance
        if guidance is None or guidance.phase == TakePhase.REVIEW:
            return
        assert self._session is not None
        self._session.camera |= {"width": pose.width, "height": pose.height, "frame_id": pose.frame_id}
        guidance.step(pose, light)
        if self._take is None and guidance.start is not None:
            self._take = TakeRecord(guidance.request.number, guidance.request.exercise, self._bag, start=guidance.start)
            self._label(LabelEvent.START, guidance.start, guidance.request.repetitions)
            self._session.takes.append(self._take)
            self._write()
        if guidance.phase == TakePhase.REVIEW:
            self._review(guidance)
        self._say()

    def count(self, event: RepEvent) -> None:
        """A repetition."""
        if self.guidance is not None:
            self.guidance.count(event)

    def decide(self, decision: Decision) -> str:
        """Keep, repeat or stop after the take that is over. Returns why that cannot be; empty where it was done."""
        guidance = self.guidance
        if guidance is None or guidance.phase != TakePhase.REVIEW:
            return "no take is waiting to be decided"
        if decision == Decision.KEEP and self._take is None:
            return "nothing was recorded; redo or stop"
        if decision != Decision.KEEP and self._keeping:
            return "the take is kept already"
        if decision == Decision.KEEP:
            lacking = self.lacking(self._over)
            self._keeping = lacking is None
            if lacking:
                return f"it cannot be kept: {lacking}"
            if not self._keeping:
                self._keep()
        elif decision == Decision.REDO:
            self._discard(guidance.problems or ("repeated",))
            guidance.again()
            self._say()
        else:
            self._discard(guidance.problems or ("stopped",))
            self._end(False, "stopped")
        return ""

    def lacking(self, since: float = 0.0) -> str | None:
        """Why the bag of the takes lacks something of what came since then, "" = nothing, None = nobody knows yet."""
        if not self._bag or self._session is None or self._session.folder is None:
            return ""
        return self._lacking(self._session.folder / self._bag, since)

    def settle(self) -> str:
        """Keep the take that is to be kept, once its bag is known to hold it. Returns why the bag lacks something."""
        if self._keeping and (problem := self.decide(Decision.KEEP)) and self.auto:
            self._discard((problem,))
            self._end(False, problem)
        return self.lacking() or ""

    def interrupt(self, reason: str) -> None:
        """Give the take up. One that is under way, or that was to be repeated, is withdrawn; a good one that only waits
        to be decided stays undecided, where session.yaml can say so of its bag: the labels alone would call it kept.
        """
        if self.guidance is not None and not self._kept_before():
            told = self._bag and self._session is not None and self._session.folder is not None
            if self.guidance.phase != TakePhase.REVIEW or self.guidance.problems or not told:
                self._discard(self.guidance.problems or (reason,))
            self._end(False, reason)

    def give_up(self, reason: str) -> None:
        """End the take because nobody will stand for it."""
        if self.guidance is not None:
            self.guidance.give_up(reason)
            self._say()
            self._discard((reason,))
            self._end(False, reason, placed=False)

    def cancel(self) -> None:
        """Withdraw the take, whether under way or waiting to be decided."""
        if self.guidance is not None and not self._kept_before():
            self._discard(("cancelled",))
            self._end(False, "cancelled")

    def _review(self, guidance: Guidance) -> None:
        if self._take is not None and guidance.stop is not None:
            self._take.stop, self._take.repetitions = guidance.stop, guidance.repetitions
            self._take.reasons = list(guidance.problems)
            self._label(LabelEvent.STOP, guidance.stop, guidance.repetitions)
            self._write()
        self._over = time.monotonic()
        self._say()
        if not self.auto:
            return
        self._tried += 1
        if guidance.start is None:
            # Another attempt would wait just as long.
            self._end(False, ", ".join(guidance.problems), placed=False)
        elif not guidance.problems:
            self._keeping = True
            self.settle()
        elif self._tried < self.attempts:
            self.decide(Decision.REDO)
        else:
            self._discard(guidance.problems)
            self._end(False, ", ".join(guidance.problems))

    def _keep(self) -> None:
        assert self._take is not None
        self._take.status = KEPT
        self._write()
        self._end(True, "")

    def _kept_before(self) -> bool:
        """Keep a take that somebody has decided to keep, whatever else comes now; whether there is one."""
        if not self._keeping or self.lacking(self._over):
            return False
        self._keep()
        return True

    def _discard(self, reasons: tuple[str, ...]) -> None:
        guidance = self.guidance
        if self._take is None or guidance is None:
            return
        stop = guidance.stop or self._take.start
        self._take.status, self._take.stop, self._take.reasons = DISCARDED, stop, list(reasons)
        self._take.repetitions = guidance.repetitions
        self._label(LabelEvent.DISCARD, stop, guidance.repetitions)
        self._write()
        self._take = None

    def _label(self, event: LabelEvent, stamp: int, repetitions: int) -> None:
        assert self.guidance is not None
        self._last = Label(event, stamp, self.guidance.request, repetitions)
        self.labels.append(self._last)

    def _say(self) -> None:
        if self.guidance is not None and self.guidance.instruction != self._said:
            self._said = self.guidance.instruction
            self.instructions.append(self._said)

    def _write(self) -> None:
        if self._session is None:
            return
        self.problem = ""
        try:
            self._session.write()
        except InputError as error:
            self.problem = str(error)

    def _end(self, kept: bool, reason: str, placed: bool = True) -> None:
        self.guidance, self._take, self._keeping = None, None, False
        self.outcome = Outcome(kept, reason, self._last, placed)
