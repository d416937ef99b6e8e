"""Node `overlay`: poses, angles, labels, counts and pictures -> the annotated picture."""

import sys
import threading
import time
from collections import deque
from functools import partial
from typing import TypeAlias

import numpy as np
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from fitness_core.errors import InputError
from fitness_core.mailbox import Mailbox
from fitness_core.ros import diagnostics, messages, pictures, qos
from fitness_core.ros.images import to_bgr, to_image
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.topics.while_watched import WhileWatched, Work
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_msgs.msg import BodyPose, ClassifierInfo, ExerciseClassification, FormCue, JointAngles, RepState
from fitness_visualization.answers import Answers
from fitness_visualization.max_rate import MaxRate
from fitness_visualization.picture.overlay import Overlay, Scene
from fitness_visualization.ros.pictures import to_jpeg

PICTURES = 8
"""Pictures kept until their pose comes: it is late by the time the estimator takes."""
PICTURE_TIMEOUT = 1.0
"""After so long without a picture the plain background is drawn [s]."""
Waiting: TypeAlias = tuple[BodyPose, pictures.Message | None]
"""A pose that is to be drawn, on its picture."""


class OverlayNode(FitnessNode):
    """Draws on the picture that a pose was measured in, or on a plain background if there is none.

    A thread of its own always draws the newest pose, so that poses never wait for it. It listens and draws only while
    somebody subscribes to what it publishes.
    """

    PARAMETERS = (
        Parameter("picture", True, "Draw on the camera's picture; false = skeleton on a plain background (privacy)."),
        pictures.TRANSPORT,
        Parameter("max_rate", 15.0, "Most annotated pictures per second [Hz].", minimum=0.1, maximum=120.0),
        Parameter("quality", 80, "Quality of the JPEG pictures.", minimum=1, maximum=100),
        Parameter("min_visibility", MIN_VISIBILITY, "Less visible landmarks are not drawn.", minimum=0.0, maximum=1.0),
    )

    def __init__(self, name: str = "overlay", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._image = self.create_lifecycle_publisher(Image, "overlay/image", qos.OVERLAY)
        self._compressed = self.create_lifecycle_publisher(CompressedImage, "overlay/image/compressed", qos.OVERLAY)
        self._watching = WhileWatched(self)
        self._thread: threading.Thread | None = None
        self._mailbox: Mailbox[Waiting] = Mailbox()
        self._overlay = Overlay()
        self._drawn = diagnostics.Rate()
        self._without_picture = 0
        self._bad_picture = ""
        self._forget()

    def activate(self) -> None:
        self._overlay = Overlay(self.params.min_visibility)
        self._mailbox = Mailbox()
        self._thread = threading.Thread(target=self._work, args=(self._mailbox,), name="overlay", daemon=True)
        self._thread.start()
        self._watching.start(Work(self._watched, self._listen, self._forget))

    def deactivate(self) -> None:
        self._watching.stop()
        self._mailbox.close()
        if self._thread:
            self._thread.join()

    def parameters_changed(self, names: set[str]) -> None:
        self._overlay.min_visibility = self.params.min_visibility
        if "picture" in names:
            self._watching.renew()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message = diagnostics.OK, self._watching.state
        if self._bad_picture:
            level, message = diagnostics.WARN, self._bad_picture
        if self.active and self._thread and not self._thread.is_alive():
            level, message = diagnostics.ERROR, "drawing has failed; the log says why"
        values: dict[str, object] = {
            "rate_hz": self._drawn.hertz(),
            "draw_ms": 1000 * self._drawn.mean_cost(),
            "drawn": self._drawn.total,
            "poses_without_their_picture": self._without_picture,
        }
        return level, message, values

    def _watched(self) -> int:
        return self._image.get_subscription_count() + self._compressed.get_subscription_count()

    def _listen(self) -> list[Subscription]:
        came = self._answers.came
        inputs = [
            self.create_subscription(BodyPose, "body_pose", self._on_pose, qos.STREAM),
            self.create_subscription(JointAngles, "joint_angles", partial(came, "angles"), qos.STREAM),
            self.create_subscription(ExerciseClassification, "exercise", partial(came, "exercise"), qos.STREAM),
            self.create_subscription(ClassifierInfo, "exercise/info", self._on_info, qos.LATCHED),
            self.create_subscription(RepState, "rep_state", partial(came, "state"), qos.STREAM),
            self.create_subscription(FormCue, "form_cue", partial(came, "cue"), qos.STREAM),
            self.create_subscription(String, "instruction", partial(came, "instruction"), qos.TAKES),
        ]
        if self.params.picture:
            transport = self.params.image_transport
            inputs.append(pictures.subscribe(self, transport, self._on_picture, qos.IMAGE_SUBSCRIBER))
        return inputs

    def _forget(self) -> None:
        self._mailbox.take(timeout=0.0)  # what waits is not drawn any more
        self._pictures: deque[pictures.Message] = deque(maxlen=PICTURES)
        self._picture_time = -PICTURE_TIMEOUT
        self._rate = MaxRate()
        self._answers = Answers(("angles", "exercise", "state"))
        self._labels: list[str] = []

    def _on_info(self, message: ClassifierInfo) -> None:
        self._labels = list(message.labels)

    def _on_picture(self, message: pictures.Message) -> None:
        self._pictures.append(message)
        self._picture_time = time.monotonic()

    def _on_pose(self, message: BodyPose) -> None:
        now = time.monotonic()
        self._answers.posed(now)
        if self._rate.early(now):
            return
        picture = next((p for p in reversed(self._pictures) if p.header.stamp == message.header.stamp), None)
        if picture is None and now - self._picture_time < PICTURE_TIMEOUT:
            # Its picture was lost on the way; a skeleton on another one or on none would flicker. The next one will do.
            self._without_picture += 1
            return
        self._rate.shown(now, self.params.max_rate)
        self._mailbox.put((message, picture))

    def _work(self, mailbox: Mailbox[Waiting]) -> None:
        while waiting := mailbox.take():
            with self.refusals.taking("overlay/image"), self._drawn.timed():
                self._publish(waiting[0], self._draw(*waiting))

    def _draw(self, pose: BodyPose, image: pictures.Message | None) -> np.ndarray:
        picture = None
        self._bad_picture = ""
        try:
            picture = to_bgr(image) if image is not None else None
        except InputError as error:
            self._bad_picture = str(error)
        known = ("angles", "exercise", "state", "instruction", "cue")
        angles, exercise, state, instruction, cue = map(self._answers.last, known)
        scene = Scene(
            messages.from_body_pose(pose),
            messages.from_joint_angles(angles) if angles else None,
            messages.from_classification(exercise, self._labels) if exercise else None,
            messages.from_rep_state(state) if state else None,
            instruction.data if instruction else "",
            messages.from_form_cue(cue) if cue else None,
        )
        return self._overlay.draw(picture, scene)

    def _publish(self, pose: BodyPose, drawing: np.ndarray) -> None:
        if self._image.get_subscription_count():
            message = to_image(drawing)
            message.header = pose.header
            self._image.publish(message)
        if self._compressed.get_subscription_count():
            self._compressed.publish(to_jpeg(drawing, pose.header, self.params.quality))


def main() -> int:
    """Program `overlay_node`."""
    return run(OverlayNode)


if __name__ == "__main__":
    sys.exit(main())
