"""Every node can be switched off and on while the graph runs: the camera is let go, and what is off costs nothing."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

LIMIT = 0.02
"""Most of one core that an inactive graph may use."""
PROGRAM = Path(__file__).with_name("inactive.py")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A short video of nobody."""
    path = tmp_path / "nobody.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 48))
    for shade in range(0, 200, 10):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path


def test_what_is_switched_off_costs_nothing_and_lets_the_camera_go(film: Path) -> None:
    run = subprocess.run([sys.executable, PROGRAM, film], capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    configured, active, off, again = json.loads(run.stdout.splitlines()[-1])
    for on in (active, again):
        assert on["film_open"], on
        assert on["at_work"] == ["capture", "overlay", "pose"], on
    for inactive in (configured, off):
        assert not inactive["film_open"], inactive
        assert inactive["at_work"] == [], inactive
        assert inactive["share"] < LIMIT, inactive
