"""What an executor waits for, messages and timers, and how they are called."""

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from fitness_core.ros.process.native import RCLError

PLAIN = MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
"""rclpy's own callback groups."""

Entry = tuple[Any, Node]
"""A subscription or timer with its node."""
Entries = list[Entry]


class Entities:
    """Messages and timers to wait for, and what a wait asks of each of them, looked up once.

    all_alike: callback groups of another kind than rclpy's may be called too; else they are left out, and `particular`
    are those that may be asked for; never those of a group that says it is `polled`.
    `hearing`: the subscriptions of each topic. `coroutines`: those that a coroutine is called for.
    """

    def __init__(self, entries: Entries, all_alike: bool = False) -> None:
        self.entries = entries
        plain = [all_alike or type(entity.callback_group) in PLAIN for entity, _ in entries]
        self.particular = [
            entity
            for (entity, _), is_plain in zip(entries, plain, strict=True)
            if not is_plain and not getattr(entity.callback_group, "polled", False)
        ]
        timers = sum(isinstance(entity, Timer) for entity, _ in entries)
        self.sizes = len(entries) - timers, 2, timers, 0, 0, 0
        self.subscription_handles: list[Any] = []
        self.timer_handles: list[Any] = []
        self.hearing: dict[str, Entries] = {}
        self.coroutines = [entity for entity, _ in entries if inspect.iscoroutinefunction(entity.callback)]
        self._places: dict[int, int] = {}
        for place, ((entity, _), is_plain) in enumerate(zip(entries, plain, strict=True)):
            # What was destroyed just now has no pointer any more, and another look follows.
            with contextlib.suppress(InvalidHandle):
                if is_plain:
                    self._places[entity.handle.pointer] = place
                    handles = self.timer_handles if isinstance(entity, Timer) else self.subscription_handles
                    handles.append(entity.handle)
                    if not isinstance(entity, Timer):
                        self.hearing.setdefault(entity.topic_name, []).append((entity, entries[place][1]))
        self._held: list[Any] = []

    def hold(self) -> None:
        """See to it that nothing of it goes, from now on: to hold it for each wait anew took as long as the wait.

        Raises InvalidHandle where something has gone already.
        """
        if not self._held:
            for handle in (*self.subscription_handles, *self.timer_handles):
                handle.__enter__()
                self._held.append(handle)

    def let_go(self) -> None:
        """Hold it no longer."""
        held, self._held = self._held, []
        for handle in held:
            handle.__exit__(None, None, None)

    def among(self, pointers: list[int]) -> Entries:
        """Those that have these pointers, the most urgent first."""
        return [self.entries[place] for place in sorted(self._places[pointer] for pointer in pointers)]


def call_subscription(subscription: Subscription) -> None:
    """Take the next message, and call who waits for it."""
    try:
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
    except InvalidHandle:
        return  # destroyed since
    if taken is not None:
        alone = subscription._callback_type is Subscription.CallbackType.MessageOnly
        subscription.callback(*(taken[:1] if alone else taken))


def call_timer(timer: Timer) -> None:
    """Start the timer's next period, and call who waits for it."""
    try:
        with timer.handle:
            timer.handle.call_timer()
    except InvalidHandle:
        return
    except RCLError:
        # A callback before it has cancelled it since it was found to be due.
        if timer.is_canceled():
            return
        raise
    timer.callback()


class Callback:
    """What a message or a timer calls, with what a task of rclpy has: an error is kept for who asks for it.

    group: asked whether it may be called; None: it may.
    """

    __slots__ = ("_call", "_entity", "_error", "_group")

    def __init__(self, entity: Any, call: Callable[[Any], None], group: CallbackGroup | None = None) -> None:
        self._entity = entity
        self._call = call
        self._group = group
        self._error: Exception | None = None

    def __call__(self) -> None:
        group = self._group
        if group is not None and not group.beginning_execution(self._entity):
            return
        try:
            self._call(self._entity)
        except Exception as error:
            self._error = error
        finally:
            if group is not None:
                group.ending_execution(self._entity)

    def exception(self) -> Exception | None:
        """What the callback raised."""
        return self._error

    def result(self) -> None:
        """Raise what the callback raised; callbacks of messages and timers give nothing."""
        if self._error is not None:
            raise self._error
