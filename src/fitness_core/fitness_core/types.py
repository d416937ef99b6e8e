"""What stages hand to each other. Plain data, free of ROS; `fitness_core.ros.messages` converts.

Stamps are integer nanoseconds since the epoch of the source's clock, angles radians, NaN is "not measured".
"""

import math
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from fitness_core.skeleton import N_LANDMARKS

NANOSECONDS = 1_000_000_000
DEPTH_OF_IMAGE = 0.32
"""What the depth of image landmarks is multiplied by to be in the unit of their x and y: BlazePose draws it deeper than
it is. Measured beside its own world landmarks on 131 clips: median 0.32, half of the clips in 0.29..0.37, correlation
0.99 within a clip.
"""

SILENT = 3.0
"""So long after the last pose or picture nothing that is shown is of now any more: there is no rate [s]."""
SOONEST = 2_000_000
"""What comes so soon after the last of its kind tells nothing new: no camera takes 500 pictures per second [ns]."""

SET_BACK = 200_000_000
"""A stamp that is older than the one before it by more tells of a clock that was set back, or of a recording in a loop;
by less, of messages that have overtaken each other [ns]."""


def seconds(nanoseconds: int) -> float:
    """A difference of stamps [ns] in seconds."""
    return nanoseconds / NANOSECONDS


def nanoseconds(seconds: float) -> int:
    """A duration [s] in nanoseconds, rounded."""
    return round(seconds * NANOSECONDS)


def to_scale(pixels: np.ndarray) -> np.ndarray:
    """Image landmarks [..., 3] in pixels with their depth as deep as the body is, so that angles are true."""
    return pixels * np.array([1.0, 1.0, DEPTH_OF_IMAGE], np.float32)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    stamp: acquisition time [ns]. image: BGR, uint8 [height, width, 3], upright (rotation flags applied).
    frame_id: camera optical frame (REP-103).
    """

    stamp: int
    image: np.ndarray
    frame_id: str = "camera_optical_frame"


@dataclass(frozen=True, slots=True)
class Pose:
    """The body seen in one picture; the fields of `fitness_msgs/BodyPose`.

    stamp: of the picture [ns]. image: float32 [33, 3] x, y, z normalised by the picture's width, height, width.
    world: float32 [33, 3] metres, origin mid-hips, axes of the camera optical frame. visibility, presence:
    float32 [33]. width, height: of the picture [px]. Every landmark is NaN where nobody is seen. lost: the person is
    hidden and being waited for.
    """

    stamp: int
    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    width: int
    height: int
    score: float = float("nan")
    body_id: str = ""
    frame_id: str = "camera_optical_frame"
    lost: bool = False

    @classmethod
    def nobody(cls, stamp: int, width: int, height: int, frame_id: str = "camera_optical_frame") -> "Pose":
        """The pose of a picture in which nobody is seen."""
        points = np.full((N_LANDMARKS, 3), np.nan, np.float32)
        scores = np.full(N_LANDMARKS, np.nan, np.float32)
        return cls(stamp, points, points.copy(), scores, scores.copy(), width, height, frame_id=frame_id)

    @property
    def tracked(self) -> bool:
        """Whether a body is seen."""
        # The first landmark nearly always tells: a twentieth of the time, and this is asked a dozen times per picture.
        return math.isfinite(self.image[0, 0]) or bool(np.isfinite(self.image[:, 0]).any())

    def pixels(self) -> np.ndarray:
        """Landmarks [33, 3] in pixels: x, y, and the depth z as the network gives it."""
        return self.image * np.array([self.width, self.height, self.width], np.float32)

    def metric(self) -> np.ndarray:
        """Landmarks [33, 3] in one true unit: metres where measured, else pixels with the depth to scale."""
        return self.world if np.isfinite(self.world).any() else to_scale(self.pixels())


@dataclass(frozen=True, slots=True)
class JointAngles:
    """angles [10] in radians 0..pi, confidences [10] in 0..1, in the order of `skeleton.JOINTS`."""

    stamp: int
    angles: np.ndarray
    confidences: np.ndarray
    body_id: str = ""


class ClassificationStatus(IntEnum):
    """Values of `fitness_msgs/ExerciseClassification.status`."""

    WARMING_UP = 0
    OK = 1
    UNCERTAIN = 2
    NO_BODY = 3


@dataclass(frozen=True, slots=True)
class Classification:
    """Which exercise the window of poses that ends at `stamp` shows.

    probabilities: label -> 0..1 in the classifier's order; empty unless status is OK or UNCERTAIN.
    """

    stamp: int
    window_start: int
    status: ClassificationStatus
    label: str = ""
    confidence: float = float("nan")
    probabilities: dict[str, float] = field(default_factory=dict)
    body_id: str = ""


class Phase(IntEnum):
    """Values of `fitness_msgs/RepState.phase`."""

    UNKNOWN = 0
    REST = 1
    OUT = 2
    TURN = 3
    BACK = 4


class Reason(IntEnum):
    """Why a repetition was rejected: values of `fitness_msgs/RepEvent.reason`."""

    NONE = 0
    SHALLOW = 1
    TOO_FAST = 2
    TOO_SLOW = 3
    WRONG_POSTURE = 4
    NOT_VISIBLE = 5
    INTERRUPTED = 6


@dataclass(frozen=True, slots=True)
class RepState:
    """Where in a repetition the person is at `stamp`; the fields of `fitness_msgs/RepState`."""

    stamp: int
    exercise: str = ""
    phase: Phase = Phase.UNKNOWN
    progress: float = float("nan")
    count: int = 0
    rejected: int = 0
    set_index: int = 0
    body_id: str = ""


@dataclass(frozen=True, slots=True)
class RepEvent:
    """One finished repetition; the fields of `fitness_msgs/RepEvent`. stamp: when it was decided [ns].

    turn_start, turn_end: the pause at the turning point [ns]; 0 = not measured, which counts as none. whole: the
    recording holds both its ways; the message has no durations where it does not. What the message does not tell:
    turn_value: the driving signal at the turning point [rad; torso lengths where it is a distance].
    """

    stamp: int
    exercise: str
    set_index: int
    index: int
    reason: Reason
    start: int
    turn: int
    end: int
    range_of_motion: float
    symmetry: float = float("nan")
    smoothness: float = float("nan")
    confidence: float = float("nan")
    form_faults: tuple[str, ...] = ()
    body_id: str = ""
    turn_start: int = 0
    turn_end: int = 0
    form_judged: tuple[str, ...] = ()
    whole: bool = True
    turn_value: float = float("nan")

    @property
    def counted(self) -> bool:
        """Whether it counts."""
        return self.reason == Reason.NONE

    @property
    def duration(self) -> float:
        """From start to end [s]."""
        return seconds(self.end - self.start)

    @property
    def tempo(self) -> tuple[float, float, float]:
        """Duration [s] of the way out, of the pause at the turning point and of the way back; together `duration`."""
        still, left = self.turn_start or self.turn, self.turn_end or self.turn
        return seconds(still - self.start), seconds(left - still), seconds(self.end - left)


class CuePriority(IntEnum):
    """Values of `fitness_msgs/FormCue.priority`."""

    INFO = 0
    CORRECTION = 1
    STOP = 2


@dataclass(frozen=True, slots=True)
class FormCue:
    """Something to say to the person at `stamp` [ns]; the fields of `fitness_msgs/FormCue`. code: of a form rule."""

    stamp: int
    exercise: str
    code: str
    text: str
    priority: CuePriority
    body_id: str = ""


@dataclass(frozen=True, slots=True)
class SetSummary:
    """Consecutive repetitions of one exercise; the fields of `fitness_msgs/SetSummary`."""

    stamp: int
    exercise: str
    set_index: int
    start: int
    end: int
    repetitions: int
    rejected: int
    duration_mean: float
    range_of_motion_mean: float
    symmetry_mean: float = float("nan")
    velocity_loss: float = float("nan")
    form_faults: tuple[str, ...] = ()
    body_id: str = ""
    second_opinion: int = -1

    @property
    def in_doubt(self) -> bool:
        """Whether the counter that knows no exercises is off by more than one."""
        return self.second_opinion >= 0 and abs(self.second_opinion - self.repetitions) > 1


@dataclass(frozen=True, slots=True)
class Periodicity:
    """Movement that repeats, whatever the exercise, from `start` to `stamp`; the fields of `fitness_msgs/Periodicity`.

    repetitions: 0 where nothing repeats. period: mean seconds per repetition, NaN without any. strength: 0..1, how
    alike the repetitions are: mean height of the autocorrelation's peaks of what moves.
    """

    stamp: int
    start: int
    repetitions: int = 0
    period: float = float("nan")
    strength: float = 0.0
    body_id: str = ""
