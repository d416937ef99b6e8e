"""Two graphs in one namespace: the counter of each says so, however it was started."""

import time

import pytest
import rclpy

from fitness_core.ros import diagnostics, qos
from fitness_msgs import msg
from rep_counter.ros import rivals
from rep_counter.ros.rivals import Rivals


@pytest.fixture
def two(ros):
    """The node that looks with its publisher, and a node that is another counter's."""
    nodes = [rclpy.create_node(name, namespace="/two/fitness") for name in ("rep_counter", "another")]
    yield nodes[0], nodes[0].create_publisher(msg.RepState, "rep_state", qos.STATE), nodes[1]
    for node in nodes:
        node.destroy_node()


def until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_another_counter_is_told_of_while_it_is_there(two) -> None:
    node, own, another = two
    looks = Rivals(node, own, restarted=False)
    assert looks.look() == ""
    rival = another.create_publisher(msg.RepState, "rep_state", qos.STATE)
    until(looks.look)
    assert looks.look().startswith("another graph runs in /two/fitness")
    another.destroy_publisher(rival)
    until(lambda: not looks.look())


def test_the_one_that_died_before_is_no_other(two, monkeypatch) -> None:
    node, own, another = two
    another.create_publisher(msg.RepState, "rep_state", qos.STATE)
    until(lambda: node.count_publishers("rep_state") == 2)
    assert Rivals(node, own, restarted=True).look() == ""
    monkeypatch.setattr(rivals, "LEASE", -1.0)
    assert Rivals(node, own, restarted=True).look() != ""


def test_a_counter_warns_on_diagnostics(ros) -> None:
    from rep_counter.rep_counter_node import RepCounterNode

    counters = [RepCounterNode(namespace="/two/fitness") for _ in range(2)]
    try:
        for counter in counters:
            counter.start()
        for counter in counters:
            until(lambda counter=counter: counter.diagnose()[0] == diagnostics.WARN)
            assert "another graph runs in /two/fitness" in counter.diagnose()[1]
    finally:
        for counter in counters:
            counter.stop()
            counter.destroy_node()
