"""One exercise's view of the body: its driving signals, their machines, the candidates for repetitions they find."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from fitness_core.catalogue import Exercise, Sides
from fitness_core.types import Phase, Reason, nanoseconds, seconds
from rep_counter.bodies import Bodies, Body
from rep_counter.credit import Found
from rep_counter.machine import Excursion, PhaseMachine
from rep_counter.motion import NOTICED_LATE, Motion, motion_of
from rep_counter.signals import Past, drive, posture_holds, travelled
from rep_counter.whole import BEFORE, flies, stays, throughout

# An excursion below this share of the minimum range is fidgeting, not a failed repetition.
_FIDGET_SHARE = 0.5
# Left and right are compared where each is seen for this share of the repetition.
_SEEN_SHARE = 0.9
# Candidates older than this are nobody's.
_REMEMBERED = nanoseconds(60.0)
# Below this share of the person's own typical range a repetition is shallow, whatever the minimum says.
_OWN_SHARE = 0.45
# A repetition ends 60 % back: who then leaves the ground is in the air within this.
_LANDED = nanoseconds(0.5)


@dataclass(slots=True)
class Candidate:
    """An excursion judged by its exercise's own rules; whether the exercise was done is not decided here.

    landed: whether it is known that no jump followed, where a jump is none of the exercise; till then it may turn bad.

    symmetry: smaller over larger range of motion of the two sides [0..1], as in limb symmetry indices (Bishop et al.
    2016, https://doi.org/10.1519/SSC.0000000000000264); NaN where one side is seen. sides: whose signal found it.
    """

    excursion: Excursion
    reason: Reason
    symmetry: float
    confidence: float
    sides: tuple[str, ...]
    landed: bool = True

    def same_movement(self, other: "Candidate", alternating: bool) -> bool:
        """Whether both are one movement seen from two sides: more than half of the shorter is shared.

        Sides that alternate overlap; theirs is one movement only where they turn together.
        """
        a, b = self.excursion, other.excursion
        shorter = min(a.end - a.start, b.end - b.start)
        if alternating:
            return abs(a.turn - b.turn) < 0.25 * shorter
        return min(a.end, b.end) - max(a.start, b.start) > 0.5 * shorter


class Track:
    """Follows one exercise, whether it is done or not. bodies: made for a catalogue with this exercise."""

    def __init__(self, exercise: Exercise, min_visibility: float, past: Past, bodies: Bodies) -> None:
        self.exercise = exercise
        self._min_visibility = min_visibility
        self._past = past
        self._sides = (("left", "right"),) if exercise.sides == Sides.BOTH else (("left",), ("right",))
        is_angle = exercise.joint is not None
        self._machines = [PhaseMachine(exercise.minimum_range, is_angle) for _ in self._sides]
        self._signal = bodies.signal(exercise)
        self._driven_by = list(zip(self._machines, bodies.driven_by(exercise), strict=True))
        self._longest = nanoseconds(exercise.longest_s)
        self._history: deque[tuple[int, float, float, float, float]] = deque()
        self._judged: deque[Candidate] = deque()
        self._landing: list[Candidate] = []  # of these those that may yet end in a jump

    def step(self, body: Body, drives: Sequence[float]) -> list[Candidate]:
        """The candidates that ended with this pose. drives: those of the body, NaN where one jumped."""
        stamp = body.pose.stamp
        self._history.append((stamp, *body.readings[self._signal]))
        while stamp - self._history[0][0] > self._longest:
            self._history.popleft()
        over = False
        if self._landing:
            self._look_after(stamp - _LANDED)
        excursions: list[Excursion | None] = []
        for machine, column in self._driven_by:
            excursion = machine.step(stamp, drives[column])
            excursions.append(excursion)
            over |= excursion is not None
        return self._judge(excursions) if over else []

    def finish(self) -> list[Candidate]:
        """The recording is over: candidates whose second half was not recorded."""
        candidates = self._judge([machine.finish() for machine in self._machines])
        self._look_after(self._history[-1][0] if self._history else 0)
        return candidates

    def _look_after(self, until: int) -> None:
        """Reject those that ended before `until` [ns] in a jump."""
        for candidate in list(self._landing):
            if candidate.excursion.end <= until:
                candidate.landed = True
                self._landing.remove(candidate)
                excursion = candidate.excursion
                if flies(self._past.between(excursion.turn, excursion.end + _LANDED), self._min_visibility):
                    candidate.reason = Reason.WRONG_POSTURE

    def new_body(self) -> None:
        """Somebody else is followed from now on: no movement is made of two people's."""
        for machine in self._machines:
            machine.reset()
        self._history.clear()

    def learn(self, range_of_motion: float) -> None:
        """A repetition of this range [rad] was counted."""
        for machine in self._machines:
            machine.learn(range_of_motion)

    def motion(self, candidate: Candidate) -> Motion:
        """How the driving signal of a candidate moved."""
        excursion, side = candidate.excursion, self._sides.index(candidate.sides)
        rows = self._between(excursion.start - NOTICED_LATE, excursion.end)
        values = np.array([drive(self.exercise.direction, self.exercise.sides, row[1:])[side] for row in rows])
        stamps = np.array([row[0] for row in rows])
        return motion_of(stamps, values, excursion.start, excursion.turn, excursion.end)

    @property
    def state(self) -> tuple[Phase, float]:
        """Phase and progress of the side that is furthest out."""
        known = [(m.progress, m.phase) for m in self._machines if m.phase != Phase.UNKNOWN]
        if not known:
            return Phase.UNKNOWN, float("nan")
        progress, phase = max(known)
        return phase, progress

    @property
    def resting(self) -> bool:
        """Whether no side is on its way."""
        return all(m.phase in (Phase.UNKNOWN, Phase.REST) for m in self._machines)

    def found(self, start: int, end: int, so_far: bool) -> Found:
        """What good repetitions there were between two stamps [ns].

        so_far: a movement that is not over yet is taken for a good one.
        """
        inside = [
            (candidate, shared)
            for candidate in self._judged
            if (shared := min(end, candidate.excursion.end) - max(start, candidate.excursion.start)) > 0
        ]
        good = [(candidate, shared) for candidate, shared in inside if candidate.reason == Reason.NONE]
        bad = sum(
            shared
            for candidate, shared in inside
            if candidate.reason not in (Reason.NONE, Reason.NOT_VISIBLE)
            and not any(candidate.same_movement(other, False) for other, _ in good)
        )
        if not inside and so_far and not self.resting:
            return Found(1.0, 1.0)
        moved = sum(shared for _, shared in good)
        return Found(moved / (moved + bad), moved / (end - start)) if good else Found(0.0, 0.0)

    def _between(self, start: int, end: int) -> list[tuple[int, float, float, float, float]]:
        """The readings with stamps in [start, end] ns, oldest first."""
        # From the newest on: a repetition is asked for when it has just ended.
        rows = list(takewhile(lambda row: row[0] >= start, reversed(self._history)))
        return [row for row in reversed(rows) if row[0] <= end]

    def _judge(self, excursions: list[Excursion | None]) -> list[Candidate]:
        candidates = []
        alternating = self.exercise.sides == Sides.ALTERNATING
        for excursion, sides in zip(excursions, self._sides, strict=True):
            if excursion is None or excursion.range_of_motion < _FIDGET_SHARE * self.exercise.minimum_range:
                continue
            candidate = self._candidate(excursion, sides)
            # Both sides do one repetition: the first that is good stands for it.
            good = (other for other in self._judged if other.reason == Reason.NONE)
            if not any(candidate.same_movement(other, alternating) for other in good):
                self._judged.append(candidate)
                if not candidate.landed:
                    self._landing.append(candidate)
                candidates.append(candidate)
        while self._judged and self._judged[-1].excursion.end - self._judged[0].excursion.end > _REMEMBERED:
            self._judged.popleft()
        return candidates

    def _candidate(self, excursion: Excursion, sides: tuple[str, ...]) -> Candidate:
        rows = np.array(self._between(excursion.start, excursion.end)).reshape(-1, 5)
        seen = np.fmax(
            np.where(np.isfinite(rows[:, 1]), rows[:, 2], 0), np.where(np.isfinite(rows[:, 3]), rows[:, 4], 0)
        )
        ranges = [_range(rows[:, 1]), _range(rows[:, 3])]
        known = all(map(math.isfinite, ranges)) and max(ranges) > 0
        symmetry = min(ranges) / max(ranges) if known else math.nan
        confidence = float(seen.mean()) if len(seen) else 0.0
        reason = self._reason(excursion, sides, seen)
        landed = self.exercise.jump or reason != Reason.NONE
        return Candidate(excursion, reason, float(symmetry), confidence, sides, landed)

    def _reason(self, excursion: Excursion, sides: tuple[str, ...], seen: np.ndarray) -> Reason:
        exercise = self.exercise
        typical = max(machine.typical_range for machine in self._machines)
        turn = excursion.turn_value if exercise.direction == "extend" else -excursion.turn_value
        short_of_turn = turn < exercise.turn if exercise.direction == "extend" else turn > exercise.turn
        if excursion.range_of_motion < max(exercise.minimum_range, _OWN_SHARE * typical) or short_of_turn:
            return Reason.SHALLOW
        if excursion.begun and excursion.returned:
            duration = seconds(excursion.end - excursion.start)
            if duration < exercise.shortest_s:
                return Reason.TOO_FAST
            if duration > exercise.longest_s:
                return Reason.TOO_SLOW
        if len(seen) and np.count_nonzero(seen >= self._min_visibility) < 0.5 * len(seen):
            return Reason.NOT_VISIBLE
        poses = self._past.between(excursion.start, excursion.end)
        turn_pose = next((pose for pose in poses if pose.stamp >= excursion.turn), None)
        if turn_pose is not None and not posture_holds(exercise.posture, turn_pose, self._min_visibility):
            return Reason.WRONG_POSTURE
        ends = (excursion.begun, excursion.returned)
        for travel in exercise.travel:
            went = travelled(travel, poses, excursion.turn, sides, ends, self._min_visibility)
            if went < travel.by if travel.by > 0 else went > travel.by:
                return Reason.WRONG_POSTURE
        return Reason.NONE if self._whole(excursion) else Reason.WRONG_POSTURE

    def _whole(self, excursion: Excursion) -> bool:
        """Whether what the exercise asks of a whole repetition is true."""
        exercise = self.exercise
        always = tuple(condition for condition in exercise.posture if condition.throughout)
        if exercise.jump and not always and not exercise.still:
            return True
        poses = [pose for pose in self._past.between(excursion.start - BEFORE, excursion.end) if pose.tracked]
        return (
            throughout(always, poses, self._min_visibility)
            and all(stays(still, poses, self._min_visibility) for still in exercise.still)
            and (exercise.jump or not flies(poses, self._min_visibility))
        )


def _range(values: np.ndarray) -> float:
    """From the least to the most; NaN where the side is hidden for too much of the repetition to know them."""
    seen = values[np.isfinite(values)]
    return float(seen.max() - seen.min()) if len(seen) and len(seen) >= _SEEN_SHARE * len(values) else float("nan")
