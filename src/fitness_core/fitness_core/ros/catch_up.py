"""What publishers still have from before a node was there, then what comes now: each message once, in its order."""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message

from fitness_core.ros.messages import from_time
from fitness_core.types import NANOSECONDS

PATIENCE = 1.0
"""Longest wait for what publishers have kept, once the first message of now is there [s]; many keep nothing."""
_PERIOD = 0.02
# CDR: four bytes of encapsulation, of which the second tells the byte order; then the header, its stamp first.
_STAMP = {0: struct.Struct(">iI"), 1: struct.Struct("<iI")}


@dataclass(frozen=True, slots=True)
class Heard:
    """A message with its header's stamp [ns]; what was kept is read when it is asked for: there may be hundreds."""

    stamp: int
    _content: Any
    _kind: type | None = None

    @property
    def message(self) -> Any:
        """The message."""
        return self._content if self._kind is None else deserialize_message(self._content, self._kind)


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
        self._timer = node.create_timer(_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def hear(self, topic: str, message: Any) -> None:
        """A message of now."""
        self._new[topic].append(Heard(from_time(message.header.stamp), message))

    def cancel(self) -> None:
        """Give up; `done` is not called."""
        self._timer.cancel()
        self._node.destroy_timer(self._timer)
        for subscription in self._inputs:
            self._node.destroy_subscription(subscription)

    def _keep(self, topic: str, kind: type, cdr: bytes) -> None:
        seconds, nanoseconds = _STAMP[cdr[1] & 1].unpack_from(cdr, 4)
        self._kept[topic].append(Heard(seconds * NANOSECONDS + nanoseconds, cdr, kind))

    def _look(self) -> None:
        if not self._new[self._first]:
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if (self._ready() and all(map(self._complete, self._new))) or now - self._since > PATIENCE:
            self.cancel()
            self._done({topic: self._merged(topic) for topic in self._new})

    def _complete(self, topic: str) -> bool:
        """Whether what was kept reaches the first message of now."""
        new = self._new[topic]
        return bool(new) and any(kept.stamp == new[0].stamp for kept in reversed(self._kept[topic]))

    def _merged(self, topic: str) -> list[Heard]:
        stamps = {kept.stamp for kept in self._kept[topic]}
        return [*self._kept[topic], *(heard for heard in self._new[topic] if heard.stamp not in stamps)]
