"""Whether a person stands where a recording of an exercise is good, and if not, what to tell them."""

import numpy as np

from fitness_core.catalogue import Exercise
from fitness_core.skeleton import INDEX, JOINTS, LANDMARKS, MIN_VISIBILITY
from fitness_core.types import Pose

MIN_SIZE = 0.35
"""The larger side of the box around the body, at least so much of the picture's smaller side [1]."""
MAX_OUTSIDE = 0.02
"""A landmark may lie so far outside the picture, in its widths and heights: the network is not more exact [1]."""
MIN_LIGHT, MAX_LIGHT = 40.0, 225.0
"""Mean luminance of a picture that is neither too dark nor too bright [0..255]."""

_WHOLE_BODY = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_WORDS = {"wrist": "hands", "ankle": "feet", "heel": "feet", "foot_index": "feet"}
_PLURALS = {"shoulder": "shoulders", "elbow": "elbows", "hip": "hips", "knee": "knees"}


def points_of(exercise: Exercise | None) -> tuple[str, ...]:
    """Body points, without their side, that a take of an exercise needs: the trunk and what drives a repetition.

    None, for what is no exercise (idle, other): the whole body.
    """
    if exercise is None:
        return _WHOLE_BODY
    if exercise.distance:
        driving = [str(exercise.distance.point), str(exercise.distance.of)]
    else:
        joint = next(joint for joint in JOINTS if joint.name == f"left_{exercise.joint}")
        driving = [LANDMARKS[index].removeprefix("left_") for index in (joint.a, joint.at, joint.b)]
    return tuple(dict.fromkeys(["shoulder", "hip", *driving]))


def check_placement(pose: Pose, points: tuple[str, ...], light: float = float("nan")) -> str:
    """What to tell the person, one plain sentence; empty where they stand well.

    points: of `points_of`; each must be seen on one side of the body at least. light: mean luminance of the picture
    [0..255], NaN where no picture is there. First what keeps the person from being found, then what cuts them off,
    then the rest.
    """
    if light < MIN_LIGHT:
        return "It is too dark: turn on a light or open the curtains."
    if not pose.tracked and light > MAX_LIGHT:  # a white wall is as bright, and hides nobody
        return "It is too bright: turn the camera away from the window or the lamp."
    if not pose.tracked:
        return "Step into the picture: the camera does not see you."
    for point in points:
        word = _WORDS.get(point) or _PLURALS[point]
        sides = [INDEX[f"left_{point}"], INDEX[f"right_{point}"]]
        places = pose.image[sides, :2]
        # Some networks leave out the side that they do not see; it says nothing of where the other one is.
        measured = places[np.isfinite(places).all(axis=1)]
        middle = measured.mean(axis=0) if len(measured) else places[0]
        if not _inside(middle):
            return _where_to_go(middle, word)
    if _size(pose) < MIN_SIZE:
        return "Come closer to the camera: you are too small in the picture."
    for point in points:
        word = _WORDS.get(point) or _PLURALS[point]
        sides = [INDEX[f"left_{point}"], INDEX[f"right_{point}"]]
        if not any(_inside(pose.image[index, :2]) and pose.visibility[index] >= MIN_VISIBILITY for index in sides):
            return f"Turn a little, or clear the view: the camera does not see your {word}."
    return ""


def luminance(picture: np.ndarray) -> float:
    """Mean luminance [0..255] of a BGR uint8 picture [height, width, 3], from every eighth pixel (ITU-R BT.601)."""
    return float(np.mean(picture[::8, ::8] @ np.array([0.114, 0.587, 0.299])))


def _inside(place: np.ndarray) -> bool:
    return bool(((place >= -MAX_OUTSIDE) & (place <= 1 + MAX_OUTSIDE)).all())


def _where_to_go(place: np.ndarray, word: str) -> str:
    if -MAX_OUTSIDE <= place[1] <= 1 + MAX_OUTSIDE:
        return f"Move to the middle, or step back, until your {word} are in the picture."
    return f"Step back until your {word} are in the picture."


def _size(pose: Pose) -> float:
    """The larger side of the box around the visible body, over the picture's smaller side."""
    seen = pose.pixels()[pose.visibility >= MIN_VISIBILITY, :2]
    if len(seen) < 2:
        return 0.0
    return float(np.ptp(np.clip(seen, 0, (pose.width, pose.height)), axis=0).max() / min(pose.width, pose.height))
