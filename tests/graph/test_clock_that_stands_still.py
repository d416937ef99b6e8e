"""What a graph says of itself, and does for itself, goes on where the clock that its nodes follow does not."""

import time
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup.composition import status
from fitness_bringup.composition.graph import Graph
from fitness_core.ros import qos, timers
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.process.middleware import init


class Fragile(FitnessNode):
    """Fails once, soon after it was activated."""

    def __init__(self) -> None:
        super().__init__("fragile")
        self.activations = 0

    def activate(self) -> None:
        self.activations += 1
        timers.steady(self, 0.01, self._break)

    def _break(self) -> None:
        if self.activations == 1:
            raise RuntimeError("broken")


@pytest.fixture
def graph() -> Iterator[Graph]:
    init(["--ros-args", "-p", "use_sim_time:=true", "--log-level", "fatal"])  # and nobody publishes /clock
    made = Graph()
    yield made
    made.close()
    try_shutdown()


def test_a_graph_tells_of_itself_and_mends_itself_whatever_its_clock_does(graph, monkeypatch, capfd) -> None:
    monkeypatch.setattr(status, "LOG_PERIOD", 0.1)
    node, stop, deadline = Fragile(), Future(), time.monotonic() + 30.0
    told: list[DiagnosticArray] = []
    graph.add(node)
    graph.start()
    line = status.StatusLine(graph.status, dict)
    graph.status.create_subscription(DiagnosticArray, "/diagnostics", told.append, qos.DIAGNOSTICS)

    def look() -> None:
        names = [one.name for array in told for one in array.status]
        if (node.activations == 2 and names.count("/fragile") > 1) or time.monotonic() > deadline:
            stop.set_result(None)

    timers.steady(graph.status, 0.05, look)
    graph.spin(stop)
    line.end()
    assert node.active and node.activations == 2, "it was brought up again"
    assert [one.name for array in told for one in array.status].count("/fragile") > 1
    assert "no pictures yet" in capfd.readouterr().err
