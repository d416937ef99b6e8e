"""Nothing is published before those are there who must hear all of it: DDS finds them some time after their start."""

import threading
import time

from rclpy.publisher import Publisher

LONGEST_WAIT = 30.0
"""After so long a stage goes on without them [s]."""
LOOK_PERIOD = 0.02
"""[s]"""
SETTLE = 0.3
"""From the last subscriber seen to the first message, where none may be lost [s]: the other side learns of us a little
later."""


def wait_for_subscribers(
    publisher: Publisher, wanted: int, stopping: threading.Event, timeout: float = LONGEST_WAIT
) -> bool:
    """Wait until so many subscribe, `timeout` [s] at most, or until `stopping` is set; whether they do.

    For a thread that has nothing else to do; `FitnessNode.once_heard` is for those who may not wait.
    """
    deadline = time.monotonic() + timeout
    while publisher.get_subscription_count() < wanted:
        if time.monotonic() > deadline or stopping.wait(LOOK_PERIOD):
            return False
    return True
