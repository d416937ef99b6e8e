"""When each picture of a recording goes out: at the rate it was taken, or as fast as poses are found in them."""

import threading
import time

from rclpy.node import Node
from rclpy.subscription import Subscription

from fitness_core.ros import qos
from fitness_core.ros.process.in_step import InStep
from fitness_core.ros.topics.subscribers import SETTLE
from fitness_core.types import seconds
from fitness_msgs.msg import BodyPose

PATIENCE = 5.0
"""How long the pose of a picture is waited for: what finds poses may have crashed, and be back by then [s]."""


class Pace:
    """Of one playing. `begin` and `wait` are for the thread that plays, `stop` and `close` for the others.

    As fast as it goes, the next picture is read while the network has the last one, and goes out when its pose comes:
    more at a time would gain nothing, and the newer of two that wait takes the place of the other.
    """

    def __init__(self, node: Node, paced: bool, stopping: threading.Event) -> None:
        self._node = node
        self._paced = paced
        self._stopping = stopping
        self._begun = 0.0
        self._in_step = InStep(node, "body_pose", PATIENCE)
        self._poses: Subscription | None = None

    @property
    def unanswered(self) -> int:
        """Pictures of which no pose came in time."""
        return self._in_step.unanswered

    def begin(self) -> None:
        """The first picture is next."""
        if not self._paced:
            # Only now: who waits for hearers of its poses before it takes pictures must not take this for one of them.
            self._poses = self._node.create_subscription(
                BodyPose, "body_pose", self._in_step.hear, qos.STREAM, raw=True
            )
            self._stopping.wait(SETTLE)
            if not self._in_step.attended:
                self._node.get_logger().warning(
                    "nobody publishes body_pose: pictures go out as fast as they are read, and who is slow loses some"
                )
        self._begun = time.monotonic()

    def wait(self, offset: int, stamp: int) -> bool:
        """Wait until a picture may go out; whether it may, False where playing is to stop.

        offset: its time since the first one [ns]; due times count from the beginning, so that no delay adds up.
        stamp: with which it will be published [ns].
        """
        if self._paced:
            return not self._stopping.wait(max(0.0, self._begun + seconds(offset) - time.monotonic()))
        self.wait_for_last()
        self._in_step.send(stamp)
        return not self._stopping.is_set()

    def wait_for_last(self) -> None:
        """Wait for what becomes of the last picture."""
        if not self._paced and not self._in_step.wait() and self._in_step.unanswered == 1:
            self._node.get_logger().warning(
                f"no pose of a picture came within {PATIENCE:g} s; going on, and pictures may be lost"
            )

    def stop(self) -> None:
        """Whoever waits goes on at once; after `stopping` is set."""
        self._in_step.stop()

    def close(self) -> None:
        """Poses are heard no more; after the thread that plays has ended."""
        if self._poses is not None:
            self._node.destroy_subscription(self._poses)
            self._poses = None
