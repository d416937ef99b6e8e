"""The launch files under the real `ros2 launch`, where there is one: an apt ROS 2 has it, no registry does."""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fitness_core.ros.images import to_image
from fitness_core.ros.pictures import TRANSPORTS
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import BodyPose, RepState

TIMEOUT = 120  # [s]
CLIP = "videos/press/be_project_sample_shoulder_press.mp4"

pytestmark = pytest.mark.skipif(
    shutil.which("ros2") is None or importlib.util.find_spec("launch_ros") is None, reason="no ros2 launch here"
)


def launch(file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a launch file to its end."""
    command = ["ros2", "launch", "-n", "fitness_bringup", file, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)


@pytest.mark.parametrize("file", ["live.launch.py", "record.launch.py", "replay.launch.py"])
def test_arguments_are_shown(file):
    shown = launch(file, "--show-args")
    assert shown.returncode == 0, shown.stderr
    assert "'namespace'" in shown.stdout


def test_the_demo_is_counted_recorded_and_ends_by_itself(tmp_path):
    ended = launch("replay.launch.py", "rate:=0", "namespace:=robot1/fitness", f"record:={tmp_path / 'bag'}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    with BagReader(tmp_path / "bag") as bag:
        counts = {topic: bag.counts[topic] for topic in bag.topics}
    assert counts["/robot1/fitness/rep_state"] == counts["/robot1/fitness/body_pose"] > 0
    assert counts["/robot1/fitness/rep_event"] > 0
    assert counts["/robot1/fitness/set_summary"] > 0


def test_a_video_as_fast_as_it_goes_loses_nothing(data, tmp_path):
    asked = ("paced:=false", "dashboard:=false", f"record:={tmp_path / 'bag'}")
    ended = launch("live.launch.py", f"source:={data(CLIP)}", *asked)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with BagReader(tmp_path / "bag") as bag:
        assert bag.counts["/fitness/body_pose"] == bag.counts["/fitness/rep_state"] == 151


def test_bad_input_ends_the_launch(tmp_path):
    ended = launch("live.launch.py", f"source:={tmp_path / 'nowhere.mp4'}")
    assert ended.returncode == 1
    assert "nowhere.mp4" in ended.stdout + ended.stderr


def test_a_parameter_that_a_node_does_not_have_ends_the_launch(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/exercise_classifier: {ros__parameters: {treshold: 0.9}}")
    ended = launch("live.launch.py", f"params_file:={file}")
    assert ended.returncode == 1
    assert "exercise_classifier.treshold: there is no such parameter" in ended.stdout + ended.stderr
    assert "process started" not in ended.stdout + ended.stderr


def test_ctrl_c_ends_every_process(tmp_path):
    command = ["ros2", "launch", "fitness_bringup", "replay.launch.py", "loop:=true"]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    heard: list[RepState] = []
    rclpy.init()
    try:
        node = rclpy.create_node("listener")
        node.create_subscription(RepState, "/fitness/rep_state", heard.append, 1)
        end = time.monotonic() + TIMEOUT
        while not heard and time.monotonic() < end and process.poll() is None:
            rclpy.spin_once(node, timeout_sec=0.1)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        process.send_signal(signal.SIGINT)
        code = process.wait(TIMEOUT)
    assert heard, log.read_text()
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert not [path for path in Path("/proc").glob("[0-9]*/stat") if _session(path) == process.pid]


def test_arguments_overrule_the_parameter_file():
    command = ["ros2", "launch", "-n", "fitness_bringup", "replay.launch.py", "loop:=true", "rate:=3.0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    rclpy.init()
    try:
        node = rclpy.create_node("asker")
        client = node.create_client(GetParameters, "/fitness/player/get_parameters")
        assert client.wait_for_service(timeout_sec=TIMEOUT)
        asked = client.call_async(GetParameters.Request(names=["rate", "loop"]))
        rclpy.spin_until_future_complete(node, asked, timeout_sec=TIMEOUT)
        rate, loop = asked.result().values
        assert (rate.double_value, loop.bool_value) == (3.0, True)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)


ROBOT = """
from launch import LaunchDescription
from launch.actions import ExecuteProcess, GroupAction, IncludeLaunchDescription
from launch_ros.substitutions import FindPackageShare
from launch.launch_description_sources import PythonLaunchDescriptionSource

def generate_launch_description():
    show = ["bash", "-c", "echo robot ${FASTRTPS_DEFAULT_PROFILES_FILE:-own} ${ROS_AUTOMATIC_DISCOVERY_RANGE:-own}"]
    file = [FindPackageShare("fitness_bringup"), "/launch/live.launch.py"]
    graph = PythonLaunchDescriptionSource(file)
    given = {"source": "/nowhere.mp4", "required": "false", "dashboard": "false"}
    included = IncludeLaunchDescription(graph, launch_arguments=given.items())
    return LaunchDescription([
        INCLUDED,
        ExecuteProcess(cmd=["bash", "-c", "sleep 15; echo robot still there"], output="screen"),
        ExecuteProcess(cmd=show, output="screen"),
    ])
"""


@pytest.mark.parametrize("included", ["included", "GroupAction([included])"])
def test_a_robot_that_includes_it_keeps_its_own_environment_and_goes_on_without_it(tmp_path, included):
    file = tmp_path / "robot.launch.py"
    file.write_text(ROBOT.replace("INCLUDED", included))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FASTRTPS", "ROS_AUTO"))}
    process = subprocess.Popen(
        ["ros2", "launch", "-n", str(file)], env=environment, start_new_session=True, text=True, stdout=subprocess.PIPE
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if "robot still there" in line:
            process.send_signal(signal.SIGINT)
    process.wait(TIMEOUT)
    output = "".join(said)
    assert "robot own own" in output, output
    assert 0 < output.find("nowhere.mp4") < output.find("robot still there"), output


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_pictures_of_the_robots_own_driver(transport):
    command = ["ros2", "launch", "-n", "fitness_bringup", "live.launch.py", "image_topic:=/robot/image_raw"]
    command.append(f"image_transport:={transport}")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    rclpy.init()
    try:
        node = rclpy.create_node("driver")
        heard: list[BodyPose] = []
        node.create_subscription(BodyPose, "/fitness/body_pose", heard.append, 10)
        kind, suffix = TRANSPORTS[transport]
        pictures = node.create_publisher(kind, f"/robot/image_raw{suffix}", 10)
        blank = np.zeros((48, 64, 3), np.uint8)
        end = time.monotonic() + TIMEOUT
        while not heard and time.monotonic() < end and process.poll() is None:
            stamp = node.get_clock().now().to_msg()
            picture = to_image(blank) if transport == "raw" else CompressedImage(format="png")
            picture.header = Header(stamp=stamp, frame_id="robot_camera")
            if transport == "compressed":
                picture.data = cv2.imencode(".png", blank)[1].tobytes()
            pictures.publish(picture)
            rclpy.spin_once(node, timeout_sec=0.1)
        assert heard and heard[0].header.frame_id == "robot_camera"
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)


def test_two_cameras_are_two_graphs_as_the_page_for_robots_says(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "robot.md").read_text()
    file = tmp_path / "two.launch.py"
    file.write_text(page.split("## Two cameras")[1].split("```python\n")[1].split("```")[0])
    environment = os.environ | {"ROS_HOME": str(tmp_path)}
    process = subprocess.Popen(
        ["ros2", "launch", "-n", str(file)],
        **{"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True},
    )
    rclpy.init()
    try:
        node = rclpy.create_node("drivers")
        heard: dict[str, BodyPose] = {}
        publishers = {}
        for side in ("left", "right"):
            topic = f"/{side}/fitness/body_pose"
            node.create_subscription(BodyPose, topic, lambda pose, side=side: heard.setdefault(side, pose), 10)
            publishers[side] = node.create_publisher(Image, f"/{side}/image_raw", 10)
        end = time.monotonic() + TIMEOUT
        while len(heard) < 2 and time.monotonic() < end and process.poll() is None:
            for side, publisher in publishers.items():
                picture = to_image(np.zeros((48, 64, 3), np.uint8))
                picture.header = Header(stamp=node.get_clock().now().to_msg(), frame_id=f"{side}_optical_frame")
                publisher.publish(picture)
            rclpy.spin_once(node, timeout_sec=0.1)
        assert {side: pose.header.frame_id for side, pose in heard.items()} == {
            "left": "left_optical_frame",
            "right": "right_optical_frame",
        }
        # A dashboard takes longer to start than the stages do.
        wanted = {(name, f"/{side}/fitness") for name in ("dashboard", "rep_counter") for side in ("left", "right")}
        while not wanted <= set(node.get_node_names_and_namespaces()) and time.monotonic() < end:
            assert process.poll() is None
            rclpy.spin_once(node, timeout_sec=0.1)
        assert wanted <= set(node.get_node_names_and_namespaces())
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)


@pytest.mark.parametrize("twice", [False, True])
def test_a_signal_to_the_whole_group_closes_the_bag(tmp_path, twice):
    """As `timeout` and CI send it: the launch and each node hear it, and the launch hands it on."""
    bag = tmp_path / "bag"
    command = ["ros2", "launch", "-n", "fitness_bringup", "replay.launch.py", "loop:=true", f"record:={bag}"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    end = time.monotonic() + TIMEOUT
    while not any(file.stat().st_size > 100_000 for file in bag.glob("*.mcap")) and time.monotonic() < end:
        time.sleep(0.1)
    if twice:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=TIMEOUT)[0]
    assert (bag / "metadata.yaml").is_file(), output


def _session(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[3])
    except OSError:
        return 0
