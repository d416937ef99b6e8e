"""A graph in a process of its own that is switched on and off; prints what was seen, as JSON: `inactive.py VIDEO`.

A process of its own, because a test's has what earlier tests left in it, and it is looked at what a graph costs.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup.composition import live
from fitness_bringup.composition.graph import Graph

WINDOW = 4.0
"""For so long it is looked how much the graph uses [s]."""
LOOKS = 3
"""So often; the least counts, for others work on this machine too."""
WORKERS = ("capture", "pose", "overlay")
"""Threads of nodes at work."""


def until(graph: Graph, condition: Callable[[], bool], what: str) -> None:
    """Let the graph run until something has happened."""
    deadline = time.monotonic() + 60.0
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        graph.executor.spin_once(timeout_sec=0.05)


def share(graph: Graph) -> float:
    """Share of one core that this process uses while the graph runs."""
    shares = []
    for _ in range(LOOKS):
        over = Future()
        threading.Timer(WINDOW, lambda over=over: over.set_result(None)).start()
        used, begun = time.process_time(), time.monotonic()
        graph.executor.spin_until_future_complete(over)
        shares.append((time.process_time() - used) / (time.monotonic() - begun))
    return min(shares)


def opened(path: Path) -> bool:
    """Whether this process holds a file open."""
    handles = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
    return any(handle.exists() and handle.resolve() == path for handle in handles)


def at_work() -> list[str]:
    """Worker threads of nodes."""
    return sorted({thread.name for thread in threading.enumerate()} & set(WORKERS))


def switch(graph: Graph, robot: Node, transition: int) -> None:
    """Ask every node for a transition as a robot does, by its lifecycle service."""
    for node in graph.nodes:
        if node.get_name() in ("recorder", "record_take"):
            continue
        client = robot.create_client(ChangeState, f"{node.get_fully_qualified_name()}/change_state")
        until(graph, client.service_is_ready, f"{node.get_name()} to listen")
        answer = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        until(graph, answer.done, f"{node.get_name()} to answer")
        if not answer.result().success:
            raise RuntimeError(f"{node.get_name()} refused transition {transition}")


def observe(film: Path) -> list[dict[str, object]]:
    """Switch a graph with the dashboard's recorder and guide on and off: what it held, ran and used each time."""
    options = live.Options(source=str(film), loop=True, dashboard=True, port=0, namespace="switched/fitness")
    live.set_environment()
    live.begin(options)
    graph = live.compose(options)
    robot = Node("robot")
    graph.executor.add_node(robot)
    pose = graph.node("pose_estimator")
    seen: list[dict[str, object]] = []

    def look(state: str, **more: object) -> None:
        seen.append({"state": state, "film_open": opened(film), "at_work": at_work(), **more})

    def activate(state: str) -> None:
        before = pose.statistics.processed
        switch(graph, robot, Transition.TRANSITION_ACTIVATE)
        until(graph, lambda: pose.statistics.processed >= before + 3, "poses")
        look(state)

    try:
        switch(graph, robot, Transition.TRANSITION_CONFIGURE)
        look("configured", share=share(graph))
        activate("active")
        switch(graph, robot, Transition.TRANSITION_DEACTIVATE)
        look("switched off", share=share(graph))
        activate("active again")
    finally:
        graph.stop()
        graph.close()
        try_shutdown()
    return seen


if __name__ == "__main__":
    print(json.dumps(observe(Path(sys.argv[1]).resolve())))
