"""The picture of a dataset, whatever its recordings are called."""

import warnings
from pathlib import Path

import pytest
from exercise_takes import Extracted

from exercise_classifier.training.data.dataset import Config, build
from exercise_classifier.training.takes import takes


@pytest.mark.parametrize("name", ["from $_9_$ a month", "How to do a squat, " + 18 * "and how not " + "[dQw4w9W]"])
def test_any_name_leaves_room_for_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(takes, "extract", Extracted())
    (tmp_path / "squat").mkdir()
    (tmp_path / f"squat/{name}.mp4").write_text("a video")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the drawing library warns where it has no room
        build(Config((tmp_path / "squat",), tmp_path / "set", cache=tmp_path / "cache"))
    assert (tmp_path / "set/dataset.png").read_bytes().startswith(b"\x89PNG")


def test_one_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takes, "extract", Extracted())
    (tmp_path / "squat").mkdir()
    (tmp_path / "squat/a.mp4").write_text("a video")
    build(Config((tmp_path / "squat",), tmp_path / "set", cache=tmp_path / "cache"))
    assert "\n1 take of 1 exercise by 1 subject, " in (tmp_path / "set/README.md").read_text()
