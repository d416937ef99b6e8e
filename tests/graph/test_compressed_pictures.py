"""A robot whose driver gives compressed pictures only, best effort: whoever takes pictures takes these."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.ros import messages, pictures, qos
from fitness_core.ros.images import to_bgr
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.process.executor import GraphExecutor
from fitness_datasets.bags import BagReader
from fitness_datasets.player_node import PlayerNode
from fitness_datasets.record_take_node import RecordTakeNode
from fitness_datasets.recorder_node import RecorderNode
from fitness_msgs.msg import BodyPose
from fitness_visualization.dashboard.state import State
from fitness_visualization.overlay_node import OverlayNode
from fitness_visualization.ros.feed import Feed
from pose_estimator.pose_estimator_node import PoseEstimatorNode

pytestmark = pytest.mark.usefixtures("ros")

TOPIC = "/robot/front/image"
NAMESPACE = "/gym/fitness"
FRAMES = 12
DEADLINE = 60.0


class Robot:
    """A driver of compressed pictures, and the nodes of the graph that take them."""

    def __init__(self) -> None:
        self.executor = GraphExecutor()
        self.driver = rclpy.create_node("driver", namespace=NAMESPACE)
        self.publisher = self.driver.create_publisher(CompressedImage, f"{TOPIC}/compressed", qos_profile_sensor_data)
        self.poses: list[BodyPose] = []
        self.driver.create_subscription(BodyPose, "body_pose", self.poses.append, qos.EVENTS)
        self.executor.add_node(self.driver)
        self.nodes: list[FitnessNode] = []

    def add(self, kind: type[FitnessNode], **parameters: object) -> FitnessNode:
        given = {"image_transport": "compressed"} | parameters
        node = kind(
            namespace=NAMESPACE,
            parameter_overrides=[Parameter(name, value=value) for name, value in given.items()],
            # The one rule that a remapping of the raw topic is.
            cli_args=["--ros-args", "-r", f"{pictures.TOPIC}:={TOPIC}"],
        )
        self.executor.add_node(node)
        self.nodes.append(node)
        node.start()
        return node

    def send(self, stamp: int, picture: np.ndarray) -> None:
        message = CompressedImage(header=messages.header(stamp, "eye"), format="bgr8; jpeg compressed bgr8")
        message.data = cv2.imencode(".jpg", picture)[1].tobytes()
        self.publisher.publish(message)

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            self.executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
            node.destroy_node()
        self.driver.destroy_node()
        self.executor.shutdown()


@pytest.fixture
def robot() -> Iterator[Robot]:
    made = Robot()
    yield made
    made.close()


@pytest.fixture(scope="module")
def frames(data: Callable[[str], Path]) -> list[np.ndarray]:
    source = open_source(str(data("videos/curl/pose_trainer_sample_bicep_curl.mp4")))
    read = [source.read().image.copy() for _ in range(FRAMES)]
    source.close()
    return read


def test_poses_and_annotated_pictures_are_of_compressed_pictures(robot: Robot, frames: list[np.ndarray]) -> None:
    estimator, overlay = robot.add(PoseEstimatorNode), robot.add(OverlayNode, max_rate=120.0)
    drawn: list[Image] = []
    robot.driver.create_subscription(Image, "overlay/image", drawn.append, qos.OVERLAY)
    robot.until(lambda: robot.publisher.get_subscription_count() == 2)
    for number, picture in enumerate(frames, start=1):
        robot.send(number * 40_000_000, picture)
        robot.until(lambda number=number: len(robot.poses) == number and len(drawn) == number)
    assert [messages.from_time(pose.header.stamp) for pose in robot.poses] == [
        number * 40_000_000 for number in range(1, FRAMES + 1)
    ]
    height, width = frames[0].shape[:2]
    assert {(pose.image_width, pose.image_height, pose.header.frame_id) for pose in robot.poses} == {
        (width, height, "eye")
    }
    assert robot.poses[-1].status == BodyPose.STATUS_TRACKED
    # Most of the picture has nothing drawn on it: what is there is what was sent, as JPEG has it.
    assert np.median(np.abs(to_bgr(drawn[-1])[:, :, 1].astype(int) - frames[-1][:, :, 1])) < 5
    assert not overlay.diagnose()[2]["poses_without_their_picture"]

    broken = CompressedImage(header=messages.header(10**9, "eye"), format="16UC1; compressedDepth", data=b"\x00" * 40)
    robot.publisher.publish(broken)
    told: list[str] = []
    robot.until(lambda: told.append(estimator.refusals.tell(*estimator.diagnose())[1]) or told[-1] != "active")
    assert f"{TOPIC}/compressed" in told[-1] and "accepted: JPEG and PNG" in told[-1]


def test_compressed_pictures_are_recorded_as_they_come_and_played_again(
    robot: Robot, frames: list[np.ndarray], tmp_path: Path
) -> None:
    bag = tmp_path / "bag"
    recorder = robot.add(RecorderNode, bag=str(bag), images=True, topics=["body_pose"])
    robot.until(robot.publisher.get_subscription_count)
    for number, picture in enumerate(frames, start=1):
        robot.send(number, picture)
        robot.until(lambda number=number: recorder.diagnose()[2]["messages"] == number)
    recorder.stop()
    with BagReader(bag) as reader:
        assert reader.topics[f"{TOPIC}/compressed"] == "sensor_msgs/msg/CompressedImage"
        again = list(reader.frames())
    assert [frame.stamp for frame in again] == list(range(1, FRAMES + 1))

    heard: list[CompressedImage] = []
    robot.driver.create_subscription(CompressedImage, f"{TOPIC}/compressed", heard.append, qos.IMAGE_PUBLISHER)
    player = PlayerNode(
        namespace=NAMESPACE,
        parameter_overrides=[Parameter("bag", value=str(bag)), Parameter("rate", value=0.0)],
        cli_args=["--ros-args", "-r", f"{pictures.TOPIC}/compressed:={TOPIC}/compressed"],
    )
    robot.executor.add_node(player)
    robot.nodes.append(player)
    player.start()
    robot.until(lambda: len(heard) == FRAMES)
    np.testing.assert_array_equal(to_bgr(heard[-1]), again[-1].image)


def test_the_guide_measures_the_light_of_compressed_pictures(robot: Robot) -> None:
    guide = robot.add(RecordTakeNode)
    robot.until(robot.publisher.get_subscription_count)
    robot.send(1, np.full((48, 64, 3), 10, np.uint8))
    robot.until(lambda: guide._light.level == pytest.approx(10, abs=2))


def test_the_dashboard_shows_compressed_pictures(robot: Robot) -> None:
    feed = Feed(robot.driver, State(Catalogue.load()), lambda event: None, "compressed")
    beside = robot.driver.create_publisher(CompressedImage, f"{pictures.TOPIC}/compressed", qos.IMAGE_PUBLISHER)
    poses = robot.driver.create_publisher(BodyPose, "body_pose", qos.STREAM)
    feed.listen_to_pictures()
    robot.until(lambda: beside.get_subscription_count() and poses.get_subscription_count() == 2)
    message = CompressedImage(header=messages.header(7, "eye"), format="png")
    message.data = cv2.imencode(".png", np.full((4, 6, 3), 90, np.uint8))[1].tobytes()
    beside.publish(message)
    poses.publish(BodyPose(header=messages.header(7, "eye")))
    robot.until(lambda: (feed.take_others(), feed.take_poses(), feed.now(), feed.picture() is not None)[-1])
    shown = feed.picture()
    assert shown is not None and shown.shape == (4, 6, 3) and (shown == 90).all()
    feed.close()
