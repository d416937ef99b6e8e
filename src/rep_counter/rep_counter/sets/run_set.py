"""A set that somebody asked for: what of the counter's repetitions belongs to it, and when it is over."""

from dataclasses import dataclass, replace
from enum import IntEnum

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import Phase, RepEvent, RepState, SetSummary, nanoseconds
from rep_counter.sets.counted_set import Set

STALL = nanoseconds(1.0)
"""Where no state comes for so long, the machine's clock goes on in the place of stamps [ns]."""
JUMP = nanoseconds(10.0)
"""A stamp that is ahead of the clock by more, since the state before, is that of a clock that was set [ns]."""
SAME = nanoseconds(1.0)
"""The turns of a repetition that a counter tells twice, since it was started anew, are so near each other [ns]."""
LAST_WORDS = nanoseconds(1.0)
"""So long after the counter has closed its set, repetitions of it are waited for that are still on their way [ns]."""


class End(IntEnum):
    """Why a set is over: values of `fitness_msgs/RunSet` result's `end_reason`."""

    REPETITIONS = 0
    TIME = 1
    REST = 2
    CANCELED = 3


@dataclass(frozen=True, slots=True)
class SetRequest:
    """What is asked for; the fields of `fitness_msgs/RunSet`'s goal. time_limit, rest: seconds, 0 = none, default."""

    exercise: str = ""
    repetitions: int = 0
    time_limit: float = 0.0
    rest: float = 0.0

    def check(self, catalogue: Catalogue) -> None:
        """Raise InputError where this cannot be done."""
        if self.exercise:
            catalogue[self.exercise]  # raises InputError that names those there are
        if self.time_limit < 0 or self.rest < 0:
            raise InputError(
                f"time_limit {self.time_limit:g} s, rest {self.rest:g} s: a duration is 0 or more; give 0 for none"
            )
        if not self.repetitions and not self.time_limit:
            raise InputError("repetitions 0 and time_limit 0: the set needs an end; give one of them, or both")


class RunSet:
    """One set from when it is asked for to its end.

    clock: the machine's steady clock now [ns]. patience: without a time limit, give up after so long without a
    repetition [s].

    Time is that of the stamps of the states. While none come the clock goes on in their place, and a jump of stamps
    is no time; so a camera that is unplugged keeps nobody waiting for ever. A repetition belongs to the set where it
    ended after it was asked for, once, however often it is told. Before the first state nobody can tell (`heard`).
    Where no exercise is given the first one that is counted is it.

    `end`: why the set is over, None while it is not. `given_up`: nobody did anything.
    """

    def __init__(self, request: SetRequest, catalogue: Catalogue, clock: int, patience: float = 60.0) -> None:
        self.request = request
        self.end: End | None = None
        self.given_up = False
        self._catalogue = catalogue
        self._patience = nanoseconds(patience)
        self._set = self._open(request.exercise) if request.exercise else None
        self._phase = Phase.UNKNOWN
        self._heard = clock
        self._stamped = False
        # Stamps [ns]; of the clock until the first state comes.
        self._stamp = self._began = self._last = clock
        self._newest = (0, 0)  # set_index and index of the counter's newest counted repetition
        self._known: dict[tuple[int, int], int] = {}  # turn of each counted repetition, by what identifies it
        self._closed: SetSummary | None = None
        self._closed_at = 0

    @property
    def count(self) -> int:
        """Repetitions counted so far."""
        return len(self._set.counted) if self._set else 0

    @property
    def heard(self) -> bool:
        """Whether a state has come, so that it can be told which repetitions are of this set."""
        return self._stamped

    @property
    def exercise(self) -> str:
        """The exercise of the set; empty = not known yet."""
        return self._set.exercise if self._set else ""

    def hear(self, state: RepState, clock: int) -> None:
        """A state of the counter: time goes on to its stamp."""
        set_on = state.stamp - self._stamp > JUMP + (clock - self._heard)
        if not self._stamped or state.stamp < self._stamp or set_on or clock - self._heard > STALL:
            jump = state.stamp - self._now(clock)
            self._began += jump
            self._last += jump
        self._stamped = True
        self._stamp, self._heard, self._phase = state.stamp, clock, state.phase
        self.look(clock)

    def take(self, event: RepEvent) -> bool:
        """A repetition of the counter; whether it belongs to the set, and is new."""
        if self.end is not None:
            return False
        identity = event.set_index, event.index
        if event.counted:
            self._newest = identity
        if not self._stamped or event.end <= self._began:
            return False
        if event.counted and identity in self._known and abs(event.turn - self._known[identity]) < SAME:
            return False
        if self._set is None and event.counted:
            self._set = self._open(event.exercise)
        if self._set is None or event.exercise != self._set.exercise:
            return False
        self._set.add(event)
        if event.counted:
            self._known[identity] = event.turn
            self._last = max(self._last, event.end)
            if self.count == self.request.repetitions:
                self.end = End.REPETITIONS
        return True

    def close(self, summary: SetSummary, clock: int) -> None:
        """The counter has closed a set; that ends this one, unless its rest is told in the request."""
        # Before the first state it is not known when this one began.
        ours = self.count > 0 or (self._stamped and summary.end > self._began)
        if summary.exercise == (self.exercise or summary.exercise) and ours and not self.request.rest:
            self._closed, self._closed_at = summary, clock
            self.look(clock)

    def look(self, clock: int) -> None:
        """See whether the set is over by now."""
        if self.end is not None:
            return
        now, limit, rest = self._now(clock), nanoseconds(self.request.time_limit), nanoseconds(self.request.rest)
        resting = self._phase in (Phase.UNKNOWN, Phase.REST) or clock - self._heard > STALL
        if self.count and self._is_closed(clock):
            self.end = End.REST
        elif limit and now - self._began >= limit:
            self.end = End.TIME
        elif rest and self.count and resting and now - self._last > rest:
            self.end = End.REST
        elif not limit and now - self._last > self._patience:
            self.end, self.given_up = End.TIME, True

    def summary(self, clock: int) -> SetSummary:
        """What there is to say of the set so far; the counter's own where it is about the same repetitions."""
        if self._closed is not None and self._closed.repetitions == self.count:
            return self._closed
        stamp = self._now(clock)
        if self._set is not None and self._set.counted:
            # The event of a pose comes before its state.
            stamp = max(stamp, *(event.stamp for event in self._set.counted))
            return replace(self._set.summary(stamp), set_index=self._newest[0])
        nan = float("nan")
        rejected = len(self._set.rejected) if self._set else 0
        # Without a state there is no stamp: 0 is none.
        began, ended = (max(0, self._began), max(0, stamp)) if self._stamped else (0, 0)
        return SetSummary(ended, self.exercise, 0, began, ended, 0, rejected, nan, nan)

    def _is_closed(self, clock: int) -> bool:
        """Whether the counter has closed its set and all its repetitions are here."""
        if self._closed is None:
            return False
        complete = self._newest == (self._closed.set_index, self._closed.repetitions)
        return complete or clock - self._closed_at > LAST_WORDS

    def _open(self, exercise: str) -> Set:
        return Set(exercise, 0, self._catalogue[exercise].effort)

    def _now(self, clock: int) -> int:
        """Stamp of now [ns]."""
        waited = clock - self._heard
        return self._stamp + (waited if waited > STALL or not self._stamped else 0)
