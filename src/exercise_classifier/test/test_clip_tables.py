"""Tables of clips and the videos that they name: read as labs write them, looked at once."""

import csv
from pathlib import Path

import numpy as np
import pytest
from exercise_takes import Extracted

from exercise_classifier.training.data.dataset import Config, NothingUsable, build
from exercise_classifier.training.takes import takes
from exercise_classifier.training.takes.readers import read_table
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2


@pytest.mark.parametrize("text", ["", "file,label\na.mp4,squat\n", "file,exercise\n"])
def test_a_table_that_does_not_label_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(InputError, match="lacks"):
        read_table(tmp_path / "clips.csv")


ROWS = (
    ("", "", "", ""),
    ("File", " Exercise ", "Subject", "Notes"),
    ("videos\\Kniebeuge Jürgen.mp4", "Squat", "P01", "knees; hips, heels"),
    ("./videos/b.mp4", " front raise", "P02", 'said "ow"'),
    ("{folder}/videos/c.mp4", "Push-Up", "", ""),
    ("", "", "", ""),
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    with (tmp_path / "clips.csv").open("w", encoding=encoding, newline="") as file:
        rows = [[value.format(folder=tmp_path) for value in row] for row in ROWS]
        csv.writer(file, delimiter=delimiter).writerows(rows)
    read = read_table(tmp_path / "clips.csv")
    assert [(row["file"], row["exercise"], row["subject"]) for row in read] == [
        ("videos/Kniebeuge Jürgen.mp4", "squat", "P01"),
        ("videos/b.mp4", "front_raise", "P02"),
        ("videos/c.mp4", "push_up", ""),
    ]
    assert [row["notes"] for row in read] == ["knees; hips, heels", 'said "ow"', ""]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,exercise\nJürgen.mp4,squat\n".encode("cp1252"), "save it as CSV, UTF-8"),
        (b"file,exercise\n,squat\n", "without a file"),
        (b"file,exercise\na.mp4,squat\n./a.mp4,curl\n", "a.mp4 is 'squat' in one row and 'curl' in another"),
    ],
)
def test_a_table_that_leaves_a_question_open_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "clips.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_table(tmp_path / "clips.csv")


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a video")
    return path


def test_landmarks_of_a_video_that_were_cut_short_are_made_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(takes, "extract", extract := Extracted())
    config = Config((video(tmp_path / "squat/a.mp4"),), tmp_path / "set", cache=tmp_path / "cache")
    build(config)
    (kept,) = (tmp_path / "cache").iterdir()
    for content in (b"", kept.read_bytes()[:500]):
        kept.write_bytes(content)
        assert [take["name"] for take in build(config).manifest["takes"]] == ["a.mp4"]
    build(config)
    assert extract.videos == ["a.mp4"] * 3


def test_a_cache_that_cannot_be_is_told_before_a_video_is_looked_at(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(takes, "extract", extract := Extracted())
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match=r"--cache .* cannot be made"):
        build(Config((video(tmp_path / "squat/a.mp4"),), tmp_path / "set", cache=tmp_path / "cache"))
    assert not extract.videos


def test_folders_of_pictures_of_one_name_are_different_recordings(tmp_path: Path, monkeypatch) -> None:
    extract = Extracted()
    for exercise in ("squat", "curl"):
        (tmp_path / exercise / "pictures").mkdir(parents=True)
        (tmp_path / exercise / "pictures/1.jpg").write_text(exercise)
    # The landmarks are those of the folder around.
    monkeypatch.setattr(takes, "extract", lambda path, kept: extract(path.parent / "x.mp4", kept))
    (tmp_path / "clips.csv").write_text("file,exercise\nsquat/pictures,squat\ncurl/pictures,curl\n")
    built = build(Config((), tmp_path / "set", clips=tmp_path / "clips.csv", cache=tmp_path / "cache"))
    assert [take["exercise"] for take in built.manifest["takes"]] == ["curl", "squat"]
    assert len(extract.videos) == 2


def test_a_video_may_have_as_long_a_name_as_the_system_takes(tmp_path: Path) -> None:
    """Titles in Japanese or Cyrillic are two or three bytes a letter, and those who download them cut there."""
    video = tmp_path / "squat" / ("ж" * 125 + ".avi")
    video.parent.mkdir()
    writer = cv2.VideoWriter(str(tmp_path / "short.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    (tmp_path / "short.avi").rename(video)
    with pytest.raises(NothingUsable) as nothing:
        build(Config((video,), tmp_path / "set", cache=tmp_path / "cache"))
    assert [problem.problem for problem in nothing.value.problems] == ["nobody"]
