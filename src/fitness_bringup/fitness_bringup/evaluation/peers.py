"""What open fitness counters publish as their rule to count, restated, to measure ours against.

Each is given the exercise; ours is not. The rules are the peers' own, with their joints, sides, angles and coordinates;
only the landmarks are ours (BlazePose too, filtered by the pose stage). Nothing of the graph uses this.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from fitness_core.geometry import angle_at
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose

Condition = Callable[[Pose], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """Counts when `then` holds after each of `first` has held since the last repetition."""

    first: tuple[Condition, ...]
    then: Condition

    def count(self, poses: Iterable[Pose]) -> int:
        """Repetitions in a sequence of poses; those in which nobody is seen are passed over."""
        count, held = 0, [False] * len(self.first)
        for pose in poses:
            if not pose.tracked:
                continue
            held = [before or condition(pose) for before, condition in zip(held, self.first, strict=True)]
            if all(held) and self.then(pose):
                count, held = count + 1, [False] * len(self.first)
        return count


@dataclass(frozen=True, slots=True)
class Peer:
    """A published counter. source: URL of the rules. rules: by the name of the exercise in our catalogue."""

    name: str
    source: str
    rules: dict[str, Rule]


def _point(pose: Pose, name: str) -> np.ndarray:
    """x, y in shares of the picture's width and height, as MediaPipe gives them."""
    return pose.image[INDEX[name], :2].astype(float)


def _inner(pose: Pose, a: str, at: str, b: str) -> float:
    """Inner angle [deg, 0..180] in normalised coordinates: the picture's aspect is not undone."""
    return float(np.degrees(angle_at(_point(pose, a), _point(pose, at), _point(pose, b))))


def _turned(pose: Pose, a: str, at: str, b: str) -> float:
    """Angle [deg, 0..360) from the direction to `a` to that to `b`, in whole pixels."""
    size = np.array([pose.width, pose.height])
    first, middle, last = (np.trunc(_point(pose, name) * size) for name in (a, at, b))
    (x1, y1), (x2, y2) = first - middle, last - middle
    return float(np.degrees(np.arctan2(y2, x2) - np.arctan2(y1, x1)) % 360)


def _left_elbow(pose: Pose) -> float:
    return _inner(pose, "left_shoulder", "left_elbow", "left_wrist")


def _wrist_beyond_elbow(pose: Pose) -> bool:
    shoulder = _point(pose, "left_shoulder")
    to_elbow, to_wrist = (np.linalg.norm(_point(pose, name) - shoulder) for name in ("left_elbow", "left_wrist"))
    return bool(to_elbow < to_wrist)


def _legs(pose: Pose) -> list[float]:
    """Knees and hips of both sides."""
    chains = (("hip", "knee", "ankle"), ("shoulder", "hip", "knee"))
    return [_inner(pose, *(f"{side}_{point}" for point in chain)) for chain in chains for side in ("left", "right")]


def _arm(pose: Pose, side: str) -> float:
    return _turned(pose, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")


def _leg(pose: Pose, side: str) -> float:
    return _turned(pose, f"{side}_hip", f"{side}_knee", f"{side}_ankle")


def _bent(degrees: float) -> bool:
    return degrees > 310 or degrees < 60


EXERCISE_RECOGNITION_AI = Peer(
    "Exercise_Recognition_AI",
    "https://github.com/chrisprasanna/Exercise_Recognition_AI/blob/2381c8a4ff0c67061884baa4175216a7a058a1bf/app.py",
    {
        "curl": Rule((lambda pose: _left_elbow(pose) < 30,), lambda pose: _left_elbow(pose) > 140),
        "press": Rule(
            (lambda pose: _left_elbow(pose) > 130 and _wrist_beyond_elbow(pose),),
            lambda pose: _left_elbow(pose) < 50 and not _wrist_beyond_elbow(pose),
        ),
        "squat": Rule((lambda pose: max(_legs(pose)) < 165,), lambda pose: min(_legs(pose)) > 165),
    },
)

FITNESS_AI_TRAINER = Peer(
    "Fitness-AI-Trainer",
    "https://github.com/RiccardoRiccio/Fitness-AI-Trainer-With-Automatic-Exercise-Recognition-and-Counting/blob/"
    "eea4935cc969d5b61f39861eab520c8d26fb7a67/ExerciseAiTrainer.py",
    {
        "push_up": Rule((lambda pose: _arm(pose, "left") < 220,), lambda pose: _arm(pose, "left") > 240),
        "squat": Rule(
            (lambda pose: _leg(pose, "right") > 160 and _leg(pose, "left") < 220,),
            lambda pose: _leg(pose, "right") < 140 and _leg(pose, "left") > 210,
        ),
        "curl": Rule(
            (lambda pose: 160 < _arm(pose, "right") < 200, lambda pose: 140 < _arm(pose, "left") < 200),
            lambda pose: _bent(_arm(pose, "right")) and _bent(_arm(pose, "left")),
        ),
        "press": Rule(
            (lambda pose: _arm(pose, "right") > 280 and _arm(pose, "left") < 80,),
            lambda pose: _arm(pose, "right") < 240 and _arm(pose, "left") > 120,
        ),
    },
)

MEDIAPIPE_POSE_TUTORIAL = Peer(
    "MediaPipePoseEstimation",
    "https://github.com/nicknochnack/MediaPipePoseEstimation/tree/827ea243f82350c053b7b8933f8046ab2e247019",
    {"curl": Rule((lambda pose: _left_elbow(pose) > 160,), lambda pose: _left_elbow(pose) < 30)},
)

PEERS = (EXERCISE_RECOGNITION_AI, FITNESS_AI_TRAINER, MEDIAPIPE_POSE_TUTORIAL)
"""The counters that ours is measured against."""
