"""A person who stands well in the picture, for tests of guided recording."""

import numpy as np

from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import Pose, Reason, RepEvent, nanoseconds

_HEIGHTS = {"nose": 0.12, "shoulder": 0.25, "elbow": 0.4, "wrist": 0.52, "hip": 0.52, "knee": 0.7, "ankle": 0.88}


def standing(time: float, shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0, **changes) -> Pose:
    """A person in the middle of a 640x480 picture at a time [s], moved by `shift` (shares of the picture), scaled."""
    image = np.full((N_LANDMARKS, 3), 0.15)
    image[:, 0] = 0.5
    image[:, 2] = 0
    for name, height in _HEIGHTS.items():
        for side, sign in (("left", 1), ("right", -1)):
            index = INDEX.get(f"{side}_{name}", INDEX["nose"])
            image[index, :2] = 0.5 + 0.08 * sign * (name != "nose"), height
    image[:, :2] = (image[:, :2] - 0.5) * scale + 0.5 + shift
    sure = np.full(N_LANDMARKS, 0.99, np.float32)
    fields = {
        "stamp": nanoseconds(time),
        "image": image.astype(np.float32),
        "world": (image - 0.5).astype(np.float32),
        "visibility": sure,
        "presence": sure,
        "width": 640,
        "height": 480,
        "score": 0.99,
        "body_id": "person_1",
    }
    return Pose(**{**fields, **changes})


def repetition(time: float, exercise: str = "squat", index: int = 1, reason: Reason = Reason.NONE) -> RepEvent:
    """A repetition of one second that is decided at a time [s]."""
    end = nanoseconds(time)
    return RepEvent(end, exercise, 1, index, reason, end - nanoseconds(1.0), end - nanoseconds(0.5), end, 1.5)
