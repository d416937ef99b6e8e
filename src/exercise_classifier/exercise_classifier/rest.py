"""Standing still: what the joints say, where a network has to guess.

`idle` is standing, talking, walking. An upright body of which no large joint moves stands, whatever else its posture
resembles; that is measured here, in training and in the node alike.
"""

import numpy as np

from exercise_classifier.pose_sequence import PoseSequence, median_of, planes_of
from fitness_core.geometry import angles_of_planes, dot_of_planes
from fitness_core.skeleton import INDEX, JOINT_INDEX

WEIGHT = 0.5
"""Share of the probability that goes to `idle` where somebody stands still; the network's opinion is the rest."""

_STILL = np.radians(15.0)
_UPRIGHT = 0.8  # cosine between the trunk and the vertical
_OUTER = 0.05, 0.95  # percentiles that a joint moves between: landmarks jump for a frame or two
_JOINTS = [
    JOINT_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("elbow", "shoulder", "hip", "knee")
]
_SHOULDERS, _HIPS = ([INDEX[f"{side}_{part}"] for side in ("left", "right")] for part in ("shoulder", "hip"))


def moves(angles: np.ndarray) -> np.ndarray:
    """Bool [...]: whether any joint moves by 15 degrees in a window; angles [..., steps, joints] rad.

    Of each joint the steps in which it is NaN are left out; with fewer than two others it does not move.
    """
    steps, joints = angles.shape[-2:]
    table = angles.reshape(-1, steps, joints)
    known = np.isfinite(table)
    ordered = np.sort(np.where(known, table, np.nan), axis=1)  # NaN comes last
    last = np.maximum(np.count_nonzero(known, axis=1, keepdims=True) - 1, 0)
    ends = []
    for share in _OUTER:
        # Between two values, as np.percentile does.
        at = share * last
        lower = at.astype(int)
        below = np.take_along_axis(ordered, lower, axis=1)
        above = np.take_along_axis(ordered, np.minimum(lower + 1, last), axis=1)
        ends.append(below + (above - below) * (at - lower))
    return (ends[1] - ends[0] >= _STILL).any(axis=(1, 2)).reshape(angles.shape[:-2])


def resting(sequence: PoseSequence) -> np.ndarray:
    """Bool [...]: whether the trunk is upright in a window and no large joint moves.

    Of a joint that is not measured, as where an estimator gives NaN for what it does not see, nobody can say that.
    """
    planes = planes_of(sequence.metric)
    lines = planes.take(_HIPS, axis=-1) - planes.take(_SHOULDERS, axis=-1)
    trunk = (lines[..., 0] + lines[..., 1]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        rests = median_of(sequence.of_steps(trunk[1] / np.sqrt(dot_of_planes(trunk, trunk)))) > _UPRIGHT
    # The angles take most of the time. Of some windows among many they would cost more to pick than to leave.
    if not rests.any():
        return rests
    angles = sequence.of_steps(angles_of_planes(planes, _JOINTS))
    measured = (np.count_nonzero(np.isfinite(angles), axis=-2) > 1).all(axis=-1)
    return rests & measured & ~moves(angles)


def with_rest(probabilities: np.ndarray, rests: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """Probabilities [n, labels], `WEIGHT` of them `idle`'s where somebody rests [n]; as they are without that label."""
    if "idle" not in labels or not rests.any():
        return probabilities
    told = np.where(rests[:, None], (1 - WEIGHT) * probabilities, probabilities)
    told[rests, labels.index("idle")] += WEIGHT
    return told
