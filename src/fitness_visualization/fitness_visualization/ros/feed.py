"""The topics of the graph as the dashboard's `State`; poses, angles and pictures are read only when somebody looks."""

import struct
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from std_msgs.msg import String

from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.ros.images import to_bgr
from fitness_core.types import NANOSECONDS
from fitness_msgs.msg import (
    BodyPose,
    ClassifierInfo,
    ExerciseClassification,
    FormCue,
    JointAngles,
    RepEvent,
    RepState,
    SetSummary,
)
from fitness_visualization.dashboard.state import Json, State

PICTURES = 8
"""Pictures kept until their pose comes: it is late by the time the estimator takes."""


class Feed:
    """Subscriptions of a node that fill a State.

    on_pose: called for each pose. on_event: called with the JSON of each repetition, set, cue and instruction.
    """

    def __init__(self, node: Node, state: State, on_pose: Callable[[], None], on_event: Callable[[Json], None]) -> None:
        self.state = state
        self._node = node
        self._on_pose = on_pose
        self._on_event = on_event
        self._labels: list[str] = []
        self._pose: bytes | None = None
        self._angles: bytes | None = None
        self._pictures: deque[bytes] = deque(maxlen=PICTURES)
        self._shown: bytes | None = None
        self._picture_input: Subscription | None = None
        self._inputs = [
            node.create_subscription(BodyPose, "body_pose", self._take_pose, qos.STREAM, raw=True),
            node.create_subscription(JointAngles, "joint_angles", self._take_angles, qos.STREAM, raw=True),
            node.create_subscription(ExerciseClassification, "exercise", self._take_classification, qos.STREAM),
            node.create_subscription(ClassifierInfo, "exercise/info", self._take_info, qos.LATCHED),
            node.create_subscription(RepState, "rep_state", self._take_state, qos.STREAM),
            node.create_subscription(RepEvent, "rep_event", self._take_repetition, qos.EVENTS),
            node.create_subscription(SetSummary, "set_summary", self._take_set, qos.STREAM),
            node.create_subscription(FormCue, "form_cue", self._take_cue, qos.STREAM),
            node.create_subscription(String, "instruction", self._take_instruction, qos.TAKES),
            node.create_subscription(DiagnosticArray, "/diagnostics", self._take_diagnostics, qos.DIAGNOSTICS),
        ]

    def close(self) -> None:
        """Listen no more."""
        self.want_pictures(False)
        for subscription in self._inputs:
            self._node.destroy_subscription(subscription)

    def want_pictures(self, wanted: bool) -> None:
        """Subscribe to the pictures, or no more."""
        if wanted and self._picture_input is None:
            self._picture_input = self._node.create_subscription(
                Image, "camera/image_raw", self._take_picture, qos.IMAGE_SUBSCRIBER, raw=True
            )
        elif not wanted and self._picture_input is not None:
            self._node.destroy_subscription(self._picture_input)
            self._picture_input = None
            self._pictures.clear()

    # What the server asks, in its thread.

    def now(self) -> Json:
        """The message `state`."""
        self._shown = pose = self._pose
        return self.state.now(
            messages.from_body_pose(deserialize_message(pose, BodyPose)) if pose else None,
            messages.from_joint_angles(deserialize_message(self._angles, JointAngles)) if self._angles else None,
        )

    def picture(self) -> np.ndarray | None:
        """The picture that the pose of the last `now` was measured in, BGR; None where it has not come."""
        if self._shown is None:
            return None
        stamp = stamp_of(self._shown)
        image = next((image for image in reversed(list(self._pictures)) if stamp_of(image) == stamp), None)
        try:
            return to_bgr(view_of(image)) if image else None
        except InputError:
            return None

    # What the graph says, in the node's thread.

    def _take_pose(self, cdr: bytes) -> None:
        self._pose = cdr
        self.state.tick(stamp_of(cdr))
        self._on_pose()

    def _take_angles(self, cdr: bytes) -> None:
        self._angles = cdr

    def _take_picture(self, cdr: bytes) -> None:
        self._pictures.append(cdr)

    def _take_info(self, message: ClassifierInfo) -> None:
        self._labels = list(message.labels)
        self.state.threshold, self.state.model = message.confidence_threshold, message.model_id

    def _take_classification(self, message: ExerciseClassification) -> None:
        self.state.take_classification(messages.from_classification(message, self._labels))

    def _take_state(self, message: RepState) -> None:
        self.state.take_state(messages.from_rep_state(message))

    def _take_repetition(self, message: RepEvent) -> None:
        self._on_event(self.state.take_repetition(messages.from_rep_event(message)))

    def _take_set(self, message: SetSummary) -> None:
        self._on_event(self.state.take_set(messages.from_set_summary(message)))

    def _take_cue(self, message: FormCue) -> None:
        self._on_event(self.state.take_cue(messages.from_form_cue(message)))

    def _take_instruction(self, message: String) -> None:
        self._on_event(self.state.take_instruction(message.data))

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        namespace = self._node.get_namespace().rstrip("/") + "/"
        for status in message.status:
            if status.name.startswith(namespace):
                values = {pair.key: pair.value for pair in status.values}
                level: Any = status.level
                level = level[0] if isinstance(level, bytes) else level
                self.state.take_diagnostics(status.name.removeprefix(namespace), level, status.message, values)


def stamp_of(cdr: bytes) -> int:
    """Stamp [ns] of a serialized message that begins with a std_msgs/Header.

    Four bytes say how it is encoded, then come the seconds (int32) and nanoseconds (uint32) of the stamp:
    https://www.omg.org/spec/DDSI-RTPS/2.5, 10.
    """
    seconds, nanoseconds = struct.unpack_from("<iI" if cdr[1] & 1 else ">iI", cdr, 4)
    return seconds * NANOSECONDS + nanoseconds


def view_of(cdr: bytes) -> Any:
    """A serialized sensor_msgs/Image as `to_bgr` reads it, pixels not copied: deserializing costs 2 ms a picture."""
    order = "<" if cdr[1] & 1 else ">"
    at = 12

    def number() -> int:
        nonlocal at
        # Numbers lie on multiples of four after the four bytes that say how it is encoded.
        at += -at % 4
        at += 4
        return struct.unpack_from(f"{order}I", cdr, at - 4)[0]

    def string() -> bytes:
        nonlocal at
        length = number()
        at += length
        return cdr[at - length : at - 1]

    string()  # frame_id
    height, width, encoding = number(), number(), string().decode()
    at += 1  # is_bigendian
    step, length = number(), number()
    data = memoryview(cdr)[at : at + length]
    return SimpleNamespace(height=height, width=width, encoding=encoding, step=step, data=data)
