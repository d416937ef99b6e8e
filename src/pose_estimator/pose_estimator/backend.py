"""What finds a body in a picture, behind one interface, so that it can be exchanged.

Never mix two backends between training and inference: their angles differ by 1-2 degrees in the median, more on hard
pictures.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX

BACKENDS = {
    "mediapipe": "pose_estimator.mediapipe_backend:MediaPipeBackend",
    "litert": "pose_estimator.litert_backend:LiteRtBackend",
}
"""Name -> module:class. The module is imported when the backend is made: `import mediapipe` alone takes seconds."""
MODELS = ("lite", "full", "heavy")
"""Sizes of the landmark model: about 10, 15 and 33 ms per picture on one desktop core."""
THREADS = 2
_SCORED = np.array(
    [
        INDEX[f"{side}_{part}"]
        for side in ("left", "right")
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    ]
)


@dataclass(frozen=True, slots=True)
class Detection:
    """The body found in one picture; arrays float32 in the order of `skeleton.LANDMARKS`.

    image: [33, 3] x, y, z normalised by the picture's width, height, width. world: [33, 3] metres, origin mid-hips,
    axes of the camera optical frame. visibility, presence: [33] in 0..1. score: 0..1, how sure it is of this body.
    """

    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    score: float


class PoseBackend(ABC):
    """Finds the most prominent body in each picture of a video; may follow it from picture to picture."""

    @abstractmethod
    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        """The body in a BGR uint8 picture [height, width, 3] taken at `stamp` [ns]; None where nobody is found."""

    def begin(self, picture_bgr: np.ndarray, stamp: int) -> Callable[[], Detection | None]:
        """Begin to look, and let the caller do something else; what is returned waits for what `detect` would give.

        It is called once, before any other picture is shown. A backend whose network does not run by itself looks only
        then, as here.
        """
        return lambda: self.detect(picture_bgr, stamp)

    @abstractmethod
    def close(self) -> None:
        """Free the model; a second call does nothing."""


def score_of(visibility: np.ndarray) -> float:
    """How sure a backend is of a body whose landmarks have these visibilities [33]: 0..1.

    The mean over shoulders, elbows, wrists, hips, knees and ankles: BlazePose tells nothing about the body as a whole
    that would fall when half of it leaves the picture.
    """
    # What the method `mean` does, in a third of the time.
    return float(np.add.reduce(visibility.take(_SCORED)) / np.float32(len(_SCORED)))


def make_backend(
    name: str = "mediapipe",
    model: str = "full",
    min_detection_confidence: float = 0.5,
    min_tracking_confidence: float = 0.5,
    threads: int = THREADS,
    networks: str = "",
) -> PoseBackend:
    """Load a backend, ready for its first picture.

    min_detection_confidence: to accept a body that is new in the picture, 0..1. min_tracking_confidence: to go on
    following it, 0..1. threads, networks: for "litert" only: threads of a network; where the networks are,
    see `litert.files.load` (MediaPipe decides both itself). Raises InputError for an unknown name or model, or one
    whose file is not on this machine.
    """
    if name not in BACKENDS:
        raise InputError(f"pose backend {name!r} is not known; accepted: {', '.join(BACKENDS)}")
    if model not in MODELS:
        raise InputError(f"pose model {model!r} is not known; accepted: {', '.join(MODELS)}")
    for label, value in (
        ("min_detection_confidence", min_detection_confidence),
        ("min_tracking_confidence", min_tracking_confidence),
    ):
        if not 0 <= value <= 1:
            raise InputError(f"{label} is {value}; accepted: 0 .. 1")
    if threads < 1:
        raise InputError(f"threads is {threads}; accepted: 1 or more")
    own = {"threads": threads, "networks": networks} if name == "litert" else {}
    module, _, kind = BACKENDS[name].partition(":")
    return getattr(import_module(module), kind)(model, min_detection_confidence, min_tracking_confidence, **own)
