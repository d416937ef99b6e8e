"""Node `hri_bridge`: the graph as REP-155 (ROS4HRI) names it, for robots that listen to /humans."""

import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, messages, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.skeleton import JOINTS
from fitness_msgs import msg
from fitness_visualization.hri import skeleton_of

BODIES = "/humans/bodies"
OF_BODY = ("skeleton2d", "joint_states", "exercise", "rep_state", "rep_event")
"""Topics under `BODIES`/<body_id>/."""
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ABSENT = "hri_msgs is not installed (apt: ros-jazzy-hri-msgs): nothing is published on /humans"


class HriBridgeNode(FitnessNode):
    """Publishes the trainee on `/humans/bodies/tracked` (hri_msgs/IdsList), and under `/humans/bodies/<body_id>/`:
    `skeleton2d` (hri_msgs/Skeleton2D, 18 points), `joint_states` (sensor_msgs/JointState, [rad]), and `exercise`,
    `rep_state` and `rep_event` of that body, unchanged. A robot has one /humans but may have several graphs with the
    same body ids, so each id begins with the graph's namespace (`/left/fitness`: `left_person_1`).

    If hri_msgs is not installed, it says so once and stays idle, so that a launch file does not respawn it again and
    again; the rest of the graph runs on.
    """

    PARAMETERS = (
        Parameter(
            "id_prefix",
            "",
            "Before every body_id on /humans. Empty: the namespace without `fitness` (`/left/fitness` gives `left_`).",
            read_only=True,
        ),
    )

    def __init__(self, name: str = "hri_bridge", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._hri: ModuleType | Any = None
        self._prefix = self.params.id_prefix or prefix_of(self.get_namespace())
        self._tracked: Publisher | None = None
        self._body = ""
        self._of_body: dict[str, Publisher] = {}
        self._before: tuple[str, Publisher] | None = None  # the body followed before, and its rep_event
        self._rate = diagnostics.Rate()
        self._said = False
        self.create_subscription(msg.BodyPose, "body_pose", self._on_pose, qos.STREAM)
        self.create_subscription(msg.JointAngles, "joint_angles", self._on_angles, qos.STREAM)
        self.create_subscription(msg.ExerciseClassification, "exercise", self._pass_on("exercise"), qos.STREAM)
        self.create_subscription(msg.RepState, "rep_state", self._pass_on("rep_state"), qos.STREAM)
        self.create_subscription(msg.RepEvent, "rep_event", self._pass_on("rep_event"), qos.EVENTS)

    def configure(self) -> None:
        if self._prefix and not _ID.fullmatch(self._prefix):
            raise InputError(f"parameter `id_prefix` is {self._prefix!r}; letters, digits and _ can be, no digit first")
        self._hri = hri_messages()
        if self._hri is None:
            if not self._said:
                self.get_logger().warning(ABSENT)
            self._said = True
            return
        self._tracked = self._publisher(self._hri.IdsList, f"{BODIES}/tracked", qos.STREAM)

    def deactivate(self) -> None:
        if self._tracked is not None:
            header = Header(stamp=self.get_clock().now().to_msg())
            self._tracked.publish(self._hri.IdsList(header=header, ids=[]))
        self._follow("")
        if self._before is not None:
            self.destroy_publisher(self._before[1])
            self._before = None

    def release(self) -> None:
        if self._tracked is not None:
            self.destroy_publisher(self._tracked)
            self._tracked = None

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        if self._hri is None:
            return diagnostics.OK, ABSENT if self._said else "inactive", {}
        return diagnostics.OK, "active" if self.active else "inactive", {"rate_hz": self._rate.hertz()}

    def _follow(self, body_id: str) -> None:
        """Publish under this body from now on."""
        name = self._prefix + body_id
        if body_id and not _ID.fullmatch(name):
            raise InputError(f"body_id {name[:40]!r} cannot be a part of a topic's name; letters, digits and _ can")
        if body_id != self._body:
            # The counter decides the last repetitions of a body when it meets the next one.
            last = self._of_body.pop("rep_event", None)
            for publisher in [*self._of_body.values(), *(self._before or ())[1:]]:
                self.destroy_publisher(publisher)
            self._before = (self._body, last) if last is not None else None
            self._of_body, self._body = {}, body_id
            # All at once: who listens has found them by the time that a repetition is counted.
            for topic, (kind, profile) in self._kinds().items() if body_id else ():
                self._of_body[topic] = self._publisher(kind, f"{BODIES}/{name}/{topic}", profile)

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        return self.create_publisher(kind, topic, profile)

    def _kinds(self) -> dict[str, tuple[type, QoSProfile]]:
        kinds = self._hri.Skeleton2D, JointState, msg.ExerciseClassification, msg.RepState, msg.RepEvent
        profiles = qos.STREAM, qos.STREAM, qos.STREAM, qos.STATE, qos.EVENTS
        return dict(zip(OF_BODY, zip(kinds, profiles, strict=True), strict=True))

    def _on_pose(self, message: msg.BodyPose) -> None:
        if not self.active or self._tracked is None:
            return
        seen = message.status == msg.BodyPose.STATUS_TRACKED and bool(message.body_id)
        if seen:
            self._follow(message.body_id)
        ids = [self._prefix + message.body_id] if seen else []
        self._tracked.publish(self._hri.IdsList(header=message.header, ids=ids))
        if not seen:
            return
        self._rate.tick()
        point = self._hri.NormalizedPointOfInterest2D
        points = [point(x=x, y=y, c=c) for x, y, c in skeleton_of(messages.from_body_pose(message)).tolist()]
        self._of_body["skeleton2d"].publish(self._hri.Skeleton2D(header=message.header, skeleton=points))

    def _on_angles(self, message: msg.JointAngles) -> None:
        if self._is_body(message.body_id):
            names = [joint.name for joint in JOINTS]
            angles = [float(angle) for angle in message.angles]
            self._of_body["joint_states"].publish(JointState(header=message.header, name=names, position=angles))

    def _pass_on(self, topic: str) -> Any:
        def take(message: Any) -> None:
            if self._is_body(message.body_id):
                self._of_body[topic].publish(message)
            elif topic == "rep_event" and self.active and self._before and message.body_id == self._before[0]:
                self._before[1].publish(message)

        return take

    def _is_body(self, body_id: str) -> bool:
        return self.active and bool(body_id) and body_id == self._body


def prefix_of(namespace: str) -> str:
    """What stands before the ids of a graph in this namespace: nothing in `/fitness`, `left_` in `/left/fitness`."""
    parts = [part for part in namespace.split("/") if part]
    return "".join(f"{part}_" for part in parts[: -1 if parts[-1:] == ["fitness"] else None])


def hri_messages() -> ModuleType | None:
    """The messages of hri_msgs; None where it is not installed."""
    try:
        return import_module("hri_msgs.msg")
    except ImportError:
        return None


def main() -> int:
    """Run the node."""
    return run(HriBridgeNode)


if __name__ == "__main__":
    sys.exit(main())
