"""The time of a live picture, where a graph follows another clock than the system's."""

import time
from dataclasses import replace

from rclpy.clock import Clock, ROSClock

from fitness_core.types import Frame


def stamped_by(clock: Clock, frame: Frame) -> Frame:
    """A picture of a live source by a node's clock, where that follows /clock; sources know the system's only."""
    if not (isinstance(clock, ROSClock) and clock.ros_time_is_active):
        return frame
    ago = time.time_ns() - frame.stamp
    return replace(frame, stamp=max(0, clock.now().nanoseconds - ago))
