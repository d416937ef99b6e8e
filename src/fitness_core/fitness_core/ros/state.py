"""Where a node keeps what must outlive it."""

import os
from pathlib import Path

from rclpy.node import Node


def ros_home() -> Path:
    """Folder of what ROS keeps for this user: $ROS_HOME, ~/.ros."""
    return Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")


def state_file(node: Node) -> Path:
    """The file of this node, by domain and full name: fitness/DOMAIN.NAMESPACE.NAME.json in `ros_home`."""
    name = node.get_fully_qualified_name().strip("/").replace("/", ".")
    return ros_home() / "fitness" / f"{node.context.get_domain_id()}.{name}.json"
