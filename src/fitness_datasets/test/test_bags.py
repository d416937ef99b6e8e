"""Bags are written so that others read them, and read whoever wrote them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ament_index_python.packages import get_package_share_directory
from bag_poses import POSE_TYPE, POSES, cdr_of, make_pose, write_poses
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image

from fitness_core.errors import InputError
from fitness_core.ros.images import to_image
from fitness_core.ros.messages import header, to_body_pose
from fitness_core.types import Pose
from fitness_datasets.bags import TOPICS, BagReader, BagWriter
from fitness_msgs.msg import BodyPose, ClassifierInfo, TakeLabel


@pytest.mark.parametrize("compress", [False, True])
def test_what_is_written_is_read_byte_for_byte(tmp_path, compress):
    path = tmp_path / "new" / "folders" / "bag"
    sent = write_poses(path, compress=compress)
    with BagReader(path) as bag:
        assert bag.topics == {POSES: POSE_TYPE}
        assert bag.counts == {POSES: 20}
        assert not bag.recovered
        assert bag.outdated() == []
        assert list(bag.raw()) == [(POSES, POSE_TYPE, 1000 + n, cdr) for n, cdr in enumerate(sent)]
        assert list(bag.raw([])) == []
    with BagReader(path / "bag.mcap") as bag:
        assert [cdr for *_, cdr in bag.raw()] == sent


def test_poses_come_back_equal(tmp_path):
    nobody = Pose.nobody(7, 320, 240)
    with BagWriter(tmp_path / "bag", {POSES: POSE_TYPE}) as writer:
        writer.write(POSES, 1, cdr_of(3))
        writer.write(POSES, 2, serialize_message(to_body_pose(nobody)))
    with BagReader(tmp_path / "bag") as bag:
        first, second = bag.poses()
    expected = make_pose(3)
    for field in ("image", "world", "visibility", "presence"):
        np.testing.assert_array_equal(getattr(first, field), getattr(expected, field))
    assert (first.stamp, first.body_id, first.frame_id, first.width) == (
        expected.stamp,
        "person1",
        "camera",
        640,
    )
    assert not second.tracked
    assert (second.stamp, second.width) == (7, 320)


def test_independent_readers_agree(tmp_path):
    from mcap import reader as mcap_reader
    from mcap_ros2 import decoder

    path = tmp_path / "bag"
    sent = write_poses(path, compress=True)
    with (path / "bag.mcap").open("rb") as stream:
        reader = mcap_reader.make_reader(stream, decoder_factories=[decoder.DecoderFactory()], validate_crcs=True)
        assert reader.get_summary().statistics.message_count == len(sent)
        read = list(reader.iter_decoded_messages())
    assert [message.message.data for message in read] == sent
    assert [message.message.log_time for message in read] == [1000 + n for n in range(len(sent))]
    pose = make_pose(5)
    decoded = read[5].decoded_message
    assert decoded.body_id == "person1"
    np.testing.assert_array_equal(np.float32([mark.x for mark in decoded.landmarks]), pose.image[:, 0])
    assert read[0].channel.metadata["offered_qos_profiles"]


def test_the_bag_says_what_a_stock_player_must_offer(tmp_path):
    topics = {f"/fitness/{name}": type_name for name, type_name in TOPICS.items()}
    with BagWriter(tmp_path / "bag", topics) as writer:
        writer.write(POSES, 1, cdr_of(1))
    from rosbags.rosbag2 import Reader

    with Reader(tmp_path / "bag") as bag:
        offered = {c.topic: c.ext.offered_qos_profiles[0] for c in bag.connections}
        digests = {c.topic: c.digest for c in bag.connections}
    latched = {name for name, qos in offered.items() if qos.durability.name == "TRANSIENT_LOCAL"}
    assert latched == {f"/fitness/{name}" for name in ("exercise/info", "take_label", "rep_state", "set_summary")}
    assert {qos.reliability.name for qos in offered.values()} == {"RELIABLE"}
    # The hash by which ROS 2 tells versions of a type apart, as rosidl computed it.
    described = json.loads((Path(get_package_share_directory("fitness_msgs")) / "msg/BodyPose.json").read_text())
    rosidl = {entry["type_name"]: entry["hash_string"] for entry in described["type_hashes"]}
    assert digests[POSES] == rosidl[POSE_TYPE]


def test_nothing_recorded_is_overwritten(tmp_path):
    sent = write_poses(tmp_path / "bag")
    with pytest.raises(InputError, match="exists"):
        BagWriter(tmp_path / "bag", {POSES: POSE_TYPE})
    with BagReader(tmp_path / "bag") as bag:
        assert len(list(bag.raw())) == len(sent)


def test_a_path_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        BagWriter(tmp_path / "file" / "bag", {POSES: POSE_TYPE})
    with pytest.raises(InputError, match="nav_msgs/msg/Nothing"):
        BagWriter(tmp_path / "bag", {"/x": "nav_msgs/msg/Nothing"})
    assert not (tmp_path / "bag").exists()


def test_an_error_while_recording_keeps_what_was_recorded(tmp_path):
    with (
        pytest.raises(RuntimeError),
        BagWriter(tmp_path / "bag", {POSES: POSE_TYPE}) as writer,
    ):
        writer.write(POSES, 1, cdr_of(1))
        raise RuntimeError
    with BagReader(tmp_path / "bag") as bag:
        assert not bag.recovered
        assert len(list(bag.poses())) == 1


KILLED = """
import sys, test_bags
from fitness_datasets.bags import BagWriter
writer = BagWriter(sys.argv[1], {test_bags.POSES: test_bags.POSE_TYPE}, compress=sys.argv[2] == "1")
for number in range(60):
    writer.write(test_bags.POSES, number, test_bags.cdr_of(number))
    if number == 29:
        writer.flush()
    if number == 49:
        writer.flush()
print("written", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("compress", ["0", "1"])
def test_what_was_flushed_survives_kill_9(tmp_path, compress):
    path = tmp_path / "bag"
    search = [str(Path(__file__).parent), *sys.path]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), compress],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(search)},
    )
    assert process.stdout.readline() == b"written\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not (path / "metadata.yaml").exists()
    for given in (path, path / "bag.mcap"):
        with BagReader(given) as bag:
            assert bag.recovered
            assert bag.counts[POSES] >= 50
            read = list(bag.raw())
            assert [cdr for *_, cdr in read] == [cdr_of(number) for number in range(len(read))]
            assert len(list(bag.poses())) == len(read)


@pytest.mark.parametrize("alone", [True, False], ids=["the file", "a finished bag"])
def test_a_file_cut_anywhere_gives_its_whole_chunks_or_one_line(tmp_path, alone):
    with BagWriter(tmp_path / "bag", {POSES: POSE_TYPE}) as writer:
        for number in range(6):
            writer.write(POSES, number, cdr_of(number))
            writer.flush()
    whole = (tmp_path / "bag" / "bag.mcap").read_bytes()
    # A copy that was interrupted, or a disk that was full: metadata.yaml tells of all messages.
    cut = tmp_path / "cut.mcap" if alone else tmp_path / "bag" / "bag.mcap"
    lengths = []
    for size in range(1, len(whole) - 1, 307):
        cut.write_bytes(whole[:size])
        try:
            with BagReader(cut if alone else cut.parent) as bag:
                assert bag.recovered
                lengths.append(len(list(bag.raw())))
        except InputError as error:
            assert "\n" not in str(error)
            lengths.append(0)
    assert lengths == sorted(lengths)
    assert set(lengths) == set(range(7))


def stock_bag(path: Path, plugin: StoragePlugin, sent: list[bytes], ours: bool) -> None:
    """A bag as `ros2 bag record` leaves it: definitions inside (since Iron), or none (Humble's sqlite3)."""
    share = Path(get_package_share_directory("fitness_msgs")) / "msg"
    landmark = (share / "Landmark.msg").read_text()
    definition = (share / "BodyPose.msg").read_text()
    separator = "=" * 80
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ("std_msgs/msg/Header", "geometry_msgs/msg/Point32"):
        text, _ = store.generate_msgdef(name, ros_version=2)
        definition += f"\n{separator}\nMSG: {name.replace('/msg', '')}\n{text.split(separator)[0]}"
    definition += f"\n{separator}\nMSG: fitness_msgs/Landmark\n{landmark}"
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connection = writer.add_connection(
            "/robot/fitness/body_pose",
            POSE_TYPE,
            msgdef=definition if ours else "",
            rihs01="RIHS01_unknown",
        )
        for number, cdr in enumerate(sent):
            writer.write(connection, number, cdr)


@pytest.mark.parametrize("plugin", list(StoragePlugin))
@pytest.mark.parametrize("ours", [True, False])
def test_stock_bags_are_read_with_and_without_definitions(tmp_path, plugin, ours):
    sent = [cdr_of(number) for number in range(5)]
    stock_bag(tmp_path / "bag", plugin, sent, ours)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.find("body_pose") == "/robot/fitness/body_pose"
        poses = list(bag.poses())
    np.testing.assert_array_equal(poses[4].world, make_pose(4).world)


def test_a_sqlite3_file_without_metadata_is_read(tmp_path):
    stock_bag(tmp_path / "bag", StoragePlugin.SQLITE3, [cdr_of(1)], True)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    with BagReader(tmp_path / "bag") as bag:
        assert len(list(bag.poses())) == 1


@pytest.mark.parametrize("text", ["", "half", "\0" * 500, "rosbag2_bagfile_information: ["], ids=lambda text: text[:4])
def test_messages_are_read_whatever_became_of_the_metadata(tmp_path, text):
    """Of a recorder that died while it wrote them, as the stock one does without another name, or a copy cut short."""
    write_poses(tmp_path / "bag", 5)
    metadata = tmp_path / "bag" / "metadata.yaml"
    whole = metadata.read_text()
    metadata.write_text(whole[: len(whole) // 2] if text == "half" else text)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.recovered and len(list(bag.poses())) == 5


@pytest.mark.parametrize("last", [b"", b"\x89MCAP0\r\n", b"\0" * 4096], ids=["empty", "a mark", "zeros"])
def test_a_split_bag_is_read_where_the_recorder_died_before_its_last_file_held_anything(tmp_path, last):
    write_poses(tmp_path / "bag", 5)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    (tmp_path / "bag" / "bag_1.mcap").write_bytes(last)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.recovered and len(list(bag.poses())) == 5


def test_a_split_bag_of_which_a_file_is_gone_is_refused(tmp_path):
    write_poses(tmp_path / "bag", 5)
    (tmp_path / "bag" / "bag.mcap").rename(tmp_path / "bag" / "bag_1.mcap")
    with pytest.raises(InputError, match="files are missing"):
        BagReader(tmp_path / "bag")


def test_a_bag_of_an_older_fitness_msgs_is_read_by_its_own_definitions(tmp_path):
    store = get_typestore(Stores.ROS2_JAZZY)
    from rosbags.typesys import get_types_from_msg

    store.register(get_types_from_msg("std_msgs/Header header\nstring label\n", "fitness_msgs/msg/FormCue"))
    stamp = store.types["builtin_interfaces/msg/Time"](sec=1, nanosec=2)
    cue = store.types["fitness_msgs/msg/FormCue"](
        header=store.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera"),
        label="deeper",
    )
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/fitness/form_cue", "fitness_msgs/msg/FormCue", typestore=store)
        writer.write(connection, 5, store.serialize_cdr(cue, "fitness_msgs/msg/FormCue"))
    with BagReader(tmp_path / "bag") as bag:
        assert bag.outdated() == ["fitness_msgs/msg/FormCue"]
        ((topic, stamp, message),) = bag.messages()
        assert (topic, stamp, message.label) == ("/fitness/form_cue", 5, "deeper")


def test_topics_are_found_by_name_then_by_type(tmp_path):
    topics = {
        "/a/fitness/exercise/info": "fitness_msgs/msg/ClassifierInfo",
        "/a/fitness/exercise": "fitness_msgs/msg/ExerciseClassification",
        "/a/fitness/overlay/image": "sensor_msgs/msg/Image",
        "/webcam": "sensor_msgs/msg/Image",
        "/one/rep_state": "fitness_msgs/msg/RepState",
        "/two/rep_state": "fitness_msgs/msg/RepState",
    }
    with BagWriter(tmp_path / "bag", topics) as writer:
        writer.write(
            "/a/fitness/exercise/info",
            1,
            serialize_message(ClassifierInfo(model_id="m")),
        )
    with BagReader(tmp_path / "bag") as bag:
        assert bag.find("exercise") == "/a/fitness/exercise"
        assert bag.find("exercise/info") == "/a/fitness/exercise/info"
        assert bag.find("camera/image_raw") == "/webcam"
        assert bag.find("body_pose") == ""
        assert bag.find("/two/rep_state") == "/two/rep_state"
        with pytest.raises(InputError, match="/one/rep_state, /two/rep_state"):
            bag.find("rep_state")
        with pytest.raises(InputError, match=r"has no poses.*/webcam"):
            next(bag.poses())


def test_pictures_come_back_raw_and_compressed(tmp_path):
    import cv2

    picture = np.full((48, 64, 3), (10, 120, 240), np.uint8)
    raw = to_image(picture)
    raw.header = header(5, "camera")
    small = CompressedImage(header=header(6, "camera"), format="bgr8; png compressed bgr8")
    small.data = cv2.imencode(".png", picture)[1].tobytes()
    with BagWriter(tmp_path / "raw", {"/c/camera/image_raw": "sensor_msgs/msg/Image"}) as writer:
        writer.write("/c/camera/image_raw", 1, serialize_message(raw))
    topic = "/c/camera/image_raw/compressed"
    with BagWriter(tmp_path / "small", {topic: "sensor_msgs/msg/CompressedImage"}) as writer:
        writer.write(topic, 1, serialize_message(small))
    for name, stamp in (("raw", 5), ("small", 6)):
        with BagReader(tmp_path / name) as bag:
            (frame,) = bag.frames()
        np.testing.assert_array_equal(frame.image, picture)
        assert (frame.stamp, frame.frame_id) == (stamp, "camera")


def test_every_topic_keeps_its_bytes(tmp_path):
    topics = {
        "/take_label": "fitness_msgs/msg/TakeLabel",
        "/image": "sensor_msgs/msg/Image",
    }
    label = TakeLabel(subject="P01", exercise="squat", take=3, event=TakeLabel.EVENT_STOP)
    with BagWriter(tmp_path / "bag", topics) as writer:
        writer.write(
            "/image",
            1,
            serialize_message(Image(height=1, width=2, step=2, encoding="mono8", data=[1, 2])),
        )
        writer.write("/take_label", 2, serialize_message(label))
    with BagReader(tmp_path / "bag") as bag:
        assert deserialize_message(next(bag.raw(["/take_label"]))[3], TakeLabel) == label
        assert deserialize_message(write_and_read_pose(tmp_path), BodyPose).body_id == "person1"


def write_and_read_pose(tmp_path: Path) -> bytes:
    write_poses(tmp_path / "other", 1)
    with BagReader(tmp_path / "other") as bag:
        return next(bag.raw())[3]
