"""Landmarks of clips as a bag, without the graph: what make_demo ships, and what `./fitness faults` counts in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rclpy.serialization import serialize_message

from fitness_camera.source_kinds import BAG
from fitness_camera.sources import open_source
from fitness_core.ros.messages import to_body_pose
from fitness_core.types import NANOSECONDS, Pose, nanoseconds
from fitness_datasets.bags import BagWriter
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator

TOPIC = "/fitness/body_pose"


def record_landmarks(
    clips: Sequence[Path], bag: Path, gap: float = 0.0, rate: float = 0.0, compress: bool = False
) -> int:
    """Write the poses of clips, one after the other, into a new bag; returns how many.

    gap: seconds of nobody in view after each clip. rate: at most so many poses per second [Hz], 0 = all. Stamps count
    from 1 s.
    """
    poses = 0
    start = NANOSECONDS
    bag.parent.mkdir(parents=True, exist_ok=True)
    with BagWriter(bag, {TOPIC: "fitness_msgs/msg/BodyPose"}, compress=compress) as writer:
        for clip in clips:
            estimator = PoseEstimator(make_backend())
            due, last = 0, None
            with open_source(str(clip)) as source:
                period = nanoseconds(1.0 / (rate or source.rate or 30.0))
                for frame in source:
                    pose = estimator.step(frame)
                    if rate and frame.stamp < due:
                        continue
                    due += period * (1 + (frame.stamp - due) // period)
                    last = replace(pose, stamp=start + pose.stamp)
                    writer.write(TOPIC, last.stamp, _cdr(last))
                    poses += 1
            estimator.close()
            if last is None:
                continue
            start = last.stamp + period
            for number in range(round(nanoseconds(gap) / period)):
                nobody = Pose.nobody(start + number * period, last.width, last.height, last.frame_id)
                writer.write(TOPIC, nobody.stamp, _cdr(nobody))
                poses += 1
            start += round(nanoseconds(gap) / period) * period
    return poses


def landmarks_of(source: Path, folder: Path) -> Path:
    """A bag of the landmarks of a source: itself, or of a video or folder of pictures a new one in `folder`.

    Raises InputError for what is no recording.
    """
    if BAG.matches(str(source)):
        return source
    bag = folder / "landmarks"
    record_landmarks([source], bag)
    return bag


def _cdr(pose: Pose) -> bytes:
    return serialize_message(to_body_pose(pose))
