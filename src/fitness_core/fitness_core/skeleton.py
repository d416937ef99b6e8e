"""The BlazePose topology: 33 points, the lines between them, and the joints whose angles we measure.

Source of the topology: Bazarevsky et al. 2020, https://arxiv.org/abs/2006.10204.
"""

from typing import NamedTuple

LANDMARKS = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
"""Name of each landmark, in the order of `fitness_msgs/Landmark`'s constants."""

INDEX = {name: number for number, name in enumerate(LANDMARKS)}
"""Landmark name -> index."""

N_LANDMARKS = len(LANDMARKS)

MIN_VISIBILITY = 0.5
"""A landmark that is less visible is guessed rather than seen [0..1].

As in MediaPipe's drawing_utils.py, https://github.com/google-ai-edge/mediapipe.
"""

CONNECTIONS = tuple(
    (INDEX[a], INDEX[b])
    for a, b in (
        ("left_shoulder", "right_shoulder"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("left_wrist", "left_index"),
        ("left_wrist", "left_pinky"),
        ("left_wrist", "left_thumb"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("right_wrist", "right_index"),
        ("right_wrist", "right_pinky"),
        ("right_wrist", "right_thumb"),
        ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"),
        ("left_hip", "right_hip"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
        ("left_ankle", "left_heel"),
        ("left_heel", "left_foot_index"),
        ("left_ankle", "left_foot_index"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_ankle"),
        ("right_ankle", "right_heel"),
        ("right_heel", "right_foot_index"),
        ("right_ankle", "right_foot_index"),
        ("mouth_left", "mouth_right"),
        ("nose", "left_eye"),
        ("left_eye", "left_ear"),
        ("nose", "right_eye"),
        ("right_eye", "right_ear"),
    )
)
"""Pairs of landmark indices to draw as bones."""


def _mirrored(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


MIRROR = tuple(INDEX[_mirrored(name)] for name in LANDMARKS)
"""For each landmark the index of its counterpart on the other side of the body."""


class Joint(NamedTuple):
    """A measured joint: the angle at `at` between the directions to `a` and to `b` (landmark indices)."""

    name: str
    a: int
    at: int
    b: int


JOINTS = tuple(
    Joint(f"{side}_{joint}", INDEX[f"{side}_{a}"], INDEX[f"{side}_{at}"], INDEX[f"{side}_{b}"])
    for joint, a, at, b in (
        ("elbow", "shoulder", "elbow", "wrist"),
        ("shoulder", "elbow", "shoulder", "hip"),
        ("hip", "shoulder", "hip", "knee"),
        ("knee", "hip", "knee", "ankle"),
        ("ankle", "knee", "ankle", "foot_index"),
    )
    for side in ("left", "right")
)
"""The measured joints in the order of `fitness_msgs/JointAngles`'s constants."""

JOINT_INDEX = {joint.name: number for number, joint in enumerate(JOINTS)}
"""Joint name -> index."""
