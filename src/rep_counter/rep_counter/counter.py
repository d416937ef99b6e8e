"""The repetition counter: poses and labels in; joint angles, phase, repetitions and sets out."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

from fitness_core.catalogue import Catalogue
from fitness_core.geometry import joint_angles
from fitness_core.types import (
    SOONEST,
    Classification,
    JointAngles,
    Periodicity,
    Phase,
    Pose,
    Reason,
    RepEvent,
    RepState,
    SetSummary,
    nanoseconds,
    seconds,
)
from rep_counter import form
from rep_counter.bodies import Bodies, Body
from rep_counter.credit import LABEL_LAG, WAIT, Case, Evidence, Found
from rep_counter.gaps import Gaps
from rep_counter.machine import HOLD_S
from rep_counter.memory import Memory
from rep_counter.periodicity import Movement
from rep_counter.sets import Set
from rep_counter.signals import GlitchGate, Past, Reading
from rep_counter.track import Candidate, Track

# So much rather this exercise than its best rival: sure at once. When the wait is over the better one is taken.
_SURE = 0.67
# A lone repetition in which another exercise would find its movement too is named at once only so surely.
_CERTAIN = 0.95
# Failed attempts are told of where it is more likely that the exercise was done than not.
_LIKELY = 0.5
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
# A set of fewer repetitions holds too few periods for a second opinion.
_LEAST_FOR_OPINION = 3
# Repetitions of one set follow each other within this.
_GAP = nanoseconds(3.0)
# Repetitions that nobody was credited with are remembered so long: the classifier may yet be sure.
_REMEMBERED = nanoseconds(30.0)


@dataclass(frozen=True, slots=True)
class CounterOutput:
    """What one pose led to. angles: of the pose. events, summaries: in the order of their time.

    periodicity: what repeats while no exercise of the catalogue is counted; every two seconds, else None. readings: of
    every exercise of the catalogue what its signal is in the pose.
    """

    angles: JointAngles
    state: RepState
    events: list[RepEvent] = field(default_factory=list)
    summaries: list[SetSummary] = field(default_factory=list)
    periodicity: Periodicity | None = None
    readings: Sequence[Reading] = ()


class RepCounter:
    """Counts repetitions of every exercise of a catalogue; the classifier's labels decide which are credited.

    catalogue: the exercises. exercise: count this one, whatever the classifier says; empty = the classifier decides.
    min_visibility: below it a joint is not measured [0..1].

    A set begins where the labels over a chain of alike repetitions, and whose rules the movement keeps, speak for an
    exercise (`credit.Case`): at once where they are sure, else when the classifier has had its window, two seconds,
    after the last of them. Then the whole chain is credited, back to its first repetition, and what follows needs less.
    A stretch of time is credited once.

    Where a recording begins or ends within a repetition: half a repetition at one end of a set counts as one, a half
    at each end together count as one.
    """

    def __init__(self, catalogue: Catalogue, exercise: str = "", min_visibility: float = 0.3) -> None:
        self._catalogue = catalogue
        self._min_visibility = min_visibility
        self._bodies = Bodies(catalogue, min_visibility)
        self._signals = [self._bodies.signal(one) for one in catalogue]
        self.set_exercise(exercise)
        self.reset()

    def reset(self) -> None:
        """Forget everything, sets included."""
        longest = max((exercise.longest_s for exercise in self._catalogue), default=0.0)
        self._past = Past(longest + seconds(_REMEMBERED))
        self._tracks = {
            exercise.name: Track(exercise, self._min_visibility, self._past, self._bodies)
            for exercise in self._catalogue
        }
        self._gates = [GlitchGate() for _ in range(self._bodies.columns)]
        self._movement = Movement()
        self._evidence = Evidence()
        self._open: dict[str, list[Candidate]] = {exercise.name: [] for exercise in self._catalogue}
        self._credited: deque[tuple[str, int, int]] = deque(maxlen=30)  # exercise, start, end of the last repetitions
        self._heard = -1  # stamp of the newest label that was considered
        self._gaps = Gaps()
        self._settled = -1  # what turned before this [ns] was decided before a restart
        self._unknown = -1  # up to here [ns] it was told that there were no labels
        self._set: Set | None = None
        self._sets = 0
        self._pose: Pose | None = None
        self._tracked = False  # whether somebody is seen in it
        self._body_id = ""  # of the last body that was seen

    @property
    def stamp(self) -> int | None:
        """Of the newest pose [ns]; None before the first."""
        return self._gaps.last

    @property
    def missing(self) -> float:
        """Share of the poses of the last seconds that never came [0..1]."""
        return self._gaps.missing

    def memory(self) -> Memory:
        """What is published so far, to go on from after a crash."""
        running = self._set.saved() if self._set else None
        return Memory(self._gaps.last or 0, self.exercise, self._sets, running, list(self._credited))

    def restore(self, memory: Memory) -> None:
        """Go on from what a counter before had published; `step` then takes the poses of around `memory.stamp` on.

        Movement that was told before is not told again, and where poses are missing that is an INTERRUPTED event.
        """
        self.reset()
        self.exercise = memory.exercise if memory.exercise in self._catalogue else ""
        self._sets = memory.sets
        self._credited.extend(entry for entry in memory.credited if entry[0] in self._catalogue)
        self._settled = memory.end
        self._gaps = Gaps(memory.stamp)
        if memory.running and memory.running.exercise in self._catalogue:
            self._set = Set.of(memory.running, self._catalogue[memory.running.exercise].effort)
            self._settled = max([self._settled, *(event.turn for event in memory.running.rejected)])
            for event in self._set.counted:
                self._tracks[self._set.exercise].learn(event.range_of_motion)

    def set_exercise(self, exercise: str) -> None:
        """Count this exercise from now on, whatever the classifier says; empty = the classifier decides."""
        if exercise:
            self._catalogue[exercise]  # raises InputError that names those there are
        self.exercise = exercise

    def classify(self, classification: Classification) -> None:
        """Hear what the classifier says; it counts from 0.1 s after its stamp."""
        self._evidence.add(classification)

    def step(self, pose: Pose) -> CounterOutput:
        """Count up to this pose.

        A stamp before the last one ends the set and starts anew; the same stamp is nothing new.
        """
        return self.steps([pose])[0]

    def steps(
        self, poses: Sequence[Pose], classifications: Sequence[Classification | None] = ()
    ) -> list[CounterOutput]:
        """What `step` gives for each of many poses, in half of the time.

        classifications: what the classifier said at each of them, None where nothing; it is heard before the pose.
        """
        outputs = []
        for body, label in zip(self._bodies.of(poses), classifications or repeat(None, len(poses)), strict=True):
            if label is not None:
                self.classify(label)
            outputs.append(self._step(body))
        return outputs

    def _step(self, body: Body) -> CounterOutput:
        pose = body.pose
        readings = [body.readings[signal] for signal in self._signals]
        if self._pose is not None and 0 <= pose.stamp - self._pose.stamp < SOONEST:
            # A clock that stands still, or a pose that came twice; remembering them all would fill the memory.
            return CounterOutput(body.angles, self._state(self._pose), readings=readings)
        events: list[RepEvent] = []
        summaries: list[SetSummary] = []
        if self._pose is not None and pose.stamp < self._pose.stamp:
            before, sets = self.finish(), self._sets
            events, summaries = before.events, before.summaries
            self.reset()
            self._sets = sets
        elif pose.body_id and self._body_id not in ("", pose.body_id):
            self._another_body(events, summaries)
        self._pose, self._tracked, self._body_id = pose, body.tracked, pose.body_id or self._body_id
        if gap := self._gaps.step(pose.stamp, self._bearable_gap()):
            events.append(self._interrupted(*gap))
        self._movement.add(pose)
        self._past.add(pose)
        drives = [gate.step(pose.stamp, value) for gate, value in zip(self._gates, body.drives, strict=True)]
        found = False
        for name, track in self._tracks.items():
            for candidate in track.step(body, drives):
                if candidate.excursion.turn > self._settled and not self._taken(name, candidate):
                    self._open[name].append(candidate)
                    found = True
        heard = self._evidence.newest(pose.stamp - LABEL_LAG)
        if found or heard != self._heard or (self._set and self._unlabelled(self._set, pose.stamp)):
            self._heard = heard
            self._decide(pose.stamp, events, summaries)
        if self._set and self._rested(self._set, pose):
            summaries.append(self._close_set())
        periodicity = self._movement.bout(pose.body_id) if self._set is None else None
        return CounterOutput(body.angles, self._state(pose), events, summaries, periodicity, readings)

    def finish(self) -> CounterOutput:
        """The stream is over: decide what waits, count halves at the end, close the set."""
        if self._pose is None:
            summaries = [self._close_set()] if self._set else []
            return CounterOutput(joint_angles(Pose.nobody(0, 1, 1)), RepState(0), summaries=summaries)
        for name, track in self._tracks.items():
            self._open[name] += [
                candidate
                for candidate in track.finish()
                if candidate.excursion.turn > self._settled and not self._taken(name, candidate)
            ]
        events: list[RepEvent] = []
        summaries = []
        self._decide(self._pose.stamp, events, summaries, last=True)
        state = self._state(self._pose)
        if self._set:
            summaries.append(self._close_set())
        return CounterOutput(joint_angles(self._pose, self._min_visibility), state, events, summaries)

    def _unlabelled(self, running: Set, now: int) -> bool:
        """Whether a repetition of the running set has waited in vain for a classifier that is silent."""
        return not self.exercise and any(
            now - candidate.excursion.end > WAIT and not self._labels_of(candidate)
            for candidate in self._open[running.exercise]
            if candidate.reason == Reason.NONE and candidate.excursion.begun
        )

    def _labels_of(self, candidate: Candidate) -> dict[str, float]:
        excursion = candidate.excursion
        return self._evidence.means(excursion.turn, excursion.end + WAIT)

    def _bearable_gap(self) -> float:
        """Longest time without a pose in which no repetition is lost [s]; infinite while no exercise is known.

        After a restart it cannot be known: every gap is told of.
        """
        name = self._set.exercise if self._set else self.exercise
        if name:
            return min(HOLD_S, self._catalogue[name].shortest_s)
        return HOLD_S if self._gaps.resumed else math.inf

    def _interrupted(self, start: int, end: int) -> RepEvent:
        """The event that tells of a gap between two poses [ns]."""
        assert self._pose is not None
        name = self._set.exercise if self._set else self.exercise
        lost = RepEvent(end, name, 0, 0, Reason.INTERRUPTED, start, start, end, math.nan, body_id=self._pose.body_id)
        return self._set.add(lost) if self._set else lost

    def _another_body(self, events: list[RepEvent], summaries: list[SetSummary]) -> None:
        """Somebody else comes: decide what waits, close the set, make no repetition of two people's movement."""
        assert self._pose is not None
        self._decide(self._pose.stamp, events, summaries, last=True)
        if self._set:
            summaries.append(self._close_set())
        self._open = {name: [] for name in self._open}
        for track in self._tracks.values():
            track.new_body()
        self._gates = [GlitchGate() for _ in self._gates]

    def _decide(self, now: int, events: list[RepEvent], summaries: list[SetSummary], last: bool = False) -> None:
        """Credit what can be decided by now [ns]; tell in `events`, `summaries`. last: nothing more will come."""
        self._forget(now, events)
        while True:
            if self._set is not None:
                self._go_on(self._set, now, events, last)
            chain = self._next_set(now, last)
            if not chain:
                return
            if self._set is not None:
                summaries.append(self._close_set())
            self._sets += 1
            self._set = Set(chain[0], self._sets, self._catalogue[chain[0]].effort)
            for candidate in chain[1]:
                self._credit(self._set, candidate, now, events)

    def _go_on(self, running: Set, now: int, events: list[RepEvent], last: bool) -> None:
        """Add to the running set what came since, and what lies between two of its repetitions."""
        name = running.exercise
        for candidate in list(self._open[name]):
            if candidate not in self._open[name] or not candidate.excursion.begun:
                continue
            good = candidate.reason == Reason.NONE
            attempt = "" if good else name
            waited = last or now - candidate.excursion.end > WAIT
            # Where nothing was asked for and nothing said at all, the set goes on: its rules were kept.
            silent = good and waited and not self.exercise and not self._labels_of(candidate)
            sure = silent or self.exercise == name
            share = 1.0 if sure else self._case([candidate], now, last, attempt=attempt).share(name)
            if share >= (_NEEDED_IN_SET if good else _LIKELY):
                # Failed attempts are told of within a set only; good ones before a credited one are of the set too.
                between = [
                    other
                    for other in self._open[name]
                    if running.end <= other.excursion.start and other.excursion.turn < candidate.excursion.turn
                ]
                for other in [*(other for other in between if good and other.reason == Reason.NONE), candidate]:
                    self._credit(running, other, now, events)

    def _next_set(self, now: int, last: bool) -> tuple[str, list[Candidate]] | None:
        """The exercise and the first repetitions of a set that has begun, if one has."""
        best: tuple[float, str, list[Candidate]] | None = None
        for name in [self.exercise] if self.exercise else self._open:
            if not self._open[name] or (self._set is not None and self._set.exercise == name):
                continue
            chain = self._chain(name, last)
            if not chain:
                continue
            if self.exercise:
                return name, chain
            weight = self._weight(name, chain, now, last)
            if weight > 0 and (best is None or weight > best[0]):
                best = weight, name, chain
        if best is None:
            return None
        _, name, chain = best
        while len(chain) > 1 and self._case(chain[:1], now, last).share(name) < _NEEDED_BEFORE_SET:
            chain = chain[1:]
        return name, chain

    def _weight(self, name: str, chain: list[Candidate], now: int, last: bool) -> float:
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
        if self._set is not None and len(chain) < _TO_TAKE_OVER and case.weights.get(self._set.exercise, 0.0) > 0:
            return 0.0
        return case.weights[name]

    def _case(self, candidates: list[Candidate], now: int, last: bool, so_far: bool = False, attempt: str = "") -> Case:
        """What speaks for each exercise from the turning point of the first candidate to shortly after the last.

        attempt: an exercise whose movement is taken for good, to tell whether a failed one was meant as one.
        """
        start, end = candidates[0].excursion.start, candidates[-1].excursion.end
        # Too short a recording for a label after the turning point: hear those before it too.
        since = start if last else candidates[0].excursion.turn
        means = self._evidence.means(since, min(now if last else now - LABEL_LAG, end + WAIT))
        found = {name: track.found(start, end, so_far) for name, track in self._tracks.items()}
        if attempt:
            found[attempt] = Found(1.0, 1.0)
        return Case.weigh(means, found)

    def _chain(self, name: str, last: bool) -> list[Candidate]:
        """The last good repetitions of an exercise that follow each other without a break and are alike, oldest first.

        Empty where there are none, or nothing but half a repetition at the beginning of what may be more.
        """
        good = [candidate for candidate in self._open[name] if candidate.reason == Reason.NONE]
        if not self.exercise:
            good = [candidate for candidate in good if candidate.landed]
        good.sort(key=lambda candidate: candidate.excursion.turn)
        if not good:
            return []
        chain = [good.pop()]
        while good:
            before, first = good.pop().excursion, chain[0].excursion
            small, large = sorted((before.range_of_motion, first.range_of_motion))
            if first.start - before.end > _GAP or small < _ALIKE * large:
                break
            chain.insert(0, next(c for c in self._open[name] if c.excursion is before))
        if all(not candidate.excursion.begun for candidate in chain):
            # A lone half counts where it is all there is.
            assert self._pose is not None
            return chain if last and self._sets == 0 and self._pose.stamp - chain[-1].excursion.end < _GAP else []
        return chain

    def _taken(self, name: str, candidate: Candidate) -> bool:
        """Whether most of a candidate's time is already credited to another exercise; it is then open no more."""
        excursion = candidate.excursion
        shared = sum(
            max(0, min(end, excursion.end) - max(start, excursion.start))
            for exercise, start, end in self._credited
            if exercise != name
        )
        return 2 * shared > excursion.end - excursion.start

    def _credit(self, running: Set, candidate: Candidate, now: int, events: list[RepEvent]) -> None:
        """Take a candidate into a set."""
        self._open[running.exercise].remove(candidate)
        excursion = candidate.excursion
        if not excursion.returned and running.has_first_half:
            return  # the half at the other end already stands for this one
        running.has_first_half |= not excursion.begun
        if candidate.reason == Reason.NONE:
            self._tracks[running.exercise].learn(excursion.range_of_motion)
            self._credited.append((running.exercise, excursion.start, excursion.end))
            for name, others in self._open.items():
                self._open[name] = [other for other in others if not self._taken(name, other)]
        assert self._pose is not None
        track = self._tracks[running.exercise]
        motion = track.motion(candidate)
        poses = self._past.between(excursion.start, excursion.end)
        verdicts = [v for v in form.judge(track.exercise, poses, excursion.turn) if v.judged]
        events.append(
            running.add(
                RepEvent(
                    stamp=now,
                    exercise=running.exercise,
                    set_index=0,
                    index=0,
                    reason=candidate.reason,
                    start=excursion.start,
                    turn=excursion.turn,
                    end=excursion.end,
                    range_of_motion=excursion.range_of_motion,
                    symmetry=candidate.symmetry,
                    smoothness=motion.smoothness,
                    confidence=candidate.confidence,
                    form_faults=tuple(verdict.rule.code for verdict in verdicts if verdict.fault),
                    body_id=self._pose.body_id,
                    turn_start=motion.turn_start,
                    turn_end=motion.turn_end,
                    form_judged=tuple(verdict.rule.code for verdict in verdicts),
                )
            )
        )

    def _forget(self, now: int, events: list[RepEvent]) -> None:
        """Drop failed attempts that waited in vain, and what is too old to begin a set.

        Where a classifier that speaks never said a word about what may have been a repetition, that is told.
        """
        spoken = self._gaps.resumed or self._evidence.newest(now) >= 0
        for name, candidates in self._open.items():
            if not candidates:
                continue
            kept = []
            for candidate in candidates:
                good, excursion = candidate.reason == Reason.NONE, candidate.excursion
                if now - excursion.end <= (_REMEMBERED if good else WAIT):
                    kept.append(candidate)
                    continue
                unheard = good and spoken and not self.exercise and not self._labels_of(candidate)
                if unheard and excursion.start >= self._unknown and not self._taken("", candidate):
                    events.append(self._interrupted(excursion.start, excursion.end))
                    self._unknown = excursion.end
            self._open[name] = kept

    def _rested(self, running: Set, pose: Pose) -> bool:
        """Whether the set is over: no repetition for the exercise's rest time, and none under way."""
        waited = pose.stamp - running.end > nanoseconds(self._catalogue[running.exercise].rest_s)
        return waited and (self._tracks[running.exercise].resting or not self._tracked)

    def _close_set(self) -> SetSummary:
        assert self._set is not None
        summary = self._set.summary(self._pose.stamp if self._pose else self._gaps.last or self._set.end)
        if summary.repetitions >= _LEAST_FOR_OPINION and summary.start > self._settled:
            second = self._movement.count(summary.start, summary.end)
            summary = replace(summary, second_opinion=second.repetitions if second else -1)
        self._set = None
        return summary

    def _state(self, pose: Pose) -> RepState:
        now_done = self._set.exercise if self._set else self.exercise or self._evidence.latest(pose.stamp - LABEL_LAG)
        phase, progress = Phase.UNKNOWN, float("nan")
        if now_done in self._catalogue and self._tracked:
            phase, progress = self._tracks[now_done].state
        return RepState(
            stamp=pose.stamp,
            exercise=now_done if now_done in self._catalogue else "",
            phase=phase,
            progress=progress,
            count=len(self._set.counted) if self._set else 0,
            rejected=len(self._set.rejected) if self._set else 0,
            set_index=self._set.index if self._set else 0,
            body_id=pose.body_id,
        )
