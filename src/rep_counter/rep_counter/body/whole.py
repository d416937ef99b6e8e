"""What is asked of the body over a whole repetition rather than at its turning point."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from fitness_core.catalogue import Inside, Posture, Steady, Still
from fitness_core.geometry import rows_of
from fitness_core.skeleton import INDEX, JOINT_INDEX
from fitness_core.types import NANOSECONDS, JointAngles, Pose, nanoseconds, to_scale
from rep_counter.body.signals import BOTH_SIDES, posture_holds

BEFORE = nanoseconds(1.0)
"""So long before its start a repetition is looked at [ns]: what moves sooner after it came may still be arriving, as in
`machine._SETTLED`."""
# A posture holds throughout where it holds in this share of the poses: landmarks flip for a frame or two.
_MOST = 0.9
# How far a joint moves is told without its highest and its lowest tenth, for the same reason.
_BUT_FOR_FLIPS = (1 - _MOST, _MOST)
# What is still, or falls, is judged where it is seen in this share of the poses.
_SEEN = 0.5
# What comes inside does so in this share of the poses: who lifts begins so, whatever the arms do higher up.
_PART = 0.2
# From the front or from behind the shoulders are so far apart in the picture [torso lengths], from beside .05 to .16.
_WIDE = 0.3
# A body that nothing holds falls at 9.81 m/s2, 20 torso lengths/s2: a torso is 0.288 of the height, 0.49 m at 1.7 m
# (shoulders at 0.818, hips at 0.530: Drillis and Contini 1966, in Winter 2009, https://doi.org/10.1002/9780470549148).
# Feet push and never pull, so a body on its feet is slowed less than that: 13 at most in 700 repetitions on film of all
# exercises that are done without a jump but push-ups, and 16 in squats of who rises as fast as can be; 16 to 32 in
# jumps. Four fifths of free fall:
_FALL = 16.0
# How long it has to fall, and how far it may be off a parabola [s, torso lengths]: a flight of less lifts a foot by
# 11 cm, a landmark that jumps draws no parabola.
_FLIGHT_S = 0.3
_OFF_PARABOLA = 0.03
# Who lets himself drop into a brisk squat falls as fast from where he stood, and does not fly: it is on the way up that
# feet cannot slow a body so. For this share of the time it goes up.
_UP = 1 / 3
# In such a flight a foot rises or falls by 0.22 torso lengths. One that is seen to move by less than this stands: it is
# feet then that slow the body, of who rises as fast as can be. On film the stiller foot moved by 0.05 at most there,
# and by 0.13 and more in jumps, over a skipping rope too.
_STANDS = 0.09
# Heights are resampled to this rate [Hz]; nothing is told of a time without a pose for longer than this [s].
_RATE = 30.0
_LONGEST_GAP_S = 0.15


def throughout(conditions: tuple[Posture, ...], poses: Sequence[Pose], min_visibility: float) -> bool:
    """Whether the conditions hold in the poses, but for a tenth of them; hidden points are not judged."""
    if not conditions or not poses:
        return True
    holds = [posture_holds(conditions, pose.pixels(), pose.visibility, min_visibility) for pose in poses]
    return sum(holds) >= _MOST * len(holds)


def stays(still: Still, poses: Sequence[Pose], min_visibility: float) -> bool:
    """Whether the stiller side's point keeps its height in the picture; true where neither is seen enough."""
    if not poses:
        return True
    torsos = _torsos(poses, rows_of([pose.image for pose in poses]))
    torsos = torsos[np.isfinite(torsos)]
    if not len(torsos):
        return True
    torso = _median(torsos)
    ranges = []
    for side in ("left", "right"):
        row = INDEX[f"{side}_{still.point}"]
        heights = np.array(
            [pose.image[row, 1] * pose.height for pose in poses if pose.visibility[row] >= min_visibility]
        )
        if len(heights) >= max(3, _SEEN * len(poses)):
            heights = np.median(sliding_window_view(heights, 3), axis=-1)  # a landmark that jumps for one frame
            ranges.append(np.ptp(heights) / torso)
    return not ranges or bool(min(ranges) <= still.within)


def comes_inside(inside: Inside, poses: Sequence[Pose], sides: Sequence[str], min_visibility: float) -> bool:
    """Whether the point is over its reference, or further in, for a fifth of the poses; true where it is not seen.

    sides: of the body that move; the mean of those that are visible is judged.
    """
    if not poses:
        return True
    image, visibility = rows_of([pose.image for pose in poses]), rows_of([pose.visibility for pose in poses])
    torsos = _torsos(poses, image)
    torsos[torsos == 0] = np.nan
    across = image[..., 0] * np.array([[pose.width] for pose in poses]) / torsos[:, None]
    shoulders = across[:, [INDEX["left_shoulder"], INDEX["right_shoulder"]]]
    out, seen = [], []
    for side in sides:
        point, of = INDEX[f"{side}_{inside.point}"], INDEX[f"{side}_{inside.of}"]
        outwards = np.sign(across[:, INDEX[f"{side}_shoulder"]] - shoulders.mean(axis=1))
        further = outwards * (across[:, point] - across[:, of])
        known = (visibility[:, [point, of]] >= min_visibility).all(axis=1) & np.isfinite(further)
        out.append(np.where(known, further, 0.0))
        seen.append(known)
    known = np.any(seen, axis=0) & (np.abs(shoulders[:, 0] - shoulders[:, 1]) >= _WIDE)
    if known.sum() < max(3, _SEEN * len(poses)):
        return True
    further = np.average(np.array(out)[:, known], axis=0, weights=np.array(seen)[:, known])
    return bool((further <= inside.within).mean() >= _PART)


def keeps_steady(steady: Steady, moved: Sequence[JointAngles], driven: float) -> bool:
    """Whether the joint changes by its share of the driving angle at most, on each side that is seen in half of them.

    moved: the angles of a repetition; NaN = not seen. driven: what the driving angle changes by in it [rad].
    """
    for side in BOTH_SIDES:
        row = JOINT_INDEX[f"{side}_{steady.joint}"]
        angles = np.array([one.angles[row] for one in moved])
        angles = angles[np.isfinite(angles)]
        if len(angles) >= max(3, _SEEN * len(moved)):
            least, most = np.quantile(angles, _BUT_FOR_FLIPS)
            if most - least > steady.share * driven:
                return False
    return True


class Trunk(NamedTuple):
    """What `falls` asks of a pose. stamp [ns]. seen: how visible the better shoulder and hip are, the lesser of both.

    height: of the middle of the trunk in the picture [px, down]. length: [px], with the depth to scale.
    ankles: of left and right how visible, and the height in the picture [px, down].
    """

    stamp: int
    seen: float
    height: float
    length: float
    ankles: tuple[tuple[float, float], tuple[float, float]]


def trunks_of(poses: Sequence[Pose]) -> list[Trunk]:
    """The trunks of poses."""
    if not poses:
        return []
    visibility, image = rows_of([pose.visibility for pose in poses]), rows_of([p.image for p in poses])
    left_shoulder, left_hip, right_shoulder, right_hip = visibility[:, _TRUNK].T
    seen = np.minimum(np.maximum(left_shoulder, right_shoulder), np.maximum(left_hip, right_hip))
    tall = np.array([pose.height for pose in poses])
    heights = image[:, _TRUNK, 1].mean(axis=1) * tall
    ankles = np.stack([visibility[:, _ANKLES], image[:, _ANKLES, 1] * tall[:, None]], axis=-1)
    rows = seen.tolist(), heights.tolist(), _torsos(poses, image).tolist(), ankles.tolist()
    return list(map(Trunk._make, zip([pose.stamp for pose in poses], *rows, strict=True)))


def bounces(trunks: Sequence[Trunk], by: float, min_visibility: float) -> bool:
    """Whether the trunk's height in the picture changes by this many torso lengths; true where it is hidden."""
    seen = [trunk for trunk in trunks if trunk.seen >= min_visibility]
    if len(seen) < max(3, _SEEN * len(trunks)):
        return True
    heights = [trunk.height for trunk in seen]
    torso = _median(np.array([trunk.length for trunk in seen], np.float32))
    return not max(heights) - min(heights) < by * torso


def falls(trunks: Sequence[Trunk], min_visibility: float) -> bool:
    """Whether the body flies for 0.3 s: the trunk draws a parabola in the picture, on its way up for a third of it.

    False while a foot is seen to stand, where the trunk is hidden, or fewer than seven poses per second tell of it.
    """
    seen = [trunk for trunk in trunks if trunk.seen >= min_visibility]
    if len(seen) < max(3, _SEEN * len(trunks)):
        return False
    times = np.array([trunk.stamp - seen[0].stamp for trunk in seen]) / NANOSECONDS
    torso = _median(np.array([trunk.length for trunk in seen], np.float32))
    heights = -np.array([trunk.height for trunk in seen]) / torso
    grid = np.arange(0, times[-1], 1 / _RATE)
    if len(grid) < len(_TIMES) or not np.isfinite(heights).all():
        return False
    windows = _windows(grid, times, heights)
    fitted = windows @ _FIT.T
    fast = 2 * fitted[:, 2] <= -_FALL
    if not fast.any():
        return False
    highest = -fitted[fast, 1] / (2 * fitted[fast, 2])
    fast[fast] = highest >= _UP * _FLIGHT_S
    fast &= np.sqrt(np.mean((windows - fitted @ _POWERS.T) ** 2, axis=-1)) <= _OFF_PARABOLA
    for side in range(2):
        ankles = [(time, trunk.ankles[side]) for time, trunk in zip(times, seen, strict=True)]
        known = [(time, height) for time, (visible, height) in ankles if visible >= min_visibility]
        if fast.any() and len(known) > 1:
            moved = np.ptp(_windows(grid, *np.array(known).T) / torso, axis=-1)
            fast &= ~(moved < _STANDS)  # one that is hidden meanwhile may have moved
    return bool(fast.any())


def _windows(grid: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Every 0.3 s of values at times [s] that are resampled to a grid [windows, samples]; NaN where they have a gap."""
    line = np.interp(grid, times, values, left=np.nan, right=np.nan)
    after = np.maximum(np.minimum(np.searchsorted(times, grid, side="right"), len(times) - 1), 1)
    line[times[after] - times[after - 1] > _LONGEST_GAP_S] = np.nan
    # `sliding_window_view` of it, in a third of the time.
    return as_strided(line, (len(line) - len(_TIMES) + 1, len(_TIMES)), 2 * line.strides)


_TRUNK = [INDEX[f"{side}_{point}"] for side in ("left", "right") for point in ("shoulder", "hip")]
_ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]
_TIMES = np.arange(round(_FLIGHT_S * _RATE) + 1) / _RATE
_POWERS = np.stack([np.ones_like(_TIMES), _TIMES, _TIMES**2], axis=1)
_FIT = np.linalg.pinv(_POWERS)


def _median(values: np.ndarray) -> np.floating:
    """What np.median gives, in a third of its time; at least one value."""
    ordered = np.sort(values)  # NaN comes last
    if np.isnan(ordered[-1]):
        return ordered[-1]
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / ordered.dtype.type(2)


def _torsos(poses: Sequence[Pose], image: np.ndarray) -> np.ndarray:
    """From mid-hips to mid-shoulders [poses, px], with the depth to scale; image: the landmarks of the poses."""
    sizes = np.array([(pose.width, pose.height, pose.width) for pose in poses], np.float32)
    points = to_scale(image[:, _TRUNK] * sizes[:, None])
    return np.linalg.norm(points[:, 0] + points[:, 2] - points[:, 1] - points[:, 3], axis=-1) / 2
