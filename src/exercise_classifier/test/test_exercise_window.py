"""Windows by stamp."""

from dataclasses import replace

import numpy as np
import pytest
from exercise_clips import START, poses_of

from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.pose_sequence import seen_steps
from exercise_classifier.rest import resting
from exercise_classifier.window import PoseWindow, resample
from fitness_core.types import NANOSECONDS, Pose, nanoseconds


def test_resample_is_linear_and_knows_what_it_did_not_see():
    stamps = np.array([0.0, 0.1, 0.2, 1.0])
    (values,) = resample(stamps, (stamps[:, None] * 10,), np.array([-0.1, 0.05, 0.2, 0.5, 1.0, 1.2]))
    np.testing.assert_allclose(values[[1, 2, 4], 0], [0.5, 2.0, 10.0], atol=1e-6)
    assert np.isnan(values[[0, 3, 5], 0]).all()


@pytest.mark.parametrize("rate", (5.0, 10.0, 30.0))
def test_any_frame_rate_gives_the_same_steps(rate):
    window, reference = PoseWindow(2.0, 15.0), PoseWindow(2.0, 15.0)
    poses = poses_of("squat")
    end = START + nanoseconds(4.0)
    for pose in poses:
        if pose.stamp <= end:
            reference.add(pose)
    sparse = [pose for pose in poses_of("squat", rate) if pose.stamp <= end]
    for pose in sparse:
        window.add(pose)
    assert window.sequence().metric.shape == (30, 33, 3)
    shift = reference.cut().newest - window.cut().newest
    assert abs(shift) <= NANOSECONDS / rate
    middle = slice(5, 25)
    close = np.nanmedian(np.abs(window.sequence().metric[middle] - reference.sequence().metric[middle]))
    assert close < 0.02 + 0.15 * shift / NANOSECONDS


def test_it_fills_from_the_back_and_forgets():
    window = PoseWindow(2.0, 15.0)
    for pose in poses_of("curl"):
        window.add(pose)
        if pose.stamp >= START + NANOSECONDS:
            break
    seen = np.isfinite(window.sequence().metric[:, 0, 0])
    assert 14 <= seen.sum() <= 16 and seen[-1] and not seen[0]
    assert window.held == pytest.approx(1.0, abs=0.05)
    for pose in poses_of("curl"):
        window.add(pose)
    assert window.held == pytest.approx(2.0, abs=0.05)
    assert np.isfinite(window.sequence().metric).all()


def test_time_that_jumps_back_starts_anew():
    window = PoseWindow(2.0, 15.0)
    poses = poses_of("curl")
    for pose in poses:
        window.add(pose)
    assert window.add(poses[0])
    assert window.held == 0.0


def test_nobody_is_a_gap():
    window = PoseWindow(2.0, 15.0)
    for number, pose in enumerate(poses_of("curl")[:60]):
        window.add(Pose.nobody(pose.stamp, pose.width, pose.height) if 20 <= number < 40 else pose)
    gone = ~np.isfinite(window.sequence().metric[:, 0, 0])
    assert 8 <= gone.sum() <= 12


@pytest.mark.parametrize("regular", (True, False))
@pytest.mark.parametrize("feature_set", ("body_frame", "raw132"))
def test_windows_that_share_instants_are_what_each_is_alone(regular, feature_set):
    late = np.random.default_rng(1).integers(0, 1 if regular else nanoseconds(0.01), 150).tolist()
    poses = [
        replace(pose, stamp=START + nanoseconds(number / 30) + late[number])
        for number, pose in enumerate(poses_of("squat", 30.0)[:150])
    ]
    poses[40:50] = [Pose.nobody(pose.stamp, pose.width, pose.height) for pose in poses[40:50]]
    together, alone = PoseWindow(2.0, 15.0), PoseWindow(2.0, 15.0)
    cuts, features = [], FEATURE_SETS[feature_set].compute
    expected = []
    for number, pose in enumerate(poses):
        together.add(pose)
        alone.add(pose)
        if number >= 60 and number % 3 == 0:
            cuts.append(together.cut())
            sequence = alone.sequence()
            expected.append((features(sequence), seen_steps(sequence), bool(resting(sequence))))
    made = together.sequences(cuts)
    assert (made.steps is not None) == regular
    if regular:
        assert len(made.metric) < 0.3 * len(cuts) * together.steps
    found = zip(features(made), seen_steps(made), resting(made), strict=True)
    for (values, seen, rests), (its_values, its_seen, its_rests) in zip(found, expected, strict=True):
        assert np.array_equal(values, its_values) and np.array_equal(seen, its_seen) and rests == its_rests
