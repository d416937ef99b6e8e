"""Recorder and guide with the part of a dashboard that pages record by, for tests of guided takes."""

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import rclpy
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher

from fitness_bringup.composition.live import DEMO
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.messages import to_body_pose
from fitness_core.ros.process.executor import GraphExecutor
from fitness_datasets.bags import BagReader
from fitness_datasets.record_take_node import RecordTakeNode
from fitness_datasets.recorder_node import RecorderNode
from fitness_msgs.msg import BodyPose, RepEvent
from fitness_visualization.dashboard import requests
from fitness_visualization.ros.collection import Collection, Managed
from fitness_visualization.ros.commands import Caller

DEADLINE = 60.0


class Room:
    """Recorder and guide, which a page of a dashboard brings up. told: what the page hears; over: takes that ended."""

    def __init__(self, folder: Path) -> None:
        self.namespace = f"/t{uuid.uuid4().hex[:8]}/fitness"
        self.folder = folder
        self.node = rclpy.create_node("bystander", namespace=self.namespace)
        self.recorder = RecorderNode(namespace=self.namespace, parameter_overrides=[Parameter("last_words", value=0.0)])
        self.guide = RecordTakeNode(namespace=self.namespace)
        self._executor = GraphExecutor()
        for node in (self.node, self.recorder, self.guide):
            self._executor.add_node(node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        self.told: list[dict] = []
        self.over = 0
        self.begin_dashboard()

    def begin_dashboard(self) -> None:
        """Have what a dashboard has of takes; anew, where the one before has died."""
        self._caller = Caller(self.node)
        self.collection = Collection(self._caller.node, self.folder, self.told.append, self._over, self._reports)

    def end_dashboard(self) -> None:
        """It dies, with whatever it was doing."""
        self._caller.close()

    def _reports(self) -> dict[str, dict]:
        """What the nodes say of themselves on /diagnostics, at this moment."""
        levels = {diagnostics.OK: "ok", diagnostics.WARN: "warn", diagnostics.ERROR: "error"}
        reports = {"recorder": self.recorder.diagnose(), "record_take": self.guide.diagnose()}
        return {
            name: {"level": levels[level], "message": message, "values": {key: str(of) for key, of in values.items()}}
            for name, (level, message, values) in reports.items()
        }

    async def switch_off(self, name: str) -> None:
        """Somebody else switches a node off."""
        node = Managed(self._caller.node, name)
        while not node.there:
            await asyncio.sleep(0.02)
        await node.down()

    async def ended(self, takes: int = 1) -> None:
        """Wait until so many takes have ended."""
        while self.over < takes:
            await asyncio.sleep(0.02)

    async def _over(self) -> None:
        self.over += 1

    async def there(self) -> None:
        """Wait until the page sees both nodes."""
        while not (await self.collection.status())["guide"]:
            await asyncio.sleep(0.02)

    def ask(self, subject: str, exercise: str = "squat") -> requests.Take:
        return requests.Take(type="take", id=1, subject=subject, exercise=exercise, repetitions=3, consent=True)

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        self.end_dashboard()
        for node in (self.recorder, self.guide):
            if node.active:
                node.stop()
        for node in (self.node, self.recorder, self.guide):
            node.destroy_node()


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def run(scenario) -> None:
    # In a thread of its own: tests with a browser leave an event loop running in this one.
    failed = []

    def whole() -> None:
        try:
            asyncio.run(asyncio.wait_for(scenario(), DEADLINE))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=whole)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


async def posed(room: Room) -> None:
    """Something comes to be recorded."""
    before = int(room.recorder.diagnose()[2]["messages"])
    with publishing(room) as (poses, _):
        while int(room.recorder.diagnose()[2]["messages"]) == before:
            poses.publish(BodyPose())
            await asyncio.sleep(0.02)


async def squat(room: Room) -> None:
    """Somebody stands, and does what was asked for, up to the review."""
    with BagReader(DEMO) as bag:
        demo = [to_body_pose(pose) for pose in bag.poses()]
    with publishing(room) as (poses, events):
        for pose in demo:
            if room.told and room.told[-1]["phase"] == "review":
                return
            poses.publish(pose)
            if room.told and room.told[-1]["phase"] == "recording":
                counted = {"exercise": "squat", "status": RepEvent.STATUS_COUNTED}
                events.publish(RepEvent(header=pose.header, turn=pose.header.stamp, **counted))
            await asyncio.sleep(0.01)  # faster than the camera, but not than a queue of ten
    raise AssertionError(room.told)


@contextlib.contextmanager
def publishing(room: Room) -> Iterator[tuple[Publisher, Publisher]]:
    """Who says where somebody is, and what was counted: one at a time, as no take begins while there are two."""
    publishers = (
        room.node.create_publisher(BodyPose, "body_pose", qos.STREAM),
        room.node.create_publisher(RepEvent, "rep_event", qos.EVENTS),
    )
    try:
        yield publishers
    finally:
        for publisher in publishers:
            room.node.destroy_publisher(publisher)
