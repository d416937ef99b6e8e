"""What makes a take unusable, judged without a model and without the counter."""

import numpy as np

from exercise_classifier.training.takes.takes import MIN_DURATION, Take
from fitness_core.catalogue import NON_EXERCISES, Catalogue
from fitness_core.geometry import angles_of, confidences_of
from fitness_core.skeleton import JOINT_INDEX

LONGEST_GAP = 60.0
"""Between two poses of a take [s]; in what is longer nobody knows what was done, or when."""

# A joint that is seen in less of a take than this cannot be said to rest.
_ENOUGH_SEEN = 0.5
_VISIBLE = 0.5


def check(take: Take, catalogue: Catalogue, known: frozenset[str] = frozenset()) -> tuple[str, str] | None:
    """What is wrong with a take: kind of problem and sentence; None = nothing.

    known: exercises beside those of the catalogue.
    """
    labels = {*catalogue.names, *NON_EXERCISES, *known} - {"unknown", ""}
    if take.exercise not in labels:
        there = ", ".join(sorted(labels))
        says = f"exercise {take.exercise!r} is not known; there are {there}; give the files of others with --catalogue"
        return "unknown_exercise", says
    if not take.seen.any():
        return "nobody", "nobody is seen in it"
    if take.duration < MIN_DURATION:
        return "short", f"{take.duration:.1f} s of poses hold no window; at least {MIN_DURATION:g} s are needed"
    if (gap := float(np.diff(take.stamps).max())) > LONGEST_GAP:
        return "gap", f"{gap:.0f} s without a pose in it: the clock jumped, or nothing was recorded for so long"
    if take.exercise in catalogue:
        exercise = catalogue[take.exercise]
        if exercise.joint is None:
            return None  # a distance drives it
        reached = range_of(take, exercise.joint)
        if reached < exercise.minimum_range / 2:
            return "not_moving", (
                f"labelled {take.exercise}, but the {exercise.joint} moves {np.degrees(reached):.0f} deg only; "
                f"one repetition takes {exercise.minimum_range_deg:g}"
            )
    return None


def range_of(take: Take, joint: str) -> float:
    """Range [rad] through which a joint moves in a take, of the side that moves more; inf where it is hardly seen.

    From the 1st to the 99th percentile, so that one glitch is no movement.
    """
    sides = [JOINT_INDEX[f"left_{joint}"], JOINT_INDEX[f"right_{joint}"]]
    angles = angles_of(take.metric().astype(np.float64))[:, sides]
    angles[confidences_of(np.nan_to_num(take.visibility))[:, sides] < _VISIBLE] = np.nan
    ranges = []
    tracked = np.count_nonzero(take.seen)
    for side in angles.T:
        measured = side[np.isfinite(side)]
        if len(measured) and len(measured) >= _ENOUGH_SEEN * tracked:
            low, high = np.percentile(measured, [1, 99])
            ranges.append(float(high - low))
    return max(ranges, default=float("inf"))
