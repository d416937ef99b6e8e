"""What a supervisor takes for a sign of life of its programs."""

import time
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from fitness_bringup.supervision.announcer import Announcer
from fitness_core.ros import qos

PATIENCE = 30.0


@pytest.fixture
def supervisor() -> Iterator[Node]:
    rclpy.init(args=["--ros-args", "-r", "__ns:=/left/fitness"])
    made = rclpy.create_node("supervisor")
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def test_nodes_of_another_graph_are_not_taken_for_ones_own(supervisor: Node) -> None:
    heard: list[str] = []
    Announcer(supervisor).listen(heard.append)
    publisher = supervisor.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
    told = [
        *("/right/fitness/rep_counter", "/rep_counter", "/left/fitness/deeper/rep_counter", "arm: rep_counter"),
        "/left/fitness/rep_counter",
    ]
    deadline = time.monotonic() + PATIENCE
    publisher.publish(DiagnosticArray(status=[DiagnosticStatus(level=b"\0", name=name) for name in told]))
    while not heard and time.monotonic() < deadline:
        rclpy.spin_once(supervisor, timeout_sec=0.1)
    assert heard == ["/left/fitness/rep_counter"]
