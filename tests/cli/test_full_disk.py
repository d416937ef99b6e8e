"""A disk that fills up in the midst of a recording: told at the end, with an exit code that says so."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from fitness_datasets.bags import BagReader

# What a full disk is to the command, without one: from a message on, nothing more is written.
FILLS_UP = """
import errno, itertools, sys
from fitness_bringup import cli
from fitness_datasets import bags
write, numbers = bags.BagWriter.write, itertools.count()
def full(self, *given):
    if next(numbers) >= 40:
        raise OSError(errno.ENOSPC, "No space left on device")
    write(self, *given)
bags.BagWriter.write = full
sys.argv[0] = "fitness"
cli.main()
"""
DEADLINE = 120.0


def on_a_full_disk(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FILLS_UP, *map(str, arguments)]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False
    )


def test_live_goes_on_and_tells_at_the_end(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    done = on_a_full_disk("live", "--demo", "--unpaced", "--no-dashboard", "--no-overlay", "--record", bag)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "curl 3, press 2, squat 5" in " ".join(done.stdout.split())
    problem = "No space left on device; recording has stopped, what was written stays"
    assert done.stderr.splitlines()[-1] == f"error: {bag}: {problem}"
    with BagReader(bag) as reader:
        assert sum(reader.counts.values()) <= 40


def test_nobody_is_led_on_through_takes_that_are_not_recorded(data: Callable[[str], Path], tmp_path: Path) -> None:
    done = on_a_full_disk(
        *("record", "--subject", "P01", "--exercise", "idle", "--takes", "3", "--seconds", "5", "--consent"),
        *("--source", data("videos/squat/nowva_squats.mp4"), "--out", tmp_path, "--no-overlay"),
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "No space left on device" in done.stderr.splitlines()[-1]
    takes = yaml.safe_load((tmp_path / "P01_S01" / "session.yaml").read_text())["takes"]
    assert not [take for take in takes if take["status"] == "kept"]
