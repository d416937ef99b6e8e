"""Whatever finds the body: a clip has the same repetitions, and the graph runs with either."""

import os
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from fitness_bringup.analysis.analyze import analyze
from fitness_camera.sources import open_source
from fitness_core.ros import images, messages, qos
from fitness_msgs.msg import BodyPose
from pose_estimator.pose_estimator_node import PoseEstimatorNode

CLIP = "videos/curl/pose_trainer_sample_bicep_curl.mp4"


def test_litert_counts_what_mediapipe_counts(data):
    one, other = (analyze(str(data(CLIP)), backend=backend) for backend in ("mediapipe", "litert"))
    assert other.totals == one.totals
    assert other.frames_with_body == one.frames_with_body
    assert other.versions["pose"].startswith("litert ") and one.versions["pose"].startswith("mediapipe ")


def test_the_pose_node_runs_with_litert(data):
    with open_source(str(data(CLIP))) as source:
        picture = next(frame.image for number, frame in enumerate(source) if number == 10)
    poses: list[BodyPose] = []
    rclpy.init(domain_id=1 + os.getpid() % 90)
    try:
        executor = SingleThreadedExecutor()
        other = rclpy.create_node("other")
        other.create_subscription(BodyPose, "body_pose", poses.append, qos.EVENTS)
        publisher = other.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        chosen = [Parameter("backend", value="litert"), Parameter("threads", value=1)]
        node = PoseEstimatorNode(parameter_overrides=chosen)
        for each in (other, node):
            executor.add_node(each)
        node.start()
        deadline = time.monotonic() + 60
        while not any(pose.status == BodyPose.STATUS_TRACKED for pose in poses):
            assert time.monotonic() < deadline, "no pose in time"
            message = images.to_image(picture, "bgr8")
            message.header = messages.header(time.time_ns(), "eye")
            publisher.publish(message)
            executor.spin_once(timeout_sec=0.1)
        assert node.diagnose()[2]["backend"] == "litert full"
        node.stop()
        for each in (node, other):
            each.destroy_node()
        executor.shutdown()
    finally:
        rclpy.try_shutdown()
