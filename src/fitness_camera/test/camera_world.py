"""A camera node over real DDS, and somebody who listens to it."""

import time
from collections.abc import Callable

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from fitness_camera.camera_node import CameraNode
from fitness_core.ros import qos
from fitness_core.ros.messages import from_time


class World:
    """A camera, and somebody who listens to it, on one executor."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.infos: list[CameraInfo] = []
        self.executor = SingleThreadedExecutor()
        self.listener = rclpy.create_node("listener")
        # Reliable and deep, so that what is missing was not published.
        self.listener.create_subscription(Image, "camera/image_raw", self.images.append, qos.EVENTS)
        self.listener.create_subscription(CameraInfo, "camera/camera_info", self.infos.append, qos.EVENTS)
        self.executor.add_node(self.listener)
        self.nodes: list[CameraNode] = []

    def camera(self, **parameters) -> CameraNode:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = CameraNode(parameter_overrides=overrides)
        self.executor.add_node(node)
        self.nodes.append(node)
        return node

    def until(self, condition: Callable[[], object], timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
            node.destroy_node()
        self.listener.destroy_node()
        self.executor.shutdown()


def stamps(messages: list) -> list[int]:
    """Of messages with a header [ns]."""
    return [from_time(message.header.stamp) for message in messages]
