"""A recording that nothing came for leaves no bag; whatever came stays."""

from pathlib import Path

import pytest
from rclpy.serialization import serialize_message
from recorded_poses import pose_message
from spun_stage import wait_for

from fitness_core.ros import qos
from fitness_datasets.bags import BagReader
from fitness_datasets.recorder_node import RecorderNode
from fitness_datasets.recording import Recording
from fitness_msgs.msg import BodyPose, ClassifierInfo

INFO, POSE = "fitness_msgs/msg/ClassifierInfo", "fitness_msgs/msg/BodyPose"
BOTH = {"/exercise/info": INFO, "/body_pose": POSE}
SAID = serialize_message(ClassifierInfo(model_id="m"))


def test_what_a_classifier_says_of_itself_is_no_recording(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "bag", BOTH)
    assert (tmp_path / "bag").is_dir(), "the name is taken, and a folder that cannot be written is told, at once"
    recording.put("/exercise/info", 1, SAID)
    recording.close()
    assert not (tmp_path / "bag").exists()
    Recording(tmp_path / "bag", BOTH).close()
    assert not (tmp_path / "bag").exists(), "its name was free again"


@pytest.mark.parametrize("posed", [True, False], ids=["with a pose", "alone, as asked for"])
def test_it_is_in_the_bag_before_what_came_after_it(tmp_path: Path, posed: bool) -> None:
    recording = Recording(tmp_path / "bag", BOTH if posed else {"/exercise/info": INFO})
    recording.put("/exercise/info", 1, SAID)
    if posed:
        recording.put("/body_pose", 2, serialize_message(pose_message(0)))
    recording.put("/exercise/info", 3, SAID)
    recording.close()
    with BagReader(tmp_path / "bag") as bag:
        read = [(topic, stamp) for topic, _, stamp, _ in bag.raw()]
    assert read == [("/exercise/info", 1), *[("/body_pose", 2)] * posed, ("/exercise/info", 3)]


def test_what_somebody_else_has_put_there_stays(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "bag", BOTH)
    (tmp_path / "bag" / "notes.txt").write_text("left knee")
    recording.close()
    assert [file.name for file in (tmp_path / "bag").iterdir()] == ["notes.txt"]


def test_a_recorder_that_is_stopped_before_anything_came_can_record_there_again(ros, stage, tmp_path: Path) -> None:
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.start()
    recorder.stop()
    assert not (tmp_path / "bag").exists() and not recorder.incomplete
    recorder.start()
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    wait_for(poses.get_subscription_count, "the recorder")
    poses.publish(pose_message(0))
    wait_for(lambda: recorder._recording.counts.total(), "the pose")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        assert len(list(bag.poses())) == 1


def test_whatever_a_writer_fails_of_is_told_and_takes_nothing_else_with_it(tmp_path: Path, monkeypatch) -> None:
    recording = Recording(tmp_path / "bag", BOTH)
    write = recording._writer.write

    def fail_at_2(topic: str, stamp: int, cdr: bytes) -> None:
        if stamp == 2:
            raise ValueError("no such time")
        write(topic, stamp, cdr)

    monkeypatch.setattr(recording._writer, "write", fail_at_2)
    for stamp in (1, 2, 3):
        recording.put("/body_pose", stamp, serialize_message(pose_message(0)))
    recording.close()
    assert "ValueError: no such time; recording has stopped" in recording.problem
    with BagReader(tmp_path / "bag") as bag:
        assert [stamp for _, _, stamp, _ in bag.raw()] == [1]
