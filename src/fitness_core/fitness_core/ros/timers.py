"""Timers of a clock that nobody sets: they go on where /clock stands still, as it does at the end of a recording.

And where the machine's own clock is set back, as by NTP: a timer of the node's clock waits until it has caught up.
"""

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer


def steady(node: Node, period: float, callback: Callable[[], object]) -> Timer:
    """Call `callback` every `period` [s], whatever the node's clock does."""
    return node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
