"""The lock: the trainee stays the trainee when somebody walks through the picture. Free of ROS and of any network.

A pose network follows one region of the picture. Where somebody passes in front, the region goes with the passer-by.
What gives it away is that two things change at once that do not on one person: the clothes, and the place or the size
of the body, faster than a body gets there. Either alone happens in every exercise (arms before the chest, a jump).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

import numpy as np

from fitness_core.skeleton import INDEX
from fitness_core.types import seconds
from pose_estimator.backend import Detection

CUT = 0.5
"""So much of the picture changed from one to the next [0..1]: a cut, not a person."""
HOLD = 3.0
"""How long the place of a hidden person is kept [s], unless told otherwise."""


@dataclass(frozen=True, slots=True)
class LockThresholds:
    """By what the trainee is told from somebody else; a share of a size is the logarithm of a ratio."""

    another_view: float = 0.3
    """Share of the picture that changed [0..1]: as much, and the same clothes are one person in another view.

    Cuts before a plain wall change .32 to .44 of the picture, bodies that jump or are lost .24 at most.
    """
    comparable: float = 0.35
    """In so short a time [s] a body can be compared with itself."""
    settling: float = 1.0
    """A body that was found just now [s] is not known well: its first landmarks jump."""

    other_clothes: float = 2.5
    """So many usual deviations off, clothes are others."""
    least_deviation: float = 14.0
    """What a deviation is at least [grey levels], however little the clothes varied so far."""
    learning: float = 2.0
    """Within so long [s] clothes are learnt."""

    off_way: float = 0.1
    off_way_speed: float = 1.2
    """Off its own way by this [m] and this for the time passed [m/s], a body is not where it was."""
    resized: float = 0.1
    resized_speed: float = 0.8
    """The same of its size [share, share/s]."""
    making_up: float = 2.0
    """Clothes and place may make up for what the other lacks: each counts so many times its own limit at most."""
    leap: float = 0.5
    leap_speed: float = 5.0
    """Whatever the clothes: nobody gets so far [m, m/s]."""
    swell: float = 0.35
    """Whatever the clothes: nobody gets so much nearer from one picture to the next [share]."""

    back_within: float = 0.6
    """Who was hidden comes back so near to the place [m]: nobody gets far meanwhile."""
    back_resized: float = 0.25
    """Who was hidden comes back with a size that is at most so much off [share]."""
    back_clothes: float = 0.7
    """Who was hidden comes back in clothes that are less others than this; 1 and more are others."""

    badly_seen_after: float = 0.3
    """Who stays so long [s] may be twice as much off in size, in clothes that are half as much others.

    Just before a body is lost, and just after it is found, it is seen badly, and its size with it.
    """
    taken_after: float = 0.8
    """Who stays so long [s] does not pass by: that is the trainee from then on. Who is out of sight does not stay."""
    staying_within: float = 0.3
    """To stay is to be within this to either side [m]."""
    gone: float = 1.0
    """Without a lock, who was away longer than this [s] is another one."""


_AT = LockThresholds()
# A landmark that is not seen tells where the body is with this weight, one that is with 1.
_LEAST_WEIGHT = np.float32(0.05)
# Where colours are looked up: between shoulders and hips, and between hips and knees.
_QUADS = np.array(
    [
        [INDEX[f"{side}_{part}"] for part in parts for side in ("left", "right")]
        for parts in (("shoulder", "hip"), ("hip", "knee"))
    ]
)
_ACROSS, _DOWN = (grid.ravel()[:, None] for grid in np.meshgrid(np.linspace(0.15, 0.85, 6), np.linspace(0.1, 0.9, 8)))
_CORNERS = np.hstack(
    [(1 - _DOWN) * (1 - _ACROSS), (1 - _DOWN) * _ACROSS, _DOWN * (1 - _ACROSS), _DOWN * _ACROSS]
).astype(np.float32)


class LockState(Enum):
    """What is known of the trainee; /diagnostics tells the name.

    SEARCHING: nobody is locked on to. LOCKED: the trainee is seen. LOST: hidden, and waited for.
    """

    SEARCHING = auto()
    LOCKED = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Sight:
    """What tells a body in a picture from another one.

    x, y: mid-hips [px]. scale: [px/m] as large as it is seen, whatever its posture. colours: [6] of the trunk and of
    the thighs each lightness, red against green, yellow against blue [grey levels]; NaN where out of the picture.
    """

    x: float
    y: float
    scale: float
    colours: Sequence[float]

    def away(self, other: "Sight") -> float:
        """Distance [m] in the picture's plane at the depth of the nearer one."""
        return float(np.hypot(self.x - other.x, self.y - other.y) / max(self.scale, other.scale))

    def resized(self, other: "Sight") -> float:
        """How much larger or smaller: the logarithm of the ratio, unsigned."""
        return abs(float(np.log(self.scale / other.scale)))


def sight_of(found: Detection, picture: np.ndarray) -> Sight:
    """Place, size and colours of a body in a BGR picture.

    The size is that of the weak-perspective camera which best projects the world landmarks into the picture: it does
    not change when a person bends or squats.
    """
    height, width = picture.shape[:2]
    pixels = found.image[:, :2] * _size(width, height)
    world = found.world[:, :2]
    weights = np.maximum(found.visibility, _LEAST_WEIGHT)
    weights /= np.add.reduce(weights)
    middle, origin = weights @ pixels, weights @ world
    centred = world - origin
    spread = float(weights @ _inner(centred, centred))
    scale = float(weights @ _inner(centred, pixels - middle)) / max(spread, 1e-6)
    scale = max(scale, 1.0)
    x, y = (middle - scale * origin).tolist()
    return Sight(x, y, scale, _colours(picture, pixels))


@lru_cache(maxsize=4)
def _size(width: int, height: int) -> np.ndarray:
    return np.array((width, height), np.float32)


@lru_cache(maxsize=4)
def _bounds(width: int, height: int) -> np.ndarray:
    return np.array((width, height), np.uint)


def _inner(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Inner products of the rows of two arrays [n, 2]."""
    products = one * other
    return products[:, 0] + products[:, 1]


def _colours(picture: np.ndarray, pixels: np.ndarray) -> list[float]:
    height, width = picture.shape[:2]
    points = (_CORNERS @ pixels.take(_QUADS, axis=0)).astype(int)
    across, down = points[..., 0], points[..., 1]
    # What is negative is large when it is read without a sign.
    inside = points.view(np.uint) < _bounds(width, height)
    if np.logical_and.reduce(inside, axis=None):
        rows = picture.reshape(-1, picture.shape[2])
        middles = np.sort(rows.take(down * width + across, axis=0), axis=1)[:, points.shape[1] // 2].tolist()
    else:
        both = np.logical_and.reduce(inside, axis=-1)
        seen = [picture[y[here], x[here]] for x, y, here in zip(across, down, both, strict=True)]
        enough = points.shape[1] // 4
        middles = [np.sort(of, axis=0)[len(of) // 2].tolist() if len(of) >= enough else [math.nan] * 3 for of in seen]
    colours: list[float] = []
    for blue, green, red in middles:
        colours += (red + green + blue) / 3, red - green, (red + green) / 2 - blue
    return colours


class Clothes:
    """The usual colours of a body, and how much they vary."""

    def __init__(self) -> None:
        # Of so few numbers arrays would take ten times as long.
        self._mean = [math.nan] * 6
        self._deviation = [0.0] * 6
        self._stamp: int | None = None

    def learn(self, stamp: int, colours: Sequence[float]) -> None:
        """Take in the colours at stamp [ns]."""
        elapsed = _AT.comparable if self._stamp is None else seconds(stamp - self._stamp)
        self._stamp = stamp
        share = min(1.0, max(elapsed, 0.0) / _AT.learning)
        for number, colour in enumerate(colours):
            off = colour - self._mean[number]
            if math.isnan(self._mean[number]):
                self._mean[number] = colour
            elif math.isfinite(off):
                self._mean[number] += share * off
                self._deviation[number] += share * (abs(off) - self._deviation[number])

    def strangeness(self, colours: Sequence[float]) -> float:
        """How much others than usual the clothes on trunk or thighs are; 1 and more: others, 0: nothing is known."""
        strangest = 0.0
        for colour, mean, deviation in zip(colours, self._mean, self._deviation, strict=True):
            off = abs(colour - mean) / (_AT.least_deviation + deviation) / _AT.other_clothes
            if off > strangest:  # which no NaN is
                strangest = off
        return strangest


class PersonLock:
    """Decides, picture by picture, whether the body that was found is the trainee.

    hold: how long the place of a hidden trainee is kept [s]. `state`, `bodies` (how many were locked on to) and
    `trainee` (where the trainee was last) tell what it knows. After the hold somebody else may become the trainee;
    who comes back in the same clothes and size is the same one.
    """

    def __init__(self, hold: float = HOLD) -> None:
        self.hold = hold
        self.bodies = 0
        self.refused = 0
        self.reset()

    def reset(self) -> None:
        """Forget the trainee: the next body is a new one."""
        self.state = LockState.SEARCHING
        self.trainee: Sight | None = None
        self._clothes = Clothes()
        self._seen: list[tuple[int, Sight]] = []
        self._changed = 0.0  # since the trainee was seen, the most from one picture to the next [0..1]
        self._since: int | None = None
        self._stranger: tuple[int, Sight] | None = None
        self._met = 0  # stamp at which the stranger was last seen [ns]

    @property
    def place(self) -> Sight | None:
        """Where alone to look: where the trainee was, while somebody is in front; None = anywhere."""
        hidden = self.state == LockState.LOST and self._stranger is not None and self._changed <= CUT
        return self.trainee if hidden else None

    def step(self, stamp: int, sight: Sight | None, changed: float = 0.0) -> bool:
        """Whether this body, if any, is the trainee. stamp [ns]; changed: share of the picture that is new [0..1]."""
        if self.hold <= 0:
            return self._take_anybody(stamp, sight)
        self.wait(stamp)
        self._changed = max(self._changed, changed)
        if self.state == LockState.SEARCHING:
            if sight is None:
                return False
            known = self.trainee is not None and self._known(sight)
            return self._take(stamp, sight, known=known, cut=self._changed > CUT)
        if sight is not None:
            if self._changed <= CUT and self._continues(stamp, sight):
                return self._take(stamp, sight)
            if self._changed > CUT or (
                self._changed > _AT.another_view and self._clothes.strangeness(sight.colours) < 1
            ):
                return self._take(stamp, sight, cut=True)
            stayed = self._stayed(stamp, sight)
            if stayed >= _AT.badly_seen_after and self._alike(sight):
                return self._take(stamp, sight)
            if stayed >= _AT.taken_after:
                return self._take(stamp, sight, known=False)
        if sight is None and self._stranger is not None and seconds(stamp - self._met) > _AT.comparable:
            self._stranger = (stamp, self._stranger[1])  # who is away does not stay
        self.refused += sight is not None
        self.state = LockState.LOST
        return False

    def wait(self, stamp: int) -> None:
        """Search where the hold is over by stamp [ns], be it that the trainee was hidden or that no picture came."""
        if self._seen and seconds(stamp - self._seen[-1][0]) > self.hold:
            self.state = LockState.SEARCHING

    def _take(self, stamp: int, sight: Sight, known: bool = True, cut: bool = False) -> bool:
        """Go on with this body, as the trainee known until now or as another one; cut: nothing is where it was."""
        if not known:
            self.bodies += 1
        if cut or not known:
            self._clothes = Clothes()
        if cut or self.state != LockState.LOCKED:
            self._seen = []
        if cut or self.state == LockState.SEARCHING or not known:
            self._since = stamp
        self._changed = 0.0
        self._stranger = None
        self.state, self.trainee = LockState.LOCKED, sight
        self._clothes.learn(stamp, sight.colours)
        while self._seen and seconds(stamp - self._seen[0][0]) > _AT.comparable:
            del self._seen[0]
        self._seen.append((stamp, sight))
        return True

    def _take_anybody(self, stamp: int, sight: Sight | None) -> bool:
        """Without a lock: who is found is the trainee, another one after a second of nobody."""
        if sight is None:
            self.state = LockState.SEARCHING
            return False
        if self._since is None or seconds(stamp - self._since) > _AT.gone:
            self.bodies += 1
        self.state, self._since = LockState.LOCKED, stamp
        return True

    def _stayed(self, stamp: int, sight: Sight) -> float:
        """How long a body that was refused has stayed where it is [s]."""
        if self._stranger is None or abs(sight.x - self._stranger[1].x) / sight.scale > _AT.staying_within:
            self._stranger = (stamp, sight)
        self._met = stamp
        return seconds(stamp - self._stranger[0])

    def _alike(self, sight: Sight) -> bool:
        """Whether a body may be the trainee who was lost and is seen badly."""
        last = self._seen[-1][1]
        strange = self._clothes.strangeness(sight.colours)
        return (
            sight.away(last) < _AT.back_within
            and sight.resized(last) < 2 * _AT.back_resized
            and strange < _AT.back_clothes / 2
        )

    def _known(self, sight: Sight) -> bool:
        """Whether a body may be the one that was locked on to before."""
        assert self.trainee is not None
        return sight.resized(self.trainee) < 2 * _AT.back_resized and self._clothes.strangeness(sight.colours) < 1

    def _continues(self, stamp: int, sight: Sight) -> bool:
        last_stamp, last = self._seen[-1]
        elapsed = seconds(stamp - last_stamp)
        strange = self._clothes.strangeness(sight.colours)
        if self._since is not None and seconds(stamp - self._since) < _AT.settling:
            return True
        away, resized = sight.away(last), sight.resized(last)
        if self.state == LockState.LOST:
            return away < _AT.back_within and resized < _AT.back_resized and strange < _AT.back_clothes
        if away > _AT.leap + _AT.leap_speed * elapsed or resized > _AT.swell:
            return False
        moved = max(
            self._off(stamp, sight) / (_AT.off_way + _AT.off_way_speed * elapsed),
            resized / (_AT.resized + _AT.resized_speed * elapsed),
        )
        return min(strange, _AT.making_up) * min(moved, _AT.making_up) < 1

    def _off(self, stamp: int, sight: Sight) -> float:
        """How far from its own way a body is [m]."""
        last_stamp, last = self._seen[-1]
        first_stamp, first = self._seen[0]
        if len(self._seen) < 3 or last_stamp <= first_stamp:
            return sight.away(last)
        ahead = (stamp - last_stamp) / (last_stamp - first_stamp)
        x, y = last.x + ahead * (last.x - first.x), last.y + ahead * (last.y - first.y)
        return float(np.hypot(sight.x - x, sight.y - y)) / sight.scale
