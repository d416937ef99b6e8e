"""A pose node over real DDS, with who publishes pictures and who listens to poses, and a backend to hold up."""

import threading
import time
from collections.abc import Callable

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from fitness_core.ros import images, messages, qos
from fitness_msgs.msg import BodyPose
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.pose_estimator_node import PoseEstimatorNode, Statistics

PICTURE = np.full((480, 640, 3), 90, np.uint8)


class World:
    """A pose node, one who publishes pictures, one who listens to poses; one executor."""

    def __init__(self) -> None:
        self.poses: list[BodyPose] = []
        self.executor = SingleThreadedExecutor()
        self.other = rclpy.create_node("other")
        self.other.create_subscription(BodyPose, "body_pose", self.poses.append, qos.EVENTS)
        self.publisher = self.other.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self.executor.add_node(self.other)
        self.nodes: list = []
        self.sent = 0

    def add(self, kind, **parameters):
        node = kind(parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()])
        self.executor.add_node(node)
        self.nodes.append(node)
        return node

    def pose_node(self, **parameters) -> PoseEstimatorNode:
        node = self.add(PoseEstimatorNode, **parameters)
        node.start()
        # Both ends have met once a picture has come through.
        while node.statistics.received == 0:
            self.send(encoding="meeting")
            self.spin(0.05)
        self.until(lambda: balanced(node))
        node.statistics = Statistics()
        return node

    def send(self, picture: np.ndarray = PICTURE, encoding: str = "bgr8") -> Image:
        self.sent += 1
        message = images.to_image(picture, encoding)
        message.header = messages.header(self.sent * 33_000_000, "eye")
        self.publisher.publish(message)
        return message

    def spin(self, duration: float) -> None:
        self.executor.spin_once(timeout_sec=duration)

    def until(self, condition: Callable[[], object], timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.spin(0.02)

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
            node.destroy_node()
        self.other.destroy_node()
        self.executor.shutdown()


class Gate(PoseBackend):
    """Finds a body once it is let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.entered = 0
        self.fails = False

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        self.entered += 1
        assert self.open.wait(20)
        if self.fails:
            raise RuntimeError("the model broke")
        points = np.random.default_rng(0).random((33, 3)).astype(np.float32)
        return Detection(points, points, points[:, 0], points[:, 1], 0.5)

    def close(self) -> None:
        pass


def balanced(node: PoseEstimatorNode) -> bool:
    counted = node.statistics
    return counted.received == counted.processed + counted.replaced + counted.refused + counted.failed
