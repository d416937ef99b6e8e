import pickle

import numpy as np
import pytest

from fitness_core.errors import InputError
from fitness_core.types import nanoseconds
from fitness_datasets.pose_files import read_pose_file


@pytest.fixture
def landmarks():
    return np.random.default_rng(0).uniform(0.1, 0.9, (5, 33, 4)).astype(np.float32)


def test_poses_carry_what_the_file_says(tmp_path, landmarks):
    path = tmp_path / "poses.npz"
    np.savez(path, landmarks=landmarks)
    poses = read_pose_file(path, 25.0, 1280, 720)
    assert [pose.stamp for pose in poses] == [nanoseconds(n / 25) for n in range(5)]
    assert all((pose.width, pose.height) == (1280, 720) for pose in poses)
    for pose, values in zip(poses, landmarks, strict=True):
        np.testing.assert_array_equal(pose.image, values[:, :3])
        np.testing.assert_array_equal(pose.visibility, values[:, 3])
        np.testing.assert_array_equal(pose.presence, pose.visibility)
        assert np.isnan(pose.world).all()
        assert pose.tracked


def test_size_is_taken_from_the_file_else_assumed(tmp_path, landmarks):
    np.savez(tmp_path / "told.npz", landmarks=landmarks, width=720, height=1280)
    np.savez(tmp_path / "untold.npz", landmarks=landmarks)
    told = read_pose_file(tmp_path / "told.npz", 30)[0]
    untold = read_pose_file(tmp_path / "untold.npz", 30)[0]
    assert (told.width, told.height) == (720, 1280)
    assert (untold.width, untold.height) == (640, 480)


def test_points_without_visibility_count_as_visible(tmp_path, landmarks):
    np.savez(tmp_path / "poses.npz", landmarks=landmarks[:, :, :3])
    assert (read_pose_file(tmp_path / "poses.npz", 30)[0].visibility == 1).all()


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_empty_rows_are_nobody(tmp_path, landmarks, nothing):
    landmarks[2] = nothing
    np.savez(tmp_path / "poses.npz", landmarks=landmarks)
    assert [pose.tracked for pose in read_pose_file(tmp_path / "poses.npz", 30)] == [
        True,
        True,
        False,
        True,
        True,
    ]


def _not_an_archive(path, landmarks):
    path.write_text("frames: 12")


def _half(path, landmarks):
    np.savez(path, landmarks=landmarks)
    path.write_bytes(path.read_bytes()[:1000])


def _pickled_array(path, landmarks):
    np.savez(path, landmarks=np.array([{"a": 1}], dtype=object))


BAD = {
    "missing": (lambda path, landmarks: None, "does not exist"),
    "text": (_not_an_archive, "not a pose file"),
    "empty": (lambda path, landmarks: path.write_bytes(b""), "not a pose file"),
    "truncated": (_half, "not a pose file"),
    "pickle": (
        lambda path, landmarks: path.write_bytes(pickle.dumps([1])),
        "not a pose file",
    ),
    "objects": (_pickled_array, "Python objects"),
    "folder": (lambda path, landmarks: path.mkdir(), "not a pose file"),
    "key": (
        lambda path, landmarks: np.savez(path, keypoints=landmarks, fps=3),
        "fps, keypoints",
    ),
    "joints": (
        lambda path, landmarks: np.savez(path, landmarks=landmarks[:, :18]),
        r"\[5, 18, 4\]",
    ),
    "flat": (
        lambda path, landmarks: np.savez(path, landmarks=landmarks[0]),
        r"\[33, 4\]",
    ),
    "words": (
        lambda path, landmarks: np.savez(path, landmarks=landmarks.astype(str)),
        "<U32",
    ),
    "no frames": (
        lambda path, landmarks: np.savez(path, landmarks=landmarks[:0]),
        "no frames",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_line_that_names_them(tmp_path, landmarks, case):
    write, found = BAD[case]
    path = tmp_path / "poses.npz"
    write(path, landmarks)
    with pytest.raises(InputError, match=found) as error:
        read_pose_file(path, 30)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bare_array_is_refused(tmp_path, landmarks):
    np.save(tmp_path / "poses.npy", landmarks)
    with pytest.raises(InputError, match="bare NumPy array"):
        read_pose_file(tmp_path / "poses.npy", 30)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_must_be_above_zero(tmp_path, landmarks, fps):
    np.savez(tmp_path / "poses.npz", landmarks=landmarks)
    with pytest.raises(InputError, match="above 0"):
        read_pose_file(tmp_path / "poses.npz", fps)
