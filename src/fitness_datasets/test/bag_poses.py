"""Bags of poses for the tests."""

from pathlib import Path

import numpy as np
from rclpy.serialization import serialize_message

from fitness_core.ros.messages import to_body_pose
from fitness_core.types import Pose
from fitness_datasets.bags import BagWriter

POSES = "/fitness/body_pose"
POSE_TYPE = "fitness_msgs/msg/BodyPose"


def make_pose(number: int) -> Pose:
    rng = np.random.default_rng(number)
    image, world = rng.uniform(0, 1, (2, 33, 3)).astype(np.float32)
    visibility, presence = rng.uniform(0, 1, (2, 33)).astype(np.float32)
    return Pose(
        number * 33_000_000,
        image,
        world,
        visibility,
        presence,
        640,
        480,
        0.75,
        "person1",
        "camera",
    )


def cdr_of(number: int) -> bytes:
    return serialize_message(to_body_pose(make_pose(number)))


def write_poses(path: Path, count: int = 20, topic: str = POSES, **options) -> list[bytes]:
    sent = [cdr_of(number) for number in range(count)]
    with BagWriter(path, {topic: POSE_TYPE}, **options) as writer:
        for number, cdr in enumerate(sent):
            writer.write(topic, 1000 + number, cdr)
    return sent
