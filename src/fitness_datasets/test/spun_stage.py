"""Nodes under test, spun by a thread, and waiting for what they do."""

import threading
import time
import uuid

import rclpy
from rclpy.parameter import Parameter

from fitness_core.ros.process.executor import GraphExecutor

DEADLINE = 60.0


class Stage:
    """Nodes under test and a bystander, in a namespace of their own, spun by a thread."""

    def __init__(self):
        self.namespace = f"/t{uuid.uuid4().hex[:8]}/fitness"
        self.executor = GraphExecutor()
        self.node = self.add(rclpy.create_node("bystander", namespace=self.namespace))
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._stopping = False
        self._thread.start()

    def _spin(self):
        while not self._stopping:
            self.executor.spin_once(timeout_sec=0.05)

    def add(self, node):
        self.executor.add_node(node)
        return node

    def make(self, kind, **parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self.add(kind(namespace=self.namespace, parameter_overrides=overrides))

    def close(self):
        self._stopping = True
        self._thread.join()
        nodes = self.executor.get_nodes()
        self.executor.shutdown()
        for node in nodes:
            node.destroy_node()


def wait_for(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.002)
