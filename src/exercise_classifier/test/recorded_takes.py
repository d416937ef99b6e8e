"""Recordings of takes for the tests of datasets: good ones, and one with everything that can be wrong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from exercise_clips import START, poses_of
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from fitness_core.ros.messages import header, to_body_pose
from fitness_core.types import NANOSECONDS, Pose, nanoseconds
from fitness_datasets.bag_types import typestore
from fitness_datasets.bags import BagWriter
from fitness_msgs.msg import TakeLabel

POSES, LABELS = "/fitness/body_pose", "/fitness/take_label"
TYPES = {POSES: "fitness_msgs/msg/BodyPose", LABELS: "fitness_msgs/msg/TakeLabel"}
GO, STOP, DISCARD = TakeLabel.EVENT_START, TakeLabel.EVENT_STOP, TakeLabel.EVENT_DISCARD

Entry = tuple[str, int, Any]


class Recording:
    """Messages of a bag, one take after the other."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = START
        self.number = 0

    def label(self, event: int, exercise: str, stamp: int | None = None, subject: str = "P01") -> None:
        """A label of the current take."""
        at = self.now if stamp is None else stamp
        message = TakeLabel(
            header=header(at, ""), event=event, subject=subject, session="s1", exercise=exercise, take=self.number
        )
        self.entries.append((LABELS, self.now, message))

    def play(self, poses: list[Pose]) -> None:
        """Poses from now on."""
        first = poses[0].stamp
        for pose in poses:
            moved = replace(pose, stamp=self.now + pose.stamp - first)
            self.entries.append((POSES, moved.stamp, to_body_pose(moved)))
        self.now = moved.stamp

    def take(self, exercise: str, poses: list[Pose], subject: str = "P01") -> None:
        """A whole take, and a second of nothing."""
        self.number += 1
        self.label(GO, exercise, subject=subject)
        if poses:
            self.play(poses)
        else:
            self.now += NANOSECONDS
        self.label(STOP, exercise, subject=subject)
        self.now += NANOSECONDS

    def write(self, path: Path) -> Path:
        """As our recorder does."""
        with BagWriter(path, TYPES) as writer:
            for topic, stamp, message in self.entries:
                writer.write(topic, stamp, serialize_message(message))
        return path

    def write_compressed(self, path: Path) -> Path:
        """As `ros2 bag record --compression-mode file --compression-format zstd` does."""
        writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.FILE, CompressionFormat.ZSTD)
        with writer:
            store = typestore({})
            connections = {t: writer.add_connection(t, name, typestore=store) for t, name in TYPES.items()}
            for topic, stamp, message in self.entries:
                writer.write(connections[topic], stamp, serialize_message(message))
        return path

    def write_stock(self, path: Path) -> Path:
        """As `ros2 bag record` of Humble does: sqlite3, in the robot's namespace, no definitions inside."""
        with Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
            connections = {
                topic: writer.add_connection(f"/robot{topic}", name, msgdef="", rihs01="RIHS01_unknown")
                for topic, name in TYPES.items()
            }
            chatter = "std_msgs/msg/String"
            store = get_typestore(Stores.ROS2_JAZZY)
            other = writer.add_connection("/rosout_like", chatter, typestore=store)
            for topic, stamp, message in self.entries:
                writer.write(connections[topic], stamp, serialize_message(message))
            writer.write(other, stamp, store.serialize_cdr(store.types[chatter](data="hello"), chatter))
        return path


def still(seconds: float) -> list[Pose]:
    """Somebody who stands."""
    pose = poses_of("squat")[0]
    return [replace(pose, stamp=START + nanoseconds(0.1 * n)) for n in range(round(seconds * 10))]


def nobody(seconds: float) -> list[Pose]:
    """An empty room."""
    return [Pose.nobody(START + nanoseconds(0.1 * n), 640, 480) for n in range(round(seconds * 10))]


def good(subject: str = "P01") -> Recording:
    """Two takes that nothing is wrong with."""
    recording = Recording()
    recording.take("squat", poses_of("squat", 10), subject)
    recording.take("curl", poses_of("curl", 10), subject)
    return recording


def everything() -> Recording:
    """Two good takes, a withdrawn one, and one of every problem."""
    recording = good()
    recording.take("press", poses_of("press", 10))
    recording.label(DISCARD, "press")
    recording.take("squat", still(4))
    recording.take("squat", [])
    recording.take("squat", nobody(3))
    recording.take("juggling", poses_of("curl", 10))
    recording.take("squat", still(0.6))
    for number in (20, 21):  # two takes of which the second starts before the first ends
        recording.number = number
        recording.label(GO, "idle")
        recording.play(still(2))
    for number in (20, 21):
        recording.number = number
        recording.label(STOP, "idle")
        recording.now += NANOSECONDS
    recording.number = 30
    recording.label(STOP, "squat")
    recording.number = 31
    recording.label(DISCARD, "squat")
    recording.number = 32
    recording.label(GO, "idle")
    recording.now += NANOSECONDS
    recording.label(STOP, "idle", stamp=recording.now - 2 * NANOSECONDS)
    recording.take("idle", still(3))
    recording.number += 1
    recording.label(GO, "squat")
    recording.play(still(2))
    return recording


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
