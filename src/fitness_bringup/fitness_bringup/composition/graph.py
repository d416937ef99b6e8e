"""The nodes of the graph on one executor, started and ended so that nothing is missed."""

import time
from collections.abc import Callable
from concurrent.futures import Future as Begun
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from rclpy.executors import ConditionReachedException, TimeoutException
from rclpy.task import Future

from fitness_bringup.composition.status import Status
from fitness_bringup.supervision.revival import Revival
from fitness_core.errors import InputError
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.process.executor import GraphExecutor
from fitness_core.ros.process.last_words import answer_goals, wait_until_heard
from fitness_core.ros.process.leaving import leaving
from fitness_core.ros.process.middleware import permitted

QUIET = 0.02
"""Nothing is under way once nothing has become ready for so long: within one process DDS delivers at once [s]."""
SETTLE_TIMEOUT = 1.0
"""Longest wait for that [s]."""


class Graph:
    """Nodes in the order of the data, the source first, and a Status that listens; without nodes, to other processes'.

    Making the nodes is left to the caller, since they declare and check their parameters there.
    """

    def __init__(self) -> None:
        self.executor = GraphExecutor()
        with permitted():
            self.status = Status()
        self.nodes: list[FitnessNode] = []
        self._idle: list[FitnessNode] = []
        self._begun: dict[FitnessNode, Begun[None]] = {}
        self._revival = Revival(self.status)
        self.executor.add_node(self.status)

    def add(self, node: FitnessNode, idle: bool = False) -> None:
        """Add the next node downstream. idle: it is not started; who wants it brings it up by its lifecycle."""
        self.nodes.append(node)
        if idle:
            self._idle.append(node)
        self.executor.add_node(node)

    def begin(self, node: FitnessNode) -> None:
        """Configure a node in a thread already, while others are made, because it takes long; `start` waits for it."""
        loader = ThreadPoolExecutor(1, "begin")
        self._begun[node] = loader.submit(self._go, node, "configure")
        loader.shutdown(wait=False)

    def node(self, name: str) -> Any:
        """The node of that name, None where it does not run."""
        return next((node for node in self.nodes if node.get_name() == name), None)

    @property
    def source(self) -> FitnessNode:
        """Where the data comes from."""
        return self.nodes[0]

    def start(self) -> None:
        """Configure all but idle nodes, then activate downstream ones first, so that nothing of the source is missed.

        Raises InputError that names the node which cannot.
        """
        started = [node for node in self.nodes if node not in self._idle]
        for node in started:
            if node not in self._begun:
                self._go(node, "configure")
        for begun in self._begun.values():
            begun.result()
        for node in reversed(started):
            self._go(node, "activate")
        self.in_step()

    def in_step(self) -> None:
        """See to it that timers of one period are due together: each turn of the executor costs more than its timers.

        A dozen timers of a quarter of a second and of one wake it four times a second then, not forty.
        """
        for timer in [timer for node in self.nodes for timer in node.timers if not timer.is_canceled()]:
            timer.reset()

    def spin(self, stop: Future) -> None:
        """Run callbacks until `stop` is done; a node whose callback fails is brought up again."""
        stop.add_done_callback(lambda _: self.executor.wake())
        while not stop.done():
            self._run_one(None, stop.done)

    def stop(self) -> None:
        """Deactivate upstream nodes first, each when it has worked through what it was given."""
        for node in [node for node in self.nodes if node.active]:
            node.stop()
            answer_goals(self.executor)
            self.settle()
        wait_until_heard(*self.nodes)

    def settle(self) -> None:
        """Run callbacks until no message is under way and no picture is being worked on."""
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while time.monotonic() < deadline:
            if not self._run_one() and not self._at_work():
                return

    def counts(self) -> dict[str, int]:
        """What became of the frames: published, processed, lost in transport, replaced by newer ones, refused, failed.

        Empty where the nodes are in other processes.
        """
        if not self.nodes:
            return {}
        published: dict[str, Any] = self.source.diagnose()[2]
        pose = self.node("pose_estimator")
        if pose is None:
            return {"published": published["poses"], "processed": self.status.poses}
        seen = pose.statistics
        return {
            # Where the pictures are those of another program, what came of them.
            "published": seen.received + seen.lost if pose is self.source else published["published"],
            "processed": seen.processed,
            "lost": seen.lost,
            "replaced": seen.replaced,
            "refused": seen.refused,
            "failed": seen.failed,
        }

    def close(self) -> None:
        """Destroy the nodes."""
        wait(self._begun.values())
        with leaving():
            for node in [*self.nodes, self.status]:
                node.destroy_node()
            self.executor.shutdown()

    def _run_one(self, timeout: float | None = QUIET, enough: Callable[[], bool] = lambda: False) -> bool:
        """Run the next callback that is ready within `timeout` [s], None = for ever; whether there was one."""
        try:
            handler, _, node = self.executor.wait_for_ready_callbacks(timeout_sec=timeout, condition=enough)
        except (TimeoutException, ConditionReachedException):
            return False
        handler()
        if (error := handler.exception()) is not None:
            if not isinstance(node, FitnessNode):
                raise error
            self._revival.failed(node, error)
        return True

    def _at_work(self) -> bool:
        pose = self.node("pose_estimator")
        if pose is None or not pose.active:
            return False
        seen = pose.statistics
        return seen.received > seen.processed + seen.replaced + seen.refused + seen.failed

    @staticmethod
    def _go(node: FitnessNode, transition: str) -> None:
        try:
            node.go(getattr(node, f"trigger_{transition}"))
        except InputError as error:
            raise InputError(f"{node.get_name()}: {error}") from None
