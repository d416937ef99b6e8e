"""The camera node, over real DDS."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from camera_world import stamps
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from fitness_camera.folder import FolderSource
from fitness_camera.ros import pace
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.ros import diagnostics, qos
from fitness_msgs.msg import BodyPose


@pytest.fixture
def clip(tmp_path):
    """Twenty pictures at 40 Hz, the n-th of brightness 10 * n."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 40, (64, 48))
    for number in range(20):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def slow(tmp_path):
    """A folder of three pictures."""
    folder = tmp_path / "slow"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), 10 * number, np.uint8))
    return str(folder)


def numbers(images: list[Image]) -> list[int]:
    return [round(np.mean(image.data) / 10) for image in images]


def test_a_picture_whose_name_is_no_text_ends_the_folder_as_any_that_cannot_be_read(world, slow):
    Path(slow, "9\udcff.png").write_bytes(b"no picture")
    told: list[DiagnosticArray] = []
    world.listener.create_subscription(DiagnosticArray, "/diagnostics", told.append, qos.DIAGNOSTICS)
    camera = world.camera(source=slow)
    camera.start()
    world.until(camera.finished.done)
    said = camera.finished.result()
    assert "9\\udcff.png cannot be decoded" in said
    world.until(lambda: any(status.message == said for array in told for status in array.status))


def test_a_source_that_is_set_meanwhile_is_told_of_when_it_is_opened(world, clip, slow):
    camera = world.camera(source=clip)
    camera.start()
    world.until(lambda: world.images)
    camera.set_parameters([Parameter("source", value=slow)])
    assert camera.diagnose()[2]["source"] == clip
    world.until(camera.finished.done)
    camera.stop()
    camera.start()
    assert camera.diagnose()[2]["source"] == slow


def test_a_file_is_published_whole_at_its_own_rate_and_then_finished(world, clip):
    camera = world.camera(source=clip, frame_id="eye")
    before = time.time_ns()
    begun = time.monotonic()
    camera.start()
    assert not camera.finished.done()
    world.until(camera.finished.done)
    took = time.monotonic() - begun
    world.until(lambda: len(world.images) == len(world.infos) == 20)
    assert numbers(world.images) == list(range(20))
    first = stamps(world.images)[0]
    assert before < first < time.time_ns()
    assert np.array(stamps(world.images)) - first == pytest.approx(np.arange(20) * 25_000_000, abs=1)
    assert [image.header for image in world.images] == [info.header for info in world.infos]
    assert {image.header.frame_id for image in world.images} == {"eye"}
    assert 19 * 0.025 <= took < 2.0
    level, message, values = camera.diagnose()
    assert (level, message, values["published"], values["errors"]) == (diagnostics.OK, "finished", 20, 0)


def test_uncalibrated_is_said_by_zeros(world, clip):
    world.camera(source=clip, paced=False).start()
    world.until(lambda: world.infos)
    info = world.infos[0]
    assert (info.width, info.height, info.distortion_model, list(info.d)) == (64, 48, "", [])
    assert not np.any(info.k) and not np.any(info.r) and not np.any(info.p)


CALIBRATION = """
image_width: {width}
image_height: 48
camera_name: eye
camera_matrix: {{rows: 3, cols: 3, data: [50, 0, 32, 0, 50, 24, 0, 0, 1]}}
distortion_model: plumb_bob
distortion_coefficients: {{rows: 1, cols: 5, data: [0.1, -0.2, 0, 0, 0]}}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
projection_matrix: {{rows: 3, cols: 4, data: [50, 0, 32, 0, 0, 50, 24, 0, 0, 0, 1, 0]}}
"""


def test_a_calibration_is_published_with_every_picture(world, clip, tmp_path):
    (tmp_path / "eye.yaml").write_text(CALIBRATION.format(width=64))
    world.camera(source=clip, camera_name="eye", camera_info_url=f"file://{tmp_path}/${{NAME}}.yaml").start()
    world.until(lambda: world.infos)
    info = world.infos[0]
    assert (info.k[0], info.p[6], info.distortion_model, list(info.d)) == (
        50,
        24,
        "plumb_bob",
        [0.1, -0.2, 0, 0, 0],
    )


def test_a_picture_of_another_size_has_no_calibration(world, slow, tmp_path):
    (tmp_path / "eye.yaml").write_text(CALIBRATION.format(width=64))
    cv2.imwrite(f"{slow}/1.png", np.zeros((24, 32, 3), np.uint8))
    world.camera(source=slow, camera_info_url=f"{tmp_path}/eye.yaml").start()
    world.until(lambda: len(world.infos) == 3)
    assert [(info.width, info.k[0], info.distortion_model) for info in world.infos] == [
        (64, 50.0, "plumb_bob"),
        (32, 0.0, ""),
        (64, 50.0, "plumb_bob"),
    ]


@pytest.mark.parametrize(
    ("url", "content", "problem"),
    [
        ("file://{}/none.yaml", None, "No such file"),
        ("{}/eye.yaml", "image_width: 64", "'image_height' is missing"),
        ("{}/eye.yaml", "just text", "is not one"),
        (
            "{}/eye.yaml",
            CALIBRATION.format(width=64).replace("0, 0, 1]", "1]"),
            "camera_matrix has 7 values, not 9",
        ),
        (
            "{}/eye.yaml",
            CALIBRATION.format(width=64).replace("[50, 0, 32, 0, 50", "[0, 0, 32, 0, 50"),
            "focal length",
        ),
        ("{}/eye.yaml", CALIBRATION.format(width=128), "calibration for 128x48"),
        ("package://no_such_package/eye.yaml", None, "no package 'no_such_package'"),
        ("https://example.org/eye.yaml", None, "accepted are"),
        ("file://~nosuchuser/eye.yaml", None, "no such user"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(world, clip, tmp_path, url, content, problem):
    if content is not None:
        (tmp_path / "eye.yaml").write_text(content)
    camera = world.camera(source=clip, camera_info_url=url.format(tmp_path))
    with pytest.raises(InputError, match=problem):
        camera.start()


def test_unpaced_is_faster_than_the_recording(world, slow):
    camera = world.camera(source=slow, rate=0.05, paced=False)
    begun = time.monotonic()
    camera.start()
    world.until(lambda: camera.finished.done() and len(world.images) == 3)
    assert time.monotonic() - begun < 10
    assert np.diff(stamps(world.images)).tolist() == [20_000_000_000] * 2


def test_unpaced_the_next_picture_goes_out_when_the_pose_of_the_last_one_has_come(world, clip):
    poses = world.listener.create_publisher(BodyPose, "body_pose", qos.POSES)
    camera = world.camera(source=clip, paced=False)
    camera.start()
    for number in range(20):
        world.until(lambda number=number: len(world.images) > number)
        assert len(world.images) == number + 1 and camera.diagnose()[2]["published"] == number + 1
        assert not camera.finished.done()
        poses.publish(BodyPose(header=world.images[-1].header))
    world.until(camera.finished.done)
    assert numbers(world.images) == list(range(20))
    assert camera.diagnose()[2]["unanswered"] == 0


def test_unpaced_goes_on_where_poses_do_not_come(world, slow, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.5)
    world.listener.create_publisher(BodyPose, "body_pose", qos.POSES)
    camera = world.camera(source=slow, paced=False)
    camera.start()
    world.until(lambda: camera.finished.done() and len(world.images) == 3)
    assert camera.diagnose()[2]["unanswered"] == 3


def test_unpaced_and_in_wait_for_a_pose_it_stops_at_once(world, slow):
    world.listener.create_publisher(BodyPose, "body_pose", qos.POSES)
    camera = world.camera(source=slow, paced=False)
    camera.start()
    world.until(lambda: world.images)
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < pace.PATIENCE / 2
    assert len(world.images) == 1
    assert not [one for one in camera.subscriptions if one.topic_name == "/body_pose"]


def test_a_loop_goes_on_and_so_do_its_stamps(world, clip):
    camera = world.camera(source=clip, paced=True, loop=True)
    camera.start()
    world.until(lambda: len(world.images) >= 45)
    assert numbers(world.images)[:45] == [*range(20), *range(20), *range(5)]
    assert np.diff(stamps(world.images)).tolist() == [25_000_000] * (len(world.images) - 1)
    assert not camera.finished.done()


def test_deactivate_is_immediate_and_activate_starts_over(world, slow):
    camera = world.camera(source=slow, rate=0.05)
    camera.start()
    world.until(lambda: world.images)
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 0.5
    assert not [thread for thread in threading.enumerate() if thread.name == "capture"]
    world.images.clear()
    camera.trigger_activate()
    world.until(lambda: world.images)
    assert numbers(world.images) == [0]


def test_each_time_a_recording_ends_it_says_how_many_pictures_that_were(world, slow, capfd):
    camera = world.camera(source=slow)
    camera.get_logger().set_level(LoggingSeverity.INFO)  # a test before may have asked for less of all
    for _ in range(2):
        camera.start()
        world.until(camera.finished.done)
        camera.stop()
    assert capfd.readouterr().err.count("3 frames published") == 2


@pytest.mark.parametrize("paced", [True, False])
def test_a_recording_waits_for_its_subscribers_and_can_be_stopped_while_it_does(world, clip, paced, capfd):
    camera = world.camera(source=clip, paced=paced, wait_for_subscribers=2)
    camera.start()
    second: list[Image] = []
    world.until(lambda: camera.diagnose()[1] == "active")
    assert camera.diagnose()[2]["published"] == 0
    camera.trigger_deactivate()
    assert "nobody publishes body_pose" not in capfd.readouterr().err
    camera.trigger_activate()
    world.listener.create_subscription(Image, "camera/image_raw", second.append, qos.EVENTS)
    world.until(camera.finished.done)
    world.until(lambda: len(second) == 20)


def test_a_picture_that_cannot_be_read_ends_the_folder_and_is_reported(world, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "2.png").write_text("not a picture")
    camera = world.camera(source=str(tmp_path))
    camera.start()
    world.until(camera.finished.done)
    level, message, values = camera.diagnose()
    assert (level, values["published"], values["errors"]) == (diagnostics.ERROR, 1, 1)
    assert "2.png" in message
    assert "2.png" in camera.finished.result(), "a program ends with 2 by that"


def test_a_recording_that_an_error_ends_is_over_too(world, slow, monkeypatch):
    monkeypatch.setattr(FolderSource, "read", Mock(side_effect=RuntimeError("the disk is gone")))
    camera = world.camera(source=slow)
    camera.start()
    world.until(camera.finished.done)
    assert camera.finished.result() == "the capture thread failed"
    assert camera.diagnose()[0] == diagnostics.ERROR


def program(*arguments: str) -> subprocess.Popen:
    parameters = [part for argument in arguments for part in ("-p", argument)]
    return subprocess.Popen(
        [sys.executable, "-m", "fitness_camera.camera_node", "--ros-args", *parameters],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_program_ends_with_its_file(world, clip):
    process = program(f"source:={clip}")
    world.until(lambda: process.poll() is not None)
    assert process.returncode == 0, process.stderr.read()
    world.until(lambda: len(world.images) == 20)
    assert numbers(world.images) == list(range(20))


def test_the_program_stops_on_ctrl_c(world, clip):
    process = program(f"source:={clip}", "loop:=true")
    world.until(lambda: world.images)
    process.send_signal(signal.SIGINT)
    world.until(lambda: process.poll() is not None, timeout=60)
    assert process.returncode == 0, process.stderr.read()


@pytest.mark.parametrize("argument", ["source:=/no/such/file.mp4", "source:=987", "sorce:=0", "paced:=3"])
def test_the_program_refuses_bad_input_in_one_line(argument):
    process = program(argument)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert [line for line in errors.splitlines() if line.startswith("error: ")] == errors.splitlines()[-1:]
