"""A person who never tires: landmarks that ship, published in a loop with stamps that go on, and faults on the way."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rclpy.node import Node
from rclpy.serialization import deserialize_message

from exercise_classifier.classifier import ExerciseClassifier
from fitness_bringup.composition.live import DEMO
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.types import NANOSECONDS, Pose, RepEvent, nanoseconds
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import BodyPose
from rep_counter.counter import RepCounter

MATCH = nanoseconds(0.7)
"""An event stands for a repetition of the same exercise that turns within this [ns]."""


class Clip:
    """One loop. bag: of landmarks. model: classifier, None = the shipped one."""

    def __init__(self, bag: Path = DEMO, model: Path | None = None) -> None:
        with BagReader(bag) as reader:
            topic = reader.find("body_pose")
            if not topic:
                raise InputError(f"{bag} has no body_pose; give a bag of landmarks, or none for the one that ships")
            self.messages = [deserialize_message(cdr, BodyPose) for _, _, _, cdr in reader.raw([topic])]
        if not self.messages:
            raise InputError(f"{bag} holds no poses; give a recording of somebody who exercises")
        self.stamps = [messages.from_time(message.header.stamp) for message in self.messages]
        step = (self.stamps[-1] - self.stamps[0]) // max(1, len(self.stamps) - 1)
        self.length = self.stamps[-1] - self.stamps[0] + step
        """From the start of one loop to that of the next [ns]."""
        self._model = model
        self._known: list[RepEvent] = []

    def at(self, number: int, start: int) -> tuple[int, BodyPose]:
        """Stamp and message of pose `number`, counted over all loops from `start` [ns]."""
        loop, index = divmod(number, len(self.messages))
        stamp = start + loop * self.length + self.stamps[index] - self.stamps[0]
        message = self.messages[index]
        message.header.stamp = messages.to_time(stamp)
        return stamp, message

    def repetitions(self, loops: int) -> list[RepEvent]:
        """What is counted in so many loops from stamp 0 when nothing goes wrong, by the same model and counter."""
        if not self._known:
            self._known = self._count(3)
        # The third loop is as all further ones: nothing of the first is remembered.
        third = [event for event in self._known if event.turn >= 2 * self.length]
        further = [_moved(event, (loop - 2) * self.length) for loop in range(3, loops) for event in third]
        return [event for event in self._known if event.turn < loops * self.length] + further

    def _count(self, loops: int) -> list[RepEvent]:
        classifier, counter = ExerciseClassifier(self._model), RepCounter(Catalogue.load())
        events: list[RepEvent] = []
        poses: list[Pose] = [messages.from_body_pose(message) for message in self.messages]
        for loop in range(loops):
            for stamp, pose in zip(self.stamps, poses, strict=True):
                now = replace(pose, stamp=NANOSECONDS + loop * self.length + stamp - self.stamps[0])
                if label := classifier.step(now):
                    counter.classify(label)
                events += counter.step(now).events
        events += counter.finish().events
        return [_moved(event, -NANOSECONDS) for event in events if event.counted]


class Feed:
    """Publishes a clip as body_pose from `begin` until `end`. pace: 1 = as it was recorded, 2 = twice as fast.

    fault: called with (number, message) before each pose; returns the message to publish, None for none.
    """

    def __init__(self, node: Node, clip: Clip, pace: float = 1.0) -> None:
        self.clip = clip
        self._pace = pace
        self.fault: Callable[[int, BodyPose], BodyPose | None] | None = None
        self.paused = threading.Event()
        self.shift = 0
        self._publisher = node.create_publisher(BodyPose, "body_pose", qos.POSES)
        self._node = node
        self._over = threading.Event()
        self._last_loop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """From the first pose on."""
        self._over.clear()
        self._last_loop.clear()
        self.fault, self.shift = None, 0
        self.paused.clear()
        self.start, self._begun = time.time_ns(), time.monotonic()
        self.number = 0
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Finish the loop that runs, then an empty room for long enough to close the set; how many loops it was."""
        assert self._thread is not None
        self._last_loop.set()
        self._thread.join()
        return self.number // len(self.clip.messages)

    def moment(self, stamp: int) -> float:
        """When a stamp of the clip [ns] was published [s, monotonic]."""
        return self._begun + (stamp - self.start) / NANOSECONDS / self._pace

    def cut(self) -> None:
        """End at once."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def subscribers(self) -> int:
        """How many listen."""
        return self._publisher.get_subscription_count()

    def _run(self) -> None:
        while not self._over.is_set():
            if self._last_loop.is_set() and self.number and self.number % len(self.clip.messages) == 0:
                break
            stamp, message = self.clip.at(self.number, self.start)
            self._over.wait(max(0.0, self.moment(stamp) - time.monotonic()))
            if self.shift:
                message.header.stamp = messages.to_time(stamp + self.shift)
            given = self.fault(self.number, message) if self.fault else message
            if given is not None and not self.paused.is_set():
                self._publisher.publish(given)
            self.number += 1
        self._empty_room()

    def _empty_room(self) -> None:
        """Nobody in view, as fast as it is heard: ten seconds of stamps in one."""
        last, _ = self.clip.at(self.number, self.start)
        _, like = self.clip.at(0, self.start)
        for step in range(100):
            nobody = Pose.nobody(last + self.shift + step * NANOSECONDS // 10, like.image_width, like.image_height)
            self._publisher.publish(messages.to_body_pose(nobody))
            if self._over.wait(0.02):
                return


def missing(known: list[RepEvent], start: int, heard: list[RepEvent]) -> list[RepEvent]:
    """Repetitions of the clip from stamp `start` [ns] on that no event stands for, and those told that are none."""
    left = sorted((event for event in heard if event.counted), key=lambda event: event.turn)
    lost = []
    for repetition in known:
        turn = repetition.turn + start
        found = next(
            (e for e in left if e.exercise == repetition.exercise and abs(e.turn - turn) < MATCH),
            None,
        )
        if found is None:
            lost.append(_moved(repetition, start))
        else:
            left.remove(found)
    return lost + left


def lossy(share: float, seed: int = 0) -> Callable[[int, BodyPose], BodyPose | None]:
    """A fault: this share of the poses never arrives."""
    chance = random.Random(seed)
    return lambda number, message: None if chance.random() < share else message


def _moved(event: RepEvent, by: int) -> RepEvent:
    return replace(event, stamp=event.stamp + by, start=event.start + by, turn=event.turn + by, end=event.end + by)
