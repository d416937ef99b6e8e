"""What a folder holds is found, whatever lies beside it: bags, loose files of bags, videos, datasets."""

import json
import os
import shutil
from pathlib import Path

import pytest
from recorded_takes import good

from exercise_classifier.training.data.dataset import Config, build
from exercise_classifier.training.takes.readers import find_sources


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag of two takes, as its recorder closed it."""
    return good().write(tmp_path_factory.mktemp("recorded") / "bag")


def found(folder: Path) -> list[tuple[str, str]]:
    """Name and kind of each recording; nothing is a problem."""
    sources, problems = find_sources([folder])
    assert not problems
    return [(source.name.removeprefix(f"{folder.name}/"), source.kind) for source in sources]


def test_a_loose_file_of_a_bag_hides_nothing(tmp_path: Path, bag: Path) -> None:
    for place in ("P01_S01/bag_001", "P02_S01/bag_001"):
        shutil.copytree(bag, tmp_path / place)
    (tmp_path / "squat").mkdir()
    (tmp_path / "squat/clip.mp4").touch()
    for place in ("extra.mcap", "squat/loose.mcap"):
        shutil.copy(next(bag.glob("*.mcap")), tmp_path / place)
    assert found(tmp_path) == [
        ("P01_S01/bag_001", "bag"),
        ("P02_S01/bag_001", "bag"),
        ("extra.mcap", "bag"),
        ("squat/clip.mp4", "clip"),
        ("squat/loose.mcap", "bag"),
    ]


def test_recordings_side_by_side_are_each_their_own(tmp_path: Path, bag: Path) -> None:
    for name in ("monday", "tuesday_1", "tuesday_3"):
        shutil.copy(next(bag.glob("*.mcap")), tmp_path / f"{name}.mcap")
    assert [name for name, _ in found(tmp_path)] == ["monday.mcap", "tuesday_1.mcap", "tuesday_3.mcap"]


@pytest.mark.parametrize("names", [["day.mcap"], ["day_0.mcap", "day_1.mcap"]])
def test_what_a_recorder_left_when_it_died_is_one_bag(tmp_path: Path, bag: Path, names: list[str]) -> None:
    (tmp_path / "rec/day").mkdir(parents=True)
    for name in names:
        shutil.copy(next(bag.glob("*.mcap")), tmp_path / "rec/day" / name)
    assert found(tmp_path / "rec") == [("day", "bag")]


def test_metadata_of_something_else_is_no_bag(tmp_path: Path, bag: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("title: our study\n")
    shutil.copytree(bag, tmp_path / "bag")
    assert found(tmp_path) == [("bag", "bag")]
    # Of a bag whose files are gone something is told: reading it says what is missing.
    next((tmp_path / "bag").glob("*.mcap")).unlink()
    assert found(tmp_path) == [("bag", "bag")]


def test_names_that_are_no_text_are_told_as_far_as_they_are(tmp_path: Path, bag: Path) -> None:
    """Of an old archive, in Latin 1."""
    folder = tmp_path / os.fsdecode(b"\xfcbung")
    shutil.copytree(bag, folder / "bag")
    (folder / "squat").mkdir()
    (folder / "squat" / os.fsdecode(b"\xfc.mp4")).touch()
    build(Config((folder,), tmp_path / "set"))
    manifest = json.loads((tmp_path / "set/manifest.json").read_text())
    assert {take["source"] for take in manifest["takes"]} == {"\N{REPLACEMENT CHARACTER}bung/bag"}
    (problem,) = manifest["problems"]
    assert problem["source"] == "\N{REPLACEMENT CHARACTER}bung/squat/\N{REPLACEMENT CHARACTER}.mp4"
    assert problem["problem"] == "unreadable"


def test_a_bag_in_a_table_of_clips_is_told_from_a_video(tmp_path: Path, bag: Path) -> None:
    shutil.copytree(bag, tmp_path / "bag")
    shutil.copy(next(bag.glob("*.mcap")), tmp_path / "loose.mcap")
    table = tmp_path / "clips.csv"
    table.write_text("file,exercise\nbag,squat\nloose.mcap,squat\nclip.mp4,squat\n")
    (tmp_path / "clip.mp4").touch()
    sources, problems = find_sources([], table)
    assert [source.name for source in sources] == ["clip.mp4"]
    assert [(problem.take, problem.problem) for problem in problems] == [
        ("bag", "unusable"),
        ("loose.mcap", "unusable"),
    ]
    assert "beside the table" in problems[0].says
    # Beside the table it is used, whatever is in the table.
    assert [source.kind for source in find_sources([tmp_path / "bag"], table)[0]] == ["bag"]
