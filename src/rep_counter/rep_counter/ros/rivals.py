"""Another counter in the namespace: each of two graphs counts the other's poses, too."""

import time

from rclpy.node import Node
from rclpy.publisher import Publisher

LEASE = 25.0
"""So long DDS takes a counter that was killed for one that runs [s]; Fast DDS waits for a sign of life for 20."""


class Rivals:
    """Looks for others that publish what this node does, and warns of them, once.

    restarted: the node follows one that died, which is seen for a while yet.
    """

    def __init__(self, node: Node, publisher: Publisher, restarted: bool) -> None:
        self._node, self._publisher = node, publisher
        self._from = time.monotonic() + (LEASE if restarted else 0.0)
        self._told = False

    def look(self) -> str:
        """What there is to say of them now, one line; empty where there is none."""
        if time.monotonic() < self._from or self._node.count_publishers(self._publisher.topic_name) < 2:
            return ""
        says = (
            f"another graph runs in {self._node.get_namespace()}, or was killed a moment ago: two count each other's "
            "poses; give one of them a namespace of its own, or a ROS_DOMAIN_ID"
        )
        if not self._told:
            self._told = True
            self._node.get_logger().warning(says)
        return says
