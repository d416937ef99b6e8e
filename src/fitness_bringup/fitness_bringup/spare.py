"""A process that has loaded what a node needs and waits: it becomes the node in the moment the one before dies.

Most of a node's start is the loading of Python and native libraries. Nothing of ROS 2 and DDS begins before that.
"""

import os
import sys
from importlib import import_module

_MESSAGES = ("builtin_interfaces", "rcl_interfaces", "lifecycle_msgs", "diagnostic_msgs", "sensor_msgs", "fitness_msgs")


def become(module: str) -> int:
    """Load the module of a node, wait for a line on standard input, run its `main`; its exit code.

    Where the input ends instead the supervisor is gone, or wants no spare any more: 0, and nothing is run.
    """
    node = import_module(module)
    if module.startswith("pose_estimator."):
        # Loaded when the node is configured, by what the backend is; it is the one that ships.
        import_module("pose_estimator.mediapipe_backend").load()
    _load_messages()
    if not sys.stdin.readline():
        return 0
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return node.main()


def _load_messages() -> None:
    """The native code of the messages, which rclpy loads with the first publisher of each; it needs no context."""
    from rclpy.type_support import check_for_type_support

    for package in _MESSAGES:
        for kind in vars(import_module(f"{package}.msg")).values():
            if isinstance(kind, type):
                check_for_type_support(kind)
