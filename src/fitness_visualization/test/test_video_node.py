"""The node that writes a video, over real DDS: each activation is a file of its own, and tells of its own pictures."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_core.ros.images import to_image
from fitness_core.ros.process.executor import GraphExecutor
from fitness_visualization.video_node import VideoNode


def test_an_activation_tells_of_its_own_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rclpy.init()
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    node = VideoNode(namespace=f"/t{uuid.uuid4().hex[:8]}", parameter_overrides=[Parameter("file", value=str(first))])
    publisher = node.create_publisher(Image, "overlay/image", qos.OVERLAY)
    executor = GraphExecutor()
    executor.add_node(node)

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < deadline
            executor.spin_once(timeout_sec=0.05)

    try:
        node.start()
        until(publisher.get_subscription_count)
        publisher.publish(to_image(np.zeros((48, 64, 3), np.uint8)))
        until(lambda: node.diagnose()[2]["written"])
        node.stop()
        assert first.is_file() and "was not written" not in capfd.readouterr().err
        with pytest.raises(InputError, match=r"first\.mp4 exists"):
            node.start()
        node.set_parameters([Parameter("file", value=str(second))])
        node.start()
        assert node.diagnose()[2]["written"] == 0
        node.stop()
        assert not second.exists() and "second.mp4 was not written" in capfd.readouterr().err
    finally:
        node.destroy_node()
        executor.shutdown()
        rclpy.shutdown()


def test_a_file_is_looked_at_when_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rclpy.init()
    node = VideoNode(namespace=f"/t{uuid.uuid4().hex[:8]}", parameter_overrides=[Parameter("file", value="~/a.mp4")])
    try:
        node.start()
        node.stop()
        assert [path.name for path in tmp_path.iterdir()] == ["home"], "~ is a home, as for every other path"
        node.trigger_configure()
        for name in ("x" * 300 + ".mp4", "film.avi", ""):
            node.set_parameters([Parameter("file", value=name)])
            assert node.trigger_activate() == TransitionCallbackReturn.FAILURE, node.problem
    finally:
        node.destroy_node()
        rclpy.shutdown()
