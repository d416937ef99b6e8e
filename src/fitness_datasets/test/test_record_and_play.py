"""What is published is in the bag; what a recorder lacks is told."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import Log
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from recorded_poses import pose_message, write_bag
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from spun_stage import DEADLINE, wait_for

from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_core.ros.messages import from_time, header
from fitness_datasets.bags import BagReader
from fitness_datasets.recorder_node import RecorderNode
from fitness_msgs.msg import BodyPose, ClassifierInfo, RepEvent, SetSummary, TakeLabel

pytestmark = pytest.mark.usefixtures("ros")


def test_what_is_published_is_in_the_bag(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "deep" / "bag"))
    info = stage.node.create_publisher(ClassifierInfo, "exercise/info", qos.LATCHED)
    info.publish(ClassifierInfo(model_id="from before the recorder"))
    recorder.start()
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    events = stage.node.create_publisher(RepEvent, "rep_event", qos.EVENTS)
    images = stage.node.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
    wait_for(lambda: poses.get_subscription_count() and events.get_subscription_count(), "the recorder")
    sent = [pose_message(number) for number in range(100)]
    for number, message in enumerate(sent):
        poses.publish(message)
        wait_for(lambda n=number: recorder._recording.counts[f"{stage.namespace}/body_pose"] > n, "a pose")
    for index in range(30):
        events.publish(RepEvent(index=index))
    images.publish(Image())
    wait_for(lambda: recorder._recording.counts[f"{stage.namespace}/rep_event"] == 30, "the events")
    wait_for(lambda: recorder._recording.counts[f"{stage.namespace}/exercise/info"] == 1, "the latched info")
    recorder.stop()
    with BagReader(tmp_path / "deep" / "bag") as bag:
        assert not bag.recovered
        assert bag.find("camera/image_raw") == ""
        raw = list(bag.raw([f"{stage.namespace}/body_pose"]))
        assert [cdr for *_, cdr in raw] == [serialize_message(message) for message in sent]
        stamps = [stamp for _, _, stamp, _ in bag.raw()]
        assert stamps == sorted(stamps)
        assert abs(stamps[-1] - time.time_ns()) < 60e9
        events_read = [message.index for _, _, message in bag.messages([bag.find("rep_event")])]
        assert events_read == list(range(30))
        ((_, _, info_read),) = bag.messages([bag.find("exercise/info")])
        assert info_read.model_id == "from before the recorder"


def test_nothing_is_missing_of_ten_seconds_in_which_the_recorder_got_no_turn(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.start()
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.POSES)
    wait_for(poses.get_subscription_count, "the recorder")
    # In the one thread that the recorder runs in, too.
    stage.executor.create_task(lambda: [poses.publish(pose_message(number)) for number in range(300)])
    wait_for(lambda: recorder._recording.counts.total() == 300, "all poses")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        stamps = [from_time(message.header.stamp) for _, _, message in bag.messages([bag.find("body_pose")])]
    assert stamps == [number * 33_333_333 for number in range(300)]


def test_labels_of_takes_that_were_over_before_are_of_no_recording(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    labels = stage.node.create_publisher(TakeLabel, "take_label", qos.TAKES)
    labels.publish(TakeLabel(subject="P01", event=TakeLabel.EVENT_START))
    labels.publish(TakeLabel(subject="P01", event=TakeLabel.EVENT_STOP))
    recorder.start()
    wait_for(labels.get_subscription_count, "the recorder")
    labels.publish(TakeLabel(subject="P02", event=TakeLabel.EVENT_START))
    wait_for(lambda: recorder._recording.counts[f"{stage.namespace}/take_label"], "a label")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        assert [label.subject for _, _, label in bag.messages([bag.find("take_label")])] == ["P02"]


def test_where_the_clock_begins_anew_time_in_the_bag_goes_on(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"), use_sim_time=True, topics=["body_pose"])
    recorder.start()
    clock = stage.node.create_publisher(Clock, "/clock", 10)
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    wait_for(poses.get_subscription_count, "the recorder")
    times = [10.0, 12.0, 5.0, 6.5]
    for number, at in enumerate(times):
        clock.publish(Clock(clock=header(round(at * 1e9), "").stamp))
        wait_for(lambda at=at: recorder.get_clock().now().nanoseconds == round(at * 1e9), "the clock")
        poses.publish(pose_message(number))
        wait_for(lambda n=number: recorder._recording.counts.total() > n, "a pose")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        read = [(stamp / 1e9, from_time(message.header.stamp)) for _, stamp, message in bag.messages()]
    assert read == [(at, number * 33_333_333) for number, at in enumerate([10.0, 12.0, 12.0, 13.5])]


def test_what_comes_before_the_clock_has_the_time_at_which_it_begins(stage, tmp_path):
    topics = ["body_pose", "exercise/info"]
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"), use_sim_time=True, topics=topics)
    info = stage.node.create_publisher(ClassifierInfo, "exercise/info", qos.LATCHED)
    info.publish(ClassifierInfo(model_id="from before the recorder"))
    said = []
    stage.node.create_subscription(Log, "/rosout", lambda entry: said.append(entry.msg), 10)
    recorder.start()
    clock = stage.node.create_publisher(Clock, "/clock", 10)
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    wait_for(poses.get_subscription_count, "the recorder")
    wait_for(lambda: any("waiting for /clock" in words for words in said), "word of it")
    for number, at in enumerate([1.7e9, 1.7e9 + 1]):
        clock.publish(Clock(clock=header(round(at * 1e9), "").stamp))
        wait_for(lambda at=at: recorder.get_clock().now().nanoseconds == round(at * 1e9), "the clock")
        poses.publish(pose_message(number))
        wait_for(lambda n=number: recorder._recording.counts[f"{stage.namespace}/body_pose"] > n, "a pose")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        read = [(topic.removeprefix(f"{stage.namespace}/"), stamp / 1e9) for topic, _, stamp, _ in bag.raw()]
    assert read == [("exercise/info", 1.7e9), ("body_pose", 1.7e9), ("body_pose", 1.7e9 + 1)]


def test_what_one_recording_lacks_is_not_forgotten_by_the_next(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "one"))
    recorder.start()
    recorder._recording.problem = "one: no space left on device"
    recorder.stop()
    recorder.set_parameters([Parameter("bag", value=str(tmp_path / "two"))])
    recorder.start()
    assert recorder.diagnose()[0] == DiagnosticStatus.OK
    recorder.stop()
    assert recorder.incomplete == "one: no space left on device"


def test_images_are_recorded_when_asked_for(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"), images=True, topics=["body_pose"])
    recorder.start()
    images = stage.node.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
    wait_for(images.get_subscription_count, "the recorder")
    picture = Image(height=2, width=2, step=6, encoding="bgr8", data=list(range(12)), header=header(7, "camera"))
    images.publish(picture)
    wait_for(lambda: recorder._recording.counts.total() == 1, "the picture")
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        (frame,) = bag.frames()
        assert frame.stamp == 7
        np.testing.assert_array_equal(frame.image.ravel(), range(12))


def test_last_words_are_recorded(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.start()
    summaries = stage.node.create_publisher(SetSummary, "set_summary", qos.STREAM)
    wait_for(summaries.get_subscription_count, "the recorder")
    stage.executor.remove_node(recorder)  # a program that was told to stop spins no more
    timer = threading.Timer(0.1, lambda: summaries.publish(SetSummary(repetitions=8)))
    timer.start()
    recorder.stop()
    timer.join()
    stage.add(recorder)
    with BagReader(tmp_path / "bag") as bag:
        assert [message.repetitions for _, _, message in bag.messages()] == [8]


def test_a_recorder_refuses_what_exists_and_what_it_does_not_know(stage, tmp_path):
    (tmp_path / "bag").mkdir()
    with pytest.raises(InputError, match="exists"):
        stage.make(RecorderNode, bag=str(tmp_path / "bag")).start()
    with pytest.raises(InputError, match="'bag' is empty"):
        stage.make(RecorderNode).start()
    with pytest.raises(InputError, match=r"'body_poses' given; accepted: .*body_pose,"):
        stage.make(RecorderNode, bag=str(tmp_path / "new"), topics=["body_poses"]).start()
    assert not list((tmp_path / "bag").iterdir())


@pytest.mark.parametrize("topics", [["body_poses"], []])
def test_what_a_recorder_is_given_after_it_was_configured_is_refused_too(stage, tmp_path, topics):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.trigger_configure()
    recorder.set_parameters([Parameter("topics", Parameter.Type.STRING_ARRAY, topics)])
    assert recorder.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert "parameter 'topics'" in recorder.problem
    assert not (tmp_path / "bag").exists()
    recorder.set_parameters([Parameter("topics", value=["body_pose"])])
    assert recorder.trigger_activate() == TransitionCallbackReturn.SUCCESS


def test_a_full_disk_is_an_error_and_keeps_what_is_there(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"), topics=["body_pose"])
    reports = []
    stage.node.create_subscription(DiagnosticArray, "/diagnostics", reports.append, 10)
    recorder.start()
    poses = stage.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    wait_for(poses.get_subscription_count, "the recorder")
    poses.publish(pose_message(1))
    wait_for(lambda: recorder._recording.counts.total() == 1, "the first pose")
    wait_for(lambda: (tmp_path / "bag" / "bag.mcap").stat().st_size > 1000, "the first flush")
    # What a full disk is to a process, without one: files may not grow any more.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "bag" / "bag.mcap").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, before[1]))
    try:
        deadline = time.monotonic() + DEADLINE
        while not recorder._recording.problem and time.monotonic() < deadline:
            poses.publish(pose_message(2))
            time.sleep(0.02)
        # With room on the disk again the bag could be closed as if nothing had happened.
        recorder._recording.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    name = recorder.get_fully_qualified_name()
    wait_for(
        lambda: any(s.name == name and s.level == DiagnosticStatus.ERROR for r in reports for s in r.status),
        "an ERROR on /diagnostics",
    )
    assert "File too large" in recorder.diagnose()[1]
    recorder.stop()
    with BagReader(tmp_path / "bag") as bag:
        assert bag.recovered
        assert next(bag.raw())[3] == serialize_message(pose_message(1))


def test_both_programs_run_and_end_by_themselves_or_on_a_signal(stage, tmp_path):
    sent = write_bag(tmp_path / "bag", 30)
    arguments = ["--ros-args", "-r", f"__ns:={stage.namespace}", "-p"]
    record = subprocess.Popen(
        [sys.executable, "-m", "fitness_datasets.recorder_node", *arguments, f"bag:={tmp_path / 'copy'}"],
        stderr=subprocess.PIPE,
    )
    play = subprocess.Popen(
        [sys.executable, "-m", "fitness_datasets.player_node", *arguments, f"bag:={tmp_path / 'bag'}"]
    )
    assert play.wait(timeout=60) == 0
    os.kill(record.pid, signal.SIGINT)
    _, errors = record.communicate(timeout=60)
    assert record.returncode == 0, errors
    with BagReader(tmp_path / "copy") as bag:
        assert not bag.recovered
        assert [cdr for *_, cdr in bag.raw()] == sent


def test_bad_arguments_end_with_2_and_one_line(tmp_path):
    (tmp_path / "bag.mcap").write_text(json.dumps({}))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fitness_datasets.player_node",
            "--ros-args",
            "-p",
            f"bag:={tmp_path / 'bag.mcap'}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] == [done.stderr.splitlines()[-1]]


def test_a_bag_folder_that_goes_away_is_told_and_survived(stage, tmp_path):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.start()
    shutil.rmtree(tmp_path / "bag")
    level, message, _ = recorder.diagnose()
    assert level == DiagnosticStatus.ERROR and "is gone" in message
    assert recorder.incomplete == message, "who records ends at once"


def test_a_bag_folder_that_cannot_be_looked_at_is_told_and_survived(stage, tmp_path, monkeypatch):
    recorder = stage.make(RecorderNode, bag=str(tmp_path / "bag"))
    recorder.start()
    lost = OSError(errno.ENOTCONN, "Transport endpoint is not connected")  # a disk over the network
    with monkeypatch.context() as disk:
        disk.setattr(Path, "stat", Mock(side_effect=lost))
        level, message, _ = recorder.diagnose()
    assert level == DiagnosticStatus.ERROR and "is gone (Transport endpoint is not connected)" in message
    assert recorder.diagnose()[0] == DiagnosticStatus.OK
