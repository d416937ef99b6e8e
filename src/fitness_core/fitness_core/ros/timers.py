"""Timers of the machine's clock: they go on where /clock stands still, as it does at the end of a recording."""

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer


def steady(node: Node, period: float, callback: Callable[[], None]) -> Timer:
    """Call `callback` every `period` [s], whatever the node's clock does."""
    return node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
