"""What a supervisor says on /diagnostics: one status per program, at once when there is news, else once a second."""

from collections.abc import Callable, Iterable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from fitness_bringup.supervision.supervisor import Health
from fitness_core.ros.qos import DIAGNOSTICS


class Announcer:
    """Publishes for a node; names are NAMESPACE/supervisor: PROGRAM."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", DIAGNOSTICS)

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with the full name of each node of this namespace that says on /diagnostics that it is up."""
        here = self._node.get_namespace().rstrip("/")

        def take(array: DiagnosticArray) -> None:
            for status in array.status:
                # A robot's other graph has nodes of the same names.
                if status.level != DiagnosticStatus.ERROR and status.name.rpartition("/")[0] == here:
                    heard(status.name)

        self._node.create_subscription(DiagnosticArray, "/diagnostics", take, DIAGNOSTICS)

    def tell(self, healths: Iterable[Health]) -> None:
        """Publish what there is to say of programs."""
        array = DiagnosticArray()
        array.header.stamp = self._node.get_clock().now().to_msg()
        array.status = [
            DiagnosticStatus(
                level=bytes([health.level]),
                name=f"{self._node.get_namespace().rstrip('/')}/supervisor: {health.name}",
                message=health.message,
                values=[
                    KeyValue(key="restarts", value=str(health.restarts)),
                    KeyValue(key="pid", value=str(health.pid)),
                ],
            )
            for health in healths
        ]
        if array.status:
            self._publisher.publish(array)
