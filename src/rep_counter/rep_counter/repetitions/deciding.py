"""Which of the repetitions that were found are credited, and to which exercise: they wait here until that is sure."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from fitness_core.catalogue import Sides
from fitness_core.types import Reason, nanoseconds
from rep_counter.repetitions.candidate import Candidate
from rep_counter.repetitions.credit import LABEL_LAG, WAIT, Case, Evidence, Found
from rep_counter.repetitions.track import Track
from rep_counter.sets.counted_set import Set

# So much rather this exercise than its best rival: sure at once. When the wait is over the better one is taken.
_SURE = 0.67
# A lone repetition in which another exercise would find its movement too is named at once only so surely.
_CERTAIN = 0.95
# Failed attempts are told of where it is more likely that the exercise was done than not.
_LIKELY = 0.5
# A lone repetition needs this much of both, of being this exercise and of being it rather than its best rival: who
# steps back with a bar bends the knees a little as in a squat and a little as in a lunge.
_ALONE = 0.5
# So many alike repetitions speak for themselves; of fewer the labels alone must say that they are more likely than not.
_FEW = 3
# Within a set the next repetition of the same exercise is likely, so that less will do.
_NEEDED_IN_SET = 0.3
# Repetitions before those that decided belong to the set where the classifier at least considered them.
_NEEDED_BEFORE_SET = 0.15
# A running set of an exercise that moves too ends for another only after so many repetitions of the other.
_TO_TAKE_OVER = 3
# Ranges of motion of consecutive repetitions of a set differ by no more than this share.
_ALIKE = 0.6
# So many repetitions at a time decide what a set is.
_DECIDING = 6
# The first repetitions of a doubtful set wait no longer than this for further ones.
_PATIENCE = nanoseconds(6.0)
# So many failed attempts before a set are remembered; who fails more often before the first good one is told enough.
_MOST_FAILED = 10
# Repetitions of one set follow each other within this.
_GAP = nanoseconds(3.0)
REMEMBERED = nanoseconds(30.0)
"""Repetitions that nobody was credited with are remembered so long [ns]: the classifier may yet be sure."""


class Deciding:
    """The candidates of every exercise that wait, and what speaks for each exercise.

    tracks: where they come from. evidence: what the classifier said. given: the exercise that is counted whatever the
    classifier says; empty = it decides.

    Stamps are in ns. running: the set that is not over yet. last: nothing more will come, so that what waits is decided
    now.
    """

    def __init__(self, tracks: Mapping[str, Track], evidence: Evidence, given: str) -> None:
        self._tracks = tracks
        self._evidence = evidence
        self.given = given
        self._open: dict[str, list[Candidate]] = {name: [] for name in tracks}
        self._failed: dict[str, deque[Candidate]] = {name: deque(maxlen=_MOST_FAILED) for name in tracks}
        self.credited: deque[tuple[str, int, int]] = deque(maxlen=30)
        """Exercise, start, end of the last repetitions."""
        self._unknown = -1  # up to here it was told that there were no labels

    @property
    def given(self) -> str:
        """The exercise that is counted whatever the classifier says; empty = none."""
        return self._given

    @given.setter
    def given(self, exercise: str) -> None:
        self._given = exercise
        for name, track in self._tracks.items():
            track.given = name == exercise

    @property
    def waiting(self) -> bool:
        """Whether anything waits."""
        return any(self._open.values())

    def add(self, name: str, candidates: Sequence[Candidate], settled: int) -> bool:
        """Let candidates of an exercise wait, but what turned before `settled`; whether there are any."""
        new = [c for c in candidates if c.excursion.turn > settled and not self._taken(name, c)]
        alternating = self._tracks[name].exercise.sides == Sides.ALTERNATING
        good = [one for one in new if one.reason == Reason.NONE]
        # What one side failed at is no attempt of its own where the other has done it.
        self._open[name] = [
            one
            for one in self._open[name] + new
            if one.reason == Reason.NONE or not any(one.same_movement(other, alternating) for other in good)
        ]
        return bool(new)

    def drop(self, but: str = "") -> None:
        """Let nothing wait any more. but: of no exercise but this one."""
        self._open = {name: waiting if name == but else [] for name, waiting in self._open.items()}
        for name, failed in self._failed.items():
            if name != but:
                failed.clear()

    def credit(self, name: str, candidate: Candidate) -> None:
        """An exercise is credited with a candidate; a good one is then open to no other."""
        self._open[name] = [one for one in self._open[name] if one is not candidate]
        if candidate.reason != Reason.NONE:
            return
        self.credited.append((name, candidate.excursion.start, candidate.excursion.end))
        for other, waiting in self._open.items():
            self._open[other] = [one for one in waiting if not self._taken(other, one)]

    def withdraw(self, name: str, candidate: Candidate) -> None:
        """A candidate is nothing after all."""
        self._open[name].remove(candidate)

    def unlabelled(self, running: Set, now: int) -> bool:
        """Whether a repetition of the running set has waited in vain for a classifier that is silent."""
        return not self.given and any(
            now - candidate.excursion.end > WAIT and not self._labels_of(candidate)
            for candidate in self._open[running.exercise]
            if candidate.reason == Reason.NONE and candidate.excursion.begun and self._of_set(running, candidate)
        )

    def forget(self, now: int, spoken: bool, doubtful_until: int) -> Iterator[tuple[int, int]]:
        """Drop failed attempts that waited in vain, and what is too old to begin a set.

        Where a classifier that speaks never said a word about what may have been a repetition, its start and end. So
        too where it is not known whether it speaks: of what began before `doubtful_until` [ns].
        """
        for name, candidates in self._open.items():
            if not candidates:
                continue
            kept = []
            for candidate in candidates:
                good, excursion = candidate.reason == Reason.NONE, candidate.excursion
                if now - excursion.end <= (REMEMBERED if good else WAIT):
                    kept.append(candidate)
                    continue
                if not good:
                    self._failed[name].append(candidate)
                expected = spoken or excursion.start <= doubtful_until
                unheard = good and expected and not self.given and not self._labels_of(candidate)
                if unheard and excursion.start >= self._unknown and not self._taken("", candidate):
                    yield excursion.start, excursion.end
                    self._unknown = excursion.end
            self._open[name] = kept

    def going_on(self, running: Set, now: int, last: bool) -> Iterator[Candidate]:
        """What the running set is to be credited with: what came since, and what lies between two of its repetitions.

        Each is to be credited or withdrawn before the next is asked for.
        """
        name = running.exercise
        for candidate in list(self._open[name]):
            if candidate not in self._open[name] or not candidate.excursion.begun:
                continue
            if not self._of_set(running, candidate):
                continue
            good = candidate.reason == Reason.NONE
            attempt = "" if good else name
            waited = last or now - candidate.excursion.end > WAIT
            # Where nothing was asked for and nothing said at all, the set goes on: its rules were kept.
            silent = good and waited and not self.given and not self._labels_of(candidate)
            sure = silent or self.given == name
            share = 1.0 if sure else self._case([candidate], now, last, attempt=attempt, least=WAIT).share(name)
            if share >= (_NEEDED_IN_SET if good else _LIKELY):
                # Failed attempts are told of within a set only; good ones before a credited one are of the set too.
                between = [
                    other
                    for other in self._open[name]
                    if running.end <= other.excursion.start and other.excursion.turn < candidate.excursion.turn
                ]
                yield from [*(other for other in between if good and other.reason == Reason.NONE), candidate]

    def next_set(self, running: Set | None, now: int, last: bool, alone: bool) -> tuple[str, list[Candidate]] | None:
        """The exercise and the first repetitions of a set that has begun, if one has.

        alone: half a repetition may be all there is.
        """
        best: tuple[float, str, list[Candidate]] | None = None
        for name in [self.given] if self.given else self._open:
            if not self._open[name] or (running is not None and running.exercise == name):
                continue
            chain = self._chain(name, now, alone)
            if not chain:
                continue
            if self.given:
                return name, chain
            weight = self._weight(name, chain, running, now, last)
            if weight > 0 and (best is None or weight > best[0]):
                best = weight, name, chain
        if best is None:
            return None
        _, name, chain = best
        while len(chain) > 1 and self._case(chain[:1], now, last).share(name) < _NEEDED_BEFORE_SET:
            chain = chain[1:]
        # What is left may be a half that does not count, which makes no set.
        return (name, chain) if _counts(chain) else None

    def failed_before(self, name: str, chain: list[Candidate], now: int, last: bool) -> list[Candidate]:
        """The failed attempts that lead up to the first repetitions of a set and are as large, oldest first.

        As within a set they are told of where it is more likely that the exercise was done than not.
        """
        failed = [one for one in self._failed[name] if now - one.excursion.end <= REMEMBERED]
        failed += [one for one in self._open[name] if one.reason != Reason.NONE]
        told: list[Candidate] = []
        first = chain[0].excursion
        for candidate in sorted(failed, key=lambda one: one.excursion.turn, reverse=True):
            excursion = candidate.excursion
            if excursion.turn >= first.start:
                continue
            small, large = sorted((excursion.range_of_motion, first.range_of_motion))
            if first.start - excursion.end > _GAP or small < _ALIKE * large:
                break
            if not excursion.begun or not excursion.done or self._taken(name, candidate):
                continue
            given = self.given == name
            if given or self._case([candidate], now, last, attempt=name, least=WAIT).share(name) >= _LIKELY:
                told.insert(0, candidate)
                first = excursion
        self._failed[name].clear()
        return told

    def _weight(self, name: str, chain: list[Candidate], running: Set | None, now: int, last: bool) -> float:
        """How much speaks for a set of this exercise having begun; 0 where it has not, or that cannot be told yet."""
        deciding = chain[-_DECIDING:]
        ended, began = deciding[-1].excursion.end, deciding[0].excursion.end
        over = last or now - ended > WAIT or now - began > _PATIENCE
        case = self._case(deciding, now, last, so_far=not over)
        # Alike repetitions in a row speak for an exercise: of odds, so many are worth their root.
        needed = 1 / (1 + math.sqrt(len(deciding)))
        ahead = 0.5
        if not over:
            needed = max(needed, _SURE / len(deciding))
            ahead = _SURE if len(deciding) > 1 else _CERTAIN
        if case.share(name) < needed or case.over_rival(name) < ahead:
            return 0.0
        if len(deciding) == 1 and case.share(name) * case.over_rival(name) < _ALONE:
            return 0.0
        least = self._tracks[name].exercise.least_probability
        if case.said.get(name, 0.0) < (max(least, _LIKELY) if len(chain) < _FEW else least):
            return 0.0
        if running is not None and len(chain) < _TO_TAKE_OVER and case.weights.get(running.exercise, 0.0) > 0:
            return 0.0
        return case.weights[name]

    def _of_set(self, running: Set, candidate: Candidate) -> bool:
        """Whether a candidate is not of long before the set: who rested in between began it anew."""
        rest = nanoseconds(self._tracks[running.exercise].exercise.rest_s)
        return running.start - candidate.excursion.end <= rest

    def _labels_of(self, candidate: Candidate) -> dict[str, float]:
        excursion = candidate.excursion
        return self._evidence.means(excursion.turn, excursion.end + WAIT)

    def _case(
        self,
        candidates: list[Candidate],
        now: int,
        last: bool,
        so_far: bool = False,
        attempt: str = "",
        least: int = 0,
    ) -> Case:
        """What speaks for each exercise from the turning point of the first candidate to shortly after the last.

        attempt: an exercise whose movement is taken for good, to tell whether a failed one was meant as one.
        least: labels of so long [ns] are heard, earlier ones where the recording ends too soon.
        """
        start, end = candidates[0].excursion.start, candidates[-1].excursion.end
        until = min(now if last else now - LABEL_LAG, end + WAIT)
        # Too short a recording for a label after the turning point: hear those before it too.
        since = min(start, until - least) if last else candidates[0].excursion.turn
        means = self._evidence.means(since, until)
        found = {name: track.found(start, end, so_far) for name, track in self._tracks.items()}
        if attempt:
            found[attempt] = Found(1.0, 1.0)
        return Case.weigh(means, found)

    def _chain(self, name: str, now: int, alone: bool) -> list[Candidate]:
        """The last good repetitions of an exercise that follow each other without a break and are alike, oldest first.

        Empty where there are none, or nothing but half a repetition at the beginning of what may be more, or one
        that does not count.
        """
        good = [candidate for candidate in self._open[name] if candidate.reason == Reason.NONE and candidate.landed]
        good.sort(key=lambda candidate: candidate.excursion.turn)
        if not good:
            return []
        chain = [good.pop()]
        while good:
            before, first = good.pop(), chain[0].excursion
            small, large = sorted((before.excursion.range_of_motion, first.range_of_motion))
            if first.start - before.excursion.end > _GAP or small < _ALIKE * large:
                break
            chain.insert(0, before)
        if all(not candidate.excursion.begun for candidate in chain):
            # A lone half counts where it is all there is.
            return chain if alone and now - chain[-1].excursion.end < _GAP else []
        return chain if _counts(chain) else []

    def _taken(self, name: str, candidate: Candidate) -> bool:
        """Whether most of a candidate's time is already credited to another exercise; it is then open no more."""
        excursion = candidate.excursion
        shared = sum(
            max(0, min(end, excursion.end) - max(start, excursion.start))
            for exercise, start, end in self.credited
            if exercise != name
        )
        return 2 * shared > excursion.end - excursion.start


def _counts(chain: Sequence[Candidate]) -> bool:
    """Whether any of these is a repetition, or the half of one that counts."""
    return any(candidate.excursion.done for candidate in chain)
