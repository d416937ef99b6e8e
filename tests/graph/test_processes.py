"""`./fitness live --processes`: it refuses, forgets and ends as the graph in one process does."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rclpy

from fitness_bringup.composition import live, processes
from fitness_bringup.supervision.supervisor import Program
from fitness_core.catalogue import SHIPPED
from fitness_core.ros.state import state_file, state_file_of
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import RepState

PATIENCE = 60.0  # [s]
DEMO = ("live", "--demo", "--no-dashboard", "--no-overlay", "--processes")


@pytest.fixture
def supervised(monkeypatch) -> list[list[Program]]:
    """The programs of every run of the test, which are not started."""
    asked: list[list[Program]] = []
    monkeypatch.setattr(processes, "_supervise", lambda programs, *_: asked.append(programs) or 0)
    return asked


def test_a_node_after_the_source_that_refuses_its_input_ends_it_with_that(fitness, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    done = fitness(*DEMO, "-p", "rep_counter.exercise:=sqat", "--record", str(bag))
    assert done.returncode == 2, done.stdout
    assert "'sqat'" in done.stderr and "repetitions" not in done.stdout
    # On a busy machine messages come before the refusal, and what was recorded stays. An empty bag would be in the way.
    if bag.exists():
        with BagReader(bag) as recorded:
            assert any(recorded.counts.values())


def test_another_graph_in_the_namespace_is_told_of(ros) -> None:
    command = [sys.executable, "-m", "fitness_bringup.cli", *DEMO, "--loop"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    other = rclpy.create_node("other")
    try:
        other.create_publisher(RepState, "/fitness/rep_state", 1)
        while "another graph runs in /fitness" not in (line := process.stderr.readline()):
            assert line, "it ended"
    finally:
        other.destroy_node()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def test_a_recording_does_not_go_on_with_the_set_of_a_dead_run(supervised) -> None:
    file = state_file_of("/fitness/rep_counter")
    file.parent.mkdir(parents=True)
    file.touch()
    processes.separate(live.Options(source="topic:/camera/image_raw"))
    assert supervised and file.exists(), "what is of now goes on"
    processes.separate(live.Options(demo=True))
    assert not file.exists()


def test_the_file_that_is_forgotten_is_that_of_the_counter(ros) -> None:
    node = rclpy.create_node("rep_counter", namespace="/hall/two")
    assert state_file_of("/hall/two/rep_counter") == state_file(node)
    assert state_file(node).name == f"{os.environ['ROS_DOMAIN_ID']}.hall.two.rep_counter.json"
    node.destroy_node()


def test_exercises_that_only_one_of_them_knows_are_refused(fitness, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mine")
    done = fitness(*DEMO, "-p", f"rep_counter.catalogue:={tmp_path / 'mine'}")
    assert done.returncode == 2 and "give one to all with --catalogue" in done.stderr


def test_a_camera_that_is_to_come_is_waited_for(fitness, supervised) -> None:
    missing = ("live", "--processes", "--no-dashboard", "--source", "/dev/video99")
    done = fitness(*missing)
    assert done.returncode == 2 and "/dev/video99" in done.stderr
    waits = ("camera.wait_for_device:=true",)
    assert processes.separate(live.Options(source="/dev/video99", parameters=waits)) == 0
    assert supervised[0][0].name == "camera"


def loading(parent: int) -> bool:
    """Whether all that a process has started has begun to load native libraries of ROS 2."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return bool(children) and all("/rclpy/" in Path(f"/proc/{child}/maps").read_text() for child in children)


@pytest.mark.parametrize("lost", ["folder", "recorder"])
def test_a_recording_that_is_not_all_there_is_told_by_the_exit_code(tmp_path: Path, lost: str) -> None:
    bag = tmp_path / "bag"
    command = [sys.executable, "-m", "fitness_bringup", *DEMO, "--unpaced", "--record", str(bag)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not any(bag.glob("*.mcap")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        if lost == "folder":
            shutil.rmtree(bag)
        else:
            os.kill(recorder_of(process.pid), signal.SIGKILL)
        told, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 2, errors
    assert ("No such file" if lost == "folder" else "recorder was killed by SIGKILL") in errors
    assert "repetitions: curl 3, press 2, squat 5" in told


def recorder_of(parent: int) -> int:
    """Process id of the recorder among what a process has started."""
    children = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return next(child for child in children if "__node:=recorder" in Path(f"/proc/{child}/cmdline").read_text())


def test_ctrl_c_while_the_programs_load_is_no_crash() -> None:
    command = [sys.executable, "-m", "fitness_bringup", *DEMO]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not loading(process.pid):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode in (0, 130), errors
    assert "Traceback" not in errors


def test_what_is_started_again_ends_without_a_word_while_it_loads(supervised, tmp_path: Path) -> None:
    processes.respawned(live.Options(demo=True), ["live", "--demo"])
    ((program,),) = supervised
    # In the place of the first thing that the command line loads.
    (tmp_path / "typer.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen(
        program.command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE)[1] == ""
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT
