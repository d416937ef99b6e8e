"""The phase machine: one driving signal in, half-open excursions and whole repetitions out.

Turning points are found as reversals by more than a hysteresis that follows the person's own range of motion, as in
rainflow counting's reversal extraction (ASTM E1049-85); no fixed angle has to be crossed.
"""

import math
from collections import deque
from dataclasses import dataclass

from fitness_core.types import Phase, nanoseconds

# Movement smaller than this is not movement: of an angle [rad], of a distance [torso lengths].
_SMALLEST_ANGLE = math.radians(12)
_SMALLEST_DISTANCE = 0.06
# A movement has begun, or turned back, after this share of the person's typical range.
_BEGIN_SHARE = 0.3
_TURN_SHARE = 0.25
# A repetition is over when this share of its range has been taken back.
_RETURN_SHARE = 0.6
# The starting position is the extreme of the last seconds, so that a person who shifts position is followed.
_REST_WINDOW = nanoseconds(6.0)
# Without news of the turning point for so long the person is holding it.
_TURN_AFTER = nanoseconds(0.1)
# Without a new lowest value for so long the starting position is reached.
_RESTED = nanoseconds(0.5)
# A signal that moves earlier than this after it appeared may have appeared anywhere in a repetition.
_SETTLED = nanoseconds(1.0)
# Appeared this share of its later range away from the starting position: it did not appear at the starting position.
_ELSEWHERE_SHARE = 0.3
HOLD_S = 1.0
"""A signal that was away longer than this starts anew."""
_HOLD = nanoseconds(HOLD_S)
# At the end of a recording an excursion that has come this far is a repetition whose second half was not recorded.
_NEARLY_THERE = 0.9


@dataclass(frozen=True, slots=True)
class Excursion:
    """From the starting position to a turning point and back. Stamps [ns], range [rad].

    begun, returned: false where the recording holds only the second or only the first half. done: false where it ends
    before so much of the way back as the exercise asks for.
    turn_value: signal at the turning point [rad, grows towards it].
    """

    start: int
    turn: int
    end: int
    range_of_motion: float
    turn_value: float
    begun: bool = True
    returned: bool = True
    done: bool = True


class PhaseMachine:
    """Follows one signal. `phase` and `progress` say where it is now.

    `step` is called for every exercise at every pose; what depends on the person's range is made when one is learnt.

    least_back: the share of its range that half a repetition must have come back to be done.
    """

    def __init__(self, minimum_range: float, is_angle: bool = True, least_back: float = 0.0) -> None:
        self._minimum = minimum_range
        self._least_back = least_back
        self._smallest = _SMALLEST_ANGLE if is_angle else _SMALLEST_DISTANCE
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.phase = Phase.UNKNOWN
        self._last: int | None = None
        self._value = float("nan")
        self._ranges: deque[float] = deque(maxlen=5)
        self._set_thresholds()
        self._half_range = math.inf
        self._left_off: Excursion | None = None  # the half that was under way when the signal was last lost
        self._restart()

    def _restart(self) -> None:
        self.phase = Phase.UNKNOWN
        self._recent: deque[tuple[int, float]] = deque()  # of the rest window, rising values: the lowest is first
        self._low = self._top = self._valley = (0, float("nan"))  # (stamp, value) of rest, turn, way back
        self._left = 0  # when the starting position was left
        self._appeared: int | None = None  # until the first excursion is over
        # Low, top and when it was left, of a first excursion that began where the signal had stood.
        self._doubted: tuple[tuple[int, float], tuple[int, float], int] | None = None
        self._rest_known = False

    def learn(self, range_of_motion: float) -> None:
        """A repetition of this range was counted."""
        self._ranges.append(range_of_motion)
        self._set_thresholds()

    def _set_thresholds(self) -> None:
        self.typical_range = sorted(self._ranges)[len(self._ranges) // 2] if self._ranges else self._minimum
        """Median range of motion of the last repetitions [rad]; the exercise's minimum before there are any."""
        self._begin = max(self._smallest, _BEGIN_SHARE * self.typical_range)
        self._turn = max(self._smallest, _TURN_SHARE * self.typical_range)

    @property
    def progress(self) -> float:
        """How far the signal is from the starting position to the turning point, 0..1; NaN while that is not known."""
        if self.phase == Phase.UNKNOWN:
            return float("nan")
        reach = max(self.typical_range, self._top[1] - self._low[1] if self.phase != Phase.REST else 0.0)
        return min(1.0, max(0.0, (self._value - self._low[1]) / reach))

    @property
    def away(self) -> tuple[int, float] | None:
        """When the starting position was left [ns] and how far it came [as the values]; None where it rests there."""
        if self.phase in (Phase.UNKNOWN, Phase.REST) or not self._rest_known:
            return None
        return self._left, self._top[1] - self._low[1]

    def step(self, stamp: int, value: float) -> Excursion | None:
        """The value [rad, grows towards the turning point] at stamp [ns]; an excursion when one is over."""
        if self._last is not None and stamp - self._last > _HOLD:
            if self.phase is not Phase.UNKNOWN:
                self._left_off = self._half()
            self._restart()
        if not -math.inf < value < math.inf:
            return None
        self._last, self._value = stamp, value
        phase = self.phase
        if phase is Phase.REST:
            self._at_rest(stamp, value)
            return None
        if phase is Phase.UNKNOWN:
            self._find_first_movement(stamp, value)
            return None
        return self._under_way(stamp, value)

    def finish(self) -> Excursion | None:
        """The recording is over: the half under way, where it came far enough to be half a repetition.

        Where the signal was lost in it and has not moved since, the recording was over then; told of once.
        """
        left_off, self._left_off = self._left_off, None
        return left_off if self.phase is Phase.UNKNOWN else self._half()

    def _half(self) -> Excursion | None:
        if self.phase not in (Phase.OUT, Phase.TURN, Phase.BACK) or self._last is None:
            return None
        back = self._top[1] - self._valley[1]
        if not self._rest_known and back >= self._minimum and self._appeared_elsewhere(back):
            return Excursion(self._top[0], self._top[0], self._last, back, self._top[1], begun=False)
        came = self._top[1] - self._low[1]
        if came < self._minimum:
            return None
        # Still moving outwards: only the person's own range tells whether this was nearly the turning point.
        if self.phase == Phase.OUT and self._top[1] - self._value < 0.1 * came:
            own = self.typical_range if self._ranges else self._half_range
            if came < _NEARLY_THERE * own:
                return None
        done = back >= self._least_back * came
        return Excursion(self._left, self._top[0], self._last, came, self._top[1], returned=False, done=done)

    def _at_rest(self, stamp: int, value: float) -> None:
        self._remember(stamp, value)
        self._low = self._recent[0]
        out = value - self._low[1]
        if out < self._begin / 2:
            self._left = stamp
        elif out >= self._begin:
            self._doubted = None
            self._go_out(stamp, value)
        if self._doubted is None:
            return
        low, top, left = self._doubted
        if stamp - top[0] > _REST_WINDOW:
            self._doubted = None
        elif low[1] - value >= self._minimum:
            # Where it had stood was no starting position: who sets up at a bar stands bent, sinks, and lifts it.
            self._low, self._top, self._left, self._valley = low, top, left, (stamp, value)
            self._doubted = None
            self.phase, self._rest_known = Phase.BACK, False

    def _under_way(self, stamp: int, value: float) -> Excursion | None:
        over = self._whole if self._rest_known else self._first
        turned, top = self._top
        if value >= top:
            # Back and out again while the signal was away: that repetition is over.
            if top - self._valley[1] >= self._minimum and (missed := over(stamp, value)):
                return missed
            if not self._rest_known and self._valley[1] < self._low[1]:
                self._low, self._left = self._valley, self._valley[0]
            # Further out than ever, or out again after a dip too small to be a return: the same repetition goes on.
            self._top = self._valley = (stamp, value)
            self.phase = Phase.OUT
            return None
        if value < self._valley[1]:
            self._valley = (stamp, value)
        if top - value >= self._turn:
            self.phase = Phase.BACK
        elif self.phase is Phase.OUT and stamp - turned > _TURN_AFTER:
            self.phase = Phase.TURN
        return over(stamp, value)

    def _find_first_movement(self, stamp: int, value: float) -> None:
        """Wait for movement: out from where the signal appeared, or back, which tells that it appeared further out."""
        if self._appeared is None:
            self._appeared = stamp
            self._low = self._top = self._valley = (stamp, value)
        if value < self._low[1]:
            self._low = (stamp, value)
        if value > self._top[1]:
            self._top = (stamp, value)
        out = value - self._low[1]
        if out < self._begin / 2:
            self._left = stamp
        if out >= self._begin:
            self._go_out(stamp, value)
            self._rest_known = stamp - self._appeared > _SETTLED
        elif self._top[1] - value >= self._turn:
            self._low, self._left = self._top, self._top[0]
            self._valley = (stamp, value)
            self.phase = Phase.BACK
            self._rest_known = False

    def _go_out(self, stamp: int, value: float) -> None:
        self.phase = Phase.OUT
        self._rest_known = True
        self._top = self._valley = (stamp, value)

    def _whole(self, stamp: int, value: float) -> Excursion | None:
        """A repetition is over when the signal is most of the way back, or goes out again after coming far back."""
        (turned, top), valley = self._top, self._valley[1]
        came = top - self._low[1]
        if top - value >= _RETURN_SHARE * came:
            excursion = Excursion(self._left, turned, stamp, came, top)
            if self._appeared is not None:
                self._doubted, self._appeared = (self._low, self._top, self._left), None
            self._rest(stamp, value)
            return excursion
        # The starting position may have been another one than the person now returns to.
        back = top - valley
        if value - valley >= self._begin and back >= max(self._minimum, 0.5 * self.typical_range):
            excursion = Excursion(self._left, turned, self._valley[0], back, top)
            self._appeared = None
            self._low, self._left = self._valley, self._valley[0]
            self._go_out(stamp, value)
            return excursion
        return None

    def _first(self, stamp: int, value: float) -> Excursion | None:
        """The first excursion of a signal that appeared in movement is over when it rests or goes out again.

        Only then is known how far from the starting position it had appeared.
        """
        back = self._top[1] - self._valley[1]
        out_again = value - self._valley[1] >= self._begin
        if not out_again and stamp - self._valley[0] <= _RESTED:
            return None
        if back < max(self._minimum, _RETURN_SHARE * (self._top[1] - self._low[1])):
            if not out_again and max(back, self._top[1] - self._low[1]) < self._minimum:
                self._restart()  # too small a movement to know which end this is
            return None
        begun = not self._appeared_elsewhere(back)
        start = self._left if begun else self._top[0]
        excursion = Excursion(start, self._top[0], self._valley[0], back, self._top[1], begun=begun)
        self._half_range = back
        self._appeared = None
        self._low, self._left = self._valley, self._valley[0]
        if out_again:
            self._go_out(stamp, value)
        else:
            self._rest(*self._valley)
            self._remember(stamp, value)
        return excursion

    def _appeared_elsewhere(self, back: float) -> bool:
        """Whether the signal appeared away from the starting position, now that it has come `back` [rad] towards it."""
        return self._low[1] - self._valley[1] >= _ELSEWHERE_SHARE * back

    def _rest(self, stamp: int, value: float) -> None:
        self.phase = Phase.REST
        self._rest_known = True
        self._left = stamp
        self._recent.clear()
        self._remember(stamp, value)
        self._low = self._recent[0]

    def _remember(self, stamp: int, value: float) -> None:
        while self._recent and self._recent[-1][1] >= value:
            self._recent.pop()
        self._recent.append((stamp, value))
        while stamp - self._recent[0][0] > _REST_WINDOW:
            self._recent.popleft()
