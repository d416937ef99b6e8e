"""Why no picture comes: told on /diagnostics, and logged once."""

import time
from collections.abc import Iterator

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image

from fitness_core.ros import diagnostics, qos
from pose_estimator.pose_estimator_node import PoseEstimatorNode

pytestmark = pytest.mark.usefixtures("ros")

DEADLINE = 60.0
TOPIC = "/eye/camera/image_raw"
NOBODY = f"no pictures on {TOPIC}: nobody publishes it, or nobody that is discovered from here"


@pytest.fixture
def driver() -> Iterator[Node]:
    """A node as of another program: in one of its own no topic has two types."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("driver", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def node() -> Iterator[PoseEstimatorNode]:
    node = PoseEstimatorNode(namespace="eye")
    node.start()
    yield node
    node.stop()
    node.destroy_node()


def discovered(node: Node, topic: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not node.count_publishers(topic):
        assert time.monotonic() < deadline, "the publisher was not discovered"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("published", "suffix", "told"),
    [
        (Image, "", ""),
        (
            CompressedImage,
            "",
            ": what is published there is sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image",
        ),
        (
            CompressedImage,
            "/compressed",
            f": nobody publishes it, but {TOPIC}/compressed: set image_transport to compressed, or name that topic",
        ),
    ],
)
def test_what_is_published_instead_is_told(
    node: PoseEstimatorNode, driver: Node, published: type, suffix: str, told: str
) -> None:
    driver.create_publisher(published, TOPIC + suffix, qos.IMAGE_PUBLISHER)
    discovered(node, TOPIC + suffix)
    assert node.diagnose()[:2] == (diagnostics.WARN, f"no pictures on {TOPIC}{told}")


def test_a_driver_that_is_not_heard_reliably_is_told(node: PoseEstimatorNode, driver: Node) -> None:
    """As most drivers publish: best effort."""
    driver.create_publisher(Image, TOPIC, qos.IMAGE_SUBSCRIBER)
    discovered(node, TOPIC)
    assert node.diagnose()[:2] == (diagnostics.WARN, f"no pictures on {TOPIC}")
    node.trigger_deactivate()
    node.set_parameters([Parameter("reliable", value=True)])
    node.trigger_activate()
    told = f"no pictures on {TOPIC}: it is published best effort: set reliable to false, and activate again"
    assert node.diagnose()[:2] == (diagnostics.WARN, told)


def test_who_waits_for_hearers_does_not_say_that_no_pictures_come(node: PoseEstimatorNode) -> None:
    node.trigger_deactivate()
    node.set_parameters([Parameter("wait_for_subscribers", value=2)])
    node.trigger_activate()
    assert node.diagnose()[:2] == (diagnostics.OK, "waiting for 2 subscribers of body_pose")


def test_that_nobody_publishes_is_told_each_time_and_logged_once(
    node: PoseEstimatorNode, capfd: pytest.CaptureFixture[str]
) -> None:
    assert node.diagnose()[:2] == (diagnostics.WARN, NOBODY)
    assert NOBODY not in capfd.readouterr().err, "who publishes may not be known yet"
    for _ in range(3):
        assert node.diagnose()[:2] == (diagnostics.WARN, NOBODY)
    assert capfd.readouterr().err.count(NOBODY) == 1
