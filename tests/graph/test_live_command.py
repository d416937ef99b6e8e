"""`./fitness live` as a user starts and ends it."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from fitness_bringup import live, processes
from fitness_core.catalogue import SHIPPED
from fitness_datasets.bags import BagReader

LIVE = [sys.executable, "-m", "fitness_bringup.cli", "live", "--port", "0"]
DEADLINE = 60.0


def await_status(process: subprocess.Popen[str], deadline: float = DEADLINE) -> str:
    """The first status line."""
    assert process.stderr is not None
    until = time.monotonic() + deadline
    while select.select([process.stderr], [], [], max(0.0, until - time.monotonic()))[0]:
        line = process.stderr.readline()
        assert line, "it ended without a status line"
        if " fps | " in line:
            return line
    raise AssertionError("no status line")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_with_the_summary_and_a_complete_bag(tmp_path: Path, number: signal.Signals) -> None:
    bag = tmp_path / "bag"
    process = subprocess.Popen(
        [*LIVE, "--demo", "--loop", "--record", str(bag)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert "drops 0" in await_status(process)
        process.send_signal(number)
        begun = time.monotonic()
        printed, errors = process.communicate(timeout=DEADLINE)
        assert time.monotonic() - begun < 3.0
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "repetitions:" in printed and "frames:" in printed
    with BagReader(bag) as recorded:
        assert not recorded.recovered
        assert recorded.counts["/fitness/body_pose"] > 0


def test_an_exercise_of_ones_own_in_a_copy_of_the_catalogue(fitness, tmp_path: Path) -> None:
    exercises = tmp_path / "my_exercises"
    shutil.copytree(SHIPPED, exercises)
    squat = (exercises / "squat.yaml").read_text()
    mine = squat.replace("name: squat", "name: my_squat").replace(": squat_", ": my_squat_")
    (exercises / "my_squat.yaml").write_text(mine)
    asked = ("--catalogue", exercises, "-p", "rep_counter.exercise:=my_squat")
    done = fitness("live", "--demo", "--unpaced", "--no-overlay", "--no-dashboard", *asked)
    assert done.returncode == 0 and "repetitions: my_squat 5" in done.stdout, done.stdout + done.stderr


def test_options_reach_the_nodes_in_processes_of_their_own_too(tmp_path: Path) -> None:
    bag, file = tmp_path / "bag", tmp_path / "parameters.yaml"
    options = live.Options(source="0", backend="litert", catalogue=tmp_path, record=bag, dashboard=True)
    processes.programs(options, file)
    nodes = yaml.safe_load(file.read_text())
    given = {name.removeprefix("/**/"): content["ros__parameters"] for name, content in nodes.items()}
    assert given["pose_estimator"]["backend"] == "litert"
    assert given["dashboard"]["bag"] == str(bag)
    for name in set(live.CATALOGUED) - {"record_take"}:
        assert given[name]["catalogue"] == str(tmp_path)


def test_end_of_the_recording_ends_it(fitness, tmp_path: Path) -> None:
    done = fitness(
        "live",
        "--demo",
        "--unpaced",
        "--no-overlay",
        "--port",
        "0",
        "--namespace",
        "hall/two",
        "--record",
        tmp_path / "bag",
    )
    assert done.returncode == 0, done.stderr
    assert "repetitions: curl 3, press 2, squat 5" in done.stdout
    with BagReader(tmp_path / "bag") as recorded:
        assert "/hall/two/rep_event" in recorded.topics
    again = fitness("live", "--demo", "--record", tmp_path / "bag")
    assert again.returncode == 2
    assert "never overwritten" in again.stderr
