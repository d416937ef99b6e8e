"""What a process waits for before it goes: with it goes what it has said and nobody has heard yet."""

import contextlib
import time

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher

from fitness_core.ros.process.executor import GraphExecutor
from fitness_core.ros.process.native import RCLError

LAST_WORDS = 1.0
"""A program that ends waits for its readers so long, at most [s]."""
ON_ITS_WAY = 0.1
"""What an answer is given to arrive [s]: of a topic it can be known who has heard, of a service it cannot."""


def wait_until_heard(*nodes: Node) -> None:
    """Wait until who listens to nodes has all that they published, `LAST_WORDS` at most."""
    deadline = time.monotonic() + LAST_WORDS
    for publisher in (publisher for node in nodes for publisher in node.publishers):
        wait_for_readers(publisher, max(0.0, deadline - time.monotonic()))


def wait_for_readers(publisher: Publisher, timeout: float) -> None:
    """Wait until who listens has all that was published, `timeout` [s] at most."""
    # Not every middleware can tell: rmw_zenoh says that it is unsupported.
    with contextlib.suppress(RCLError):
        publisher.wait_for_all_acked(Duration(seconds=timeout))


def answer_goals(executor: GraphExecutor) -> None:
    """Let the answers of actions' goals that are over go out, for `LAST_WORDS` at most."""
    deadline = time.monotonic() + LAST_WORDS
    while executor.has_tasks() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.0)
        if not executor.has_tasks():
            time.sleep(ON_ITS_WAY)
