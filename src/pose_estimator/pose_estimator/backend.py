"""What every backend gives and can do; `backends.py` has those there are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import ClassVar

import numpy as np

from fitness_core.skeleton import INDEX
from fitness_core.types import nanoseconds, seconds
from pose_estimator.options import Options

USUAL_STEP = 0.033333
"""From one picture to the next where nothing tells how long that is [s], as MediaPipe's Python solution counts them."""
# Stamps that differ by less number the pictures, or are those of one picture [ns].
_LEAST_STEP = nanoseconds(0.001)
# What was so long ago [s] steadies nothing any more.
_LONGEST_STEP = 1.0
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

    distribution: ClassVar[str]
    """The installed package that does the work: its version is told with what it found."""
    models: ClassVar[tuple[str, ...]]
    """What its networks are called that there is a choice of, the usual one first."""

    @classmethod
    def version(cls) -> str:
        """Of `distribution`."""
        return version(cls.distribution)

    @abstractmethod
    def __init__(self, options: Options) -> None:
        """Be ready for the first picture; `options.model` is one of `models`.

        Raises InputError where what it runs is not on this machine.
        """

    @classmethod  # noqa: B027 - most have nothing to do
    def preload(cls) -> None:
        """Import what takes long and its module does not import: a process does it from which a node is forked."""

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


def elapsed(before: int | None, stamp: int) -> float:
    """How long after the picture before [s] a picture was taken, for what is steadied from one to the next.

    before, stamp [ns]; before: None for the first. At most a second. The usual step where stamps do not tell: for the
    first, one more look at the same picture, a recording that starts over.
    """
    if before is None or stamp - before < _LEAST_STEP:
        return USUAL_STEP
    return min(seconds(stamp - before), _LONGEST_STEP)


def score_of(visibility: np.ndarray) -> float:
    """How sure a backend is of a body whose landmarks have these visibilities [33]: 0..1.

    The mean over shoulders, elbows, wrists, hips, knees and ankles: BlazePose tells nothing about the body as a whole
    that would fall when half of it leaves the picture.
    """
    # What the method `mean` does, in a third of the time.
    return float(np.add.reduce(visibility.take(_SCORED)) / np.float32(len(_SCORED)))
