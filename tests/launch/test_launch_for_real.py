"""The launch files under the real `ros2 launch`, where there is one: an apt ROS 2 has it, no registry does."""

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import rclpy

from fitness_datasets.bags import BagReader
from fitness_msgs.msg import RepState

TIMEOUT = 120  # [s]

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


def test_bad_input_ends_the_launch(tmp_path):
    ended = launch("live.launch.py", f"source:={tmp_path / 'nowhere.mp4'}")
    assert ended.returncode == 1
    assert "nowhere.mp4" in ended.stdout + ended.stderr


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


def _session(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[3])
    except OSError:
        return 0
