"""What is done for those who watch, and only while somebody does: what nobody sees is not read and not drawn."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from fitness_core.ros import timers

LOOK_PERIOD = 0.25
"""How often it is looked who watches [s]."""


@dataclass(slots=True, eq=False)
class Work:
    """One thing that a node does for those who watch it.

    watched: whether anybody does, or how many do. listen: begins it, and returns the subscriptions that it needs; they
    are destroyed at its end. forget: called after that. renewed: set it, from any thread, and at the next look it ends
    and begins again, if it is watched then. heard: its subscriptions, None while it is not under way.
    """

    watched: Callable[[], object]
    listen: Callable[[], Iterable[Subscription]]
    forget: Callable[[], object] = lambda: None
    renewed: bool = False
    heard: Iterable[Subscription] | None = None


class WhileWatched:
    """Begins and ends the work of a node, from `start` (in `activate`) to `stop` (in `deactivate`)."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._works: tuple[Work, ...] = ()
        self._timer: Timer | None = None
        # Nothing begins once it is stopped, whichever thread stops it.
        self._looking = threading.Lock()

    @property
    def state(self) -> str:
        """For diagnostics: "inactive" until it is started, then "active" or "nobody watches"."""
        if self._timer is None:
            return "inactive"
        return "nobody watches" if all(work.heard is None for work in self._works) else "active"

    def start(self, *works: Work) -> None:
        """Look from now on who watches."""
        self._works = works
        self._timer = timers.steady(self._node, LOOK_PERIOD, self._look)

    def stop(self) -> None:
        """End what is under way; nothing begins any more. Does nothing where it was not started."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        with self._looking:
            for work in self._works:
                self._end(work)
            self._works = ()

    def look_soon(self) -> None:
        """Look now and not at the next look, in the node's thread; called from any."""
        if (executor := self._node.executor) is not None:
            executor.create_task(self._look)

    def renew(self) -> None:
        """End what is under way and begin it again now, where it is watched."""
        for work in self._works:
            work.renewed = True
        self._look()

    def _look(self) -> None:
        with self._looking:
            for work in self._works:
                if work.renewed:
                    work.renewed = False
                    self._end(work)
                if not work.watched():
                    self._end(work)
                elif work.heard is None:
                    work.heard = work.listen()

    def _end(self, work: Work) -> None:
        if work.heard is not None:
            for subscription in work.heard:
                self._node.destroy_subscription(subscription)
            work.heard = None
            work.forget()
