"""The peers' published rules do what their sources say, on a figure that moves as they expect."""

from dataclasses import replace

import numpy as np
import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.types import Pose
from rep_counter import peers


def square(pose: Pose) -> Pose:
    """In a square picture normalised coordinates keep angles."""
    image = pose.image.copy()
    image[:, 0] = 0.5 + (image[:, 0] - 0.5) * pose.width / pose.height
    return replace(pose, image=image, width=480, height=480)


def moved(figure, wave, repetitions: int, rest: float, turn: float, **fixed) -> list[Pose]:
    joint = "knee" if "elbow" in fixed else "elbow"
    return [square(figure(time, **{joint: angle}, **fixed)) for time, angle in wave(repetitions, 2.0, rest, turn, 30)]


def test_every_rule_is_for_an_exercise_of_the_catalogue_and_names_its_source():
    names = Catalogue.load().names
    for peer in peers.PEERS:
        assert set(peer.rules) <= set(names)
        assert peer.source.startswith("https://github.com/")


@pytest.mark.parametrize("peer", [peers.EXERCISE_RECOGNITION_AI, peers.MEDIAPIPE_POSE_TUTORIAL], ids=lambda p: p.name)
def test_a_curl_counts_below_30_degrees_only(figure, wave, peer):
    assert peer.rules["curl"].count(moved(figure, wave, 4, 175, 20)) == 4
    assert peer.rules["curl"].count(moved(figure, wave, 4, 175, 45)) == 0


def test_a_squat_of_straight_legs_and_hips(figure, wave):
    rule = peers.EXERCISE_RECOGNITION_AI.rules["squat"]
    assert rule.count(moved(figure, wave, 3, 178, 90, elbow=170)) == 3
    # A person who never quite straightens is not counted at all.
    assert rule.count(moved(figure, wave, 3, 160, 90, elbow=170)) == 0


def test_both_arms_at_once_from_straight_to_bent(figure, wave):
    rule = peers.FITNESS_AI_TRAINER.rules["curl"]
    assert rule.count(moved(figure, wave, 3, 175, 30)) == 3
    one_arm = [square(figure(time, elbow=(angle, 175))) for time, angle in wave(3, 2.0, 175, 30, 30)]
    assert rule.count(one_arm) == 0


def test_poses_without_a_body_are_passed_over(figure, wave):
    poses = moved(figure, wave, 2, 175, 20)
    gaps = [Pose.nobody(pose.stamp, 480, 480) if np.sin(number) > 0.5 else pose for number, pose in enumerate(poses)]
    assert peers.MEDIAPIPE_POSE_TUTORIAL.rules["curl"].count(gaps) == 2
