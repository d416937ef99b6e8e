"""What publishers still have from before a node was there, then what comes now: each message once, in its order."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message

from fitness_core.ros import timers
from fitness_core.ros.messages import from_time
from fitness_core.ros.refusals import Refusals
from fitness_core.ros.serialized import IN_PLACE, stamp_of

PATIENCE = 1.0
"""Longest wait, once the first message of now is there, for who publishes a topic that nobody publishes yet [s]."""
KEPT_PATIENCE = 15.0
"""Longest wait for what publishers are known to have kept [s]: a busy machine takes seconds to hand it over."""
_PERIOD = 0.02

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message with its header's stamp [ns]; what was kept is read when it is asked for: there may be hundreds."""

    stamp: int
    _content: Any
    _kind: type | None = None

    @property
    def message(self) -> Any:
        """The message."""
        if self._kind is None:
            return self._content
        read = IN_PLACE.get(self._kind)
        return read(self._content) if read else deserialize_message(self._content, self._kind)


def usable(heard: Iterable[Heard], read: Callable[[Any], Read], refusals: Refusals, topic: str) -> list[Read]:
    """What `read` makes of messages; one that it refuses with InputError is told of, like a message of now."""
    found: list[Read] = []
    for one in heard:
        with refusals.taking(topic):
            found.append(read(one.message))
    return found


class CatchUp:
    """Holds back the messages of now (`hear`) until those of before are there, then calls `done` once, and is over.

    topics: name -> (type, latched QoS with room for what publishers keep), the one that must come first. done: called
    with name -> messages with a header, oldest first. ready: whether what is needed to read them is there.
    """

    def __init__(
        self,
        node: Node,
        topics: dict[str, tuple[type, QoSProfile]],
        done: Callable[[dict[str, list[Heard]]], None],
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._node = node
        self._done = done
        self._ready = ready
        self._kept: dict[str, list[Heard]] = {name: [] for name in topics}
        self._new: dict[str, list[Heard]] = {name: [] for name in topics}
        self._first = next(iter(topics))
        self._since: float | None = None
        # A publisher that keeps nothing is of another quality of service, which is no fault here.
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        self._inputs = [
            node.create_subscription(
                kind, name, partial(self._keep, name, kind), profile, raw=True, event_callbacks=silent
            )
            for name, (kind, profile) in topics.items()
        ]
        self._timer = timers.steady(node, _PERIOD, self._look)

    def hear(self, topic: str, message: Any) -> None:
        """A message of now."""
        self._new[topic].append(Heard(from_time(message.header.stamp), message))

    def cancel(self) -> None:
        """Give up; `done` is not called."""
        self._timer.cancel()
        self._node.destroy_timer(self._timer)
        for subscription in self._inputs:
            self._node.destroy_subscription(subscription)

    def finish(self) -> None:
        """Wait no longer: `done` is called with what there is."""
        self.cancel()
        self._done({topic: self._merged(topic) for topic in self._new})

    def _keep(self, topic: str, kind: type, cdr: bytes) -> None:
        self._kept[topic].append(Heard(stamp_of(cdr), cdr, kind))

    def _look(self) -> None:
        if not self._new[self._first]:
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        waited = now - self._since
        if (self._ready() and all(map(self._complete, self._new))) or waited > KEPT_PATIENCE or self._vain(waited):
            self.finish()

    def _vain(self, waited: float) -> bool:
        """Whether nothing more is to be expected: of what is not complete nobody keeps anything."""
        further = [topic for topic in self._new if topic != self._first]
        if any(self._kept[topic] or self._new[topic] for topic in further) and not self._ready():
            return False
        for topic in self._new:
            if self._complete(topic):
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if any(each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in publishers):
                return False
            if not publishers and waited <= PATIENCE:
                return False
        return True

    def _complete(self, topic: str) -> bool:
        """Whether what was kept reaches the messages of now."""
        return self._meeting(topic) is not None

    def _meeting(self, topic: str) -> int | None:
        """Index of the first message of now that was kept too."""
        kept = {heard.stamp for heard in self._kept[topic]}
        return next((index for index, heard in enumerate(self._new[topic]) if heard.stamp in kept), None)

    def _merged(self, topic: str) -> list[Heard]:
        kept, new = self._kept[topic], self._new[topic]
        stamps, meeting = {heard.stamp for heard in kept}, self._meeting(topic) or 0
        # What came so early that publishers have it no longer is older than all they keep.
        return [*new[:meeting], *kept, *(heard for heard in new[meeting:] if heard.stamp not in stamps)]
