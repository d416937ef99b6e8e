"""Guides a person through one take: stand in view, 3-2-1, go, stop, keep or repeat. All by the stamps of the poses."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np

from fitness_core.catalogue import Exercise
from fitness_core.errors import InputError
from fitness_core.types import SET_BACK, SILENT, Pose, RepEvent, nanoseconds, seconds
from fitness_datasets.collection.placement import check_placement, points_of
from fitness_datasets.collection.quality import Gate, Limits

LONGEST_NAME = 100
"""Characters of the names of a subject and of a session; a folder is named after both, with 255 at most."""


class TakePhase(IntEnum):
    """Values of `phase` in the feedback of fitness_msgs/RecordTake."""

    PLACEMENT = 0
    COUNTDOWN = 1
    RECORDING = 2
    REVIEW = 3


class Decision(StrEnum):
    """What to do with a take that is over."""

    KEEP = "keep"
    REDO = "redo"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """What to record. repetitions: stop after so many, 0 = by time. time_limit: stop after so long [s], 0 = by count.

    number: of the take in the session, 1 = first.
    """

    subject: str
    session: str
    exercise: str
    number: int = 1
    repetitions: int = 0
    time_limit: float = 0.0
    consent: bool = False

    def check(self, exercises: tuple[str, ...], others: tuple[str, ...] = ("idle", "other")) -> None:
        """Raise InputError, with what to do, for a take that must not or cannot be recorded."""
        if not self.consent:
            raise InputError("no consent: record only who has agreed to be recorded, then say so (--consent, consent)")
        check_pseudonym("subject", self.subject)
        check_pseudonym("session", self.session)
        if self.exercise not in exercises + others:
            raise InputError(f"exercise {self.exercise!r} is not known; there are: {', '.join(exercises + others)}")
        if self.repetitions and self.exercise in others and not self.time_limit:
            raise InputError(f"{self.exercise!r} has no repetitions; give its time too (--seconds, time_limit)")
        if self.time_limit < 0:
            raise InputError(f"time_limit {self.time_limit:g} s: a duration is 0 or more; give 0 for none")
        if not self.repetitions and not self.time_limit:
            raise InputError("a take needs an end; give its repetitions (--reps) or its time (--seconds)")


def check_pseudonym(what: str, given: str) -> None:
    """Raise InputError for what cannot be part of the name of a folder."""
    if not 0 < len(given) <= LONGEST_NAME or not all(c.isascii() and (c.isalnum() or c in "-_") for c in given):
        shown = given if len(given) <= LONGEST_NAME else f"{given[:20]}..."
        raise InputError(
            f"{what} {shown!r}: give a pseudonym of letters, digits, - and _, at most {LONGEST_NAME}, e.g. P01; "
            "never a name"
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """How a person is guided; all times [s].

    hold: to stand well before the countdown. unsteady: to stand badly before it is told. countdown: its length.
    tail: recorded on after the last repetition asked for. patience: without a repetition, then the take ends.
    placement_timeout: without a good placement, then the take is over before it began; 0 = wait for ever. asks: the
    person, or who records them, decides about a take that is done.
    """

    hold: float = 1.0
    unsteady: float = 0.5
    countdown: float = 3.0
    tail: float = 0.7
    patience: float = 20.0
    placement_timeout: float = 0.0
    asks: bool = True
    limits: Limits = field(default_factory=Limits)


class Guidance:
    """One take, from placement to review. Feed it poses and repetitions; read its state after each.

    exercise: of the catalogue, None for idle and other. start, stop: stamps of the first and last pose of the take
    [ns], None before. repetitions: counted in it. problems: why it should be repeated, known in REVIEW. remaining:
    [s] of the present phase, NaN = not bounded. hindrance: set it to why no take can begin, whoever stands there.
    """

    def __init__(self, request: TakeRequest, exercise: Exercise | None, settings: Settings | None = None) -> None:
        self.request = request
        self._exercise = exercise
        self._points = points_of(exercise)
        self._settings = settings or Settings()
        self._title = exercise.title.lower() if exercise else request.exercise
        self.hindrance = ""
        self.again()

    def again(self) -> None:
        """Back to placement, as if nothing had been recorded."""
        self.phase = TakePhase.PLACEMENT
        self.instruction = f"Take {self.request.number}, {self._title}: stand where the camera sees you."
        self.remaining = float("nan")
        self.start: int | None = None
        self.stop: int | None = None
        self.repetitions = 0
        self.problems: tuple[str, ...] = ()
        self._begun: int | None = None
        self._since: int | None = None  # since when the person stands well, or badly in the countdown; or the 3-2-1
        self._badly: int | None = None
        self._seen = 0
        self._last_repetition = 0
        self._done: int | None = None
        self._gate = Gate(self._settings.limits)
        self._last: int | None = None  # stamp of the last pose

    def step(self, pose: Pose, light: float = float("nan")) -> None:
        """The next pose; light: mean luminance of the newest picture [0..255], NaN = not known.

        Where the stamps jump back (a clock that was set, a recording that begins anew) a take under way is over, to be
        repeated, and one that has not begun starts anew.
        """
        last, self._last = self._last, pose.stamp
        if last is not None and last - pose.stamp > SET_BACK and self.phase != TakePhase.REVIEW:
            if self.phase == TakePhase.RECORDING:
                self._review("the clock was set back")
                return
            self.again()
            self._last = pose.stamp
        elif last is not None and self._begun is not None and seconds(pose.stamp - last) > SILENT:
            # No pose came, or the clock was set forward: nobody has stood badly meanwhile.
            self._begun += pose.stamp - last
        if self.phase == TakePhase.PLACEMENT:
            self._place(pose, light)
        elif self.phase == TakePhase.COUNTDOWN:
            self._count_down(pose, light)
        if self.phase == TakePhase.RECORDING:
            self._record(pose, light)

    def count(self, event: RepEvent) -> None:
        """A repetition; it counts where it is one of this exercise and turned within the take."""
        if self.phase != TakePhase.RECORDING or self.start is None or not event.counted:
            return
        if event.exercise == self.request.exercise and event.turn >= self.start:
            self.repetitions += 1
            self._last_repetition = event.stamp
            if self.repetitions == self.request.repetitions:
                self._done = event.stamp

    def _place(self, pose: Pose, light: float) -> None:
        problem = self.hindrance or check_placement(pose, self._points, light)
        if self._begun is None:
            self._begun = pose.stamp
        if problem:
            self._since, self.instruction = None, problem
            limit = self._settings.placement_timeout
            if 0 < limit < seconds(pose.stamp - self._begun):
                self.give_up(f"nobody stood well for {limit:g} s ({problem[0].lower()}{problem[1:-1]})")
            return
        if self._since is None:
            self._since = pose.stamp
        self.instruction = "Good. Stay there."
        if seconds(pose.stamp - self._since) >= self._settings.hold:
            self.phase, self._since, self._badly = TakePhase.COUNTDOWN, pose.stamp, None
            self._count_down(pose, light)

    def give_up(self, reason: str) -> None:
        """Over before it began."""
        self.phase, self.remaining, self.problems = TakePhase.REVIEW, float("nan"), (f"not recorded: {reason}",)
        self.instruction = f"Take {self.request.number}: {self.problems[0]}."

    def _count_down(self, pose: Pose, light: float) -> None:
        assert self._since is not None
        problem = self.hindrance or check_placement(pose, self._points, light)
        if not problem:
            self._badly = None
        elif self._badly is None:
            self._badly = pose.stamp
        elif seconds(pose.stamp - self._badly) > self._settings.unsteady:
            begun = self._begun
            self.again()
            self.instruction, self._begun = problem, begun
            return
        self.remaining = max(0.0, self._settings.countdown - seconds(pose.stamp - self._since))
        if self.remaining > 0:
            self.instruction = f"{int(np.ceil(self.remaining))}"
            return
        if problem:
            return  # where no pose came for a while, the person may long be gone
        self.phase, self.start = TakePhase.RECORDING, pose.stamp
        self._seen = self._last_repetition = pose.stamp

    def _record(self, pose: Pose, light: float) -> None:
        assert self.start is not None
        asked, limit = self.request.repetitions, self.request.time_limit
        self._gate.add(pose, light)
        self.stop = pose.stamp
        if pose.tracked:
            self._seen = pose.stamp
        self.remaining = limit - seconds(pose.stamp - self.start) if limit else float("nan")
        done = self._done is not None and pose.stamp - self._done >= nanoseconds(self._settings.tail)
        late = not limit and seconds(pose.stamp - self._last_repetition) > self._settings.patience
        if done or late or self.remaining <= 0:
            self._review()
        elif seconds(pose.stamp - self._seen) > 1.0:
            self.instruction = "Step back into the picture: the camera does not see you."
        elif self._exercise is None:
            self.instruction = f"Go: {self._title}."
        else:
            self.instruction = f"Go: {self._title}, {self.repetitions}{f' of {asked}' if asked else ''}."

    def _review(self, *problems: str) -> None:
        asked = self.request.repetitions if self._exercise else 0
        self.phase, self.remaining = TakePhase.REVIEW, float("nan")
        self.problems = problems + self._gate.problems(self.repetitions, asked)
        asks = self._settings.asks
        if self.problems:
            question = " Redo, keep or stop?" if asks else ""
            self.instruction = f"Please repeat take {self.request.number}: {', '.join(self.problems)}.{question}"
        else:
            self.instruction = f"Take {self.request.number} is done{': keep, redo or stop?' if asks else '.'}"
