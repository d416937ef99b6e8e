"""Where a node keeps what must outlive it."""

import os
from pathlib import Path

from rclpy.node import Node


def state_file(node: Node) -> Path:
    """The file of this node, by domain and full name: $ROS_HOME (~/.ros) /fitness/DOMAIN.NAMESPACE.NAME.json."""
    home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
    name = node.get_fully_qualified_name().strip("/").replace("/", ".")
    return home / "fitness" / f"{node.context.get_domain_id()}.{name}.json"
