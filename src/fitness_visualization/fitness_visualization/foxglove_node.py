"""Node `foxglove`: a live server for Foxglove."""

import math
import sys
import time
from functools import partial
from types import ModuleType
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.topics.while_watched import WhileWatched, Work
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_core.types import JointAngles, Pose, RepState
from fitness_msgs import msg
from fitness_visualization.space.camera_model import CameraModel
from fitness_visualization.space.figure import figure_of
from fitness_visualization.space.ros.figures import FIELD_OF_VIEW, FigureFeed
from fitness_visualization.space.ros.schemas import definition_of

UPRIGHT_PERIOD = 1.0
"""Between two transforms [s]: late viewers need one."""
RELAYED: tuple[tuple[str, type, QoSProfile], ...] = (
    ("camera/image_raw", Image, qos.IMAGE_SUBSCRIBER),
    ("camera/image_raw/compressed", CompressedImage, qos.IMAGE_SUBSCRIBER),
    ("camera/camera_info", CameraInfo, qos.IMAGE_SUBSCRIBER),
    ("overlay/image/compressed", CompressedImage, qos.OVERLAY),
    ("body_pose", msg.BodyPose, qos.STREAM),
    ("joint_angles", msg.JointAngles, qos.STREAM),
    ("exercise", msg.ExerciseClassification, qos.STREAM),
    ("exercise/info", msg.ClassifierInfo, qos.LATCHED),
    ("rep_state", msg.RepState, qos.STREAM),
    ("rep_event", msg.RepEvent, qos.EVENTS),
    ("set_summary", msg.SetSummary, qos.STATE),
    ("form_cue", msg.FormCue, qos.STREAM),
    ("periodicity", msg.Periodicity, qos.STREAM),
    ("take_label", msg.TakeLabel, qos.TAKES),
    ("instruction", String, qos.TAKES),
    ("/diagnostics", DiagnosticArray, qos.DIAGNOSTICS),
)
"""Topics that are passed on as they are (CDR), with their type and QoS."""
ANNOTATIONS, SCENE, TRANSFORM = "annotations", "scene", "upright"
"""Topics of Foxglove's own messages."""


class FoxgloveNode(FitnessNode):
    """Serves the graph to Foxglove on ws://127.0.0.1:8765: its topics, the body on the picture and in space.

    Listens only to what a viewer has subscribed to; the topics are those of RELAYED in foxglove_node.py. Viewers can
    only read. Needs foxglove-sdk.
    """

    PARAMETERS = (
        Parameter(
            "bind",
            "127.0.0.1",
            "Address to listen on. There is no token: any but the loopback is open to its network.",
            read_only=True,
        ),
        Parameter("port", 8765, "Port to listen on; 0 = any free one.", minimum=0, maximum=65535, read_only=True),
        FIELD_OF_VIEW,
        Parameter("min_visibility", MIN_VISIBILITY, "Less visible landmarks are not drawn.", minimum=0.0, maximum=1.0),
    )

    def __init__(self, name: str = "foxglove", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self.port = 0
        """Port that is listened on; 0 = none."""
        self._foxglove: ModuleType
        self._schemas: dict[str, str] = {}
        self._server: Any = None
        self._channels: dict[str, Any] = {}
        self._relays: dict[str, Work] = {}
        self._feed = FigureFeed(self, math.radians(self.params.field_of_view), self._draw)
        self._watching = WhileWatched(self)
        self._relayed = diagnostics.Rate()
        self._transformed = -math.inf

    def configure(self) -> None:
        try:
            import foxglove
            from foxglove import channels

            from fitness_visualization.space import foxglove_scene
        except ImportError:
            raise InputError(
                "foxglove-sdk is not installed; pip install foxglove-sdk, or start with ./fitness live --foxglove"
            ) from None
        self._foxglove, self._own, self._scene = foxglove, channels, foxglove_scene
        self._schemas = {name: definition_of(name) for name in {_type_name(kind) for _, kind, _ in RELAYED}}

    def activate(self) -> None:
        # Channels and server do not keep it alive.
        self._hub = context = self._foxglove.Context()
        latched: dict[str, Work] = {}
        for topic, kind, quality in RELAYED:
            name = _type_name(kind)
            schema = self._foxglove.Schema(name=name, encoding="ros2msg", data=self._schemas[name].encode())
            channel = self._channels[topic] = self._foxglove.Channel(
                self.resolve_topic_name(topic), schema=schema, message_encoding="cdr", context=context
            )
            relay = Work(partial(self._watched, topic), partial(self._listen, topic, kind, quality))
            self._relays[channel.topic()] = relay
            if quality.durability == DurabilityPolicy.TRANSIENT_LOCAL:
                latched[channel.topic()] = relay
        for topic, kind in (
            (ANNOTATIONS, self._own.ImageAnnotationsChannel),
            (SCENE, self._own.SceneUpdateChannel),
            (TRANSFORM, self._own.FrameTransformChannel),
        ):
            self._channels[topic] = kind(self.resolve_topic_name(f"foxglove/{topic}"), context=context)
        try:
            self._server = self._foxglove.start_server(
                name="fitness",
                host=self.params.bind,
                port=self.params.port,
                server_listener=_Listener(latched),
                context=context,
            )
        except Exception as error:  # the SDK raises its own for a port that is taken
            self._channels.clear()
            where = f"{self.params.bind}:{self.params.port} ({error})"
            raise InputError(
                f"Foxglove's server cannot listen on {where}; give another port, or `bind` another address"
            ) from None
        self.port = self._server.port
        drawn = Work(lambda: self._watched(ANNOTATIONS) or self._watched(SCENE), self._feed.listen, self._feed.forget)
        self._watching.start(*self._relays.values(), drawn)
        print(f"foxglove: ws://{self.params.bind}:{self.port}", file=sys.stderr, flush=True)

    def deactivate(self) -> None:
        self._watching.stop()
        if self._server is not None:
            self._server.stop()
        self._server, self.port = None, 0
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        topics = sum(relay.heard is not None for relay in self._relays.values())
        values: dict[str, object] = {"port": self.port, "topics": topics, "rate_hz": self._relayed.hertz()}
        return diagnostics.OK, self._watching.state, values

    def _watched(self, topic: str) -> bool:
        return self._channels[topic].has_sinks()

    def _listen(self, topic: str, kind: type, quality: QoSProfile) -> list[Subscription]:
        relay = partial(self._relay, self._channels[topic])
        return [self.create_subscription(kind, topic, relay, quality, raw=True)]

    def _relay(self, channel: Any, data: bytes) -> None:
        channel.log(data)
        self._relayed.tick()

    def _draw(self, pose: Pose, angles: JointAngles | None, state: RepState | None, camera: CameraModel) -> None:
        visible = self.params.min_visibility
        self._channels[ANNOTATIONS].log(self._scene.annotations(pose, angles, state, visible))
        figure = figure_of(pose, angles, state, camera, visible)
        self._channels[SCENE].log(self._scene.scene(figure, pose.stamp, pose.frame_id))
        if time.monotonic() - self._transformed > UPRIGHT_PERIOD:
            self._transformed = time.monotonic()
            self._channels[TRANSFORM].log(self._scene.upright(pose.stamp, pose.frame_id))


class _Listener:
    """Asks for a latched topic anew for each viewer that comes. Called by the server's threads.

    Only for those: what comes between two subscriptions to another topic is lost.
    """

    def __init__(self, latched: dict[str, Work]) -> None:
        self._latched = latched

    def on_subscribe(self, client: Any, channel: Any) -> None:
        """A viewer has come."""
        if relay := self._latched.get(channel.topic):
            relay.renewed = True

    def __getattr__(self, name: str) -> Any:
        # The other events of the protocol are of no interest.
        return lambda *_, **__: None


def _type_name(kind: type) -> str:
    return f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"


def main() -> int:
    """Program `foxglove_node`."""
    return run(FoxgloveNode)


if __name__ == "__main__":
    sys.exit(main())
