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
import rclpy
import yaml
from rclpy.serialization import serialize_message
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String

from fitness_bringup.composition import live, processes
from fitness_bringup.composition.graph_nodes import NODES
from fitness_core import paths
from fitness_core.catalogue import SHIPPED
from fitness_datasets.bags import BagReader, BagWriter
from fitness_msgs.msg import RepState

LIVE = [sys.executable, "-m", "fitness_bringup.cli", "live", "--port", "0"]
DEADLINE = 60.0
CLIP = "videos/press/be_project_sample_shoulder_press.mp4"


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


@pytest.mark.alone
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


def test_another_graph_in_the_namespace_is_told_of_whenever_it_comes() -> None:
    """Looked for once, at the start, it was mostly not discovered yet; the first graph was never told of the second."""
    process = subprocess.Popen(
        [*LIVE, "--demo", "--loop"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    rclpy.init()
    try:
        await_status(process)
        other = rclpy.create_node("other")
        other.create_publisher(RepState, "/fitness/rep_state", 1)
        assert process.stderr is not None
        while "another graph runs in /fitness" not in (line := process.stderr.readline()):
            assert line, "it ended"
        other.destroy_node()
    finally:
        try_shutdown()
        process.kill()
        process.communicate()


def test_a_recording_of_the_same_landmarks_is_the_same_each_time(fitness, tmp_path: Path) -> None:
    said: list[dict[str, list[bytes]]] = []
    for bag in (tmp_path / "first", tmp_path / "second"):
        done = fitness("live", "--demo", "--unpaced", "--no-overlay", "--no-dashboard", "--record", bag)
        assert done.returncode == 0, done.stderr
        with BagReader(bag) as recorded:
            said.append({topic: [] for topic in recorded.topics})
            for topic, _, _, cdr in recorded.raw(list(recorded.topics)):
                said[-1][topic].append(bytes(cdr))
    told = {topic.removeprefix("/fitness/") for topic, messages in said[0].items() if messages}
    assert {"body_pose", "exercise", "exercise/info", "rep_state", "rep_event", "set_summary"} <= told
    clocked = {"/diagnostics"}
    assert said[0].keys() == said[1].keys()
    assert [topic for topic in said[0].keys() - clocked if said[0][topic] != said[1][topic]] == []


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
    programs = {program.name: program.command for program in processes.programs(options, file)}
    assert "{'backend': 'litert'}" in programs["pose_estimator"][2], "its nursery loads that one"
    nodes = yaml.safe_load(file.read_text())
    given = {name.removeprefix("/fitness/"): content["ros__parameters"] for name, content in nodes.items()}
    assert given["pose_estimator"]["backend"] == "litert"
    assert given["pose_estimator"]["wait_for_subscribers"] == 4, "classifier, counter, dashboard, recorder"
    assert given["dashboard"]["bag"] == str(bag)
    for name in {node.name for node in NODES.values() if node.catalogue}:
        assert given[name]["catalogue"] == str(tmp_path)
    assert given["record_take"]["autostart"] is False, "it waits for the dashboard"
    assert given["record_take"]["camera"] == "0", "as in sessions of ./fitness record"
    assert "autostart" not in given["recorder"]


def test_what_the_dashboard_records_with_waits_for_it_in_processes_of_its_own(tmp_path: Path) -> None:
    file, asked = tmp_path / "parameters.yaml", ("recorder.images:=true",)
    started = processes.programs(live.Options(source="0", dashboard=True, parameters=asked), file)
    assert [program.name for program in started][-3:] == ["dashboard", "record_take", "recorder"]
    assert not started[-1].respawn and started[-2].respawn
    nodes = yaml.safe_load(file.read_text())
    assert nodes["/fitness/recorder"]["ros__parameters"] == {"autostart": False, "images": True}
    assert nodes["/fitness/record_take"]["ros__parameters"]["autostart"] is False
    waits = nodes["/fitness/pose_estimator"]["ros__parameters"]["wait_for_subscribers"]
    assert waits == 3, "classifier, counter, dashboard"
    without = processes.programs(live.Options(source="0", dashboard=False), file)
    assert not {"recorder", "record_take"} & {program.name for program in without}


def test_what_no_option_says_stays_as_the_users_file_has_it_and_what_one_says_does_not(tmp_path: Path) -> None:
    mine, file = tmp_path / "mine.yaml", tmp_path / "parameters.yaml"
    mine.write_text(
        "/**/camera: {ros__parameters: {loop: true, paced: false}}\n"
        "/**/recorder: {ros__parameters: {images: true}}\n"
        "/fitness/rep_counter: {ros__parameters: {exercise: curl, min_visibility: 0.6}}\n"
    )
    options = live.Options(params=mine, record=tmp_path / "bag", parameters=("rep_counter.exercise:=squat",))
    live.check(options)
    processes.programs(options, file)
    nodes = yaml.safe_load(file.read_text())
    assert not nodes["/fitness/camera"]["ros__parameters"].keys() & {"loop", "paced"}
    assert "images" not in nodes["/fitness/recorder"]["ros__parameters"]
    assert nodes["/**/camera"]["ros__parameters"]["loop"] and nodes["/**/recorder"]["ros__parameters"]["images"]
    assert list(nodes)[-1].startswith("/fitness/"), "ROS 2 takes the last that matches"
    assert nodes["/fitness/rep_counter"]["ros__parameters"] == {"exercise": "squat", "min_visibility": 0.6}


@pytest.mark.parametrize(
    ("demo", "private", "shown"), [(False, False, True), (False, True, False), (True, True, False)]
)
def test_the_users_file_says_whether_the_picture_is_shown(
    tmp_path: Path, demo: bool, private: bool, shown: bool
) -> None:
    mine = tmp_path / "private.yaml"
    mine.write_text("/**/overlay: {ros__parameters: {picture: false}}\n")
    options = live.Options(source="" if demo else "0", demo=demo, markers=False, params=mine if private else None)
    live.begin(options)
    try:
        graph = live.compose(options)
        assert graph.node("overlay").params.picture == shown
        graph.close()
    finally:
        try_shutdown()


@pytest.mark.parametrize("processes", [(), ("--processes",)])
def test_a_bag_of_landmarks_is_replayed_into_the_graph(fitness, tmp_path: Path, processes: tuple[str, ...]) -> None:
    bag = tmp_path / "mine"
    with BagReader(live.DEMO) as demo, BagWriter(bag, {"/robot/body_pose": "fitness_msgs/msg/BodyPose"}) as writer:
        for _, _, stamp, cdr in demo.raw([demo.find("body_pose")]):
            writer.write("/robot/body_pose", stamp, cdr)
    again = tmp_path / "again"
    speed = ("-p", "player.rate:=20.0") if processes else ("--unpaced",)
    done = fitness(*("live", "--source", bag, "--no-dashboard", "--record", again), *speed, *processes)
    assert done.returncode == 0, done.stderr
    assert "curl 3, press 2, squat 5" in " ".join(done.stdout.split())
    with BagReader(again) as recorded:
        assert recorded.counts[recorded.find("body_pose")] == 497


def test_of_a_bag_with_other_topics_the_poses_are_the_frames(fitness, tmp_path: Path) -> None:
    bag, info = tmp_path / "bag", serialize_message(CameraInfo())
    topics = {"/gym/body_pose": "fitness_msgs/msg/BodyPose", "/gym/camera/camera_info": "sensor_msgs/msg/CameraInfo"}
    with BagReader(live.DEMO) as demo, BagWriter(bag, topics) as writer:
        for _, _, stamp, cdr in demo.raw([demo.find("body_pose")]):
            writer.write("/gym/camera/camera_info", stamp, info)
            writer.write("/gym/body_pose", stamp, cdr)
    done = fitness("live", "--source", bag, "--no-dashboard", "-p", "player.rate:=20.0")
    assert done.returncode == 0, done.stderr
    assert "frames: 497 published, 497 processed" in done.stdout


@pytest.mark.parametrize("processes", [(), ("--processes",)])
def test_a_video_as_fast_as_it_goes_loses_nothing(fitness, data, tmp_path: Path, processes: tuple[str, ...]) -> None:
    asked = ("--unpaced", "-p", "rep_counter.exercise:=press", "--record", tmp_path / "bag", "--no-dashboard")
    done = fitness("live", "--source", data(CLIP), *asked, *processes)
    assert done.returncode == 0, done.stderr
    assert "repetitions: press 2" in done.stdout, done.stdout
    with BagReader(tmp_path / "bag") as recorded:
        assert recorded.counts["/fitness/body_pose"] == recorded.counts["/fitness/rep_state"] == 151


def test_a_bag_without_landmarks_says_what_counts_in_it(fitness, tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag", {"/talk": "std_msgs/msg/String"}) as writer:
        writer.write("/talk", 1, serialize_message(String(data="hello")))
    done = fitness("live", "--source", tmp_path / "bag")
    assert done.returncode == 2 and "holds no landmarks (body_pose); ./fitness analyze" in done.stderr


def test_what_was_recorded_before_a_crash_stays_and_the_rest_has_a_bag_of_its_own(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    assert paths.unused(bag) == bag
    for name in ("bag", "bag_2"):
        (tmp_path / name).mkdir()
    assert paths.unused(bag) == tmp_path / "bag_3"


def test_input_that_cannot_be_used_ends_processes_of_their_own_too(fitness, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("/**/camera: {ros__parameters: {source: /nowhere/squats.mp4}}\n")
    for given in (("--source", "/nowhere/squats.mp4"), ("--params", file)):
        done = fitness("live", "--processes", "--no-dashboard", *given)
        assert done.returncode == 2 and "/nowhere/squats.mp4" in done.stderr, done.stderr


def test_processes_of_their_own_end_with_the_summary_of_all(fitness) -> None:
    done = fitness("live", "--demo", "--unpaced", "--processes", "--no-overlay", "--no-dashboard")
    assert done.returncode == 0, done.stderr
    # As fast as it goes: whose labels come late is counted late.
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("repetitions: ")]
    assert sorted(told.removeprefix("repetitions: ").split(", ")) == ["curl 3", "press 2", "squat 5"]
    rows = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert sorted(row for row in rows if row[1:] and row[1].isdigit()) == [
        ["curl", "3"],
        ["press", "2"],
        ["squat", "5"],
    ]


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
    assert "repetitions: curl 3, press 2, squat 5" in done.stdout, done.stdout
    with BagReader(tmp_path / "bag") as recorded:
        assert "/hall/two/rep_event" in recorded.topics
    again = fitness("live", "--demo", "--record", tmp_path / "bag")
    assert again.returncode == 2
    assert "never overwritten" in again.stderr
