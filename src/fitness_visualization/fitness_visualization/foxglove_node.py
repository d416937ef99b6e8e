"""Node `foxglove`: a live server for Foxglove."""

import math
import sys
import time
from functools import partial
from types import ModuleType
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos, timers
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_core.types import JointAngles, Pose, RepState
from fitness_msgs import msg
from fitness_visualization.camera_model import CameraModel
from fitness_visualization.figure import figure_of
from fitness_visualization.ros.figures import FIELD_OF_VIEW, FigureFeed
from fitness_visualization.ros.schemas import definition_of

WATCH_PERIOD = 0.25
"""How often it is looked what is watched [s]."""
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
    ("set_summary", msg.SetSummary, qos.STREAM),
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
    read and nothing else. Needs foxglove-sdk.
    """

    PARAMETERS = (
        Parameter("bind", "127.0.0.1", "Address to listen on; there is no token: any other is open to its network."),
        Parameter("port", 8765, "Port to listen on; 0 = any free one.", minimum=0, maximum=65535),
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
        self._inputs: dict[str, Subscription] = {}
        self._feed: FigureFeed | None = None
        self._renew: set[str] = set()
        self._timer: Timer | None = None
        self._relayed = diagnostics.Rate()
        self._transformed = -math.inf

    def configure(self) -> None:
        try:
            import foxglove
            from foxglove import channels

            from fitness_visualization import foxglove_scene
        except ImportError:
            raise InputError(
                "foxglove-sdk is not installed; pip install foxglove-sdk, or start with ./fitness live --foxglove"
            ) from None
        self._foxglove, self._own, self._scene = foxglove, channels, foxglove_scene
        self._schemas = {name: definition_of(name) for name in {_type_name(kind) for _, kind, _ in RELAYED}}

    def activate(self) -> None:
        # Channels and server do not keep it alive.
        self._hub = context = self._foxglove.Context()
        for topic, kind, _ in RELAYED:
            name = _type_name(kind)
            schema = self._foxglove.Schema(name=name, encoding="ros2msg", data=self._schemas[name].encode())
            self._channels[topic] = self._foxglove.Channel(
                self.resolve_topic_name(topic), schema=schema, message_encoding="cdr", context=context
            )
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
                server_listener=_Listener(self._renew),
                context=context,
            )
        except Exception as error:  # the SDK raises its own for a port that is taken
            self._channels.clear()
            where = f"{self.params.bind}:{self.params.port} ({error})"
            raise InputError(f"Foxglove's server cannot listen on {where}; give another port") from None
        self.port = self._server.port
        self._timer = timers.steady(self, WATCH_PERIOD, self._watch)
        print(f"foxglove: ws://{self.params.bind}:{self.port}", file=sys.stderr, flush=True)

    def deactivate(self) -> None:
        if self._timer:
            self.destroy_timer(self._timer)
        for topic in list(self._inputs):
            self._ignore(topic)
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        if self._server is not None:
            self._server.stop()
        self._server, self.port = None, 0
        # Another thread's timer may be looking at them still.
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        watched = self._inputs or self._feed is not None
        message = "inactive" if not self.active else "active" if watched else "nobody watches"
        values: dict[str, object] = {"port": self.port, "topics": len(self._inputs), "rate_hz": self._relayed.hertz()}
        return diagnostics.OK, message, values

    def _watch(self) -> None:
        """Listen to what is watched. A latched topic is asked for anew for each viewer that comes."""
        channels = self._channels
        if not channels:
            return
        new = set(self._renew)
        self._renew -= new  # who comes meanwhile is for the next time
        for topic, kind, quality in RELAYED:
            wanted = channels[topic].has_sinks()
            if topic in self._inputs and (not wanted or channels[topic].topic() in new):
                self._ignore(topic)
            if wanted and topic not in self._inputs:
                callback = partial(self._relay, channels[topic])
                self._inputs[topic] = self.create_subscription(kind, topic, callback, quality, raw=True)
        drawn = channels[ANNOTATIONS].has_sinks() or channels[SCENE].has_sinks()
        if drawn and self._feed is None:
            self._feed = FigureFeed(self, math.radians(self.params.field_of_view), self._draw)
        if not drawn and self._feed is not None:
            self._feed.close()
            self._feed = None

    def _ignore(self, topic: str) -> None:
        self.destroy_subscription(self._inputs.pop(topic))

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
    """Notes which topics have a new viewer; called by the server's threads."""

    def __init__(self, news: set[str]) -> None:
        self._news = news

    def on_subscribe(self, client: Any, channel: Any) -> None:
        """A viewer has come."""
        self._news.add(channel.topic)

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
