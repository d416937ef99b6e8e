"""Features do not depend on what the exercise does not depend on."""

import dataclasses

import numpy as np
import pytest
from exercise_clips import EXERCISES, poses_of

from exercise_classifier.features import FEATURES, N_FEATURES, features
from exercise_classifier.pose_sequence import PoseSequence, stack
from fitness_core.skeleton import INDEX, MIRROR
from fitness_core.types import Pose


def sequence_of(exercise: str, poses: list[Pose] | None = None) -> PoseSequence:
    return PoseSequence(*stack((poses or poses_of(exercise, 15.0))[:30]), 15.0)


def turned(sequence: PoseSequence, angle: float) -> PoseSequence:
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    return dataclasses.replace(sequence, metric=sequence.metric @ matrix.T)


def body_columns() -> np.ndarray:
    """Every feature but those of the picture (how fast the shoulders cross it)."""
    return np.array([not name.startswith("shoulders.velocity") for name in FEATURES])


@pytest.fixture(params=EXERCISES)
def sequence(request) -> PoseSequence:
    return sequence_of(request.param)


def test_shape_and_range(sequence):
    table = features(sequence)
    assert table.shape == (30, N_FEATURES) and table.dtype == np.float32
    assert np.isfinite(table).all() and np.abs(table).max() <= 4.0


def test_size_of_the_person_does_not_matter(sequence):
    larger = dataclasses.replace(sequence, metric=sequence.metric * 1.7, pixels=sequence.pixels * 1.7)
    np.testing.assert_allclose(features(larger), features(sequence), atol=1e-3)


def test_place_does_not_matter(sequence):
    moved = dataclasses.replace(
        sequence,
        metric=sequence.metric + np.array([1.0, -2.0, 3.0]),
        pixels=sequence.pixels + np.array([200, -90, 0]),
    )
    np.testing.assert_allclose(features(moved), features(sequence), atol=1e-3)


@pytest.mark.parametrize("angle", (0.4, 1.6, 3.1, -2.0))
def test_which_way_the_person_faces_does_not_matter(sequence, angle):
    chosen = body_columns()
    np.testing.assert_allclose(
        features(turned(sequence, angle))[:, chosen],
        features(sequence)[:, chosen],
        atol=1e-3,
    )


def test_a_mirrored_person_has_mirrored_features(sequence):
    mirrored = PoseSequence(
        sequence.metric[:, MIRROR] * [-1, 1, 1],
        sequence.pixels[:, MIRROR] * [-1, 1, 1],
        sequence.visibility[:, MIRROR],
        15.0,
    )
    column = {name: number for number, name in enumerate(FEATURES)}
    table, other = features(sequence), features(mirrored)
    for name, number in column.items():
        twin = name.replace("left_", "L").replace("right_", "left_").replace("L", "right_")
        sign = -1 if name.endswith(".x") else 1
        np.testing.assert_allclose(other[:, column[twin]], sign * table[:, number], atol=1e-3, err_msg=name)


def test_hidden_legs_change_no_feature_of_the_arms(sequence):
    hidden = sequence.visibility.copy()
    for name, number in INDEX.items():
        if any(part in name for part in ("knee", "ankle", "heel", "foot")):
            hidden[:, number] = 0.0
    table = features(dataclasses.replace(sequence, visibility=hidden))
    arms = np.array(["elbow" in name or "wrist" in name for name in FEATURES])
    knees = np.array(["knee" in name or "ankle" in name for name in FEATURES])
    np.testing.assert_array_equal(table[:, arms], features(sequence)[:, arms])
    assert (table[:, knees] == 0).all()


def test_nobody_is_zero(sequence):
    sequence.metric[5:9] = np.nan
    sequence.pixels[5:9] = np.nan
    sequence.visibility[5:9] = np.nan
    table = features(sequence)
    assert np.isfinite(table).all()
    assert (table[5:9] == 0).all()
    seen = table[:, FEATURES.index("seen")]
    assert seen.sum() == 26
    assert (features(dataclasses.replace(sequence, metric=np.full_like(sequence.metric, np.nan))) == 0).all()


def test_upright_and_lying_are_told_apart():
    standing = sequence_of("curl")
    up = FEATURES.index("trunk.up")
    assert features(standing)[:, up].mean() > 0.9
    lying = dataclasses.replace(standing, metric=standing.metric[..., [1, 0, 2]])
    assert abs(features(lying)[:, up].mean()) < 0.3


def test_works_without_metres():
    poses = [dataclasses.replace(pose, world=np.full((33, 3), np.nan, np.float32)) for pose in poses_of("squat", 15.0)]
    table = features(sequence_of("squat", poses))
    reference = features(sequence_of("squat"))
    assert np.isfinite(table).all()
    knee = FEATURES.index("left_knee.angle")
    assert np.corrcoef(table[:, knee], reference[:, knee])[0, 1] > 0.9
