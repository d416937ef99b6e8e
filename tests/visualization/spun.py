"""What tests of nodes here stand on."""

import threading
import time
import uuid
from collections.abc import Callable

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

DEADLINE = 60.0


class Spun:
    """Nodes that a thread spins, in a namespace of their own."""

    def __init__(self) -> None:
        self.namespace = f"/t{uuid.uuid4().hex[:8]}/fitness"
        self._nodes: tuple[Node, ...] = ()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def spin(self, *nodes: Node) -> None:
        self._nodes = nodes
        self._thread.start()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.01)

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for node in self._nodes:
            node.destroy_node()

    def _run(self) -> None:
        executor = SingleThreadedExecutor()
        for node in self._nodes:
            executor.add_node(node)
        while not self._stopping.is_set():
            executor.spin_once(timeout_sec=0.05)
