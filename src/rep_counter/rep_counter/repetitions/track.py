"""One exercise's view of the body: its driving signals, their machines, the candidates for repetitions they find."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from fitness_core.catalogue import Exercise, Half, Sides
from fitness_core.types import Phase, Reason, nanoseconds, seconds
from rep_counter.body.bodies import Bodies
from rep_counter.body.motion import NOTICED_LATE, STOOD, Motion, motion_of, stood_at
from rep_counter.body.past import Past
from rep_counter.body.signals import BOTH_SIDES, Reading, drive, posture_holds, travelled
from rep_counter.body.whole import BEFORE, bounces, comes_inside, falls, keeps_steady, stays, throughout
from rep_counter.repetitions.candidate import SEEN_SHARE, Candidate, best_seen, symmetry_of
from rep_counter.repetitions.credit import Found
from rep_counter.repetitions.machine import HOLD_S, Excursion, PhaseMachine

# An excursion below this share of the minimum range is fidgeting, not a failed repetition.
_FIDGET_SHARE = 0.5
# Who jumps sinks for so long before the arms move [ns]; ten poses a second show most of a bounce with it.
_TAKE_OFF = nanoseconds(0.2)
# What drives a repetition is seen for this share of it. Who is close to the camera has hands or feet in the picture for
# a third of it: enough where the exercise was asked for. By labels alone it would be three phantoms in a hundred more.
_SEEN, _SEEN_GIVEN = 0.5, 1 / 3
# A side that is hidden on its way was seen to turn where it was for half of the time, so long before and after [ns].
_AT_TURN = nanoseconds(0.15)
_SEEN_AT_TURN = 0.5
# It is followed for so long after it was hidden [ns].
_IN_SIGHT = nanoseconds(5.0)
# Candidates older than this are nobody's.
_REMEMBERED = nanoseconds(60.0)
# Below this share of the person's own typical range a repetition is shallow, whatever the minimum says.
_OWN_SHARE = 0.45
# Where only the way back counts (`half: back`), a repetition that the recording cuts off needs this share of it.
_WAY_BACK = 0.5
# A side that goes out again this soon after its last repetition may have trembled only.
_AT_ONCE = nanoseconds(0.2)
# A repetition ends 60 % back: who then leaves the ground is in the air within this.
_LANDED = nanoseconds(0.5)


_NOTHING = Found(0.0, 0.0)


class Track:
    """Follows one exercise, whether it is done or not. bodies: made for a catalogue with this exercise.

    `given`: whether the counter was told to count it. Then it is the exercise with a jump in it, too, not another one,
    and with hands further out.
    """

    def __init__(self, exercise: Exercise, min_visibility: float, past: Past, bodies: Bodies) -> None:
        self.exercise = exercise
        self.given = False
        self._min_visibility = min_visibility
        self._past = past
        self._sides = (BOTH_SIDES,) if exercise.sides == Sides.BOTH else (("left",), ("right",))
        is_angle = exercise.joint is not None
        least_back = _WAY_BACK if exercise.half == Half.BACK else 0.0
        self._machines = [PhaseMachine(exercise.minimum_range, is_angle, least_back) for _ in self._sides]
        self._signal = bodies.signal(exercise)
        self._driven_by = list(zip(self._machines, self._sides, bodies.driven_by(exercise), strict=True))
        self._guessed_by = [
            (PhaseMachine(exercise.minimum_range, is_angle), *of_side)
            for of_side in zip(self._sides, bodies.guessed_by(exercise), bodies.driven_by(exercise), strict=False)
        ]
        self._hidden_until = dict.fromkeys(self._sides, -2 * _IN_SIGHT)  # of each side the last stamp [ns]
        self._longest = nanoseconds(exercise.longest_s)
        self._since = 0  # stamp from which on the body is the one that is followed [ns]
        self._judged: deque[Candidate] = deque()
        self._landing: list[Candidate] = []  # of these those that may yet end in a jump

    @property
    def _may_jump(self) -> bool:
        return self.exercise.jump or self.given

    def step(self, stamp: int, drives: Sequence[float]) -> Sequence[Candidate]:
        """The candidates that ended with the newest pose of the past. drives: of its body, NaN where one jumped."""
        # For every exercise at every pose; most of the time there is nothing to tell.
        if self._landing:
            self._look_after(stamp - _LANDED)
        over = []
        for machine, sides, column in self._driven_by:
            if excursion := machine.step(stamp, drives[column]):
                over.append((excursion, sides))
        for machine, sides, column, measured in self._guessed_by:
            if drives[measured] != drives[measured]:
                self._hidden_until[sides] = stamp
            # Most arms are never hidden, and this is done for every exercise at every pose.
            if stamp - self._hidden_until[sides] > _IN_SIGHT:
                continue
            if (excursion := machine.step(stamp, drives[column])) and self._came_into_sight(excursion, sides):
                over.append((excursion, sides))
        return self._judge(over) if over else ()

    def finish(self) -> list[Candidate]:
        """The recording is over: candidates whose second half was not recorded.

        Who was not seen in its last seconds left before that: what was under way then.
        """
        halves = [(machine.finish(), sides) for machine, sides, _ in self._driven_by]
        # An arm that was hidden long before may have come back unseen.
        since = self._past.last_seen - nanoseconds(HOLD_S)
        candidates = self._judge([(half, sides) for half, sides in halves if half and half.end >= since])
        self._look_after(self._past.newest)
        return candidates

    def land(self) -> None:
        """Nothing more will come of this person: what has not ended in a jump by now did not."""
        self._look_after(self._past.newest)

    def _look_after(self, until: int) -> None:
        """Reject those that ended before `until` [ns] in a jump."""
        for candidate in list(self._landing):
            if candidate.excursion.end <= until:
                candidate.landed = True
                self._landing.remove(candidate)
                excursion = candidate.excursion
                if falls(self._past.trunks(excursion.turn, excursion.end + _LANDED), self._min_visibility):
                    candidate.reason = Reason.WRONG_POSTURE

    def new_body(self, stamp: int) -> None:
        """Somebody else is followed from this stamp on [ns]: no movement is made of two people's."""
        for machine, *_ in self._driven_by + self._guessed_by:
            machine.reset()
        self._since = stamp

    def learn(self, range_of_motion: float) -> None:
        """A repetition of this range [rad] was counted."""
        for machine, *_ in self._driven_by + self._guessed_by:
            machine.learn(range_of_motion)

    def motion(self, candidate: Candidate) -> Motion:
        """How the driving signal of a candidate moved."""
        excursion, side = candidate.excursion, self._sides.index(candidate.sides)
        # As far back as is remembered: who is credited late moved no less.
        since = max(excursion.start - NOTICED_LATE, self._since)
        stamps, readings = self._past.readings(self._signal, since, excursion.end)
        values = [drive(self.exercise.direction, self.exercise.sides, reading)[side] for reading in readings]
        return motion_of(np.array(stamps), np.array(values), excursion.start, excursion.turn, excursion.end)

    @property
    def state(self) -> tuple[Phase, float]:
        """Phase and progress of the side that is furthest out."""
        known = [(m.progress, m.phase) for m in self._machines if m.phase is not Phase.UNKNOWN]
        if not known:
            return Phase.UNKNOWN, math.nan
        progress, phase = max(known)
        return phase, progress

    @property
    def resting(self) -> bool:
        """Whether no side is on its way; who has been away for longer than a repetition lasts is not, either."""
        return all(m.phase in (Phase.UNKNOWN, Phase.REST) or self._stays_away(m) for m in self._machines)

    def _stays_away(self, machine: PhaseMachine) -> bool:
        away = machine.away
        return away is not None and self._past.newest - away[0] > self._longest

    def found(self, start: int, end: int, so_far: bool) -> Found:
        """What good repetitions there were between two stamps [ns].

        so_far: a movement that is not over yet is taken for a good one.
        """
        # Most are long over: which are not is asked before how much is shared.
        inside = [
            (one, shared)
            for one in self._judged
            if one.excursion.end > start
            and one.excursion.start < end
            and (shared := min(end, one.excursion.end) - max(start, one.excursion.start)) > 0
        ]
        if not inside:
            return Found(1.0, 1.0) if so_far and not self.resting else _NOTHING
        good = [(candidate, shared) for candidate, shared in inside if candidate.reason == Reason.NONE]
        bad = sum(
            shared
            for candidate, shared in inside
            if candidate.reason not in (Reason.NONE, Reason.NOT_VISIBLE)
            and not any(candidate.same_movement(other, False) for other, _ in good)
        )
        moved = sum(shared for _, shared in good)
        return Found(moved / (moved + bad), moved / (end - start)) if good else _NOTHING

    def _readings(self, start: int, end: int) -> tuple[Sequence[int], list[Reading]]:
        """Stamps in [start, end] ns and what the signal was, as far back as the longest repetition."""
        start = max(start, self._since, end - self._longest)
        return self._past.readings(self._signal, start, end)

    def _judge(self, over: Sequence[tuple[Excursion, tuple[str, ...]]]) -> list[Candidate]:
        candidates = []
        alternating = self.exercise.sides == Sides.ALTERNATING
        # Of two good ones the first stands for the movement: not always the left one.
        for excursion, sides in sorted(over, key=lambda one: self._how_well_seen(*one), reverse=True):
            if excursion.range_of_motion < _FIDGET_SHARE * self.exercise.minimum_range:
                continue
            if self._is_one_with_the_last(excursion, sides):
                continue
            candidate = self._candidate(excursion, sides)
            # Both sides do one repetition: one that is good stands for it.
            good = (other for other in self._judged if other.reason == Reason.NONE)
            if not any(candidate.same_movement(other, alternating) for other in good):
                self._judged.append(candidate)
                if not candidate.landed:
                    self._landing.append(candidate)
                candidates.append(candidate)
        while self._judged and self._judged[-1].excursion.end - self._judged[0].excursion.end > _REMEMBERED:
            self._judged.popleft()
        return candidates

    def _how_well_seen(self, excursion: Excursion, sides: tuple[str, ...]) -> tuple[float, float]:
        """The side that is seen better comes first; of two that are seen alike the one that moved further."""
        if sides == BOTH_SIDES:
            return 0.0, excursion.range_of_motion
        column = 2 * self._sides.index(sides)
        _, readings = self._readings(excursion.start, excursion.end)
        seen = [reading[column + 1] for reading in readings if math.isfinite(reading[column])]
        return round(sum(seen) / len(seen), 2) if seen else 0.0, excursion.range_of_motion

    def _is_one_with_the_last(self, excursion: Excursion, sides: tuple[str, ...]) -> bool:
        """Whether a side only trembled back between its last repetition and this: the other has not come back yet.

        The other must have left before the last one's turning point: where sides alternate it leaves later.
        """
        if self.exercise.sides != Sides.EITHER:
            return False
        of_side = (one.excursion for one in reversed(self._judged) if one.sides == sides and one.reason == Reason.NONE)
        last = next(of_side, None)
        if last is None or excursion.start - last.end > _AT_ONCE:
            return False
        other = next(machine for machine, other_sides, _ in self._driven_by if other_sides != sides).away
        return other is not None and other[0] < last.turn and other[1] >= self.exercise.minimum_range

    def _came_into_sight(self, excursion: Excursion, sides: tuple[str, ...]) -> bool:
        """Whether a side that is hidden where it begins or ends was seen to turn, while nothing else was on its way.

        The far arm, in a camera beside the body, is behind it until it is lifted. Half a repetition is not guessed.
        """
        if not excursion.begun:
            return False
        column = 2 * self._sides.index(sides)
        stamps, readings = self._readings(excursion.start, excursion.end)
        seen = [math.isfinite(reading[column]) for reading in readings]
        if sum(seen) >= SEEN_SHARE * len(seen):
            return False  # it is found without guessing
        turned = [one for stamp, one in zip(stamps, seen, strict=True) if abs(stamp - excursion.turn) <= _AT_TURN]
        if sum(turned) < _SEEN_AT_TURN * len(turned):
            return False
        others = [machine.away for machine in self._machines]
        minimum = self.exercise.minimum_range
        return not any(other and other[0] < excursion.turn and other[1] >= minimum for other in others)

    def _candidate(self, excursion: Excursion, sides: tuple[str, ...]) -> Candidate:
        stamps, readings = self._readings(excursion.start, excursion.end)
        reason = self._reason(excursion, sides, readings)
        landed = self._may_jump or reason != Reason.NONE
        together = sides == BOTH_SIDES or self._other_was_out_too(excursion, sides, stamps, readings)
        return Candidate(excursion, reason, readings, sides, together, landed)

    def _other_was_out_too(
        self, excursion: Excursion, sides: tuple[str, ...], stamps: Sequence[int], readings: Sequence[Reading]
    ) -> bool:
        """Whether the other side moved as well, and was most of its way out when this one turned."""
        column = 2 - 2 * self._sides.index(sides)
        known = [
            (stamp, self.exercise.direction.sign * reading[column])
            for stamp, reading in zip(stamps, readings, strict=True)
            if math.isfinite(reading[column])
        ]
        if not known:
            return False
        values = [value for _, value in known]
        went = max(values) - min(values)
        _, at_turn = min(known, key=lambda one: abs(one[0] - excursion.turn))
        return went >= _FIDGET_SHARE * self.exercise.minimum_range and at_turn - min(values) >= went / 2

    def _reason(self, excursion: Excursion, sides: tuple[str, ...], readings: Sequence[Reading]) -> Reason:
        exercise = self.exercise
        typical = max(machine.typical_range for machine in self._machines)
        short_of_turn = excursion.turn_value < exercise.direction.sign * exercise.turn
        if excursion.range_of_motion < max(exercise.minimum_range, _OWN_SHARE * typical) or short_of_turn:
            return Reason.SHALLOW
        if excursion.begun and self._from_where_it_stood(excursion, sides) < exercise.minimum_range:
            return Reason.SHALLOW
        if excursion.begun and excursion.returned:
            duration = seconds(excursion.end - excursion.start)
            if duration < exercise.shortest_s:
                return Reason.TOO_FAST
            if duration > exercise.longest_s:
                return Reason.TOO_SLOW
        least = _SEEN_GIVEN if self.given else _SEEN
        if sum(seen >= self._min_visibility for seen in best_seen(readings)) < least * len(readings):
            return Reason.NOT_VISIBLE
        if exercise.even and symmetry_of(readings) < exercise.even:
            return Reason.WRONG_POSTURE
        bodies = self._past.bodies(excursion.start, excursion.end)
        turned = next((body for body in bodies if body.pose.stamp >= excursion.turn), None)
        if turned is not None and not posture_holds(
            exercise.posture, turned.pixels, turned.pose.visibility, self._min_visibility, sides
        ):
            return Reason.WRONG_POSTURE
        ends = (excursion.begun, excursion.returned)
        for travel in exercise.travel:
            went = travelled(travel, bodies, excursion.turn, sides, ends, self._min_visibility)
            if went < travel.by if travel.by > 0 else went > travel.by:
                return Reason.WRONG_POSTURE
        return Reason.NONE if self._whole(excursion, sides) else Reason.WRONG_POSTURE

    def _from_where_it_stood(self, excursion: Excursion, sides: tuple[str, ...]) -> float:
        """Range of motion [rad], from where the way out stood still for long if it did."""
        whole = excursion.range_of_motion
        if excursion.turn - excursion.start < STOOD:
            return whole
        stamps, readings = self._readings(excursion.start, excursion.turn)
        side = self._sides.index(sides)
        values = [drive(self.exercise.direction, self.exercise.sides, one)[side] for one in readings]
        start = excursion.turn_value - whole
        return whole - (stood_at(np.array(stamps), (np.array(values) - start) / whole) or 0) * whole

    def _whole(self, excursion: Excursion, sides: tuple[str, ...]) -> bool:
        """Whether what the exercise asks of a whole repetition is true."""
        exercise = self.exercise
        if not self._bounces(excursion):
            return False
        if not self.given and self._is_another(excursion, sides):
            return False
        always = tuple(condition for condition in exercise.posture if condition.throughout)
        if self._may_jump and not always and not exercise.still:
            return True
        whole = max(excursion.start - BEFORE, self._since), excursion.end
        poses = self._past.seen(*whole) if always or exercise.still else ()
        return (
            throughout(always, poses, self._min_visibility)
            and all(stays(still, poses, self._min_visibility) for still in exercise.still)
            and (self._may_jump or not falls(self._past.trunks(*whole, seen=True), self._min_visibility))
        )

    def _is_another(self, excursion: Excursion, sides: tuple[str, ...]) -> bool:
        """Whether this is another movement, though it keeps all that is asked of who was told the exercise."""
        exercise = self.exercise
        if not exercise.inside and not exercise.steady:
            return False
        bodies = [body for body in self._past.bodies(excursion.start, excursion.end) if body.tracked]
        poses, angles = [body.pose for body in bodies], [body.angles for body in bodies]
        return not (
            all(comes_inside(inside, poses, sides, self._min_visibility) for inside in exercise.inside)
            and all(keeps_steady(steady, angles, excursion.range_of_motion) for steady in exercise.steady)
        )

    def _bounces(self, excursion: Excursion) -> bool:
        """Whether the trunk goes up and down as the exercise asks; half a repetition may be less than one bounce."""
        if not self.exercise.bounce or not (excursion.begun and excursion.returned):
            return True
        start = max(excursion.start - _TAKE_OFF, self._since)
        trunks = self._past.trunks(start, excursion.end, seen=True)
        return bounces(trunks, self.exercise.bounce, self._min_visibility)
