"""Every node can be switched off and on while the graph runs: the camera is let go, and what is off costs nothing."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup import live
from fitness_bringup.graph import Graph

LIMIT = 0.04
"""Most of one core that an inactive graph may use here. By itself it uses 1.3 % of one; the process of the tests has
what earlier tests left in it, and a robot."""
WINDOW = 4.0
"""For so long it is looked how much it uses [s]."""
WORKERS = ("capture", "pose", "overlay")
"""Threads of nodes at work."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A short video of nobody."""
    path = tmp_path / "nobody.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 48))
    for shade in range(0, 200, 10):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path


@pytest.fixture
def graph(film: Path) -> Iterator[Graph]:
    """The graph, made but not configured; the dashboard's recorder and guide too."""
    options = live.Options(source=str(film), loop=True, dashboard=True, port=0, namespace="switched/fitness")
    live.set_environment()
    live.begin(options)
    graph = live.compose(options)
    yield graph
    graph.stop()
    graph.close()
    try_shutdown()


def until(graph: Graph, condition: Callable[[], bool], what: str) -> None:
    """Let the graph run until something has happened."""
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        graph.executor.spin_once(timeout_sec=0.05)


def share(graph: Graph) -> float:
    """Share of one core that this process uses while the graph runs; of three looks the least, others work here too."""
    shares = []
    while len(shares) < 3 and min(shares, default=1.0) >= LIMIT:
        over = Future()
        timer = threading.Timer(WINDOW, lambda over=over: over.set_result(None))
        timer.start()
        used, begun = time.process_time(), time.monotonic()
        graph.executor.spin_until_future_complete(over)
        shares.append((time.process_time() - used) / (time.monotonic() - begun))
    return min(shares)


def opened(path: Path) -> bool:
    """Whether this process holds a file open."""
    handles = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
    return any(handle.exists() and handle.resolve() == path for handle in handles)


def at_work() -> set[str]:
    """Worker threads of nodes."""
    return {thread.name for thread in threading.enumerate()} & set(WORKERS)


def switch(graph: Graph, robot: Node, transition: int) -> None:
    """Ask every node for a transition as a robot does, by its lifecycle service."""
    for node in graph.nodes:
        if node.get_name() in ("recorder", "record_take"):
            continue
        client = robot.create_client(ChangeState, f"{node.get_fully_qualified_name()}/change_state")
        until(graph, client.service_is_ready, f"{node.get_name()} to listen")
        answer = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        until(graph, answer.done, f"{node.get_name()} to answer")
        assert answer.result().success, node.get_name()


def test_what_is_switched_off_costs_nothing_and_lets_the_camera_go(graph: Graph, film: Path) -> None:
    robot = Node("robot")
    graph.executor.add_node(robot)
    switch(graph, robot, Transition.TRANSITION_CONFIGURE)
    assert not opened(film)
    assert share(graph) < LIMIT

    pose = graph.node("pose_estimator")
    switch(graph, robot, Transition.TRANSITION_ACTIVATE)
    until(graph, lambda: pose.statistics.processed >= 3, "poses")
    assert opened(film)
    assert at_work() == set(WORKERS)

    switch(graph, robot, Transition.TRANSITION_DEACTIVATE)
    assert not opened(film)
    assert at_work() == set()
    assert share(graph) < LIMIT

    before = pose.statistics.processed
    switch(graph, robot, Transition.TRANSITION_ACTIVATE)
    until(graph, lambda: pose.statistics.processed > before, "poses again")
    assert opened(film)
    graph.executor.remove_node(robot)
    robot.destroy_node()
