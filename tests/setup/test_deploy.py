"""What is deployed: the health check beside a running node, the files for containers and systemd."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import rclpy
import yaml
from rclpy.executors import SingleThreadedExecutor

from rep_counter.rep_counter_node import RepCounterNode

ROOT = Path(__file__).resolve().parents[2]


def health(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "health.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_health_is_who_is_heard() -> None:
    rclpy.init()
    node, executor, stopping = RepCounterNode(namespace="fitness"), SingleThreadedExecutor(), threading.Event()

    def spin() -> None:
        while not stopping.is_set():
            executor.spin_once(timeout_sec=0.1)

    executor.add_node(node)
    node.start()
    thread = threading.Thread(target=spin)
    thread.start()
    try:
        there = health("--timeout", "60", "rep_counter")
        absent = health("--timeout", "10", "rep_counter", "pose_estimator")
        elsewhere = health("--timeout", "3", "rep_counter", "--ros-args", "-r", "__ns:=/nosuch")
    finally:
        stopping.set()
        thread.join()
        executor.remove_node(node)
        node.destroy_node()
        rclpy.try_shutdown()
    assert (there.returncode, there.stdout) == (0, "1 nodes, no error\n"), there.stderr
    assert absent.returncode == 1, absent.stderr
    assert absent.stdout == "not heard: pose_estimator\n"
    assert elsewhere.stdout == "not heard: rep_counter\n", "another graph is none of its business"


def test_the_image_leaves_out_nothing_that_it_needs() -> None:
    left_out = set((ROOT / ".dockerignore").read_text().split())
    assert left_out.isdisjoint({"deploy", "docs", "examples", "fitness", "src", "tools", "pyproject.toml"})
    assert {".venv", "build", "install", "log", "recordings", "bags"} <= left_out


def test_container_runs_as_nobody_special_and_speaks_to_this_host_only() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["fitness"]
    assert service["environment"]["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert (service["cap_drop"], service["read_only"], service.get("privileged")) == (["ALL"], True, None)
    assert service["devices"] == ["/dev/video0:/dev/video0"]
    image = (ROOT / "Dockerfile").read_text()
    assert image.rindex("USER 10001") > image.rindex("--uid 10001") > image.rindex("FROM ")
    assert "deploy/health.py" in image


def test_the_public_workflow_runs_what_ci_runs_and_builds_the_image() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["test"]["steps"]]
    assert any("docker build" in step.get("run", "") for step in jobs["image"]["steps"])


def test_systemd_takes_the_unit(needed) -> None:
    needed(shutil.which("systemd-analyze"), "systemd-analyze")
    command = ["systemd-analyze", "verify", str(ROOT / "deploy" / "ros2_fitness.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    # Others of the machine's units may have their faults.
    assert "ros2_fitness" not in done.stderr, done.stderr
