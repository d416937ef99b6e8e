"""What publishers still have from before a node was there, then what comes now: each message once, in its order."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile

from fitness_core.ros.messages import from_time

PATIENCE = 1.0
"""Longest wait for what publishers have kept, once the first message of now is there [s]; many keep nothing."""
_PERIOD = 0.02


class CatchUp:
    """Holds back the messages of now (`hear`) until those of before are there, then calls `done` once, and is over.

    topics: name -> (type, latched QoS with room for what publishers keep), the one that must come first. done: called
    with name -> messages with a header, oldest first.
    """

    def __init__(
        self,
        node: Node,
        topics: dict[str, tuple[type, QoSProfile]],
        done: Callable[[dict[str, list[Any]]], None],
    ) -> None:
        self._node = node
        self._done = done
        self._kept: dict[str, list[Any]] = {name: [] for name in topics}
        self._new: dict[str, list[Any]] = {name: [] for name in topics}
        self._first = next(iter(topics))
        self._since: float | None = None
        # A publisher that keeps nothing is of another quality of service, which is no fault here.
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        self._inputs = [
            node.create_subscription(kind, name, partial(self._keep, name), profile, event_callbacks=silent)
            for name, (kind, profile) in topics.items()
        ]
        self._timer = node.create_timer(_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def hear(self, topic: str, message: Any) -> None:
        """A message of now."""
        self._new[topic].append(message)

    def cancel(self) -> None:
        """Give up; `done` is not called."""
        self._timer.cancel()
        self._node.destroy_timer(self._timer)
        for subscription in self._inputs:
            self._node.destroy_subscription(subscription)

    def _keep(self, topic: str, message: Any) -> None:
        self._kept[topic].append(message)

    def _look(self) -> None:
        if not self._new[self._first]:
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if all(map(self._complete, self._new)) or now - self._since > PATIENCE:
            self.cancel()
            self._done({topic: self._merged(topic) for topic in self._new})

    def _complete(self, topic: str) -> bool:
        """Whether what was kept reaches the first message of now."""
        new = self._new[topic]
        return bool(new) and any(_stamp(kept) == _stamp(new[0]) for kept in self._kept[topic])

    def _merged(self, topic: str) -> list[Any]:
        stamps = set(map(_stamp, self._kept[topic]))
        return [*self._kept[topic], *(message for message in self._new[topic] if _stamp(message) not in stamps)]


def _stamp(message: Any) -> int:
    return from_time(message.header.stamp)
