"""The peers' published rules do what their sources say, on a figure that moves as they expect."""

import numpy as np
import pytest

from fitness_bringup.evaluation import peers
from fitness_core.catalogue import Catalogue
from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import Pose, nanoseconds

SIDE = 480
"""Of a square picture, in which normalised coordinates keep angles [px]."""


def figure(time: float, elbow: tuple[float, float], knee: float) -> Pose:
    """Somebody who faces the camera at a time [s]; elbow: inner angles of left and right [deg]; knee: of both."""
    image = np.full((N_LANDMARKS, 3), 0.5, np.float32)
    for side, sign, bend in (("left", 1, 180 - elbow[0]), ("right", -1, 180 - elbow[1])):

        def way(degrees: float, length: float, sign: int = sign) -> np.ndarray:
            """So far from hanging straight down, outwards."""
            return length * np.array([sign * np.sin(np.radians(degrees)), np.cos(np.radians(degrees)), 0])

        fold = (180 - knee) / 2
        shoulder, hip = np.array([0.5 + 0.09 * sign, 0.3, 0]), np.array([0.5 + 0.05 * sign, 0.5, 0])
        points = {"shoulder": shoulder, "hip": hip, "elbow": shoulder + way(5, 0.13), "knee": hip + way(fold, 0.19)}
        points |= {"wrist": points["elbow"] + way(5 + bend, 0.12), "ankle": points["knee"] + way(-fold, 0.19)}
        for name, point in points.items():
            image[INDEX[f"{side}_{name}"]] = point
    sure = np.full(N_LANDMARKS, 0.99, np.float32)
    return Pose(nanoseconds(time), image, image, sure, sure, SIDE, SIDE)


def moved(repetitions: int, rest: float, turn: float, joint: str = "elbow", arms: int = 2) -> list[Pose]:
    """So many repetitions of two seconds between two angles [deg]; what does not move is straight."""
    poses = []
    for number in range(30 * (2 * repetitions + 3)):
        done = np.clip((number / 30 - 1.5) / 2, 0, repetitions)
        angle = float(rest + (turn - rest) * (1 - np.cos(2 * np.pi * done)) / 2)
        elbow = (angle, angle if arms == 2 else 175.0) if joint == "elbow" else (170.0, 170.0)
        poses.append(figure(number / 30, elbow, angle if joint == "knee" else 170.0))
    return poses


def test_every_rule_is_for_an_exercise_of_the_catalogue_and_names_its_source() -> None:
    names = Catalogue.load().names
    for peer in peers.PEERS:
        assert set(peer.rules) <= set(names)
        assert peer.source.startswith("https://github.com/")


@pytest.mark.parametrize("peer", [peers.EXERCISE_RECOGNITION_AI, peers.MEDIAPIPE_POSE_TUTORIAL], ids=lambda p: p.name)
def test_a_curl_counts_below_30_degrees_only(peer: peers.Peer) -> None:
    assert peer.rules["curl"].count(moved(4, 175, 20)) == 4
    assert peer.rules["curl"].count(moved(4, 175, 45)) == 0


def test_a_squat_of_straight_legs_and_hips() -> None:
    rule = peers.EXERCISE_RECOGNITION_AI.rules["squat"]
    assert rule.count(moved(3, 178, 90, joint="knee")) == 3
    # A person who never quite straightens is not counted at all.
    assert rule.count(moved(3, 160, 90, joint="knee")) == 0


def test_both_arms_at_once_from_straight_to_bent() -> None:
    rule = peers.FITNESS_AI_TRAINER.rules["curl"]
    assert rule.count(moved(3, 175, 30)) == 3
    assert rule.count(moved(3, 175, 30, arms=1)) == 0


def test_poses_without_a_body_are_passed_over() -> None:
    poses = moved(2, 175, 20)
    gaps = [Pose.nobody(pose.stamp, SIDE, SIDE) if np.sin(number) > 0.5 else pose for number, pose in enumerate(poses)]
    assert peers.MEDIAPIPE_POSE_TUTORIAL.rules["curl"].count(gaps) == 2
