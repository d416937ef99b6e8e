"""The pose node over real DDS: what becomes of every picture."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from pose_world import PICTURE, World, balanced
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from fitness_camera.camera_node import CameraNode
from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.ros import diagnostics, messages, qos
from fitness_msgs.msg import BodyPose
from pose_estimator import pose_estimator_node
from pose_estimator.options import Options
from pose_estimator.pose_estimator_node import PoseEstimatorNode

CLIP = Path(__file__).resolve().parents[4] / "shared/data/videos/curl/pose_trainer_sample_bicep_curl.mp4"
FRAMES = 60


def test_one_pose_for_each_picture_with_its_header(world, gate):
    world.pose_node()
    for number in range(3):
        sent = world.send()
        world.until(lambda number=number: len(world.poses) == number + 1)
        pose = world.poses[-1]
        assert pose.header == sent.header
        assert (pose.image_width, pose.image_height, pose.status) == (640, 480, BodyPose.STATUS_TRACKED)
    assert [pose.body_id for pose in world.poses] == ["person_1"] * 3


def test_nobody_is_published_too(world):
    node = world.pose_node()
    sent = world.send()
    world.until(lambda: world.poses)
    assert world.poses[0].status == BodyPose.STATUS_NO_BODY and world.poses[0].header == sent.header
    assert (node.statistics.processed, node.statistics.nobody) == (1, 1)


def test_a_slow_model_gets_the_newest_picture_and_the_others_are_counted(world, gate):
    node = world.pose_node()
    gate.open.clear()
    world.send()
    world.until(lambda: gate.entered == 1)
    for number in range(5):
        newest = world.send()
        world.until(lambda number=number: node.statistics.received == number + 2)
    gate.open.set()
    world.until(lambda: len(world.poses) == 2)
    assert world.poses[-1].header == newest.header
    counted = node.statistics
    assert (counted.received, counted.processed, counted.replaced, counted.lost) == (6, 2, 4, 0)
    assert balanced(node)


def test_deactivated_it_takes_no_pictures_and_activated_again_it_does(world, gate):
    node = world.pose_node()
    node.trigger_deactivate()
    assert not [thread for thread in threading.enumerate() if thread.name == "pose"]
    world.until(lambda: world.publisher.get_subscription_count() == 0)
    world.send()
    node.trigger_activate()
    world.until(lambda: world.publisher.get_subscription_count() == 1)
    while not world.poses:
        world.send()
        world.spin(0.05)
    # What was published meanwhile is not lost: nobody wanted it.
    assert node.statistics.lost == 0


def test_an_encoding_that_cannot_be_read_is_refused_and_told(world, gate):
    node = world.pose_node()
    for _ in range(3):
        world.send(PICTURE, "bayer_rggb8")
        world.until(lambda: balanced(node) and node.statistics.received)
    world.send()
    world.until(lambda: world.poses)
    assert node.statistics.refused >= 1 and node.statistics.processed == 1 and balanced(node)
    level, message, values = node.refusals.tell(*node.diagnose())
    assert level == diagnostics.WARN and "camera/image_raw: image encoding 'bayer_rggb8'" in message
    assert values[f"refused {node.resolve_topic_name('camera/image_raw')}"] >= 1


def test_a_model_that_breaks_is_an_error_until_it_works_again(world, gate):
    node = world.pose_node()
    gate.fails = True
    world.send()
    world.until(lambda: node.statistics.failed == 1)
    level, message, _ = node.diagnose()
    assert level == diagnostics.ERROR and "the model broke" in message
    gate.fails = False
    world.send()
    world.until(lambda: world.poses)
    assert node.diagnose()[0] == diagnostics.OK and balanced(node)


def test_what_broke_before_is_no_error_of_a_node_that_is_switched_off(world, gate):
    node = world.pose_node()
    gate.fails = True
    world.send()
    world.until(lambda: node.diagnose()[0] == diagnostics.ERROR)
    node.trigger_deactivate()
    assert node.diagnose()[:2] == (diagnostics.OK, "inactive")


def test_diagnostics_tell_rates_and_what_was_dropped(world, gate):
    node = world.add(PoseEstimatorNode)
    assert node.diagnose()[:2] == (diagnostics.OK, "inactive")
    node.start()
    level, message, _ = node.diagnose()
    assert level == diagnostics.WARN and message == "no pictures on /camera/image_raw"
    while not world.poses:
        world.send()
        world.spin(0.05)
    level, _, values = node.diagnose()
    assert level == diagnostics.OK and values["rate_hz"] > 0 and values["stamp_age_ms"] > 0
    assert {
        "inference_ms",
        "received",
        "processed",
        "nobody",
        "replaced",
        "lost",
        "refused",
        "failed",
    } <= set(values)


def test_smoothing_can_be_set_while_running(world, gate):
    node = world.pose_node()
    [result] = node.set_parameters([Parameter("smoothing", value=False)])
    assert result.successful and not node._estimator.smoothing
    [result] = node.set_parameters([Parameter("smoothing_beta", value=-1.0)])
    assert not result.successful


def test_thresholds_make_another_backend_where_there_is_one(world, gate, monkeypatch):
    made: list[Options] = []
    monkeypatch.setattr(pose_estimator_node, "make_backend", lambda _, options: made.append(options) or gate)
    node = world.add(PoseEstimatorNode)
    for threshold, backends in ((0.3, 1), (0.4, 2)):
        assert node.set_parameters([Parameter("min_tracking_confidence", value=threshold)])[0].successful
        if not node.active:
            node.start()
        seen = len(world.poses)
        while len(world.poses) == seen:
            world.send()
            world.spin(0.05)
        assert (made[-1].min_tracking_confidence, len(made)) == (threshold, backends)


def test_the_model_is_named_again_where_another_one_is_to_be_taken(world, gate):
    node = world.pose_node(model="lite")
    node.stop()
    node.set_parameters([Parameter("model", value="")])
    node.start()
    assert node.get_parameter("model").value == "full"
    assert node.diagnose()[2]["backend"] == "mediapipe full"


@pytest.mark.parametrize("parameters", [{"model": "huge"}, {"min_detection_confidence": 2.0}, {"modell": "full"}])
def test_parameters_that_are_refused(world, parameters):
    with pytest.raises(InputError):
        world.add(PoseEstimatorNode, **parameters)


def test_padded_grey_and_rgb_pictures_are_taken(world, gate):
    world.pose_node()
    for number, (picture, encoding) in enumerate(
        [(PICTURE[:, :, :1], "mono8"), (PICTURE, "rgb8"), (np.dstack([PICTURE, PICTURE[:, :, :1]]), "bgra8")]
    ):
        world.send(picture, encoding)
        world.until(lambda number=number: len(world.poses) == number + 1)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Six seconds of a real person, 640x480 at 10 Hz: a machine that is busy with other work keeps up with that."""
    if not CLIP.is_file():
        assert os.environ.get("CI") != "true", f"{CLIP} is not there"
        pytest.skip(f"{CLIP} is not there")
    path = tmp_path_factory.mktemp("recording") / "curl.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (640, 480))
    frames = list(open_source(str(CLIP)))
    for number in range(FRAMES):
        writer.write(cv2.resize(frames[3 * number % len(frames)].image, (640, 480)))
    writer.release()
    return str(path)


def check_delivery(world: World, node: PoseEstimatorNode, frames: int) -> None:
    counted = node.statistics
    # Without the profile half or less arrives, at any rate: pictures are lost by their size.
    world.until(lambda: counted.received >= 0.99 * frames and balanced(node))
    # What is lost after the last picture that arrived is not known to be lost.
    assert counted.received + counted.lost <= frames
    world.until(lambda: len(world.poses) == counted.processed)
    tracked = [pose for pose in world.poses if pose.status == BodyPose.STATUS_TRACKED]
    assert len(tracked) > 0.9 * len(world.poses) > 0
    stamps = [messages.from_time(pose.header.stamp) for pose in world.poses]
    assert np.all(np.diff(stamps) > 0)


def test_camera_to_pose_in_one_process(world, recording):
    node = world.add(PoseEstimatorNode)
    camera = world.add(CameraNode, source=recording)
    node.start()
    camera.start()
    world.until(camera.finished.done)
    check_delivery(world, node, FRAMES)


def test_camera_to_pose_in_two_processes(world, recording):
    profile = Path(__file__).resolve().parents[2] / "fitness_bringup/config/fastdds.xml"
    if os.environ.get("FASTRTPS_DEFAULT_PROFILES_FILE") is None or not profile.is_file():
        assert os.environ.get("CI") != "true", f"{profile} is not set in the environment"
        pytest.skip("pictures are lost between processes without the Fast DDS profile of fitness_bringup")
    node = world.add(PoseEstimatorNode)
    node.start()
    camera = subprocess.Popen(
        [sys.executable, "-m", "fitness_camera.camera_node", "--ros-args", "-p", f"source:={recording}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    world.until(lambda: camera.poll() is not None, timeout=60)
    assert camera.returncode == 0, camera.stderr.read()
    check_delivery(world, node, FRAMES)


@pytest.mark.parametrize("watched", [False, True], ids=["handed over", "through DDS"])
def test_a_camera_in_this_process_gives_the_same_pictures_whichever_way_they_come(world, gate, tmp_path, watched):
    count, shown = 12, []
    for number in range(count):
        assert cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((48, 64, 3), 10 * number, np.uint8))
    gate.detect = lambda picture, stamp: shown.append((stamp, picture.copy()))
    pose = world.add(PoseEstimatorNode)
    pose.start()
    camera = world.add(CameraNode, source=str(tmp_path), rate=20.0, wait_for_subscribers=1 + watched)
    seen: list[int] = []
    if watched:
        world.other.create_subscription(
            Image, "camera/image_raw", lambda m: seen.append(messages.from_time(m.header.stamp)), qos.IMAGE_PUBLISHER
        )
    camera.start()
    world.until(camera.finished.done)
    world.until(lambda: balanced(pose) and pose.statistics.received + pose.statistics.lost == count)
    world.until(lambda: len(world.poses) == pose.statistics.processed == len(shown))
    assert [messages.from_time(heard.header.stamp) for heard in world.poses] == [stamp for stamp, _ in shown]
    first = shown[0][0] - round(int(shown[0][1][0, 0, 0]) / 10 * 50_000_000)
    for stamp, picture in shown:
        number = round((stamp - first) / 50_000_000)
        np.testing.assert_array_equal(picture, np.full((48, 64, 3), 10 * number, np.uint8))
    assert [stamp for stamp, _ in shown] == sorted({stamp for stamp, _ in shown})
    if watched:
        world.until(lambda: len(seen) == count)
    else:
        assert (pose.statistics.received, pose.statistics.lost) == (count, 0)
