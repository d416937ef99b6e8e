"""Nodes that share a process: one whose callback fails is brought up again, and the others go on."""

import time
import traceback
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.timer import Timer

from fitness_bringup.supervision.announcer import Announcer
from fitness_bringup.supervision.supervisor import BACK_OFF, HEALTHY_AFTER, SHOWN_FOR, Health
from fitness_core.errors import InputError
from fitness_core.ros import timers
from fitness_core.ros.node import FitnessNode

_PERIOD = 0.1


@dataclass(slots=True)
class _Failed:
    """A node that failed. due: when it is started again, 0 = never. since: when it last came up. [s, monotonic]"""

    node: FitnessNode
    story: str
    restarts: int = 0
    in_a_row: int = 0
    due: float = 0.0
    since: float = 0.0
    up: bool = False


class Revival:
    """Deactivates and cleans up a node that failed, then configures and activates it again, later each time.

    Not one that writes once: what it has stays as it is.

    status: a node that publishes what there is to say on /diagnostics, and never fails itself.
    """

    def __init__(self, status: Node) -> None:
        self._failed: dict[str, _Failed] = {}
        self._announcer = Announcer(status)
        self._told = 0.0
        self._status = status
        self._timer: Timer | None = None

    def failed(self, node: FitnessNode, error: BaseException) -> None:
        """A callback of a node has raised an error."""
        if self._timer is None:
            # Not before there is something to tend: a timer costs a graph that is switched off most of what it costs.
            self._timer = timers.steady(self._status, _PERIOD, self._tend)
        name = node.get_name()
        node.get_logger().error("".join(traceback.format_exception(error)))
        if not node.active:
            return  # whoever has switched it off wants it so
        one = self._failed.setdefault(name, _Failed(node, ""))
        one.story = f"{name} failed: {type(error).__name__}: {error}".splitlines()[0]
        node.stop()
        self._put_off(one)

    def _put_off(self, one: _Failed) -> None:
        now = time.monotonic()
        if one.up and now - one.since > HEALTHY_AFTER:
            one.in_a_row = 0
        one.up = False
        one.due = 0.0 if one.node.WRITES_ONCE else now + BACK_OFF[min(one.in_a_row, len(BACK_OFF) - 1)]
        one.in_a_row += 1
        self._announcer.tell([_health(one)])

    def _tend(self) -> None:
        now = time.monotonic()
        for one in self._failed.values():
            if not one.up and one.due and now >= one.due:
                self._start(one)
        if now - self._told > 1.0:
            self._told = now
            self._announcer.tell(map(_health, self._failed.values()))

    def _start(self, one: _Failed) -> None:
        one.restarts += 1
        try:
            if not one.node.active:  # else somebody has brought it up meanwhile
                one.node.start()
        except InputError as error:
            one.story = f"{one.node.get_name()} does not start: {error}"
            self._put_off(one)
            return
        one.up, one.since = True, time.monotonic()
        self._announcer.tell([_health(one)])


def _health(one: _Failed) -> Health:
    if not one.up:
        level = 2
        message = f"{one.story}; " + ("starting it again" if one.due else "it is not started again")
    elif time.monotonic() - one.since < SHOWN_FOR:
        level, message = 1, f"{one.story}; started again ({one.restarts})"
    else:
        level, message = 0, f"running, started again {one.restarts} times"
    return Health(one.node.get_name(), level, message, one.restarts, 0)
