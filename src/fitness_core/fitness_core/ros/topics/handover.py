"""Pictures handed over within a process, past DDS, as long as nobody else listens.

A picture that goes through DDS is copied three times and wakes the executor. Where its publisher and all of its
subscribers are in one process none of that is needed: the array itself is handed over, in the publisher's thread. Both
ends keep their place in DDS. As soon as anybody else subscribes every picture goes through DDS, to all alike; when the
last of them has gone, pictures are handed over again once what went through DDS has arrived, so that none overtakes
another. Which way a picture came cannot be told from it: same stamp, same frame, same bytes.
"""

import threading
from collections.abc import Callable

from rclpy.context import Context
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription

from fitness_core.ros import images, messages
from fitness_core.types import Frame

_lock = threading.Lock()
_inlets: dict[tuple[Context, str], list["Inlet"]] = {}


class Inlet:
    """The end of a subscription: `take(frame)` is called in the publisher's thread; its picture must not be changed.

    `heard`: stamp of the last picture that came through DDS [ns]; who subscribes keeps it up.
    """

    def __init__(self, node: Node, subscription: Subscription, take: Callable[[Frame], None]) -> None:
        self.take = take
        self.heard: int | None = None
        self._key = node.context, subscription.topic_name
        with _lock:
            _inlets.setdefault(self._key, []).append(self)

    def close(self) -> None:
        """Nothing is handed over any more; before the subscription is destroyed."""
        with _lock:
            _inlets[self._key].remove(self)
            if not _inlets[self._key]:
                del _inlets[self._key]


class Outlet:
    """The end of a publisher of sensor_msgs/Image, used by one thread at a time."""

    def __init__(self, node: Node, publisher: Publisher) -> None:
        self._publisher = publisher
        self._key = node.context, publisher.topic_name
        self._sent: int | None = None

    def publish(self, frame: Frame) -> None:
        """Hand a picture over where all who subscribe are here; else publish it."""
        if not self._hand_over(frame):
            message = images.to_image(frame.image)
            message.header = messages.header(frame.stamp, frame.frame_id)
            self._publisher.publish(message)

    def _hand_over(self, frame: Frame) -> bool:
        with _lock:
            inlets = _inlets.get(self._key, ())
            arrived = self._sent is None or all(inlet.heard == self._sent for inlet in inlets)
            if not inlets or not arrived or self._publisher.get_subscription_count() != len(inlets):
                self._sent = frame.stamp
                return False
            for inlet in inlets:
                inlet.take(frame)
            return True
