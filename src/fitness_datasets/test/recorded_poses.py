"""Poses and bags of them, for the tests of recorder and player."""

import numpy as np
from rclpy.serialization import serialize_message

from fitness_core.ros.messages import to_body_pose
from fitness_core.types import Pose
from fitness_datasets.bags import BagWriter
from fitness_msgs.msg import BodyPose, RepState


def pose_message(number: int) -> BodyPose:
    points = np.random.default_rng(number).uniform(0, 1, (33, 3)).astype(np.float32)
    return to_body_pose(
        Pose(number * 33_333_333, points, points, points[:, 0], points[:, 1], 640, 480, 0.9, "p", "camera")
    )


def write_bag(path, count=60, topic="/elsewhere/fitness/body_pose", period=33_333_333):
    sent = [serialize_message(pose_message(number)) for number in range(count)]
    with BagWriter(
        path, {topic: "fitness_msgs/msg/BodyPose", "/elsewhere/rep_state": "fitness_msgs/msg/RepState"}
    ) as bag:
        for number, cdr in enumerate(sent):
            bag.write(topic, 5_000_000_000 + number * period, cdr)
            bag.write("/elsewhere/rep_state", 5_000_000_001 + number * period, serialize_message(RepState()))
    return sent
