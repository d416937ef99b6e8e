"""Who works on what is played: the counter and the classifier, which the player keeps in step with."""

from rclpy.node import Node

from fitness_core.ros import qos
from fitness_core.ros.process.in_step import InStep
from fitness_core.types import nanoseconds
from fitness_msgs.msg import ExerciseClassification, RepState

CONFIRM_TIMEOUT = 1.0
"""How long a pose may stay without its rep_state before playing goes on [s]."""
LABELS_BEHIND = 0.5
"""Labels may be behind the poses by so much of their stamps [s]: a classifier does not answer every pose."""


class Followers:
    """Each pose is confirmed by the counter before the next one, and labels are never far behind.

    Otherwise what is counted would hang on how busy the machine is. Who does not answer in time is not waited for much.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._counter = InStep(node, "rep_state", CONFIRM_TIMEOUT)
        self._classifier = InStep(node, "exercise", CONFIRM_TIMEOUT, nanoseconds(LABELS_BEHIND), impatience=0.0)
        self._subscriptions = [
            node.create_subscription(RepState, "rep_state", self._counter.hear, qos.STREAM, raw=True),
            node.create_subscription(ExerciseClassification, "exercise", self._classifier.hear, qos.STREAM, raw=True),
        ]

    @property
    def attended(self) -> bool:
        """Whether there is a counter."""
        return self._counter.attended

    @property
    def unconfirmed(self) -> int:
        """How many poses the counter has not confirmed in time."""
        return self._counter.unanswered

    def send(self, stamp: int) -> None:
        """A pose of this stamp [ns] is about to go out."""
        self._counter.send(stamp)
        self._classifier.send(stamp)

    def wait(self) -> None:
        """Wait for the counter, and for labels."""
        self._counter.wait()
        self._classifier.wait()

    def stop(self) -> None:
        """Whoever waits goes on at once, and for good."""
        self._counter.stop()
        self._classifier.stop()

    def destroy(self) -> None:
        """They are not heard any more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
