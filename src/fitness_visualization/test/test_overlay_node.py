import threading
import time
import uuid

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image

from fitness_core.ros import qos
from fitness_core.ros.images import to_bgr, to_image
from fitness_core.ros.messages import header, to_body_pose, to_form_cue
from fitness_core.ros.serialized import of_classification, of_rep_state
from fitness_core.types import Classification, ClassificationStatus, CuePriority, FormCue, Pose, RepState
from fitness_msgs.msg import BodyPose, ClassifierInfo, ExerciseClassification
from fitness_msgs.msg import FormCue as FormCueMessage
from fitness_msgs.msg import RepState as RepStateMessage
from fitness_visualization.overlay_node import OverlayNode
from fitness_visualization.picture import overlay

pytestmark = pytest.mark.usefixtures("ros")

DEADLINE = 60.0


class Stage:
    """The node under test and a bystander, in a namespace of their own, spun by a thread."""

    def __init__(self, **parameters):
        namespace = f"/t{uuid.uuid4().hex[:8]}/fitness"
        self.overlay = OverlayNode(
            namespace=namespace,
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        self.node = rclpy.create_node("bystander", namespace=namespace)
        self.executor = SingleThreadedExecutor()
        for node in (self.overlay, self.node):
            self.executor.add_node(node)
        self.stopping = False
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        self.poses = self.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
        self.pictures = self.node.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self.drawn = []

    def _spin(self):
        while not self.stopping:
            self.executor.spin_once(timeout_sec=0.05)

    def watch(self, kind=Image, topic="overlay/image"):
        return self.node.create_subscription(kind, topic, self.drawn.append, qos.OVERLAY)

    def start(self):
        self.within(self.overlay.start)

    def stop(self):
        self.within(self.overlay.stop)

    def within(self, step, *given):
        """Take a step in the thread that spins: what it waits for must not go away under it."""
        task = self.executor.create_task(step, *given)
        wait_for(task.done, step.__name__)
        return task.result()

    def close(self):
        self.stop()
        self.stopping = True
        self.thread.join()
        self.overlay.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def stage():
    stages = []

    def make(**parameters):
        stages.append(Stage(**parameters))
        return stages[-1]

    yield make
    for made in stages:
        made.close()


def wait_for(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def pose(stamp: int, x: float = 0.5) -> BodyPose:
    image = np.random.default_rng(1).uniform(-0.2, 0.2, (33, 3)).astype(np.float32)
    image[:, 0] += x
    image[:, 1] += 0.5
    seen = np.ones(33, np.float32)
    return to_body_pose(Pose(stamp, image, image, seen, seen, 320, 240, 0.9, "p", "camera"))


def picture(stamp: int, level: int) -> Image:
    message = to_image(np.full((240, 320, 3), level, np.uint8))
    message.header = header(stamp, "camera")
    return message


def colour_share(drawn: Image, colour: tuple[int, int, int]) -> float:
    return float((np.abs(to_bgr(drawn).astype(int) - colour).max(axis=2) < 30).mean())


def test_the_picture_of_the_pose_is_drawn_on_with_its_header(stage):
    s = stage(max_rate=120.0)
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count() and s.pictures.get_subscription_count(), "the overlay to listen")
    arrived = s.overlay._pictures
    for stamp, level in ((1, 30), (2, 90), (3, 150)):
        s.pictures.publish(picture(stamp, level))
        wait_for(lambda n=stamp: len(arrived) >= n, "the picture")
    s.poses.publish(pose(2))
    wait_for(lambda: s.drawn, "an annotated picture")
    (drawn,) = s.drawn
    assert drawn.header == header(2, "camera")
    assert (drawn.encoding, drawn.width, drawn.height) == ("bgr8", 320, 240)
    assert (to_bgr(drawn)[-1, -1] == 90).all()
    assert colour_share(drawn, overlay.LEFT) > 0.001
    assert colour_share(drawn, overlay.RIGHT) > 0.001
    # A pose whose picture was lost is not drawn on another one.
    s.poses.publish(pose(7))
    wait_for(lambda: s.overlay._without_picture == 1, "the pose")
    s.poses.publish(pose(3))
    wait_for(lambda: len(s.drawn) == 2, "the next annotated picture")
    assert s.drawn[1].header.stamp.nanosec == 3


def test_without_a_camera_there_is_a_plain_background_with_labels_and_counts(stage):
    s = stage(picture=False, max_rate=120.0)
    info = s.node.create_publisher(ClassifierInfo, "exercise/info", qos.LATCHED)
    info.publish(ClassifierInfo(labels=["curl", "squat"]))
    results = s.node.create_publisher(ExerciseClassification, "exercise", qos.STREAM)
    states = s.node.create_publisher(RepStateMessage, "rep_state", qos.STREAM)
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count(), "the overlay to listen")
    assert s.pictures.get_subscription_count() == 0
    wait_for(lambda: s.overlay._labels == ["curl", "squat"], "the labels")
    s.poses.publish(pose(1))
    wait_for(lambda: s.drawn, "a skeleton")
    result = Classification(1, 0, ClassificationStatus.OK, "squat", 0.9, {"curl": 0.1, "squat": 0.9})
    results.publish(of_classification(result, "camera"))
    states.publish(of_rep_state(RepState(1, "squat", progress=0.8, count=5), "camera"))
    wait_for(lambda: s.overlay._answers.last("exercise") and s.overlay._answers.last("state"), "label and count")
    s.poses.publish(pose(2))
    wait_for(lambda: len(s.drawn) == 2, "the annotated skeleton")
    assert colour_share(s.drawn[0], overlay.ACCENT) == 0
    assert colour_share(s.drawn[1], overlay.ACCENT) > 0.003


def test_what_a_counter_said_that_has_stopped_is_not_drawn(stage):
    s = stage(picture=False, max_rate=120.0)
    states = s.node.create_publisher(RepStateMessage, "rep_state", qos.STREAM)
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count() and states.get_subscription_count(), "the overlay to listen")
    states.publish(of_rep_state(RepState(1, "squat", progress=0.8, count=5), "camera"))
    wait_for(lambda: s.overlay._answers.last("state"), "the count")
    s.poses.publish(pose(1))
    wait_for(lambda: s.drawn, "the skeleton with the count")
    assert colour_share(s.drawn[0], overlay.ACCENT) > 0.003
    s.node.create_timer(0.1, lambda: s.poses.publish(pose(2)))
    wait_for(lambda: colour_share(s.drawn[-1], overlay.ACCENT) == 0, "the skeleton without it")


def test_a_form_cue_is_shown(stage):
    s = stage(picture=False, max_rate=120.0)
    cues = s.node.create_publisher(FormCueMessage, "form_cue", qos.STREAM)
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count() and cues.get_subscription_count(), "the overlay to listen")
    s.poses.publish(pose(1))
    wait_for(lambda: s.drawn, "a skeleton")
    cues.publish(to_form_cue(FormCue(1, "squat", "squat_depth", "A little lower.", CuePriority.CORRECTION), "camera"))
    wait_for(lambda: s.overlay._answers.last("cue"), "the cue")
    s.poses.publish(pose(2))
    wait_for(lambda: len(s.drawn) == 2, "the skeleton with the cue")
    assert colour_share(s.drawn[0], overlay.ACCENT) == 0
    assert colour_share(s.drawn[1], overlay.ACCENT) > 0.001


def test_the_compressed_picture_is_a_jpeg_and_only_what_is_watched_is_made(stage):
    s = stage(picture=False, quality=60)
    s.start()
    s.watch(CompressedImage, "overlay/image/compressed")
    wait_for(lambda: s.poses.get_subscription_count(), "the overlay to listen")
    s.poses.publish(pose(4))
    wait_for(lambda: s.drawn, "an annotated picture")
    (small,) = s.drawn
    assert small.header == header(4, "camera")
    assert "jpeg" in small.format
    assert cv2.imdecode(np.frombuffer(small.data, np.uint8), cv2.IMREAD_COLOR).shape == (540, 960, 3)


def test_nobody_watching_costs_nothing(stage):
    s = stage()
    s.start()
    wait_for(lambda: s.overlay.diagnose()[1] == "nobody watches", "the overlay to idle")
    assert s.poses.get_subscription_count() == 0
    watcher = s.watch()
    wait_for(lambda: s.poses.get_subscription_count(), "the overlay to listen")
    s.within(s.node.destroy_subscription, watcher)
    wait_for(lambda: not s.poses.get_subscription_count(), "the overlay to stop listening")
    assert s.overlay.diagnose()[2]["drawn"] == 0


def test_the_rate_is_limited(stage):
    s = stage(picture=False, max_rate=10.0)
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count(), "the overlay to listen")
    started = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - started) < 2.0:
        sent += 1
        s.poses.publish(pose(sent))
        time.sleep(1 / 60)
    assert sent > 40
    assert 0.4 * 10 * elapsed < len(s.drawn) <= 10 * elapsed + 3


def test_a_picture_that_cannot_be_read_is_told_and_not_drawn_on(stage):
    s = stage()
    s.start()
    s.watch()
    wait_for(lambda: s.poses.get_subscription_count() and s.pictures.get_subscription_count(), "the overlay to listen")
    odd = picture(1, 30)
    odd.encoding = "bayer_rggb8"
    s.pictures.publish(odd)
    wait_for(lambda: s.overlay._pictures, "the picture")
    s.poses.publish(pose(1))
    wait_for(lambda: s.drawn, "an annotated picture")
    assert "bayer_rggb8" in s.overlay.diagnose()[1]


def test_it_can_be_stopped_and_started_again(stage):
    s = stage(picture=False)
    s.watch()
    for round_number in (1, 2):
        s.start()
        wait_for(lambda: s.poses.get_subscription_count(), "the overlay to listen")
        s.poses.publish(pose(round_number))
        wait_for(lambda n=round_number: len(s.drawn) == n, "an annotated picture")
        s.stop()
        assert not s.overlay._thread.is_alive()
        wait_for(lambda: not s.poses.get_subscription_count(), "the overlay to stop listening")
