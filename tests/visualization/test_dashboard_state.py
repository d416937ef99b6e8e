"""What a script gets that asks the dashboard once."""

import json
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from spun import DEADLINE, Spun
from std_msgs.msg import String

from fitness_core.ros import qos
from fitness_core.ros.messages import to_body_pose, to_time
from fitness_core.types import SILENT, Pose
from fitness_msgs.msg import BodyPose, JointAngles
from fitness_visualization.dashboard_node import DashboardNode
from fitness_visualization.ros import feed


@pytest.fixture
def dashboard(tmp_path) -> Iterator[tuple[Spun, DashboardNode, Node]]:
    """A dashboard that runs, and a node beside it; the test spins them."""
    rclpy.init()
    spun = Spun()
    given = [Parameter("port", value=0), Parameter("recordings", value=str(tmp_path))]
    node = DashboardNode(namespace=spun.namespace, parameter_overrides=given)
    node.start()
    yield spun, node, rclpy.create_node("graph", namespace=spun.namespace)
    node.stop()
    spun.close()
    rclpy.try_shutdown()


def state_of(node: DashboardNode) -> dict:
    with urllib.request.urlopen(f"{node.address}/api/state") as answer:
        return json.load(answer)


def test_who_asks_once_is_told_the_angles(dashboard, monkeypatch):
    monkeypatch.setattr(feed, "FIRST", DEADLINE)  # however busy this machine is
    spun, node, graph = dashboard
    poses = graph.create_publisher(BodyPose, "body_pose", qos.POSES)
    angles = graph.create_publisher(JointAngles, "joint_angles", qos.STREAM)

    def publish() -> None:
        stamp = graph.get_clock().now().nanoseconds
        poses.publish(to_body_pose(Pose.nobody(stamp, 640, 480)))
        message = JointAngles(angles=[np.pi / 2] * 10)
        message.header.stamp = to_time(stamp)
        angles.publish(message)

    graph.create_timer(0.03, publish)
    spun.spin(node, graph)
    spun.wait(lambda: node.state()["stamp"] is not None, "a pose")
    assert angles.get_subscription_count() == 0, "angles are read though nobody looks"
    assert state_of(node)["angles"]["left_elbow"] == 90.0


def test_a_dashboard_that_looks_seldom_does_not_take_that_for_a_silence(dashboard):
    spun, node, graph = dashboard
    node.set_parameters([Parameter("max_rate", value=0.2)])
    poses = graph.create_publisher(BodyPose, "body_pose", qos.POSES)
    graph.create_timer(0.1, lambda: poses.publish(to_body_pose(Pose.nobody(graph.get_clock().now().nanoseconds, 9, 9))))
    spun.spin(node, graph)
    spun.wait(lambda: node.state()["stamp"] is not None, "a pose")
    # Between two looks five seconds pass.
    spun.wait(lambda: node.state()["silence"] > SILENT, "a silence")
    state = node.state()
    assert state["silence"] < state["silent_after"] == 10.0 and state["fps"] > 0


def test_what_the_person_is_told_waits_for_no_pose(dashboard):
    spun, node, graph = dashboard
    node.set_parameters([Parameter("max_rate", value=0.1)])
    poses = graph.create_publisher(BodyPose, "body_pose", qos.POSES)
    instructions = graph.create_publisher(String, "instruction", qos.TAKES)
    graph.create_timer(0.1, lambda: poses.publish(to_body_pose(Pose.nobody(graph.get_clock().now().nanoseconds, 9, 9))))
    spun.spin(node, graph)
    spun.wait(lambda: node.state()["stamp"] is not None, "a pose")
    shown = node.state()["stamp"]
    instructions.publish(String(data="3"))
    spun.wait(lambda: node.hello()["instruction"] == "3", "the instruction")
    assert node.state()["stamp"] == shown


def test_where_no_poses_come_nobody_waits_for_angles(dashboard):
    spun, node, graph = dashboard
    spun.spin(node, graph)
    state = state_of(node)
    assert (state["stamp"], state["angles"]) == (None, {})
