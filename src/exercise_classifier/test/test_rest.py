"""Who stands still is idle: that is measured, beside what the network says."""

from dataclasses import replace

import numpy as np
import pytest
from exercise_clips import START, poses_of

from exercise_classifier.classifier import ExerciseClassifier
from exercise_classifier.rest import moves, resting, with_rest
from exercise_classifier.training.data.windows import LABELS, Shape, all_windows
from exercise_classifier.training.takes.takes import take_of
from exercise_classifier.window import PoseWindow
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, nanoseconds

RNG = np.random.default_rng(3)


def standing(seconds: float, noise: float = 0.005) -> list[Pose]:
    """The first pose of a set of squats, held, with landmarks that tremble by so much [m]."""
    first = poses_of("squat")[0]
    trembling = np.random.default_rng(3)  # of its own: the same whichever tests ran before
    return [
        replace(
            first,
            stamp=START + nanoseconds(n / 15),
            world=(first.world + trembling.normal(0, noise, first.world.shape)).astype(np.float32),
        )
        for n in range(round(15 * seconds))
    ]


def windows_of(poses: list[Pose]) -> PoseWindow:
    window = PoseWindow(2.0, 15.0)
    for pose in poses:
        window.add(pose)
    return window


@pytest.mark.parametrize("missing", (0.0, 0.2, 0.95, 1.0))
def test_a_joint_moves_where_its_angles_are_15_degrees_apart(missing):
    angles = RNG.normal(1.5, RNG.uniform(0.02, 0.12, (200, 1, 1)), (200, 30, 8))
    angles[RNG.random((200, 30)) < missing, 0] = np.nan
    for window, found in zip(angles, moves(angles), strict=True):
        ranges = []
        for joint in window.T:
            known = joint[np.isfinite(joint)]
            low, high = np.percentile(known, [5, 95]) if len(known) > 1 else (0.0, 0.0)
            ranges.append(high - low)
        assert found == (max(ranges) >= np.radians(15))
        assert moves(window) == found


def test_who_stands_still_rests_and_who_squats_does_not():
    assert resting(windows_of(standing(2.0)).sequence())
    assert not resting(windows_of(poses_of("squat", 15.0)[:60]).sequence())


@pytest.mark.parametrize("unseen", [(), ("left_wrist",), ("left_ankle", "right_ankle")])
@pytest.mark.parametrize("exercise", ["squat", "curl"])
def test_a_landmark_that_is_not_measured_makes_nobody_rest(exercise, unseen):
    rows = [INDEX[name] for name in unseen]

    def seen(poses: list[Pose]) -> list[Pose]:
        poses = [replace(pose, image=pose.image.copy(), world=pose.world.copy()) for pose in poses]
        for pose in poses:
            pose.image[rows] = pose.world[rows] = np.nan
        return poses

    classifier = ExerciseClassifier()
    told = [of.label for of in classifier.steps(seen(poses_of(exercise))) if of is not None and of.label]
    assert told.count("idle") < len(told) / 4
    assert told[-1] == exercise
    assert resting(windows_of(seen(standing(2.0))).sequence()) == (not unseen)
    take = take_of("t", exercise, "g", np.arange(300) / 30, seen(poses_of(exercise)))
    windows = all_windows([take], Shape())
    assert ((windows.y == LABELS.index(exercise)) & ~windows.still).mean() > 0.75


def test_a_body_that_lies_still_does_not_rest():
    turned = [replace(pose, world=pose.world[:, [1, 0, 2]]) for pose in standing(2.0)]
    assert not resting(windows_of(turned).sequence())


@pytest.mark.parametrize(("lean", "rests"), [(20, True), (50, False)])
def test_a_body_that_bends_over_and_holds_still_does_not_rest(lean, rests):
    """As at the bottom of a deadlift; cos 37 degrees is .8."""
    angle = np.radians(lean)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]], np.float32)
    poses = [replace(pose, world=pose.world @ turn.T) for pose in standing(2.0)]
    assert resting(windows_of(poses).sequence()) == rests


def test_windows_together_rest_as_each_does_alone():
    still = standing(2.0)
    lying = [replace(pose, world=pose.world[:, [1, 0, 2]]) for pose in still]
    alone = [windows_of(poses).sequence() for poses in (still, lying, poses_of("squat", 15.0)[:60], still)]
    together = replace(alone[0], metric=np.stack([sequence.metric for sequence in alone]))
    assert resting(together).tolist() == [True, False, False, True]


def test_nobody_does_not_rest():
    assert not resting(windows_of([Pose.nobody(START, 640, 480)]).sequence())


def test_half_of_the_probability_is_idles():
    network = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]])
    told = with_rest(network, np.array([True, False]), ("squat", "other", "idle"))
    np.testing.assert_allclose(told, [[0.45, 0.05, 0.5], network[1]])
    assert with_rest(network, np.array([True, True]), ("squat", "curl", "other")) is network


def test_the_classifier_calls_it_idle_until_the_set_begins():
    classifier = ExerciseClassifier()
    still = standing(4.0)
    squats = poses_of("squat", 15.0)
    later = still[-1].stamp + nanoseconds(1 / 15) - squats[0].stamp
    poses = [*still, *(replace(pose, stamp=pose.stamp + later) for pose in squats)]
    found = [result for pose in poses if (result := classifier.step(pose)) is not None and result.label]
    before = [result for result in found if result.stamp <= still[-1].stamp]
    assert before and {result.label for result in before} == {"idle"}
    assert all(result.probabilities["idle"] >= 0.5 for result in before)
    assert found[-1].label == "squat"
