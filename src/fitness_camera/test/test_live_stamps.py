"""Stamps of live pictures by a simulated clock."""

import time

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from fitness_core.ros.topics.stamps import stamped_by
from fitness_core.types import Frame


@pytest.fixture
def node():
    rclpy.init()
    made = Node("camera", parameter_overrides=[Parameter("use_sim_time", value=True)])
    yield made
    made.destroy_node()
    rclpy.shutdown()


def test_a_live_picture_is_stamped_by_a_simulated_clock_where_that_is_used(node):
    clock = node.create_publisher(Clock, "/clock", 1)
    picture = Frame(time.time_ns() - 2_000_000_000, np.zeros((2, 2, 3), np.uint8))
    assert stamped_by(node.get_clock(), picture).stamp == 0, "no clock came yet"
    deadline = time.monotonic() + 60
    while not node.get_clock().now().nanoseconds:
        assert time.monotonic() < deadline
        clock.publish(Clock(clock=Time(sec=100)))
        rclpy.spin_once(node, timeout_sec=0.05)
    taken = stamped_by(node.get_clock(), picture)
    assert 38e9 < taken.stamp <= 98e9
    assert taken.image is picture.image


def test_by_the_systems_clock_nothing_changes(node):
    node.set_parameters([Parameter("use_sim_time", value=False)])
    picture = Frame(time.time_ns(), np.zeros((2, 2, 3), np.uint8))
    assert stamped_by(node.get_clock(), picture) is picture
