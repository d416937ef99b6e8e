"""The report that /sessions shows: the command's own, and silent about where the recording lies."""

import shutil
from pathlib import Path

import pytest

from fitness_bringup.composition.live import DEMO
from fitness_core.errors import InputError
from fitness_visualization.dashboard.report_files import report_files


def test_the_three_files_of_a_recording(tmp_path: Path) -> None:
    bag = shutil.copytree(DEMO, tmp_path / "-P01 S01")
    (tmp_path / "fitness_bringup").mkdir()
    (tmp_path / "fitness_bringup" / "__init__.py").write_text("raise SystemExit(3)")
    report = report_files(bag)
    assert report.html.startswith("<!doctype html>") and "Set 3: Squat" in report.html
    assert len(report.csv.splitlines()) == 11
    assert '"source": "./-P01 S01"' in report.json
    assert str(tmp_path) not in report.html + report.json + report.csv


def test_what_is_no_recording_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "bag.mcap").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"^no report: .*bag.* not"):
        report_files(tmp_path / "bag")
