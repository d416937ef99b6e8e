"""One exercise's view of the body: its driving signals, their machines, the candidates for repetitions they find."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from fitness_core.catalogue import Exercise
from fitness_core.types import JointAngles, Phase, Pose, Reason, nanoseconds, seconds
from rep_counter import signals
from rep_counter.machine import Excursion, PhaseMachine

# An excursion below this share of the minimum range is fidgeting, not a failed repetition.
_FIDGET_SHARE = 0.5
# Below this share of the person's own typical range a repetition is shallow, whatever the minimum says.
_OWN_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Candidate:
    """An excursion judged by its exercise's own rules; whether the exercise was done is not decided here."""

    excursion: Excursion
    reason: Reason
    symmetry: float
    confidence: float

    def overlaps(self, other: "Candidate") -> bool:
        """Whether both are the same movement seen from the two sides: more than half of the shorter is shared."""
        a, b = self.excursion, other.excursion
        shared = min(a.end, b.end) - max(a.start, b.start)
        return shared > 0.5 * min(a.end - a.start, b.end - b.start)


class Track:
    """Follows one exercise, whether it is done or not."""

    def __init__(self, exercise: Exercise, min_visibility: float) -> None:
        self.exercise = exercise
        self._min_visibility = min_visibility
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._machines: dict[str, PhaseMachine] = {}
        self._gates: dict[str, signals.GlitchGate] = {}
        self._history: deque[tuple[int, float, float, float, float]] = deque()
        self._poses: deque[Pose] = deque()
        self._found: deque[Candidate] = deque(maxlen=8)

    def step(self, pose: Pose, angles: JointAngles) -> list[Candidate]:
        """The candidates that ended with this pose."""
        sides = signals.sides_of(self.exercise, angles, self._min_visibility)
        self._history.append((pose.stamp, *sides))
        self._poses.append(pose)
        while pose.stamp - self._poses[0].stamp > nanoseconds(self.exercise.longest_s):
            self._poses.popleft()
            self._history.popleft()
        excursions = []
        for name, value in signals.drive(self.exercise, *sides).items():
            machine = self._machines.setdefault(name, PhaseMachine(self.exercise.minimum_range))
            gate = self._gates.setdefault(name, signals.GlitchGate())
            excursions.append(machine.step(pose.stamp, gate.step(pose.stamp, value)))
        return self._judge(excursions)

    def finish(self) -> list[Candidate]:
        """The recording is over: candidates whose second half was not recorded."""
        return self._judge([machine.finish() for machine in self._machines.values()])

    def learn(self, range_of_motion: float) -> None:
        """A repetition of this range [rad] was counted."""
        for machine in self._machines.values():
            machine.learn(range_of_motion)

    @property
    def state(self) -> tuple[Phase, float]:
        """Phase and progress of the side that is furthest out."""
        known = [(m.progress, m.phase) for m in self._machines.values() if m.phase != Phase.UNKNOWN]
        if not known:
            return Phase.UNKNOWN, float("nan")
        progress, phase = max(known)
        return phase, progress

    @property
    def resting(self) -> bool:
        """Whether no side is on its way."""
        return all(m.phase in (Phase.UNKNOWN, Phase.REST) for m in self._machines.values())

    def _judge(self, excursions: list[Excursion | None]) -> list[Candidate]:
        candidates = []
        for excursion in excursions:
            if excursion is None or excursion.range_of_motion < _FIDGET_SHARE * self.exercise.minimum_range:
                continue
            candidate = self._candidate(excursion)
            # Both sides do one repetition: the first that is good stands for it.
            if not any(candidate.overlaps(other) for other in self._found if other.reason == Reason.NONE):
                self._found.append(candidate)
                candidates.append(candidate)
        return candidates

    def _candidate(self, excursion: Excursion) -> Candidate:
        rows = np.array([row for row in self._history if excursion.start <= row[0] <= excursion.end]).reshape(-1, 5)
        seen = np.fmax(
            np.where(np.isfinite(rows[:, 1]), rows[:, 2], 0), np.where(np.isfinite(rows[:, 3]), rows[:, 4], 0)
        )
        ranges = [_range(rows[:, 1]), _range(rows[:, 3])]
        symmetry = min(ranges) / max(ranges) if np.all(np.isfinite(ranges)) and max(ranges) > 0 else np.nan
        confidence = float(seen.mean()) if len(seen) else 0.0
        return Candidate(excursion, self._reason(excursion, seen), float(symmetry), confidence)

    def _reason(self, excursion: Excursion, seen: np.ndarray) -> Reason:
        exercise = self.exercise
        typical = max(machine.typical_range for machine in self._machines.values())
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
        if len(seen) and np.mean(seen >= self._min_visibility) < 0.5:
            return Reason.NOT_VISIBLE
        turn_pose = next((pose for pose in self._poses if pose.stamp >= excursion.turn), None)
        if turn_pose is not None and not signals.posture_holds(exercise.posture, turn_pose, self._min_visibility):
            return Reason.WRONG_POSTURE
        return Reason.NONE


def _range(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.max() - values.min()) if len(values) else float("nan")
