"""What the dashboard reads of messages without deserializing them is what they say, and what it polls is what came."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from fitness_core.catalogue import Catalogue
from fitness_core.ros import images, messages, qos
from fitness_core.ros.serialized import image_of, pose_of, stamp_of
from fitness_core.types import Pose
from fitness_msgs.msg import JointAngles, RepEvent, SetSummary
from fitness_visualization.dashboard.state import State
from fitness_visualization.ros.feed import Feed
from fitness_visualization.ros.polled import Polled, take

DEADLINE = 60.0
FRAMES = ["", "a", "camera_optical_frame"]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("encoding", "channels"), [("bgr8", 3), ("mono8", 1), ("rgba8", 4)])
def test_a_serialized_picture_is_read_in_place(frame: str, encoding: str, channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (31, 17, channels), dtype=np.uint8)
    message = images.to_image(picture, encoding)
    message.header = messages.header(123_456_789_012, frame)
    cdr = serialize_message(message)
    view = image_of(cdr)
    assert (view.height, view.width, view.encoding, view.step) == (31, 17, encoding, 17 * channels)
    assert (images.to_bgr(view) == images.to_bgr(message)).all()
    assert stamp_of(cdr) == 123_456_789_012


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("body", ["", "1", "body_12"])
def test_a_serialized_pose_is_read_in_place(frame: str, body: str) -> None:
    values = np.random.default_rng(1).random((33, 8), np.float32)
    values[7] = np.nan
    pose = Pose(123_456_789_012, values[:, :3], values[:, 3:6], values[:, 6], values[:, 7], 640, 480, 0.75, body, frame)
    read = pose_of(serialize_message(messages.to_body_pose(pose)))
    for name in ("image", "world", "visibility", "presence"):
        np.testing.assert_array_equal(getattr(read, name), getattr(pose, name))
    for name in ("stamp", "width", "height", "score", "body_id", "frame_id"):
        assert getattr(read, name) == getattr(pose, name)
    nobody = pose_of(serialize_message(messages.to_body_pose(Pose.nobody(5, 640, 480, frame))))
    assert not nobody.tracked and (nobody.stamp, nobody.width, nobody.height) == (5, 640, 480)


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init()
    made = Node("polled")
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def test_angles_are_asked_for_while_somebody_looks(node: Node) -> None:
    publisher = node.create_publisher(JointAngles, "joint_angles", qos.STREAM)
    feed = Feed(node, State(Catalogue.load()), lambda event: None)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline
            executor.spin_once(timeout_sec=0.01)

    assert publisher.get_subscription_count() == 0
    (angles,) = feed.listen_to_angles()
    until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(JointAngles(angles=[0.5] * 10))
    until(feed.take_others)
    node.destroy_subscription(angles)
    feed.forget_angles()
    until(lambda: publisher.get_subscription_count() == 0)
    feed.close()


def test_pages_hear_that_somebody_else_has_reset_the_counter(node: Node) -> None:
    told: list[dict] = []
    feed = Feed(node, State(Catalogue.load()), told.append)
    events = node.create_publisher(RepEvent, "rep_event", qos.EVENTS)
    sets = node.create_publisher(SetSummary, "set_summary", qos.STATE)
    deadline = time.monotonic() + DEADLINE

    def hear(number: int) -> list[str]:
        while len(told) < number:
            assert time.monotonic() < deadline, told
            feed.take_others()
        return [message["type"] for message in told]

    while not (events.get_subscription_count() and sets.get_subscription_count()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    sets.publish(SetSummary(exercise="squat", set_index=3, repetitions=5))
    assert hear(1) == ["set"]
    events.publish(RepEvent(exercise="squat", set_index=1, index=1))
    assert hear(3) == ["set", "reset", "repetition"]
    assert [len(feed.state.hello()[kind]) for kind in ("sets", "repetitions")] == [0, 1]
    sets.publish(SetSummary(exercise="squat", set_index=1, repetitions=2))
    hear(4)
    # A page's own: the set that ended with it is not the first of what follows.
    sets.publish(SetSummary(exercise="squat", set_index=2, repetitions=1))
    while sum(message["type"] == "set" for message in told) < 3:
        assert time.monotonic() < deadline
        feed.begin_anew()
    assert told[-1]["type"] == "reset" and feed.state.hello()["sets"] == []
    feed.close()


def test_what_is_polled_is_all_that_came_in_order_and_wakes_no_executor(node: Node) -> None:
    taken: list[str] = []
    subscription = node.create_subscription(
        String, "words", lambda message: taken.append(message.data), qos.STREAM, callback_group=Polled()
    )
    publisher = node.create_publisher(String, "words", qos.STREAM)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + DEADLINE
    while publisher.get_subscription_count() < 1:
        assert time.monotonic() < deadline
        executor.spin_once(timeout_sec=0.01)
    for i in range(5):
        publisher.publish(String(data=str(i)))
    while len(taken) < 5:
        assert time.monotonic() < deadline
        had = len(taken)
        executor.spin_once(timeout_sec=0.01)
        assert len(taken) == had, "the executor took a message"
        assert take(subscription) == len(taken) - had
    assert taken == ["0", "1", "2", "3", "4"]
    node.destroy_subscription(subscription)
    assert take(subscription) == 0
