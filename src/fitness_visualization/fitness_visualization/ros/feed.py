"""The topics of the graph as the dashboard's `State`.

What only the newest is shown of (poses, angles, labels, phases) and pictures are read only when somebody looks.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from std_msgs.msg import String

from fitness_core.errors import InputError
from fitness_core.ros import messages, pictures, qos
from fitness_core.ros.images import to_bgr
from fitness_core.ros.serialized import pose_of, stamp_of
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
from fitness_visualization.ros.polled import Polled, take

PICTURES = 64 * 2**20
"""Pictures kept until their pose comes, which is late by the time the estimator takes [bytes]."""
FIRST, LOOK = 0.5, 0.02
"""Longest wait for the first angles, and between two looks for them [s]."""


class Feed:
    """Subscriptions of a node that fill a State when they are taken from; all in one thread, but for its `Work`.

    on_event: called with the JSON of each repetition, set, cue and instruction. transport: of the pictures.
    """

    def __init__(self, node: Node, state: State, on_event: Callable[[Json], None], transport: str = "raw") -> None:
        self.state = state
        self._node = node
        self._transport = transport
        self._on_event = on_event
        self._labels: list[str] = []
        self._pose: bytes | None = None
        self._angles: bytes | None = None
        self._label: bytes | None = None
        self._rep: bytes | None = None
        self._pictures: deque[tuple[int, bytes]] = deque()  # with their stamps
        self._shown: bytes | None = None
        self._picture_input: Subscription | None = None
        self._angles_input: Subscription | None = None
        self._group = group = Polled()
        # As deep as events: while nobody watches, poses are counted a few times a second only.
        self._poses = node.create_subscription(
            BodyPose, "body_pose", self._take_pose, qos.EVENTS, raw=True, callback_group=group
        )
        self._others = [
            node.create_subscription(
                ClassifierInfo, "exercise/info", self._take_info, qos.LATCHED, callback_group=group
            ),
            node.create_subscription(
                ExerciseClassification,
                "exercise",
                self._take_label,
                qos.STREAM,
                raw=True,
                callback_group=group,
            ),
            node.create_subscription(RepState, "rep_state", self._take_rep, qos.STREAM, raw=True, callback_group=group),
            node.create_subscription(RepEvent, "rep_event", self._take_repetition, qos.EVENTS, callback_group=group),
            node.create_subscription(SetSummary, "set_summary", self._take_set, qos.STREAM, callback_group=group),
            node.create_subscription(FormCue, "form_cue", self._take_cue, qos.STREAM, callback_group=group),
            node.create_subscription(String, "instruction", self._take_instruction, qos.TAKES, callback_group=group),
            node.create_subscription(
                DiagnosticArray, "/diagnostics", self._take_diagnostics, qos.DIAGNOSTICS, callback_group=group
            ),
        ]

    def close(self) -> None:
        """Listen no more, pictures and angles aside."""
        for subscription in (self._poses, *self._others):
            self._node.destroy_subscription(subscription)

    # For a `Work` (`fitness_core.ros.topics.while_watched`) each, in the node's thread.

    def listen_to_pictures(self) -> list[Subscription]:
        """Subscribe to the pictures."""
        others: dict[str, Any] = {"raw": True, "callback_group": self._group}
        self._picture_input = pictures.subscribe(
            self._node, self._transport, self._take_picture, qos.IMAGE_SUBSCRIBER, **others
        )
        return [self._picture_input]

    def forget_pictures(self) -> None:
        """No pictures come any more."""
        self._picture_input = None

    def listen_to_angles(self) -> list[Subscription]:
        """Subscribe to the angles."""
        self._angles_input = self._node.create_subscription(
            JointAngles, "joint_angles", self._take_angles, qos.STREAM, raw=True, callback_group=self._group
        )
        return [self._angles_input]

    def forget_angles(self) -> None:
        """No angles come any more."""
        self._angles_input = self._angles = None

    # For who asks once, in the thread that takes.

    @property
    def posed_unwatched(self) -> bool:
        """Whether poses come, and angles were not asked for."""
        return self._angles_input is None and self.state.silence() < self.state.silent_after

    async def first_angles(self, look: Callable[[], object]) -> None:
        """Wait until angles have come, `FIRST` at most. look: takes what has come."""
        deadline = time.monotonic() + FIRST
        while self._angles is None and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
            look()

    def take_poses(self) -> bool:
        """Take the poses that have come; whether there was one."""
        return take(self._poses) > 0

    def take_others(self) -> bool:
        """Take everything else that has come; whether there was any, pictures aside."""
        picture_input, angles = self._picture_input, self._angles_input
        if picture_input is not None:
            take(picture_input)
        else:
            self._pictures.clear()
        return sum(map(take, self._others if angles is None else (*self._others, angles))) > 0

    def now(self) -> Json:
        """The message `state`."""
        self._shown = shown = self._pose
        pose = angles = None
        # What cannot be read is not shown.
        with contextlib.suppress(InputError):
            pose = pose_of(shown) if shown else None
        with contextlib.suppress(InputError):
            kept = self._angles
            angles = messages.from_joint_angles(deserialize_message(kept, JointAngles)) if kept else None
        with contextlib.suppress(InputError):
            if label := self._label:
                read = deserialize_message(label, ExerciseClassification)
                self.state.take_classification(messages.from_classification(read, self._labels))
        with contextlib.suppress(InputError):
            if rep := self._rep:
                self.state.take_state(messages.from_rep_state(deserialize_message(rep, RepState)))
        return self.state.now(pose, angles)

    def begin_anew(self) -> None:
        """The counter was reset; what it told before is forgotten, and pages are told so."""
        self.take_others()  # the set that ended with it
        self._forget_repetitions()

    def picture(self) -> np.ndarray | None:
        """The picture that the pose of the last `now` was measured in, BGR; None where it has not come."""
        if self._shown is None:
            return None
        try:
            stamp = stamp_of(self._shown)
            image = next((image for taken, image in list(self._pictures) if taken == stamp), None)
            return to_bgr(pictures.read(image, self._transport)) if image else None
        except InputError:
            return None

    # What the graph says.

    def _take_pose(self, cdr: bytes) -> None:
        self.state.tick(stamp_of(cdr))
        self._pose = cdr

    def _take_picture(self, cdr: bytes) -> None:
        self._pictures.append((stamp_of(cdr), cdr))
        # Those before the picture of the newest pose are not asked for any more.
        needed = stamp_of(self._pose) if self._pose else 0
        most = max(1, PICTURES // len(cdr))
        while self._pictures and (self._pictures[0][0] < needed or len(self._pictures) > most):
            self._pictures.popleft()

    def _take_angles(self, cdr: bytes) -> None:
        self._angles = cdr

    def _take_label(self, cdr: bytes) -> None:
        self._label = cdr
        self.state.answered("exercise")

    def _take_rep(self, cdr: bytes) -> None:
        self._rep = cdr
        self.state.answered("rep_state")

    def _take_info(self, message: ClassifierInfo) -> None:
        self._labels = list(message.labels)
        self.state.threshold, self.state.model = message.confidence_threshold, message.model_id

    def _take_repetition(self, message: RepEvent) -> None:
        event = messages.from_rep_event(message)
        if self.state.counted_anew(event):
            self._forget_repetitions()
        self._on_event(self.state.take_repetition(event))

    def _take_set(self, message: SetSummary) -> None:
        summary = messages.from_set_summary(message)
        if self.state.counted_anew(summary):
            self._forget_repetitions()
        self._on_event(self.state.take_set(summary))

    def _forget_repetitions(self) -> None:
        self.state.forget_repetitions()
        self._on_event({"type": "reset"})

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
