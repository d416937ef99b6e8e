"""What a node says about itself on /diagnostics once a second."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from fitness_core.heaps import give_back
from fitness_core.ros import timers
from fitness_core.ros.qos import DIAGNOSTICS
from fitness_core.ros.serialized import of_diagnostics

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
PERIOD = 1.0
"""From one word of a node about itself to the next [s]."""
HELD_UP = 1.4
"""So much later than it should come it tells that the node was held up [s]."""
ENOUGH_TO_TELL = 3
"""So many messages of one stamp are not chance."""
SHOWN_FOR = 5.0
"""What is over is a warning for so long [s]."""


class Rate:
    """Events per second and their mean cost over the last `window` seconds of the machine's clock.

    Who ticks forgets what is older; other threads may look meanwhile, and change nothing.
    """

    def __init__(self, window: float = 2.0) -> None:
        self.total = 0
        self._window = window
        self._events: deque[tuple[float, float]] = deque()

    def tick(self, cost: float = 0.0) -> None:
        """One event that took `cost` seconds."""
        now = time.monotonic()
        self.total += 1
        self._events.append((now, cost))
        while self._events and self._events[0][0] < now - self._window:
            self._events.popleft()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """One event whose cost is what happens inside."""
        begun = time.perf_counter()
        yield
        self.tick(time.perf_counter() - begun)

    def hertz(self) -> float:
        """Events per second."""
        return len(self._costs()) / self._window

    def mean_cost(self) -> float:
        """Mean cost [s]; 0 without events."""
        costs = self._costs()
        return sum(costs) / len(costs) if costs else 0.0

    def _costs(self) -> list[float]:
        since = time.monotonic() - self._window
        return [cost for when, cost in list(self._events) if when >= since]


class Progress:
    """Whether the stamps of messages go on, looked at once a second."""

    def __init__(self) -> None:
        self._total, self._newest = 0, 0

    def stands_still(self, total: int, newest: int | None) -> bool:
        """Whether messages came since the last look, `total` by now, but none with a stamp after `newest` [ns]."""
        came, moved = total - self._total, newest != self._newest
        self._total, self._newest = total, newest or 0
        return came >= ENOUGH_TO_TELL and not moved


class Diagnostics:
    """Publishes what `diagnose() -> (level, message, values)` says of a node on /diagnostics at 1 Hz.

    And that it was held up, where it could not: its process was frozen, or got no processor.
    """

    def __init__(self, node: Node, diagnose: Callable[[], tuple[bytes, str, dict[str, object]]]) -> None:
        self._node = node
        self._diagnose = diagnose
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", DIAGNOSTICS)
        self._last = self._until = 0.0
        self._held_up = ""
        self._timer = timers.steady(node, PERIOD, self.publish)

    def publish(self) -> None:
        """Publish now."""
        level, message, values = self._diagnose()
        if self._was_held_up() and level != ERROR:
            level, message = WARN, self._held_up
        stamp, name = self._node.get_clock().now().nanoseconds, self._node.get_fully_qualified_name()
        told = {key: _text(value) for key, value in values.items()}
        self._publisher.publish(of_diagnostics(stamp, name, level, message, told))
        give_back()

    def _was_held_up(self) -> bool:
        now, before = time.monotonic(), self._last
        self._last = now
        if before and now - before > PERIOD + HELD_UP:
            self._held_up = f"held up for {now - before - PERIOD / 2:.1f} s; what came meanwhile is late"
            self._until = now + SHOWN_FOR
        return now < self._until


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
