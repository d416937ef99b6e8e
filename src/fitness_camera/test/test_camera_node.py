"""The camera node, over real DDS."""

import http.server
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from fitness_camera.camera_node import CameraNode
from fitness_camera.quiet_opencv import cv2
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.messages import from_time


class World:
    """A camera, and somebody who listens to it, on one executor."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.infos: list[CameraInfo] = []
        self.executor = SingleThreadedExecutor()
        self.listener = rclpy.create_node("listener")
        # Reliable and deep, so that what is missing was not published.
        self.listener.create_subscription(Image, "camera/image_raw", self.images.append, qos.EVENTS)
        self.listener.create_subscription(CameraInfo, "camera/camera_info", self.infos.append, qos.EVENTS)
        self.executor.add_node(self.listener)
        self.nodes: list[CameraNode] = []

    def camera(self, **parameters) -> CameraNode:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = CameraNode(parameter_overrides=overrides)
        self.executor.add_node(node)
        self.nodes.append(node)
        return node

    def until(self, condition: Callable[[], object], timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
            node.destroy_node()
        self.listener.destroy_node()
        self.executor.shutdown()


@pytest.fixture
def world():
    rclpy.init()
    made = World()
    yield made
    made.close()
    rclpy.shutdown()


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


def stamps(messages: list) -> list[int]:
    return [from_time(message.header.stamp) for message in messages]


def numbers(images: list[Image]) -> list[int]:
    return [round(np.mean(image.data) / 10) for image in images]


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


def test_a_recording_waits_for_its_subscribers_and_can_be_stopped_while_it_does(world, clip):
    camera = world.camera(source=clip, wait_for_subscribers=2)
    camera.start()
    second: list[Image] = []
    world.until(lambda: camera.diagnose()[1] == "active")
    assert camera.diagnose()[2]["published"] == 0
    camera.trigger_deactivate()
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


class Stream(http.server.BaseHTTPRequestHandler):
    """A network camera: MJPEG over http, as long as `running`."""

    running = threading.Event()

    def do_GET(self) -> None:
        if not self.running.is_set():
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        picture = cv2.imencode(".jpg", np.full((48, 64, 3), 100, np.uint8))[1].tobytes()
        while self.running.is_set():
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def stream():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream) as server:
        server.daemon_threads = True
        Stream.running.set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/video"
        Stream.running.clear()
        server.shutdown()


def test_a_stream_is_stamped_at_acquisition_and_comes_back_after_it_was_lost(world, stream):
    camera = world.camera(source=stream)
    camera.start()
    world.until(lambda: len(world.images) > 3)
    assert all(0 <= time.time_ns() - stamp < 5e9 for stamp in stamps(world.images))
    assert all(step > 0 for step in np.diff(stamps(world.images)))
    Stream.running.clear()
    world.until(lambda: camera.diagnose()[0] == diagnostics.ERROR)
    assert "is lost" in camera.diagnose()[1]
    seen = len(world.images)
    Stream.running.set()
    world.until(lambda: len(world.images) > seen + 3)
    assert camera.diagnose()[0] == diagnostics.OK
    assert not camera.finished.done()


def test_a_stream_that_is_not_there_yet_is_refused_or_waited_for(world, stream):
    Stream.running.clear()
    with pytest.raises(InputError):
        world.camera(source=stream).start()
    camera = world.camera(source=stream, wait_for_device=True)
    camera.start()
    world.until(lambda: camera.diagnose()[0] == diagnostics.ERROR)
    assert "trying again" in camera.diagnose()[1]
    Stream.running.set()
    world.until(lambda: len(world.images) > 3)
    assert camera.diagnose()[0] == diagnostics.OK


def test_a_file_that_is_not_there_is_not_waited_for(world, tmp_path):
    with pytest.raises(InputError, match="is not there"):
        world.camera(source=str(tmp_path / "nowhere.mp4"), wait_for_device=True).start()


def test_a_device_that_is_not_there_can_be_deactivated_while_it_is_waited_for(world):
    camera = world.camera(source="/dev/video97", wait_for_device=True)
    camera.start()
    assert camera.diagnose()[0] == diagnostics.ERROR and "/dev/video97" in camera.diagnose()[1]
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 2.0


def test_a_lost_stream_can_be_deactivated(world, stream):
    camera = world.camera(source=stream)
    camera.start()
    world.until(lambda: world.images)
    Stream.running.clear()
    world.until(lambda: camera.diagnose()[0] == diagnostics.ERROR)
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 2.0


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
