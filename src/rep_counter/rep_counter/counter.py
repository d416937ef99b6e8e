"""The repetition counter: poses and labels in; joint angles, phase, repetitions and sets out."""

from dataclasses import dataclass, field, replace

from fitness_core.catalogue import Catalogue
from fitness_core.geometry import joint_angles
from fitness_core.types import (
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
from rep_counter.credit import LABEL_LAG, WAIT, Evidence
from rep_counter.periodicity import Movement
from rep_counter.sets import Set
from rep_counter.signals import Body, Past
from rep_counter.track import Candidate, Track

# Mean probability that credits a repetition: more than everything else together.
_NEEDED = 0.5
# Within a set the next repetition of the same exercise is likely, so that less will do.
_NEEDED_IN_SET = 0.3
# Repetitions before the first credited one belong to the set where the classifier at least considered them.
_NEEDED_BEFORE_SET = 0.15
# A set of fewer repetitions holds too few periods for a second opinion.
_LEAST_FOR_OPINION = 3
# Repetitions of one set follow each other within this.
_GAP = nanoseconds(3.0)
# Repetitions that nobody was credited with are remembered so long: the classifier may yet be sure.
_REMEMBERED = nanoseconds(30.0)


@dataclass(frozen=True, slots=True)
class CounterOutput:
    """What one pose led to. angles: of the pose. events, summaries: in the order of their time.

    periodicity: what repeats while no exercise of the catalogue is counted; every two seconds, else None.
    """

    angles: JointAngles
    state: RepState
    events: list[RepEvent] = field(default_factory=list)
    summaries: list[SetSummary] = field(default_factory=list)
    periodicity: Periodicity | None = None


class RepCounter:
    """Counts repetitions of every exercise of a catalogue; the classifier's labels decide which are credited.

    catalogue: the exercises. exercise: count this one, whatever the classifier says; empty = the classifier decides.
    min_visibility: below it a joint is not measured [0..1].

    A repetition is credited when the mean probability of its exercise, from its turning point to at most two seconds
    after its end, is high enough. Where a recording begins or ends within a repetition: half a repetition at one end
    of a set counts as one, a half at each end together count as one.
    """

    def __init__(self, catalogue: Catalogue, exercise: str = "", min_visibility: float = 0.3) -> None:
        self._catalogue = catalogue
        self._min_visibility = min_visibility
        self.set_exercise(exercise)
        self.reset()

    def reset(self) -> None:
        """Forget everything, sets included."""
        longest = max((exercise.longest_s for exercise in self._catalogue), default=0.0)
        self._past = Past(longest + seconds(_REMEMBERED))
        self._tracks = [Track(exercise, self._min_visibility, self._past) for exercise in self._catalogue]
        self._movement = Movement()
        self._evidence = Evidence()
        self._waiting: list[tuple[Track, Candidate]] = []
        self._passed_over: list[tuple[Track, Candidate]] = []
        self._set: Set | None = None
        self._sets = 0
        self._pose: Pose | None = None

    def set_exercise(self, exercise: str) -> None:
        """Count this exercise from now on, whatever the classifier says; empty = the classifier decides."""
        if exercise:
            self._catalogue[exercise]  # raises InputError that names those there are
        self.exercise = exercise

    def classify(self, classification: Classification) -> None:
        """Hear what the classifier says; it counts from 0.1 s after its stamp."""
        self._evidence.add(classification)

    def step(self, pose: Pose) -> CounterOutput:
        """Count up to this pose. A stamp before the last one ends the set and starts anew."""
        events: list[RepEvent] = []
        summaries: list[SetSummary] = []
        if self._pose is not None and pose.stamp < self._pose.stamp:
            before, sets = self.finish(), self._sets
            events, summaries = before.events, before.summaries
            self.reset()
            self._sets = sets
        self._pose = pose
        self._movement.add(pose)
        angles = joint_angles(pose, self._min_visibility)
        self._past.add(pose)
        body = Body(pose, angles, self._min_visibility)
        for track in self._tracks:
            self._waiting += [(track, candidate) for candidate in track.step(body)]
        self._decide(pose.stamp, events, summaries)
        if self._set and self._rested(self._set, pose):
            summaries.append(self._close_set())
        periodicity = self._movement.bout(pose.body_id) if self._set is None else None
        return CounterOutput(angles, self._state(pose), events, summaries, periodicity)

    def finish(self) -> CounterOutput:
        """The stream is over: decide what waits, count halves at the end, close the set."""
        if self._pose is None:
            return CounterOutput(joint_angles(Pose.nobody(0, 1, 1)), RepState(0))
        for track in self._tracks:
            self._waiting += [(track, candidate) for candidate in track.finish()]
        events: list[RepEvent] = []
        summaries: list[SetSummary] = []
        self._decide(self._pose.stamp, events, summaries, last=True)
        if self._sets == 0:
            self._credit_a_lone_half(self._pose.stamp, events, summaries)
        state = self._state(self._pose)
        if self._set:
            summaries.append(self._close_set())
        self._waiting.clear()
        return CounterOutput(joint_angles(self._pose, self._min_visibility), state, events, summaries)

    def _decide(self, now: int, events: list[RepEvent], summaries: list[SetSummary], last: bool = False) -> None:
        """Credit, pass over or keep each candidate that waits for the classifier; tell in `events`, `summaries`."""
        self._waiting.sort(key=lambda item: item[1].excursion.turn)
        still_waiting = []
        for track, candidate in self._waiting:
            over = last or now - candidate.excursion.end > WAIT
            if candidate.excursion.begun and self._credited(track, candidate, now, last):
                self._credit(track, candidate, now, events, summaries)
            elif over or self.exercise:
                self._pass_over(track, candidate, now)
            else:
                still_waiting.append((track, candidate))
        self._waiting = still_waiting

    def _credit_a_lone_half(self, now: int, events: list[RepEvent], summaries: list[SetSummary]) -> None:
        """The recording holds nothing but the second half of a repetition: it counts as one."""
        for track, candidate in self._passed_over:
            if not candidate.excursion.begun and self._credited(track, candidate, now, last=True):
                self._credit(track, candidate, now, events, summaries)
                return

    def _credited(self, track: Track, candidate: Candidate, now: int, last: bool) -> bool:
        name = track.exercise.name
        in_set = self._set is not None and self._set.exercise == name
        if not candidate.excursion.returned and in_set and self._set is not None and self._set.has_first_half:
            return False  # the half at the other end already stands for this one
        if self.exercise:
            return name == self.exercise
        probability = self._probability(track, candidate, now, last)
        if candidate.reason != Reason.NONE:
            return in_set and probability >= _NEEDED  # failed attempts are told of within a set only
        return probability >= (_NEEDED_IN_SET if in_set else _NEEDED)

    def _probability(self, track: Track, candidate: Candidate, now: int, last: bool = False) -> float:
        until = min(now if last else now - LABEL_LAG, candidate.excursion.end + WAIT)
        since = candidate.excursion.turn
        if last:
            # Too short a recording for a label after the turning point: hear those before it too.
            since = min(since, candidate.excursion.start)
        return self._evidence.mean(track.exercise.name, since, until)

    def _credit(self, track: Track, candidate: Candidate, now: int, events: list, summaries: list) -> None:
        name = track.exercise.name
        if self._set is not None and self._set.exercise != name and candidate.reason == Reason.NONE:
            summaries.append(self._close_set())
        if self._set is None and candidate.reason == Reason.NONE:
            self._sets += 1
            self._set = Set(name, self._sets, track.exercise.effort)
            for earlier in self._before(track, candidate, now):
                events.append(self._add(track, earlier, now))
                self._set.has_first_half |= not earlier.excursion.begun
        if self._set is not None and self._set.exercise == name:
            events.append(self._add(track, candidate, now))

    def _add(self, track: Track, candidate: Candidate, now: int) -> RepEvent:
        assert self._set is not None and self._pose is not None
        excursion = candidate.excursion
        if candidate.reason == Reason.NONE:
            track.learn(excursion.range_of_motion)
        motion = track.motion(candidate)
        poses = self._past.between(excursion.start, excursion.end)
        verdicts = [v for v in form.judge(track.exercise, poses, excursion.turn) if v.judged]
        return self._set.add(
            RepEvent(
                stamp=now,
                exercise=track.exercise.name,
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

    def _pass_over(self, track: Track, candidate: Candidate, now: int) -> None:
        if candidate.reason == Reason.NONE:
            self._passed_over.append((track, candidate))
        self._passed_over = [item for item in self._passed_over if now - item[1].excursion.end < _REMEMBERED]

    def _before(self, track: Track, first: Candidate, now: int) -> list[Candidate]:
        """Repetitions that led up to the first credited one of a set without a break, oldest first."""
        chain: list[Candidate] = []
        start, reach = first.excursion.start, 0.6 * first.excursion.range_of_motion
        waiting = [item for item in self._waiting if not item[1].excursion.begun]
        for other, candidate in sorted(self._passed_over + waiting, key=lambda item: -item[1].excursion.turn):
            excursion = candidate.excursion
            if not excursion.begun and not first.excursion.returned:
                continue  # a half at each end: one repetition
            if other is not track or candidate.reason != Reason.NONE or excursion.turn >= start:
                continue
            if start - excursion.end > _GAP or excursion.range_of_motion < reach:
                break
            if not self.exercise and self._probability(track, candidate, now) < _NEEDED_BEFORE_SET:
                break
            chain.insert(0, candidate)
            start = excursion.start
        self._passed_over = [item for item in self._passed_over if item[1] not in chain]
        return chain

    def _rested(self, running: Set, pose: Pose) -> bool:
        """Whether the set is over: no repetition for the exercise's rest time, and none under way."""
        waited = pose.stamp - running.end > nanoseconds(self._catalogue[running.exercise].rest_s)
        return waited and (self._track(running.exercise).resting or not pose.tracked)

    def _close_set(self) -> SetSummary:
        assert self._set is not None and self._pose is not None
        summary = self._set.summary(self._pose.stamp)
        if summary.repetitions >= _LEAST_FOR_OPINION:
            second = self._movement.count(summary.start, summary.end)
            summary = replace(summary, second_opinion=second.repetitions if second else -1)
        self._set = None
        self._passed_over.clear()
        return summary

    def _track(self, exercise: str) -> Track:
        return next(track for track in self._tracks if track.exercise.name == exercise)

    def _state(self, pose: Pose) -> RepState:
        now_done = self._set.exercise if self._set else self.exercise or self._evidence.latest(pose.stamp - LABEL_LAG)
        phase, progress = Phase.UNKNOWN, float("nan")
        if now_done in self._catalogue and pose.tracked:
            phase, progress = self._track(now_done).state
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
