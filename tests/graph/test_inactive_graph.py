"""Every node can be switched off and on while the graph runs: the camera is let go, and what is off costs nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = 0.02
"""Most of one core that an inactive graph may use."""
PROGRAM = Path(__file__).with_name("inactive.py")


@pytest.mark.alone
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
