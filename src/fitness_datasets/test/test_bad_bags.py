"""What is no bag is refused in one line that names it; what is bad in a bag takes nothing else with it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from bag_poses import POSE_TYPE, POSES, write_poses
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage

from fitness_core.errors import InputError
from fitness_core.ros.messages import header
from fitness_datasets.bags import BagReader, BagWriter
from fitness_msgs.msg import BodyPose


def _file(name: str, content: bytes):
    def make(path: Path) -> Path:
        path.mkdir()
        (path / name).write_bytes(content)
        return path / name

    return make


def _damaged(change):
    def make(path: Path) -> Path:
        write_poses(path, 200)
        change(path)
        return path

    return make


def _cut(path: Path) -> None:
    file = path / "bag.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _scramble(path: Path) -> None:
    file = path / "bag.mcap"
    content = bytearray(file.read_bytes())
    content[40:-40] = np.random.default_rng(1).bytes(len(content) - 80)
    file.write_bytes(content)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _no_messages(path: Path) -> Path:
    BagWriter(path, {POSES: POSE_TYPE}).close()
    return path


BAD = {
    "missing": lambda path: path,
    "empty folder": _folder,
    "empty mcap": _file("bag.mcap", b""),
    "text mcap": _file("bag.mcap", b"hello, this is not a bag at all, it is text" * 9),
    "text db3": _file("bag.db3", b"hello, this is not a bag at all, it is text" * 9),
    "empty db3": _file("bag.db3", b""),
    "other file": _file("notes.txt", b"hello"),
    "bad metadata": lambda path: _file("metadata.yaml", b"\x00: [")(path).parent,
    "other metadata": lambda path: _file("metadata.yaml", b"name: me")(path).parent,
    "cut": _damaged(_cut),
    "scrambled": _damaged(_scramble),
    "file gone": _damaged(lambda path: (path / "bag.mcap").unlink()),
    "no messages": _no_messages,
}


def test_a_pose_that_a_node_would_refuse_takes_no_other_with_it(tmp_path):
    def write(path: Path, *heights: int) -> Path:
        with BagWriter(path, {POSES: POSE_TYPE}) as bag:
            for number, height in enumerate(heights):
                message = BodyPose(status=BodyPose.STATUS_TRACKED, image_width=640, image_height=height)
                bag.write(POSES, number, serialize_message(message))
        return path

    with BagReader(write(tmp_path / "one", 480, 0, 480)) as bag:
        assert len(list(bag.poses())) == 2
        assert (bag.refused, bag.refusal) == (
            1,
            "a body of 33 landmarks in a picture of 640x0; it takes 33 and the size of the picture",
        )
    with (
        BagReader(write(tmp_path / "none", 0, 0)) as bag,
        pytest.raises(InputError, match="none of its 2 poses"),
    ):
        list(bag.poses())


def test_a_picture_that_does_not_decode_takes_no_other_with_it(tmp_path):
    """As of a camera whose link has lost a part of one."""
    topic, whole = "/camera/image_raw/compressed", cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()

    def write(path: Path, *pictures: bytes) -> Path:
        with BagWriter(path, {topic: "sensor_msgs/msg/CompressedImage"}) as bag:
            for number, data in enumerate(pictures):
                message = CompressedImage(header=header(number, "camera"), format="jpeg", data=data)
                bag.write(topic, number, serialize_message(message))
        return path

    with BagReader(write(tmp_path / "one", whole, whole[:100], whole)) as bag:
        assert [frame.stamp for frame in bag.frames()] == [0, 2]
        assert bag.refused == 1 and "cannot be decoded" in bag.refusal
    with (
        BagReader(write(tmp_path / "none", b"", b"")) as bag,
        pytest.raises(InputError, match="none of its 2 pictures"),
    ):
        list(bag.frames())


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_bag_is_refused_in_one_line_that_names_it(tmp_path, case):
    path = BAD[case](tmp_path / "bag")
    with pytest.raises(InputError) as error, BagReader(path) as bag:
        list(bag.poses())
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_bag_of_which_a_part_is_damaged_does_not_end_there_as_if_it_were_whole(tmp_path: Path) -> None:
    """It has several chunks, as of more than a second: the rest of one with other bytes was passed over."""
    with BagWriter(tmp_path / "bag", {"/body_pose": "fitness_msgs/msg/BodyPose"}) as writer:
        for number in range(60):
            writer.write("/body_pose", number, bytes([0, 1, 0, 0]) + bytes([number]) * 1100)
            if number % 20 == 19:
                writer.flush()
    file = tmp_path / "bag" / "bag.mcap"
    content = bytearray(file.read_bytes())
    middle = content.index(bytes([30]) * 1100)
    content[middle : middle + 2000] = bytes(2000)
    file.write_bytes(content)
    with BagReader(tmp_path / "bag") as bag, pytest.raises(InputError, match="of its 60 messages can be read"):
        list(bag.raw())
