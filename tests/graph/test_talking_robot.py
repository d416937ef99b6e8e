"""The example of docs/robot.md, as its user starts it, on the landmarks that ship."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String

from fitness_bringup.composition.live import DEMO
from fitness_core.ros import qos
from fitness_datasets.player_node import PlayerNode
from rep_counter.rep_counter_node import RepCounterNode
from rep_counter.run_set_node import RunSetNode

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "talking_robot.py"
DEADLINE = 60.0


class Listener(Node):
    """Hears what the robot says."""

    def __init__(self) -> None:
        super().__init__("listener", namespace="gym")
        self.said: list[str] = []
        self.create_subscription(String, "say", lambda message: self.said.append(message.data), qos.TAKES)


@pytest.fixture
def graph():
    rclpy.init()
    # The time limit is of the recording's time: it is long enough for all of it.
    bag = [Parameter("bag", value=str(DEMO)), Parameter("rate", value=0.0)]
    nodes = {
        "player": PlayerNode(namespace="gym", parameter_overrides=bag),
        "counter": RepCounterNode(namespace="gym"),
        "sets": RunSetNode(namespace="gym"),
        "listener": Listener(),
    }
    executor = SingleThreadedExecutor()
    for node in nodes.values():
        executor.add_node(node)
    nodes["counter"].start()
    nodes["sets"].start()

    def until(condition) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, nodes["listener"].said
            executor.spin_once(timeout_sec=0.1)

    yield nodes, until
    nodes["player"].stop()
    for node in nodes.values():
        executor.remove_node(node)
        node.destroy_node()
    rclpy.try_shutdown()


def robot(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, str(SCRIPT), *arguments, "--ros-args", "-r", "__ns:=/gym"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ.copy())


def test_it_asks_for_three_squats_counts_them_aloud_and_praises(graph) -> None:
    nodes, until = graph
    said = nodes["listener"].said
    process = robot("squat", "3", "--time-limit", "600")
    try:
        until(lambda: "Please do three of this: squat." in said)
        nodes["player"].start()
        until(lambda: process.poll() is not None)
        until(lambda: "done" in said[-1])
    finally:
        process.kill()
        errors = process.communicate()[1]
    assert process.returncode == 0, errors
    assert said[0] == "Hello! Nice to see you."
    assert [sentence for sentence in said if sentence in ("One.", "Two.", "Three.", "Four.")] == [
        "One.",
        "Two.",
        "Three.",
    ]


def test_it_says_what_it_cannot_do_and_when_it_sees_nobody(graph) -> None:
    nodes, until = graph
    said = nodes["listener"].said
    for arguments, sentence in (
        (("juggling", "3"), "I am sorry, I cannot watch juggling."),
        (("squat", "3", "--time-limit", "1"), "I did not see any. Can you step into the picture?"),
    ):
        process = robot(*arguments)
        try:
            until(lambda process=process: process.poll() is not None)
            until(lambda sentence=sentence: sentence in said)
        finally:
            process.kill()
            errors = process.communicate()[1]
        assert process.returncode == 1, errors


def test_numbers_that_cannot_be_are_refused_in_one_line() -> None:
    for arguments in (("squat", "--", "-3"), ("squat", "0"), ("squat", "3", "--time-limit", "-1")):
        process = robot(*arguments)
        assert "it takes a whole number from 1 on" in process.communicate(timeout=DEADLINE)[1]
        assert process.returncode == 2
