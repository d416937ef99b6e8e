"""Messages that a node cannot use, or not in time: refused, counted and told, and the node goes on."""

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rcl_interfaces.msg import SetParametersResult

from fitness_core.errors import InputError
from fitness_core.ros.diagnostics import OK, SHOWN_FOR, WARN
from fitness_core.ros.process.middleware import said_in

SLOW = 0.75
"""A message that takes so long is told of: others may not fit the queue meanwhile [s]."""


class Refusals:
    """What callbacks refused by raising InputError. warn: logs a line, once per topic.

    counts: topic -> messages refused since the node was made.
    """

    def __init__(self, warn: Callable[[str], Any]) -> None:
        self.counts: dict[str, int] = {}
        self._warn = warn
        self._last = ""
        self._until = 0.0

    def guard(self, topic: str, callback: Callable[..., Any]) -> Callable[..., Any]:
        """The callback of a subscription; what it refuses is kept here. A coroutine stays one."""
        if inspect.iscoroutinefunction(inspect.unwrap(callback)):

            @functools.wraps(callback)
            async def awaited(*arguments: Any) -> None:
                with self.taking(topic):
                    await callback(*arguments)

            return awaited

        # rclpy looks at the arguments that a callback takes, which `wraps` tells it.
        @functools.wraps(callback)
        def guarded(*arguments: Any) -> None:
            begun = time.monotonic()
            try:
                callback(*arguments)
            except InputError as error:
                self._refuse(topic, error)
            if (took := time.monotonic() - begun) > SLOW:
                self._say(f"{topic}: too slow, one message took {took:.1f} s; others may be lost meanwhile")

        return guarded

    def answer(self, service: str, callback: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The callback of a service of rclpy's own (parameters, lifecycle), which may raise for what is asked.

        A transition that there is not from here, or a parameter of an unknown type, would end the node otherwise; the
        answer says no instead.
        """

        def answered(request: Any, response: Any) -> Any:
            with self.taking(service):
                try:
                    return callback(request, response)
                except (RuntimeError, TypeError, ValueError) as error:
                    said = said_in(error)
                    refused = SetParametersResult(reason=said)
                    if hasattr(response, "results"):
                        response.results.extend([refused] * (len(request.parameters) - len(response.results)))
                    elif hasattr(response, "result"):  # of all of them at once
                        response.result = refused
                    raise InputError(said) from None
            return response

        return answered

    @contextmanager
    def taking(self, topic: str) -> Iterator[None]:
        """Keeps an InputError that is raised inside."""
        try:
            yield
        except InputError as error:
            self._refuse(topic, error)

    def _refuse(self, topic: str, error: InputError) -> None:
        if topic not in self.counts:
            self._warn(f"{topic}: {error}")
        self.counts[topic] = self.counts.get(topic, 0) + 1
        self._say(f"{topic}: {error}")

    def tell(self, level: bytes, message: str, values: dict[str, object]) -> tuple[bytes, str, dict[str, object]]:
        """What a node says of itself, and what it has refused besides."""
        if self.counts:
            values = values | {f"refused {topic}": count for topic, count in self.counts.copy().items()}
        if level == OK and time.monotonic() < self._until:
            level, message = WARN, self._last
        return level, message, values

    def _say(self, line: str) -> None:
        self._last, self._until = line, time.monotonic() + SHOWN_FOR
