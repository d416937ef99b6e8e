"""A path that no command can look at is one line and exit code 2, whatever the command wants with it."""

import sys
from pathlib import Path

import pytest

from fitness_bringup import cli
from fitness_bringup.composition import live

DEMO = str(live.DEMO)
NOBODY, LONG, BYTES = "~nosuchuser/x", "a" * 300, "\udcff"
TAKES = ("--subject", "P01", "--exercise", "squat", "--consent")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyze", NOBODY], "no such user"),
        (["analyze", LONG], "too long"),
        (["analyze", LONG, "--json", "report.json"], "too long"),
        (["analyze", DEMO, "--json", LONG], "too long"),
        (["analyze", DEMO, "--video", f"{BYTES}.mp4"], "not UTF-8"),
        (["analyze", DEMO, "--catalogue", NOBODY], "no such user"),
        (["live", "--source", NOBODY], "no such user"),
        (["live", "--source", "9" * 5000], "too long"),
        (["live", "--demo", "--record", LONG], "too long"),
        (["live", "--source", f"{BYTES}.mp4"], "not UTF-8"),
        (["live", "--demo", "--record", BYTES], "not UTF-8"),
        (["live", "--demo", "--record", BYTES, "--processes"], "not UTF-8"),
        (["live", "--demo", "--catalogue", BYTES], "not UTF-8"),
        (["live", "--demo", "--record-video", f"{BYTES}.mp4"], "not UTF-8"),
        (["record", *TAKES, "--source", f"{BYTES}.mp4"], "not UTF-8"),
        (["record", *TAKES, "--out", BYTES], "not UTF-8"),
        (["dataset", LONG, "--out", "set"], "too long"),
        (["dataset", DEMO, "--out", LONG], "too long"),
        (["dataset", DEMO, "--out", NOBODY], "no such user"),
        (["train", "dataset", "--config", LONG], "too long"),
        (["train", "dataset", "--out", LONG], "too long"),
        (["train", "dataset", "--out", NOBODY], "no such user"),
        (["train", "dataset", "--logs", NOBODY], "no such user"),
        (["faults", "--source", LONG], "too long"),
        (["forget", "--subject", "P01", "--out", NOBODY], "no such user"),
    ],
)
def test_it_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fitness", *arguments])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ending:
        cli.main()
    printed = capfd.readouterr()
    assert ending.value.code == 2 and printed.out == ""
    [line] = printed.err.splitlines()
    assert line.startswith("error: ") and said in line and len(line) < 400
    assert not (tmp_path / "~nosuchuser").exists()
