"""The file of held-out labels: what is written is read, in the order of stamps."""

import numpy as np
import pytest

from exercise_classifier.held_out import HeldOutLabels, read, write
from fitness_core.errors import InputError
from fitness_core.types import ClassificationStatus, nanoseconds


@pytest.fixture
def labels():
    return HeldOutLabels(
        ("squat", "other"),
        ("squat/a.mp4", "other/b.mp4"),
        np.array([0, 1, 0]),
        np.array([3.0, 2.0, 2.5]),
        np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55]]),
        0.6,
        2.0,
        "tiny",
    )


def test_what_is_written_is_read(labels, tmp_path):
    write(tmp_path / "labels.npz", labels)
    again = read(tmp_path / "labels.npz")
    assert (again.labels, again.clips, again.threshold, again.duration, again.model) == (
        *(labels.labels, labels.clips),
        *(0.6, 2.0, "tiny"),
    )
    first, second = again.of("videos/squat/a.mp4")
    assert (first.stamp, first.window_start) == (nanoseconds(2.5), nanoseconds(0.5))
    assert (first.label, first.status) == ("other", ClassificationStatus.UNCERTAIN)
    assert (second.label, second.status) == ("squat", ClassificationStatus.OK)
    assert second.probabilities == pytest.approx({"squat": 0.9, "other": 0.1})
    assert again.of("squat/nobody_knows.mp4") == []


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "labels.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="evaluate --held-out"):
        read(path)
    np.savez(path, labels=np.array(["squat"]))
    with pytest.raises(InputError, match="evaluate --held-out"):
        read(path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "array"])
def test_a_damaged_file_is_refused(labels, tmp_path, damage):
    path = tmp_path / "labels.npz"
    write(path, labels)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:-30]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    if damage == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    with pytest.raises(InputError, match="evaluate --held-out"):
        read(path)
