"""A command that is told to end leaves nothing half written."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fitness_core.quiet_opencv import cv2

PATIENCE = 60.0  # [s]


def ended_once(there: Callable[[], bool], number: int, folder: Path, *arguments: object) -> int:
    """Exit code of a command that gets a signal when something is there. folder: for its temporary files."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fitness_bringup.cli", *map(str, arguments)],
        env=os.environ | {"TMPDIR": str(folder)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not there():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        assert process.poll() is None, "it was done before it could be told to end"
        process.send_signal(number)
        return process.wait(PATIENCE)
    finally:
        process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_no_half_a_video_is_left(tmp_path: Path, number: int, code: int) -> None:
    noise, out = tmp_path / "noise.avi", tmp_path / "out"
    out.mkdir()
    writer = cv2.VideoWriter(str(noise), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (320, 240))
    pictures = np.random.default_rng(1).integers(0, 256, (10, 240, 320, 3), np.uint8)
    for turn in range(600):
        writer.write(pictures[turn % 10])
    writer.release()

    def written() -> bool:
        return any(file.stat().st_size > 50_000 for file in out.iterdir())

    assert ended_once(written, number, tmp_path, "analyze", noise, "--video", out / "annotated.mp4") == code
    assert list(out.iterdir()) == []


def test_no_folder_of_faults_is_left(tmp_path: Path) -> None:
    def there() -> bool:
        return any(tmp_path.glob("faults*/*"))

    assert ended_once(there, signal.SIGTERM, tmp_path, "faults", "--kills", 1, "--kills-only") == 143
    assert not list(tmp_path.glob("faults*"))


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_what_native_code_makes_of_it_is_not_told(number: str, code: int) -> None:
    program = (
        "import os, signal, time\n"
        "from fitness_bringup import cli\n"
        "def app(*_, **__):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), signal.{number})\n"
        "        time.sleep(600)\n"
        "    except BaseException:\n"
        "        raise TypeError('unable to convert a return value') from None\n"
        "cli.app = app\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (code, "")
