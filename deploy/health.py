#!/usr/bin/env python3
"""Whether the graph on this host is healthy, by /diagnostics, in one line.

Exit code 0 where every node that is asked for was heard and none of the graph that was heard has an error, else 1. The
graph is that of the namespace /fitness, or of another one: `--ros-args -r __ns:=/robot1/fitness`. What others report on
/diagnostics, a robot's motors for instance, is not looked at.

    ./fitness shell -- python deploy/health.py [--timeout SECONDS] [NODE ...] [--ros-args ...]
"""

import argparse
import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

NODES = ("exercise_classifier", "rep_counter")
"""Nodes that are asked for unless others are: every graph has them."""
PERIOD = 1.5
"""Nodes report once a second: so long is listened for errors after all have been heard [s]."""


class Health(Node):
    """Listens to /diagnostics."""

    def __init__(self) -> None:
        super().__init__("health")
        namespace = self.get_namespace()
        self._graph = ("/fitness" if namespace == "/" else namespace) + "/"
        self.heard: dict[str, DiagnosticStatus] = {}
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith(self._graph):
                self.heard[status.name] = status

    def missing(self, nodes: list[str]) -> list[str]:
        """Those of the nodes that have not been heard."""
        return [node for node in nodes if self._graph + node not in self.heard]

    def errors(self) -> list[str]:
        """What nodes say that have an error."""
        bad = (DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
        return [f"{status.name}: {status.message}" for status in self.heard.values() if status.level in bad]


def main() -> int:
    """Listen, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nodes", nargs="*", default=list(NODES), metavar="NODE")
    parser.add_argument("--timeout", type=float, default=8.0, help="longest wait for all nodes [s]")
    given = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init()
    health = Health()
    deadline = time.monotonic() + given.timeout
    while health.missing(given.nodes) and time.monotonic() < deadline:
        rclpy.spin_once(health, timeout_sec=0.1)
    missing = health.missing(given.nodes)
    until = time.monotonic() + (0.0 if missing else PERIOD)
    while time.monotonic() < until:
        rclpy.spin_once(health, timeout_sec=0.1)
    problems = [f"not heard: {', '.join(missing)}"] * bool(missing) + health.errors()
    print("; ".join(problems) or f"{len(health.heard)} nodes, no error")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
