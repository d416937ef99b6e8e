"""Subscriptions that are taken from when there is time, instead of waking an executor for each message.

Each message of each topic would wake the executor and run Python for it; what a page shows is looked at 15 times a
second, and while nobody watches twice.
"""

from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.subscription import Subscription


class Polled(CallbackGroup):
    """For `create_subscription`: no executor waits for its subscriptions, `take` reads them."""

    polled = True
    """Tells `fitness_core.ros.process.entities` not to ask at every wait."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        """There is none."""


def take(subscription: Subscription) -> int:
    """Call the callback for each message that has come and was not taken yet, oldest first; returns how many.

    The middleware keeps as many as the depth of the subscription says. From one thread at a time, any one.
    """
    taken = 0
    while True:
        try:
            with subscription.handle:
                message = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        except InvalidHandle:  # destroyed meanwhile
            message = None
        if message is None:
            return taken
        subscription.callback(message[0])
        taken += 1
