"""Where a node keeps what must outlive it."""

import os
from pathlib import Path

from rclpy.node import Node


def ros_home() -> Path:
    """Folder of what ROS keeps for this user: $ROS_HOME, ~/.ros."""
    return Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")


def state_file(node: Node) -> Path:
    """The file of this node, by domain and full name: fitness/DOMAIN.NAMESPACE.NAME.json in `ros_home`."""
    return _file(str(node.context.get_domain_id()), node.get_fully_qualified_name())


def state_file_of(node: str) -> Path:
    """The same of a node by its full name, of a process that has the environment of this one."""
    return _file(os.environ.get("ROS_DOMAIN_ID") or "0", node)


def _file(domain: str, node: str) -> Path:
    name = node.strip("/").replace("/", ".")
    return ros_home() / "fitness" / f"{domain}.{name}.json"
