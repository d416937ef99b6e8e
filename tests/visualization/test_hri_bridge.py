"""REP-155: 33 landmarks to 18 points, the topics under /humans, and a graph that runs on without hri_msgs."""

import importlib.util
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import Header

from fitness_bringup.composition import live, processes
from fitness_core.ros import messages, qos
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose
from fitness_msgs import msg
from fitness_visualization import hri_bridge_node
from fitness_visualization.hri import POINTS, skeleton_of
from fitness_visualization.hri_bridge_node import ABSENT, OF_BODY, HriBridgeNode


def body(body_id: str = "person_1") -> Pose:
    random = np.random.default_rng(0)
    image = random.uniform(0.2, 0.8, (33, 3)).astype(np.float32)
    seen = random.uniform(0.5, 1.0, 33).astype(np.float32)
    return Pose(1_500_000_000, image, image.copy(), seen, seen.copy(), 640, 480, 0.9, body_id)


def test_every_point_is_the_landmark_of_its_name() -> None:
    pose = body()
    skeleton = skeleton_of(pose)
    assert skeleton.shape == (18, 3) and len(set(POINTS)) == 18
    for name, point in zip(POINTS, skeleton, strict=True):
        if name != "neck":
            row = INDEX[name]
            assert point == pytest.approx([*pose.image[row, :2], pose.visibility[row]], abs=1e-6)


def test_the_neck_is_between_the_shoulders_and_as_sure_as_the_less_sure() -> None:
    pose = body()
    left, right = INDEX["left_shoulder"], INDEX["right_shoulder"]
    neck = skeleton_of(pose)[POINTS.index("neck")]
    assert neck[:2] == pytest.approx((pose.image[left, :2] + pose.image[right, :2]) / 2)
    assert neck[2] == pytest.approx(min(pose.visibility[left], pose.visibility[right]))


def test_what_is_not_measured_or_out_of_the_picture_has_no_confidence() -> None:
    pose = body()
    image = pose.image.copy()
    image[INDEX["left_shoulder"]] = np.nan
    image[INDEX["left_ankle"], :2] = 0.4, 1.3
    skeleton = skeleton_of(replace(pose, image=image))
    for name in ("left_shoulder", "neck"):
        assert skeleton[POINTS.index(name)].tolist() == [0, 0, 0]
    assert skeleton[POINTS.index("left_ankle")] == pytest.approx([0.4, 1.0, 0.0])
    assert skeleton[POINTS.index("right_ankle")][2] > 0
    assert (skeleton_of(Pose.nobody(0, 640, 480)) == 0).all()


@dataclass
class Point:
    """Stands for hri_msgs/NormalizedPointOfInterest2D, field by field."""

    x: float = 0.0
    y: float = 0.0
    c: float = 0.0


@dataclass
class Skeleton:
    """Stands for hri_msgs/Skeleton2D."""

    header: Any = None
    skeleton: list[Point] = field(default_factory=list)


@dataclass
class Ids:
    """Stands for hri_msgs/IdsList."""

    header: Any = None
    ids: list[str] = field(default_factory=list)


STAND_IN = SimpleNamespace(IdsList=Ids, Skeleton2D=Skeleton, NormalizedPointOfInterest2D=Point)


class Wire:
    """The other end: publishes what the graph publishes, and keeps what the bridge publishes."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, stand_in: bool, namespace: str = "fitness", id_prefix: str = ""
    ) -> None:
        rclpy.init()
        self.sent: list[tuple[str, Any]] = []
        self.made: set[str] = set()
        if stand_in:
            monkeypatch.setattr(hri_bridge_node, "hri_messages", lambda: STAND_IN)
            monkeypatch.setattr(HriBridgeNode, "_publisher", self._create)
        self.graph = Node("graph", namespace=namespace)
        given = [RosParameter("id_prefix", value=id_prefix)] if id_prefix else []
        self.bridge = HriBridgeNode(namespace=namespace, parameter_overrides=given)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.graph)
        self.executor.add_node(self.bridge)
        self.bridge.start()

    def _create(self, _: type, topic: str, __: Any) -> Any:
        self.made.add(topic)
        return SimpleNamespace(publish=lambda message: self.sent.append((topic, message)))

    def publish(self, message_type: type, topic: str, message: Any) -> None:
        publisher = self.graph.create_publisher(message_type, topic, qos.EVENTS)
        self.until(lambda: publisher.get_subscription_count() > 0)
        publisher.publish(message)

    def until(self, there: Any) -> None:
        end = self.graph.get_clock().now().nanoseconds + 60_000_000_000
        while not there():
            assert self.graph.get_clock().now().nanoseconds < end
            self.executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        self.executor.shutdown()
        self.bridge.stop()
        self.bridge.destroy_node()
        self.graph.destroy_node()
        rclpy.shutdown()


def topics(wire: Wire) -> set[str]:
    return {topic for topic, _ in wire.sent}


def test_the_trainee_is_a_body_of_humans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the message definitions' fields (hri_msgs 2.0.0)."""
    wire = Wire(monkeypatch, stand_in=True)
    try:
        pose = body()
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(pose))
        wire.until(lambda: "/humans/bodies/person_1/skeleton2d" in topics(wire))
        assert wire.made >= {f"/humans/bodies/person_1/{topic}" for topic in OF_BODY}, "before there is news to miss"
        tracked, skeleton = (message for _, message in wire.sent)
        assert tracked.ids == ["person_1"] and skeleton.header == tracked.header
        assert [(p.x, p.y, p.c) for p in skeleton.skeleton] == [tuple(p) for p in skeleton_of(pose).tolist()]
        angles = msg.JointAngles(header=Header(), body_id="person_1", angles=[1.0] * 10, confidences=[1.0] * 10)
        wire.publish(msg.JointAngles, "joint_angles", angles)
        wire.publish(msg.RepEvent, "rep_event", msg.RepEvent(body_id="person_1"))
        wire.publish(msg.RepState, "rep_state", msg.RepState(body_id="somebody_else"))
        wire.publish(msg.ExerciseClassification, "exercise", msg.ExerciseClassification(body_id="person_1"))
        under = "/humans/bodies/person_1/"
        wire.until(lambda: {under + "joint_states", under + "rep_event", under + "exercise"} <= topics(wire))
        assert under + "rep_state" not in topics(wire)
        joints = next(message for topic, message in wire.sent if topic == under + "joint_states")
        assert joints.name[:2] == ["left_elbow", "right_elbow"] and list(joints.position) == [1.0] * 10
        wire.sent.clear()
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(replace(Pose.nobody(2, 640, 480), lost=True)))
        wire.until(lambda: wire.sent)
        assert [(topic, message.ids) for topic, message in wire.sent] == [("/humans/bodies/tracked", [])]
    finally:
        wire.close()


def test_the_last_repetition_of_a_body_is_told_although_another_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter decides it when it meets the other one."""
    wire = Wire(monkeypatch, stand_in=True)
    under = "/humans/bodies/person_1/rep_event"
    try:
        for number in (1, 2):
            wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(body(f"person_{number}")))
            wire.until(lambda number=number: f"/humans/bodies/person_{number}/skeleton2d" in topics(wire))
        wire.publish(msg.RepEvent, "rep_event", msg.RepEvent(body_id="person_1", index=7))
        wire.until(lambda: under in topics(wire))
        assert [message.index for topic, message in wire.sent if topic == under] == [7]
    finally:
        wire.close()


@pytest.mark.parametrize(
    ("namespace", "given", "name"),
    [
        ("fitness", "", "person_1"),
        ("left/fitness", "", "left_person_1"),
        ("robot/gym", "", "robot_gym_person_1"),
        ("left/fitness", "mat_", "mat_person_1"),
    ],
)
def test_bodies_of_two_graphs_of_a_robot_differ(
    monkeypatch: pytest.MonkeyPatch, namespace: str, given: str, name: str
) -> None:
    wire = Wire(monkeypatch, stand_in=True, namespace=namespace, id_prefix=given)
    try:
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(body()))
        wire.until(lambda: f"/humans/bodies/{name}/skeleton2d" in topics(wire))
        assert wire.made == {"/humans/bodies/tracked", *(f"/humans/bodies/{name}/{topic}" for topic in OF_BODY)}
        assert next(message.ids for topic, message in wire.sent if topic.endswith("tracked")) == [name]
    finally:
        wire.close()


def test_a_body_that_cannot_name_a_topic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, stand_in=True)
    try:
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(body("no such/body!")))
        wire.until(lambda: wire.bridge.refusals.counts)
        assert not wire.sent
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(body()))
        wire.until(lambda: "/humans/bodies/person_1/skeleton2d" in topics(wire))
    finally:
        wire.close()


def test_live_has_the_bridge_where_it_is_asked_for(fitness, tmp_path) -> None:
    """One process and one each: the graph counts on, with hri_msgs or without."""
    done = fitness("live", "--demo", "--unpaced", "--no-dashboard", "--no-overlay", "--no-markers", "--hri")
    assert done.returncode == 0 and "squat 5" in done.stdout, done.stderr
    if importlib.util.find_spec("hri_msgs") is None:
        assert done.stderr.count(ABSENT) == 1
    options = live.Options(demo=True, hri=True)
    assert "hri_bridge" in [program.name for program in processes.programs(options, tmp_path / "parameters.yaml")]


def test_without_hri_msgs_it_says_so_once_and_idles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hri_bridge_node, "hri_messages", lambda: None)
    wire = Wire(monkeypatch, stand_in=False)
    try:
        wire.publish(msg.BodyPose, "body_pose", messages.to_body_pose(body()))
        assert wire.bridge.active and not wire.bridge.finished.done()
        assert wire.bridge.diagnose()[1] == ABSENT
        assert not any(name.startswith("/humans") for name, _ in wire.graph.get_topic_names_and_types())
    finally:
        wire.close()


def test_absence_is_told_from_presence() -> None:
    assert (hri_bridge_node.hri_messages() is None) == (importlib.util.find_spec("hri_msgs") is None)
