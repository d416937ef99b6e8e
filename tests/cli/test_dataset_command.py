"""`./fitness dataset` as a lab uses it: clips in, a folder out, and one line where that cannot be."""

import csv
import json
from pathlib import Path

import pytest

CLIPS = ("videos/curl/aitrainer_curls2.mp4", "videos/squat/term7_computervision_pro_squat_1.mp4")


def test_videos_become_a_dataset_and_the_second_time_their_landmarks_are_there(fitness, data, tmp_path: Path) -> None:
    videos = [data(name) for name in CLIPS]
    made = fitness(
        *("dataset", *videos, "--clips", data("clips.csv"), "--out", tmp_path / "set", "--cache", tmp_path / "cache"),
        *("--length", "1", "--rate", "10"),
    )
    assert made.returncode == 0, made.stderr
    assert f"{tmp_path}/set: 2 takes of 2 exercises" in made.stdout.splitlines()[-1]
    assert "0 problems" in made.stdout
    manifest = json.loads((tmp_path / "set/manifest.json").read_text())
    with data("clips.csv").open(newline="") as file:
        owners = {row["file"]: row["source"].split("/")[0] for row in csv.DictReader(file)}
    assert {take["group"] for take in manifest["takes"]} <= set(owners.values())
    assert [take["exercise"] for take in manifest["takes"]] == ["curl", "squat"]
    assert len(list((tmp_path / "cache").iterdir())) == 2
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}

    # By the names of their folders this time, from copies of other names: the landmarks are found by content.
    for video in videos:
        copy = tmp_path / "mine" / video.parent.name / video.name
        copy.parent.mkdir(parents=True)
        copy.write_bytes(video.read_bytes())
    again = fitness("dataset", tmp_path / "mine", "--out", tmp_path / "again", "--cache", tmp_path / "cache")
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()} == stamps
    takes = json.loads((tmp_path / "again/manifest.json").read_text())["takes"]
    assert [take["exercise"] for take in takes] == ["curl", "squat"]


def test_problems_are_printed_and_nothing_usable_is_exit_code_2(fitness, tmp_path: Path) -> None:
    (tmp_path / "squat").mkdir()
    (tmp_path / "squat/broken.mp4").write_text("not a video")
    done = fitness("dataset", tmp_path / "squat", "--out", tmp_path / "set")
    assert done.returncode == 2
    problem, error = [line for line in done.stderr.splitlines() if line.startswith(("problem: ", "error: "))]
    assert problem.startswith("problem: squat/broken.mp4 (squat): ")
    assert error == "error: no usable take was found (1 unreadable); record takes, or label what there is"
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "set/manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere/bag", "--out", "set"], "/nowhere/bag"),
        (["--out", "set"], "--clips"),
        (["{here}/notes.txt", "--out", "set"], "notes.txt"),
        (["{here}/empty", "--out", "set"], "holds no recording"),
        (["{here}/empty"], "--out"),
        (["{here}", "--out", "{here}"], "something else"),
        (["{here}", "--out", "{here}/notes.txt"], "is a file"),
        (["{here}", "--out", "set", "--clips", "/nowhere/clips.csv"], "/nowhere/clips.csv"),
        (["{here}", "--out", "set", "--poses", "{here}/notes.txt"], "file, exercise"),
        (["{here}", "--out", "set", "--length", "0"], "--length"),
        (["{here}", "--out", "set", "--length", "0.3", "--rate", "2"], "less than 2 steps"),
        (["{here}", "--out", "set", "--catalogue", "/nowhere"], "/nowhere"),
    ],
)
def test_mistake_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    from fitness_bringup import cli

    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("text\nmore\n")
    given = [argument.format(here=tmp_path) for argument in arguments]
    monkeypatch.setattr("sys.argv", ["fitness", "dataset", *given])
    with pytest.raises(SystemExit) as ending:
        cli.main()
    assert ending.value.code == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line
    assert not (tmp_path / "set").exists()
