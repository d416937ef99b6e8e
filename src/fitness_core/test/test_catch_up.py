"""Who joins late hears what publishers keep, then what comes now: each message once, and no sooner than it can."""

import time

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor

from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.ros.refusals import Refusals
from fitness_core.ros.topics import catch_up
from fitness_core.ros.topics.catch_up import PATIENCE, CatchUp, Heard, usable
from fitness_core.types import NANOSECONDS
from fitness_msgs.msg import BodyPose, ExerciseClassification

DEADLINE = 60.0  # [s]


@pytest.fixture
def node():
    rclpy.init()
    made = rclpy.create_node("late")
    executor = SingleThreadedExecutor()
    executor.add_node(made)
    made.until = lambda true: _until(executor, true)
    yield made
    executor.shutdown()
    made.destroy_node()
    rclpy.try_shutdown()


def _until(executor, true):
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        executor.spin_once(timeout_sec=0.05)


def at(kind, second):
    message = kind()
    message.header.stamp = messages.to_time(second * NANOSECONDS)
    return message


def seconds_of(heard):
    return {topic: [each.stamp // NANOSECONDS for each in kept] for topic, kept in heard.items()}


TOPICS = {"body_pose": (BodyPose, qos.POSES), "exercise": (ExerciseClassification, qos.LABELS)}


def test_what_is_kept_is_waited_for_until_it_can_be_read(node):
    publishers = {name: node.create_publisher(kind, name, profile) for name, (kind, profile) in TOPICS.items()}
    for name, (kind, _) in TOPICS.items():
        for second in (1, 2, 3):
            publishers[name].publish(at(kind, second))
    begun, done = time.monotonic(), []
    late = CatchUp(node, TOPICS, done.append, ready=lambda: time.monotonic() > begun + 1.5 * PATIENCE)
    for name, (kind, _) in TOPICS.items():
        for second in (0, 3, 4):
            late.hear(name, at(kind, second))
    node.until(lambda: done)
    assert time.monotonic() > begun + PATIENCE
    assert seconds_of(done[0]) == {topic: [0, 1, 2, 3, 4] for topic in TOPICS}


def test_what_cannot_be_used_of_what_was_kept_is_told_and_passed_over():
    said = []
    refusals = Refusals(said.append)
    heard = [Heard(stamp, stamp) for stamp in range(4)]

    def read(number: int) -> int:
        if number == 2:
            raise InputError("two is no pose")
        return number

    assert usable(heard, read, refusals, "/body_pose") == [0, 1, 3]
    assert refusals.counts == {"/body_pose": 1} and said == ["/body_pose: two is no pose"]


def test_nobody_waits_for_who_keeps_nothing(node):
    node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    done = []
    late = CatchUp(node, TOPICS, done.append)
    late.hear("body_pose", at(BodyPose, 7))
    node.until(lambda: done)
    assert seconds_of(done[0]) == {"body_pose": [7], "exercise": []}


LOOKS = 5
"""So often it is looked in vain before it is said that one waits."""


def test_who_keeps_nothing_is_not_waited_for_at_all(node, monkeypatch):
    monkeypatch.setattr(catch_up, "PATIENCE", 1e9)
    monkeypatch.setattr(catch_up, "KEPT_PATIENCE", 1e9)
    for name, (kind, _) in TOPICS.items():
        node.create_publisher(kind, name, qos.STREAM)
    done = []
    late = CatchUp(node, TOPICS, done.append)
    late.hear("body_pose", at(BodyPose, 7))
    node.until(lambda: done)
    assert seconds_of(done[0]) == {"body_pose": [7], "exercise": []}


def test_who_is_not_there_yet_is_waited_for_as_long_as_they_may_take(node, monkeypatch):
    monkeypatch.setattr(catch_up, "PATIENCE", 1e9)
    monkeypatch.setattr(catch_up, "KEPT_PATIENCE", 1e9)
    node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    done, looks = [], []
    late = CatchUp(node, TOPICS, done.append, ready=lambda: looks.append(1) or True)
    late.hear("body_pose", at(BodyPose, 7))
    node.until(lambda: len(looks) > LOOKS)
    assert not done
    monkeypatch.setattr(catch_up, "PATIENCE", 0.0)
    node.until(lambda: done)


def test_who_keeps_messages_is_waited_for_until_they_come(node, monkeypatch):
    monkeypatch.setattr(catch_up, "PATIENCE", 0.0)
    monkeypatch.setattr(catch_up, "KEPT_PATIENCE", 1e9)
    keeper = node.create_publisher(BodyPose, "body_pose", qos.POSES)
    done, looks = [], []
    late = CatchUp(node, TOPICS, done.append, ready=lambda: looks.append(1) or True)
    late.hear("body_pose", at(BodyPose, 7))
    node.until(lambda: len(looks) > LOOKS)
    assert not done
    for second in (6, 7):
        keeper.publish(at(BodyPose, second))
    node.until(lambda: done)
    assert seconds_of(done[0]) == {"body_pose": [6, 7], "exercise": []}


def test_what_came_is_not_given_up_before_it_can_be_read(node, monkeypatch):
    monkeypatch.setattr(catch_up, "PATIENCE", 0.0)
    monkeypatch.setattr(catch_up, "KEPT_PATIENCE", 1e9)
    done, looks, readable = [], [], []
    late = CatchUp(node, TOPICS, done.append, ready=lambda: looks.append(1) or bool(readable))
    for name, (kind, _) in TOPICS.items():
        late.hear(name, at(kind, 7))
    node.until(lambda: len(looks) > LOOKS)
    assert not done
    readable.append(True)
    node.until(lambda: done)
    assert seconds_of(done[0]) == {"body_pose": [7], "exercise": [7]}
