"""Pictures within a process and past it: each comes once, in order, the same whichever way it came."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image

from fitness_core.ros import images, qos
from fitness_core.ros.topics.handover import Inlet, Outlet
from fitness_core.types import Frame

SHAPE = (48, 64, 3)


class World:
    """Who publishes and who takes in one process, and a second subscriber that comes and goes."""

    def __init__(self) -> None:
        self.executor = SingleThreadedExecutor()
        self.camera, self.pose = rclpy.create_node("camera"), rclpy.create_node("pose")
        for node in (self.camera, self.pose):
            self.executor.add_node(node)
        self.publisher = self.camera.create_publisher(Image, "picture", qos.IMAGE_PUBLISHER)
        self.outlet = Outlet(self.camera, self.publisher)
        self.taken: list[tuple[Frame, int]] = []
        """Every picture that came, with the thread it came in."""
        self.through_dds = 0
        self.subscription = self.pose.create_subscription(Image, "picture", self.hear, qos.IMAGE_SUBSCRIBER)
        self.inlet = Inlet(self.pose, self.subscription, self.take)
        self.seen: list[int] = []
        self.sent = 0

    def hear(self, message: Image) -> None:
        self.through_dds += 1
        frame = images.to_frame(message)
        self.take(frame)
        self.inlet.heard = frame.stamp

    def take(self, frame: Frame) -> None:
        self.taken.append((frame, threading.get_ident()))

    def send(self) -> Frame:
        self.sent += 1
        picture = np.random.default_rng(self.sent).integers(0, 255, SHAPE, np.uint8)
        frame = Frame(self.sent * 33_000_000, picture, "eye")
        self.outlet.publish(frame)
        return frame

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.02)

    def listen(self):
        return self.camera.create_subscription(
            Image, "picture", lambda message: self.seen.append(images.to_frame(message).stamp), qos.IMAGE_PUBLISHER
        )


@pytest.fixture
def world():
    rclpy.init()
    made = World()
    yield made
    made.inlet.close()
    for node in (made.camera, made.pose):
        node.destroy_node()
    made.executor.shutdown()
    rclpy.shutdown()


def test_a_picture_is_handed_over_as_it_is_and_nothing_goes_through_dds(world):
    sent = [world.send() for _ in range(20)]
    assert [frame for frame, _ in world.taken] == sent
    assert all(frame.image is given.image for (frame, _), given in zip(world.taken, sent, strict=True))
    world.executor.spin_once(timeout_sec=0.1)
    assert world.through_dds == 0


def test_both_ways_give_the_same(world):
    world.listen()
    sent = world.send()
    world.until(lambda: world.taken)
    assert world.through_dds == 1
    (through, _) = world.taken[0]
    assert (through.stamp, through.frame_id) == (sent.stamp, sent.frame_id)
    np.testing.assert_array_equal(through.image, sent.image)
    assert (through.image.shape, through.image.dtype) == (sent.image.shape, sent.image.dtype)


def test_who_else_subscribes_gets_every_picture_and_nobody_gets_one_twice(world):
    world.send()
    other = world.listen()
    for number in range(2, 12):
        world.send()
        world.until(lambda number=number: len(world.seen) == number - 1 and len(world.taken) == number)
    assert world.through_dds == 10
    world.camera.destroy_subscription(other)
    world.until(lambda: world.publisher.get_subscription_count() == 1)
    for _ in range(5):
        world.send()
    world.executor.spin_once(timeout_sec=0.1)
    stamps = [frame.stamp for frame, _ in world.taken]
    assert stamps == sorted(set(stamps)) and len(stamps) == 16
    assert world.through_dds == 10 and len(world.seen) == 10


def test_none_overtakes_those_that_are_still_in_dds(world):
    other = world.listen()
    first = world.send()
    world.camera.destroy_subscription(other)
    world.until(lambda: world.publisher.get_subscription_count() == 1)
    # The first may have come meanwhile; another one is on its way while the next ones are published.
    world.until(lambda: world.taken)
    other = world.listen()
    waiting = world.send()
    world.camera.destroy_subscription(other)
    assert [frame.stamp for frame, _ in world.taken] == [first.stamp]
    later = [world.send() for _ in range(3)]
    world.until(lambda: len(world.taken) == 5)
    assert [frame.stamp for frame, _ in world.taken] == [frame.stamp for frame in (first, waiting, *later)]
    handed = world.send()
    assert world.taken[-1][0] is handed, "handed over again once all have arrived"


def test_who_has_closed_gets_nothing_and_the_next_one_does(world):
    world.send()
    world.inlet.close()
    world.pose.destroy_subscription(world.subscription)
    world.send()
    assert len(world.taken) == 1
    world.subscription = world.pose.create_subscription(Image, "picture", world.hear, qos.IMAGE_SUBSCRIBER)
    world.inlet = Inlet(world.pose, world.subscription, world.take)
    for _ in range(2):
        world.send()
        world.until(lambda: world.taken[-1][0].stamp == world.sent * 33_000_000)
    handed = world.send()
    assert world.taken[-1][0] is handed


def test_pictures_come_in_the_thread_of_the_camera(world):
    thread = threading.Thread(target=world.send)
    thread.start()
    thread.join()
    assert [ident for _, ident in world.taken] == [thread.ident]


def test_another_topic_is_not_touched(world):
    elsewhere = Outlet(world.camera, world.camera.create_publisher(Image, "other_picture", qos.IMAGE_PUBLISHER))
    elsewhere.publish(Frame(1, np.zeros(SHAPE, np.uint8)))
    assert not world.taken
