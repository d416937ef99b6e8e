"""A camera is calibrated as `camera_calibration` does it: by the service camera/set_camera_info."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from fitness_camera import calibration
from fitness_camera.camera_node import CameraNode
from fitness_core.ros import qos

pytestmark = pytest.mark.usefixtures("ros")

DEADLINE = 60.0
K = [50.5, 0.0, 32.0, 0.0, 51.0, 24.0, 0.0, 0.0, 1.0]
P = [50.0, 0.0, 32.0, 0.0, 0.0, 50.0, 24.0, 0.0, 0.0, 0.0, 1.0, 0.0]
R = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def measured(**changes: object) -> CameraInfo:
    given = {"width": 64, "height": 48, "distortion_model": "plumb_bob", "d": [0.1, -0.2, 1e-5, 0.0, 0.0], "k": K}
    return CameraInfo(**(given | {"r": R, "p": P} | changes))


class World:
    """A camera that plays pictures of 64x48 again and again, and who calibrates it."""

    def __init__(self, folder: Path) -> None:
        cv2.imwrite(str(folder / "picture.png"), np.zeros((48, 64, 3), np.uint8))
        self.folder = folder
        self.executor = SingleThreadedExecutor()
        self.other = rclpy.create_node("cameracalibrator")
        self.executor.add_node(self.other)
        self.infos: list[CameraInfo] = []
        self.other.create_subscription(CameraInfo, "camera/camera_info", self.infos.append, qos.EVENTS)
        self.client = self.other.create_client(SetCameraInfo, "camera/set_camera_info")
        self.cameras: list[CameraNode] = []

    def camera(self, **parameters: object) -> CameraNode:
        given = {"source": str(self.folder), "loop": True, "wait_for_subscribers": 0, "camera_name": "eye"} | parameters
        node = CameraNode(parameter_overrides=[Parameter(name, value=value) for name, value in given.items()])
        self.executor.add_node(node)
        self.cameras.append(node)
        node.start()
        return node

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.02)

    def calibrate(self, info: CameraInfo) -> SetCameraInfo.Response:
        self.until(self.client.service_is_ready)
        answer = self.client.call_async(SetCameraInfo.Request(camera_info=info))
        self.until(answer.done)
        return answer.result()

    def close(self) -> None:
        for node in self.cameras:
            node.stop()
            node.destroy_node()
        self.other.destroy_node()
        self.executor.shutdown()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    made = World(pictures)
    yield made
    made.close()


def test_a_calibration_is_in_use_at_once_and_in_its_file_for_the_next_start(world: World, tmp_path: Path) -> None:
    file = tmp_path / "lenses" / "eye.yaml"
    file.parent.mkdir()
    calibration.save(file, calibration.of_info(measured(k=[9.0, *K[1:]]), "eye"))
    before = file.read_text()
    world.camera(camera_info_url=f"file://{file.parent}/${{NAME}}.yaml")
    world.until(lambda: world.infos)
    assert world.infos[-1].k[0] == 9.0
    answer = world.calibrate(measured())
    assert answer.success and str(file) in answer.status_message
    world.until(lambda: world.infos[-1].k[0] == 50.5)
    now = world.infos[-1]
    assert (list(now.k), list(now.p), list(now.r)) == (K, P, R)
    assert (now.distortion_model, list(now.d)) == ("plumb_bob", [0.1, -0.2, 1e-5, 0.0, 0.0])
    assert calibration.load(file) == calibration.of_info(measured(), "eye")
    assert file.with_name("eye.yaml.old").read_text() == before


def test_without_a_file_it_goes_where_camera_info_manager_looks(world: World) -> None:
    world.camera()
    world.until(lambda: world.infos)
    assert not any(world.infos[-1].k)
    answer = world.calibrate(measured())
    file = Path(os.environ["ROS_HOME"], "camera_info", "eye.yaml")
    assert answer.success and f"camera_info_url:=file://{file}" in answer.status_message
    assert calibration.load(file).k == tuple(K)
    world.until(lambda: world.infos[-1].k[0] == 50.5)


def test_the_file_may_be_named_as_camera_info_manager_names_it(world: World) -> None:
    url = "file://${ROS_HOME}/lenses/${NAME}.yaml"
    file = Path(os.environ["ROS_HOME"], "lenses", "eye.yaml")
    camera = world.camera()
    camera.set_parameters([Parameter("camera_info_url", value=url)])
    assert world.calibrate(measured()).success
    assert calibration.load(file).k == tuple(K)
    camera.stop()
    world.infos.clear()
    camera.start()
    world.until(lambda: world.infos)
    assert world.infos[0].k[0] == 50.5


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (measured(width=640, height=480), "a calibration for 640x480, pictures are 64x48"),
        (measured(k=[0.0] * 9), "no focal length"),
        (measured(p=[float("nan"), *P[1:]]), "not finite"),
        (CameraInfo(), "the picture is 0x0"),
    ],
)
def test_what_is_no_calibration_of_this_camera_is_refused(world: World, info: CameraInfo, problem: str) -> None:
    world.camera()
    world.until(lambda: world.infos)
    answer = world.calibrate(info)
    assert not answer.success and problem in answer.status_message
    assert not Path(os.environ["ROS_HOME"], "camera_info").exists()
    seen = len(world.infos)
    world.until(lambda: len(world.infos) > seen)
    assert not any(world.infos[-1].k)


def test_a_file_that_cannot_be_written_leaves_the_calibration_as_it_is(world: World, tmp_path: Path) -> None:
    (tmp_path / "no_folder").write_text("")
    camera = world.camera()
    camera.set_parameters([Parameter("camera_info_url", value=f"file://{tmp_path}/no_folder/eye.yaml")])
    answer = world.calibrate(measured())
    assert not answer.success and "cannot be written" in answer.status_message
    world.until(lambda: len(world.infos) > 3)
    assert not any(world.infos[-1].k)


def test_the_documented_command_finds_the_pictures_and_the_service() -> None:
    """`camera_calibration` listens to `image` and asks `camera/set_camera_info`, whatever its parts are remapped to."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "visualization.md").read_text()
    (command,) = re.findall(r"ros2 run camera_calibration (.*?)\n\n", page, re.DOTALL)
    arguments = command[command.index("--ros-args") :].split()
    node = rclpy.create_node("cameracalibrator", cli_args=arguments)
    try:
        assert node.resolve_topic_name("image") == "/fitness/camera/image_raw"
        assert node.resolve_service_name("camera/set_camera_info") == "/fitness/camera/set_camera_info"
    finally:
        node.destroy_node()
