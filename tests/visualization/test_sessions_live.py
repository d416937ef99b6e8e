"""Recordings in the dashboard of a running graph: listed, reported, deleted, and only from its own pages."""

import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from fitness_bringup.composition.live import DEMO

LIVE = [sys.executable, "-m", "fitness_bringup.cli", "live", "--demo", "--loop", "--no-overlay", "--port", "0"]
DEADLINE = 180.0
"""The report is made at a low priority [s]."""


def ask(address: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(address, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_recording_is_reported_and_deleted(tmp_path: Path) -> None:
    bag = shutil.copytree(DEMO, tmp_path / "P01_S01" / "bag_001")
    command = [*LIVE, "-p", f"dashboard.recordings:={tmp_path}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        found = next((re.search(r"http://\S+", line) for line in process.stderr if "http://" in line), None)
        assert found, "no dashboard"
        address = found[0].rstrip("/")
        _, page = ask(f"{address}/sessions")
        assert "P01_S01/bag_001" in page
        (session,) = set(re.findall(r"/sessions/[0-9a-f]{16}", page))
        status, report = ask(address + session)
        assert status == 200 and "Set 3: Squat, 5" in report
        assert str(tmp_path) not in page + report
        assert ask(f"{address}{session}/report.csv")[1].count("\n") == 11
        assert ask(f"{address}{session}/delete", "POST", Origin="http://elsewhere.example")[0] == 403
        assert bag.exists()
        status, page = ask(f"{address}{session}/delete", "POST", Origin=address)
        assert status == 200 and "No recordings" in page and not bag.exists()
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)
