"""`./fitness live --processes`: it refuses, forgets and ends as the graph in one process does."""

import os
import shutil
from pathlib import Path

import pytest
import rclpy

from fitness_bringup.composition import live, processes
from fitness_core.catalogue import SHIPPED
from fitness_core.ros.state import state_file, state_file_of

DEMO = ("live", "--demo", "--no-dashboard", "--no-overlay", "--processes")


@pytest.fixture
def supervised(monkeypatch) -> list[list[str]]:
    """The programs that would be supervised, by name, of every `separate` of the test."""
    asked: list[list[str]] = []
    monkeypatch.setattr(
        processes, "_supervise", lambda nodes, *_: asked.append([program.name for program in nodes]) or 0
    )
    return asked


def test_a_node_after_the_source_that_refuses_its_input_ends_it_with_that(fitness) -> None:
    done = fitness(*DEMO, "-p", "rep_counter.exercise:=sqat")
    assert done.returncode == 2, done.stdout
    assert "'sqat'" in done.stderr and "repetitions" not in done.stdout


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
    assert supervised[0][0] == "camera"
