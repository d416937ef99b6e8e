"""Foxglove's server, asked by a client of its WebSocket protocol: schemas, frames, units, finite numbers.

Protocol: https://github.com/foxglove/ws-protocol/blob/main/docs/spec.md.
"""

import asyncio
import base64
import importlib.util
import json
import math
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import rclpy
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap_ros2._dynamic import generate_dynamic
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from spun import Spun

from fitness_bringup.composition.live import DEMO
from fitness_core.errors import InputError
from fitness_core.geometry import joint_angles
from fitness_core.ros import qos
from fitness_core.ros.messages import from_body_pose, header, to_body_pose, to_joint_angles
from fitness_core.ros.serialized import of_rep_state
from fitness_core.types import Pose, RepState
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import BodyPose, ClassifierInfo, JointAngles, RepEvent, SetSummary
from fitness_msgs.msg import RepState as RepStateMessage
from fitness_visualization.foxglove_node import RELAYED, FoxgloveNode

FRAME = "robot_camera_optical_frame"
STAMP = 1_700_000_000_123_456_789

if importlib.util.find_spec("foxglove") is None:
    if os.environ.get("CI") == "true":
        pytest.fail("foxglove-sdk is not there: ./fitness test installs it", pytrace=False)
    pytest.skip("needs foxglove-sdk", allow_module_level=True)


@dataclass
class Viewer:
    """A client in a thread: what it was advertised, and the bytes that came on each topic it asked for."""

    port: int
    wanted: tuple[str, ...]
    channels: dict[str, dict] = field(default_factory=dict)
    received: dict[str, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{self.port}", protocols=("foxglove.sdk.v1",), max_msg_size=0) as socket,
        ):
            topics: dict[int, str] = {}
            while not self._stop.is_set():
                try:
                    message = await socket.receive(timeout=0.05)
                except TimeoutError:
                    continue
                if message.type == aiohttp.WSMsgType.TEXT:
                    content = json.loads(message.data)
                    for channel in content.get("channels", []) if content["op"] == "advertise" else []:
                        self.channels[channel["topic"]] = channel
                        if channel["topic"].endswith(self.wanted):
                            topics[channel["id"]] = channel["topic"]
                            asked = [{"id": channel["id"], "channelId": channel["id"]}]
                            await socket.send_json({"op": "subscribe", "subscriptions": asked})
                elif message.type == aiohttp.WSMsgType.BINARY and message.data[0] == 1:
                    subscription, _ = struct.unpack_from("<IQ", message.data, 1)
                    self.received.setdefault(topics[subscription], []).append(message.data[13:])
                elif message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    return

    def decode(self, topic: str, data: bytes):
        """A message by the schema that was advertised with its topic."""
        channel = self.channels[topic]
        if channel["encoding"] == "cdr":
            assert channel["schemaEncoding"] == "ros2msg"
            return generate_dynamic(channel["schemaName"], channel["schema"])[channel["schemaName"]](data)
        assert (channel["encoding"], channel["schemaEncoding"]) == ("protobuf", "protobuf")
        files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(channel["schema"] + "=="))
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(channel["schemaName"]))
        return kind.FromString(data)


class Stage(Spun):
    """The server and a graph that publishes, in a namespace of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.server = FoxgloveNode(namespace=self.namespace, parameter_overrides=[Parameter("port", value=0)])
        self.node = rclpy.create_node("graph", namespace=self.namespace)
        self.server.start()
        self.spin(self.server, self.node)
        self.poses = self.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
        self.angles = self.node.create_publisher(JointAngles, "joint_angles", qos.STREAM)
        self.states = self.node.create_publisher(RepStateMessage, "rep_state", qos.STREAM)
        self.images = self.node.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self.viewers: list[Viewer] = []

    def view(self, *topics: str) -> Viewer:
        self.viewers.append(Viewer(self.server.port, topics))
        return self.viewers[-1]

    def name(self, topic: str) -> str:
        return topic if topic.startswith("/") else f"{self.namespace}/{topic}"

    def close(self) -> None:
        for viewer in self.viewers:
            viewer.close()
        self.server.stop()
        super().close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    rclpy.init()
    made = Stage()
    yield made
    made.close()
    rclpy.try_shutdown()


def a_pose() -> Pose:
    """A person as the pose network found them."""
    with BagReader(DEMO) as bag:
        pose = next(pose for pose in bag.poses() if pose.tracked)
    return Pose(STAMP, pose.image, pose.world, pose.visibility, pose.presence, pose.width, pose.height, frame_id=FRAME)


def numbers(message) -> Iterator[float]:
    """Every number in a protobuf message."""
    for described, value in message.ListFields():
        for item in value if described.label == described.LABEL_REPEATED else [value]:
            if described.type == described.TYPE_MESSAGE:
                yield from numbers(item)
            elif described.type in (described.TYPE_DOUBLE, described.TYPE_FLOAT):
                yield item


def test_every_topic_is_advertised_with_a_schema_that_reads_it(stage: Stage) -> None:
    viewer = stage.view("nothing")
    stage.wait(lambda: len(viewer.channels) == len(RELAYED) + 3, "the topics")
    for topic, kind, _ in RELAYED:
        channel = viewer.channels[stage.name(topic)]
        name = f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"
        assert (channel["encoding"], channel["schemaName"], channel["schemaEncoding"]) == ("cdr", name, "ros2msg")
        generate_dynamic(name, channel["schema"])
    names = {
        topic: viewer.channels[stage.name(f"foxglove/{topic}")]["schemaName"]
        for topic in ("annotations", "scene", "upright")
    }
    assert names == {
        "annotations": "foxglove.ImageAnnotations",
        "scene": "foxglove.SceneUpdate",
        "upright": "foxglove.FrameTransform",
    }
    assert stage.poses.get_subscription_count() == 0, "nobody asked for poses"


def test_messages_are_passed_on_as_they_are(stage: Stage) -> None:
    viewer = stage.view("body_pose", "image_raw")
    stage.wait(lambda: stage.poses.get_subscription_count() and stage.images.get_subscription_count(), "the server")
    pose = a_pose()
    stage.poses.publish(to_body_pose(pose))
    picture = Image(header=header(STAMP, FRAME), height=2, width=2, encoding="bgr8", step=6, data=bytes(range(12)))
    stage.images.publish(picture)
    topic, pictures = stage.name("body_pose"), stage.name("camera/image_raw")
    stage.wait(lambda: topic in viewer.received and pictures in viewer.received, "the messages")
    read = from_body_pose(viewer.decode(topic, viewer.received[topic][0]))
    assert read.stamp == STAMP and read.frame_id == FRAME
    assert (read.world == pose.world).all() and (read.image == pose.image).all()
    seen = viewer.decode(pictures, viewer.received[pictures][0])
    assert bytes(seen.data) == bytes(range(12)) and seen.header.frame_id == FRAME
    viewer.close()
    stage.wait(lambda: not stage.poses.get_subscription_count(), "the server to listen no longer")


def test_the_body_is_drawn_on_the_picture_and_in_space(stage: Stage) -> None:
    viewer = stage.view("annotations", "scene", "upright")
    for publisher in (stage.poses, stage.angles, stage.states):
        stage.wait(publisher.get_subscription_count, "the server")
    pose = a_pose()
    stage.angles.publish(to_joint_angles(joint_angles(pose), FRAME))
    stage.states.publish(of_rep_state(RepState(STAMP, "curl", count=3), FRAME))
    stage.wait(
        lambda: stage.server._feed._answers.last("angles") and stage.server._feed._answers.last("state"),
        "angles and state",
    )
    stage.poses.publish(to_body_pose(pose))
    topics = {name: stage.name(f"foxglove/{name}") for name in ("annotations", "scene", "upright")}
    stage.wait(lambda: set(topics.values()) <= viewer.received.keys(), "what is drawn")
    drawn = {name: viewer.decode(topic, viewer.received[topic][0]) for name, topic in topics.items()}
    for message in drawn.values():
        assert all(math.isfinite(number) for number in numbers(message))

    lines, dots = drawn["annotations"].points
    assert lines.type == lines.DESCRIPTOR.enum_types_by_name["Type"].values_by_name["LINE_LIST"].number
    assert len(lines.points) == 2 * len(lines.outline_colors) > 20 and len(dots.points) == len(dots.outline_colors)
    assert all(-pose.width < p.x < 2 * pose.width and -pose.height < p.y < 2 * pose.height for p in dots.points)
    nose = pose.pixels()[0]
    assert (dots.points[0].x, dots.points[0].y) == pytest.approx((nose[0], nose[1]), abs=1e-3), "pixels"
    stamp = drawn["annotations"].timestamp
    assert stamp.seconds * 10**9 + stamp.nanos == STAMP, "the viewer pairs it with the picture of this stamp"
    words = [text.text for text in drawn["annotations"].texts]
    assert "curl 3" in words and len(words) > 6

    (entity,) = drawn["scene"].entities
    assert entity.frame_id == FRAME and entity.lifetime.seconds > 0
    assert entity.timestamp.seconds * 10**9 + entity.timestamp.nanos == STAMP
    (bones,) = entity.lines
    assert len(bones.points) == len(bones.colors) > 20 and 0 < bones.thickness < 0.1
    height = max(point.y for point in bones.points) - min(point.y for point in bones.points)
    assert 1.0 < height < 2.2 and all(0.5 < point.z < 20 for point in bones.points), "metres, before the camera"
    assert "curl 3" in [text.text for text in entity.texts]

    transform = drawn["upright"]
    assert transform.child_frame_id == FRAME
    rotation = transform.rotation
    assert (rotation.x, rotation.y, rotation.z, rotation.w) == (-0.5, 0.5, -0.5, 0.5)

    stage.poses.publish(to_body_pose(Pose.nobody(STAMP + 1, 640, 480, FRAME)))
    stage.wait(lambda: len(viewer.received[topics["scene"]]) > 1, "the next scene")
    gone = viewer.decode(topics["scene"], viewer.received[topics["scene"]][1])
    assert not gone.entities and [deletion.id for deletion in gone.deletions] == ["body"]
    empty = viewer.decode(topics["annotations"], viewer.received[topics["annotations"]][1])
    assert not empty.points


def test_who_comes_late_is_told_what_is_latched(stage: Stage) -> None:
    info = stage.node.create_publisher(ClassifierInfo, "exercise/info", qos.LATCHED)
    info.publish(ClassifierInfo(model_id="model-1", labels=["curl", "squat"]))
    topic = stage.name("exercise/info")
    for _ in range(2):
        viewer = stage.view("exercise/info")
        stage.wait(lambda viewer=viewer: topic in viewer.received, "the latched message")
        assert viewer.decode(topic, viewer.received[topic][0]).model_id == "model-1"


def test_who_comes_after_a_set_is_told_its_summary(stage: Stage) -> None:
    sets = stage.node.create_publisher(SetSummary, "set_summary", qos.STATE)
    sets.publish(SetSummary(exercise="curl", repetitions=3))
    topic = stage.name("set_summary")
    for _ in range(2):
        viewer = stage.view("set_summary")
        stage.wait(lambda viewer=viewer: topic in viewer.received, "the last set")
        assert viewer.decode(topic, viewer.received[topic][0]).repetitions == 3


def test_a_second_viewer_costs_the_first_nothing(stage: Stage) -> None:
    """Who subscribes anew to what is not latched loses what comes in between."""
    events = stage.node.create_publisher(RepEvent, "rep_event", qos.EVENTS)
    topic = stage.name("rep_event")
    relay = stage.server._relays[topic]
    first = stage.view("rep_event")
    stage.wait(lambda: events.get_subscription_count() and relay.heard and not relay.renewed, "the server")
    listening = relay.heard
    second = stage.view("rep_event")
    stage.node.create_timer(0.02, lambda: events.publish(RepEvent()))
    stage.wait(lambda: topic in first.received and topic in second.received and not relay.renewed, "the events")
    assert relay.heard is listening


def test_a_port_that_is_taken_is_said(stage: Stage) -> None:
    taken = stage.server.port
    second = FoxgloveNode("second", namespace=stage.namespace, parameter_overrides=[Parameter("port", value=taken)])
    try:
        with pytest.raises(InputError, match=f"{taken}.*another port"):
            second.start()
    finally:
        second.destroy_node()
