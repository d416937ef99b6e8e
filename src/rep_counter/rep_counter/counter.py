"""The repetition counter: poses and labels in; joint angles, phase, repetitions and sets out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

from fitness_core.catalogue import Catalogue
from fitness_core.geometry import joint_angles
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_core.types import (
    SET_BACK,
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
from rep_counter.body.bodies import Bodies, Body
from rep_counter.body.gaps import Gaps
from rep_counter.body.past import Past
from rep_counter.body.periodicity import Movement
from rep_counter.body.signals import GlitchGates, Reading
from rep_counter.repetitions.candidate import Candidate
from rep_counter.repetitions.credit import LABEL_LAG, Evidence
from rep_counter.repetitions.deciding import REMEMBERED, Deciding
from rep_counter.repetitions.machine import HOLD_S
from rep_counter.repetitions.telling import event_of
from rep_counter.repetitions.track import Track
from rep_counter.sets.counted_set import Set
from rep_counter.sets.memory import Memory

# Half a repetition ended just now where it ended this shortly ago, and what is left of it is over within this [ns].
_JUST_NOW, _REST_OF_HALF = nanoseconds(0.5), nanoseconds(3.0)
# Who was not seen for so long has left: what waits is decided as where a recording ends; a set that rests is over [ns].
_LEFT, _SET_LEFT = nanoseconds(6.0), nanoseconds(HOLD_S)
# A set of fewer repetitions holds too few periods for a second opinion.
_LEAST_FOR_OPINION = 3


@dataclass(slots=True)
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
    exercise (`deciding.Deciding`): at once where they are sure, else when the classifier has had its window, two
    seconds, after the last of them. Then the whole chain is credited, back to its first repetition, and what follows
    needs less. A stretch of time is credited once.

    Where a recording begins or ends within a repetition: half a repetition at one end of a set counts as one, a half
    at each end together count as one. A half at the end of an exercise with `half: back` is none.
    """

    def __init__(self, catalogue: Catalogue, exercise: str = "", min_visibility: float = MIN_VISIBILITY) -> None:
        self._catalogue = catalogue
        self._min_visibility = min_visibility
        self._bodies = Bodies(catalogue, min_visibility)
        self._signals = [self._bodies.signal(one) for one in catalogue]
        self.exercise = ""
        self.reset()
        self.set_exercise(exercise)

    def reset(self) -> None:
        """Forget everything, sets included."""
        longest = max((exercise.longest_s for exercise in self._catalogue), default=0.0)
        self._past = Past(longest + seconds(REMEMBERED))
        self._tracks = {
            exercise.name: Track(exercise, self._min_visibility, self._past, self._bodies)
            for exercise in self._catalogue
        }
        self._gates = GlitchGates(self._bodies.columns)
        self._movement = Movement()
        self._evidence = Evidence()
        self._deciding = Deciding(self._tracks, self._evidence, self.exercise)
        self._heard = -1  # stamp of the newest label that was considered
        self._gaps = Gaps()
        self._halved: int | None = None  # when half a repetition was told of, whose rest is none [ns]
        self._settled = -1  # what turned before this [ns] was decided before a restart
        self._unseen = -1  # what was done before this [ns] only the counter before a restart has seen
        self._published = -1  # up to this [ns] all was published before a restart
        self._set: Set | None = None
        self._sets = 0
        self._pose: Pose | None = None
        self._tracked = False  # whether somebody is seen in it
        self._seen: int | None = None  # when somebody was seen last, who has not left for good [ns]
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
        credited = list(self._deciding.credited)
        return Memory(self._gaps.last or 0, self.exercise, self._sets, running, credited, self._settled)

    def restore(self, memory: Memory) -> None:
        """Go on from what a counter before had published; `step` then takes the poses of around `memory.stamp` on.

        Movement that was told before is not told again, and where poses are missing that is an INTERRUPTED event.
        """
        self.reset()
        self.set_exercise(memory.exercise if memory.exercise in self._catalogue else "")
        self._deciding.given = ""  # so that a set of another exercise than the one asked for is closed
        self._sets = memory.sets
        self._deciding.credited.extend(entry for entry in memory.credited if entry[0] in self._catalogue)
        self._settled = max(memory.end, memory.settled)
        self._published = memory.stamp
        self._gaps = Gaps(memory.stamp or None)
        self._unseen = self._settled
        if memory.running and memory.running.exercise in self._catalogue:
            self._set = Set.of(memory.running, self._catalogue[memory.running.exercise].effort)
            self._settled = max([self._settled, *(event.turn for event in memory.running.rejected)])
            for event in self._set.counted:
                self._tracks[self._set.exercise].learn(event.range_of_motion)
            self._body_id = self._set.counted[-1].body_id

    def set_exercise(self, exercise: str) -> None:
        """Count this exercise from now on, whatever the classifier says; empty = the classifier decides.

        A set of another one is over with the next pose, and what was done before is none of this one; nor, where the
        classifier decides from now on, of any but the one before.
        """
        self.check_exercise(exercise)
        self.exercise = exercise

    def check_exercise(self, exercise: str) -> None:
        """Raise InputError, which names those there are, for an exercise that cannot be counted; empty is none."""
        if exercise:
            self._catalogue[exercise]

    def classify(self, classification: Classification) -> None:
        """Hear what the classifier says; it counts from 0.1 s after its stamp."""
        self._evidence.add(classification)

    def step(self, pose: Pose) -> CounterOutput:
        """Count up to this pose.

        A stamp before the last one ends the set and starts anew; the same stamp, or one that is older by no more than
        `SET_BACK`, is nothing new.
        """
        return self.steps([pose])[0]

    def steps(
        self, poses: Sequence[Pose], classifications: Sequence[Classification | None] = (), bouts: bool = True
    ) -> list[CounterOutput]:
        """What `step` gives for each of many poses, in half of the time.

        classifications: what the classifier said at each of them, None where nothing; it is heard before the pose.
        bouts: whether somebody wants `CounterOutput.periodicity`.
        """
        outputs = []
        for body, label in zip(self._bodies.of(poses), classifications or repeat(None, len(poses)), strict=True):
            if label is not None:
                self.classify(label)
            outputs.append(self._step(body, bouts))
        return outputs

    def _step(self, body: Body, bouts: bool) -> CounterOutput:
        pose = body.pose
        readings = [body.readings[signal] for signal in self._signals]
        if self._pose is not None and -SET_BACK <= pose.stamp - self._pose.stamp < SOONEST:
            # A clock that stands still, or a pose that came twice or too late; remembering them all would fill the
            # memory.
            return CounterOutput(body.angles, self._state(pose), readings=readings)
        events: list[RepEvent] = []
        summaries: list[SetSummary] = []
        if self._pose is not None and pose.stamp < self._pose.stamp:
            before = self.start_over()
            events, summaries = before.events, before.summaries
        elif pose.body_id and self._body_id not in ("", pose.body_id):
            self._another_body(pose.stamp, events, summaries)
        if self._deciding.given != self.exercise:
            self._another_exercise(events, summaries)
        self._pose, self._tracked, self._body_id = pose, body.tracked, pose.body_id or self._body_id
        if gap := self._gaps.step(pose.stamp, self._bearable_gap()):
            events.append(self._interrupted(*gap, pose.stamp))
        self._movement.add(pose)
        self._past.add(body)
        drives = self._gates.step(pose.stamp, body.drives)
        found = False
        halved = self._halved is not None and 0 < pose.stamp - self._halved < _REST_OF_HALF
        for name, track in self._tracks.items():
            candidates = track.step(pose.stamp, drives)
            if candidates and halved:
                candidates = [one for one in candidates if one.excursion.begun]
            if candidates:
                found |= self._deciding.add(name, candidates, self._settled)
        heard = self._evidence.newest(pose.stamp - LABEL_LAG)
        if found or heard != self._heard or (self._set and self._deciding.unlabelled(self._set, pose.stamp)):
            self._heard = heard
            self._decide(pose.stamp, events, summaries)
        if self._tracked:
            self._seen = pose.stamp
        elif self._seen is not None and pose.stamp - self._seen > (_SET_LEFT if self._rested(pose) else _LEFT):
            self._decide_all(events, summaries)
            self._seen = None
        if self._rested(pose):
            summaries.append(self._close_set())
        periodicity = self._movement.bout(pose.body_id) if bouts and self._set is None else None
        return CounterOutput(body.angles, self._state(pose), events, summaries, periodicity, readings)

    def finish(self) -> CounterOutput:
        """The stream is over: decide what waits, count halves at the end, close the set."""
        events: list[RepEvent] = []
        summaries: list[SetSummary] = []
        if self._pose is None:
            summaries += [self._close_set()] if self._set else []
            return CounterOutput(joint_angles(Pose.nobody(0, 1, 1)), RepState(0), summaries=summaries)
        if self._deciding.given != self.exercise:
            self._another_exercise(events, summaries)
        self._decide_all(events, summaries)
        state = self._state(self._pose)
        if self._set:
            summaries.append(self._close_set())
        return CounterOutput(joint_angles(self._pose, self._min_visibility), state, events, summaries)

    def begin_anew(self) -> CounterOutput:
        """As `finish`, in the middle of a stream, and forget everything, sets included.

        A repetition under way is told of once: where it counts as half a one, what is left of it does not.
        """
        output, last = self.finish(), self._pose
        self.reset()
        halves = [event.end for event in output.events if event.counted and not event.whole]
        if last is not None and halves and last.stamp - max(halves) < _JUST_NOW:
            self._halved = last.stamp
        return output

    def start_over(self) -> CounterOutput:
        """The stream is over and another one follows: as `finish`, and forget all but how many sets there were."""
        output, sets = self.finish(), self._sets
        self.reset()
        self._sets = sets
        return output

    def _bearable_gap(self) -> float:
        """Longest time without a pose in which no repetition is lost [s]; infinite while no exercise is known.

        After a restart it cannot be known: every gap is told of.
        """
        name = self._set.exercise if self._set else self.exercise
        if name:
            return min(HOLD_S, self._catalogue[name].shortest_s)
        return HOLD_S if self._gaps.resumed else math.inf

    def _interrupted(self, start: int, end: int, now: int) -> RepEvent:
        """The event that tells at stamp `now` of a time in which repetitions may have been lost, all [ns]."""
        assert self._pose is not None
        name = self._set.exercise if self._set else self.exercise
        lost = RepEvent(now, name, 0, 0, Reason.INTERRUPTED, start, start, end, math.nan, body_id=self._body_id)
        return self._set.add(lost) if self._set else lost

    def _another_body(self, stamp: int, events: list[RepEvent], summaries: list[SetSummary]) -> None:
        """Somebody else from a stamp [ns] on: decide what waits, close the set, mix no two people's movement."""
        if self._pose is not None:
            for track in self._tracks.values():
                track.land()
            self._decide(self._pose.stamp, events, summaries, last=True)
        if self._set and stamp > self._published:
            summaries.append(self._close_set())
        self._deciding.drop()
        self._movement = Movement()
        for track in self._tracks.values():
            track.new_body(stamp)
        self._gates = GlitchGates(self._bodies.columns)

    def _another_exercise(self, events: list[RepEvent], summaries: list[SetSummary]) -> None:
        """Another exercise was asked for since the last pose.

        A repetition of the running set that is past its turning point counts, as it does at the end of a recording.
        """
        goes_on = self._set is not None and self._set.exercise == self.exercise
        # Before the first pose, with no set, nothing is over: what a restart has ahead may have turned before it.
        if self.exercise and not goes_on and (self._pose is not None or self._set is not None):
            if self._pose is not None:
                for track in self._tracks.values():
                    track.land()
                if self._set:
                    self._deciding.add(self._set.exercise, self._tracks[self._set.exercise].finish(), self._settled)
                self._decide(self._pose.stamp, events, summaries, last=True)
            if self._set:
                summaries.append(self._close_set())
            self._deciding.drop()
            self._settled = max(self._settled, self._gaps.last or -1)
        elif not self.exercise:
            self._deciding.drop(but=self._deciding.given)
        self._deciding.given = self.exercise

    def _decide_all(self, events: list[RepEvent], summaries: list[SetSummary]) -> None:
        """Nothing more will come of who was seen last: decide what waits, halves included."""
        assert self._pose is not None
        for name, track in self._tracks.items():
            self._deciding.add(name, track.finish(), self._settled)
        self._decide(self._pose.stamp, events, summaries, last=True)

    def _decide(self, now: int, events: list[RepEvent], summaries: list[SetSummary], last: bool = False) -> None:
        """Credit what can be decided by now [ns]; tell in `events`, `summaries`. last: nothing more will come."""
        if not self._deciding.waiting:
            return
        spoken = self._evidence.newest(now) >= 0
        for unheard in self._deciding.forget(now, spoken, self._gaps.doubtful_until):
            events.append(self._interrupted(*unheard, now))
        while True:
            if self._set is not None:
                for candidate in self._deciding.going_on(self._set, now, last):
                    self._credit(self._set, candidate, now, events)
            chain = self._deciding.next_set(self._set, now, last, alone=last and self._sets == 0)
            if not chain:
                return
            if self._set is not None:
                summaries.append(self._close_set())
            self._sets += 1
            self._set = Set(chain[0], self._sets, self._catalogue[chain[0]].effort)
            for candidate in [*self._deciding.failed_before(*chain, now, last), *chain[1]]:
                self._credit(self._set, candidate, now, events)

    def _credit(self, running: Set, candidate: Candidate, now: int, events: list[RepEvent]) -> None:
        """Take a candidate into a set."""
        excursion, track = candidate.excursion, self._tracks[running.exercise]
        if not excursion.done or (running.has_first_half and not (excursion.begun and excursion.returned)):
            # It is not the half that counts, or the one at the other end, or of the other arm, stands for it already.
            self._deciding.withdraw(running.exercise, candidate)
            return
        self._deciding.credit(running.exercise, candidate)
        running.has_first_half |= not excursion.begun
        if candidate.reason == Reason.NONE:
            track.learn(excursion.range_of_motion)
        event = event_of(candidate, track, self._past, now, self._body_id, self._min_visibility)
        events.append(running.add(event))

    def _rested(self, pose: Pose) -> bool:
        """Whether a set is over: no repetition for the exercise's rest time, and none under way."""
        if self._set is None or pose.stamp - self._set.end <= nanoseconds(self._catalogue[self._set.exercise].rest_s):
            return False
        return self._tracks[self._set.exercise].resting

    def _close_set(self) -> SetSummary:
        assert self._set is not None
        summary = self._set.summary(self._pose.stamp if self._pose else self._gaps.last or self._set.end)
        if summary.repetitions >= _LEAST_FOR_OPINION and summary.start > self._unseen:
            second = self._movement.count(summary.start, summary.end)
            summary = replace(summary, second_opinion=second.repetitions if second else -1)
        self._movement.credit(summary.end)
        self._set = None
        return summary

    def _state(self, pose: Pose) -> RepState:
        running = self._set
        now_done = running.exercise if running else self.exercise or self._evidence.latest(pose.stamp - LABEL_LAG)
        track = self._tracks.get(now_done)
        phase, progress = track.state if track and self._tracked else (Phase.UNKNOWN, math.nan)
        counts = (len(running.counted), len(running.rejected), running.index) if running else (0, 0, 0)
        return RepState(pose.stamp, now_done if track else "", phase, progress, *counts, pose.body_id)
