"""Devices and network streams: stamps, losses, and waiting for what is not there."""

import contextlib
import http.server
import itertools
import struct
import threading
import time

import numpy as np
import pytest
from camera_world import stamps
from made_recordings import make_video

from fitness_camera import camera_node
from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.ros import diagnostics


class Stream(http.server.BaseHTTPRequestHandler):
    """A network camera: MJPEG over http, as long as `running`."""

    running = threading.Event()
    shape_of_pixels = 1, 1
    backlog = 0
    """How many black pictures it has from before."""

    def do_GET(self) -> None:
        if not self.running.is_set():
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        for number in itertools.count():
            if not self.running.is_set():
                return
            shade = 0 if number < self.backlog else 100
            picture = cv2.imencode(".jpg", np.full((48, 64, 3), shade, np.uint8))[1].tobytes()
            # The density of JFIF, in which FFmpeg has the shape of pixels.
            picture = picture[:14] + struct.pack(">HH", *self.shape_of_pixels) + picture[18:]
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:
                return
            if number >= self.backlog:
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


def test_nobody_waits_while_an_address_that_is_waited_for_is_opened(world, stream, monkeypatch):
    answers = threading.Event()

    def open_slowly(*given, **asked):
        assert answers.wait(60)
        return open_source(*given, **asked)

    monkeypatch.setattr(camera_node, "open_source", open_slowly)
    camera = world.camera(source=stream, wait_for_device=True)
    camera.start()
    assert camera.diagnose()[:2] == (diagnostics.OK, "active"), "what else is on the executor goes on"
    answers.set()
    world.until(lambda: len(world.images) > 3)


def test_an_address_that_does_not_answer_keeps_nobody_who_deactivates(world, stream, monkeypatch, capfd):
    answers, opened = threading.Event(), []

    def open_slowly(*given, **asked):
        assert answers.wait(60)
        opened.append(open_source(*given, **asked))
        monkeypatch.setattr(opened[0], "close", closed.set)
        return opened[0]

    closed = threading.Event()
    monkeypatch.setattr(camera_node, "open_source", open_slowly)
    camera = world.camera(source=stream, wait_for_device=True)
    camera.start()
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 2.0
    assert camera.diagnose()[:2] == (diagnostics.OK, "inactive")
    monkeypatch.setattr(camera_node, "open_source", open_source)
    camera.trigger_activate()
    world.until(lambda: len(world.images) > 3)
    answers.set()
    assert closed.wait(60), "what nobody wants any more is given back"
    seen = len(world.images)
    world.until(lambda: len(world.images) > seen + 3)
    assert "trying again" not in capfd.readouterr().err


def test_pixels_of_a_stream_that_are_not_square_are_made_so(stream, monkeypatch):
    monkeypatch.setattr(Stream, "shape_of_pixels", (4, 3))
    with open_source(stream) as source:
        assert source.live and (source.width, source.height) == (85, 48)
        assert source.read().image.shape == (48, 85, 3)


def test_pictures_from_before_a_stream_was_opened_are_not_stamped_with_now(stream, monkeypatch):
    monkeypatch.setattr(Stream, "backlog", 200)
    with open_source(stream) as source:
        assert source.read().image.mean() > 50, "a picture from before"


class File(http.server.BaseHTTPRequestHandler):
    """A video over http, once it is `there`."""

    content = b""
    there = threading.Event()

    def do_GET(self) -> None:
        if not self.there.is_set():
            self.send_error(503)
            return
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206)
        self.send_header("Content-Length", str(len(self.content) - begin))
        self.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(self.content[begin:])

    log_message = Stream.log_message


def test_a_recording_of_an_address_that_is_waited_for_is_played_as_one(world, tmp_path):
    File.content = make_video(tmp_path / "clip.avi").read_bytes()
    File.there.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), File) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/clip.avi"
        camera = world.camera(source=address, wait_for_device=True, wait_for_subscribers=0)
        before = time.time_ns()
        camera.start()
        world.until(lambda: "trying again" in camera.diagnose()[1])
        File.there.set()
        world.until(camera.finished.done)
        world.until(lambda: len(world.images) == 20)
        assert before < stamps(world.images)[0]
        assert np.diff(stamps(world.images)).tolist() == [40_000_000] * 19
        assert camera.diagnose()[:2] == (diagnostics.OK, "finished")
        server.shutdown()


def test_the_password_of_a_stream_is_told_to_nobody(world, stream, capfd):
    camera = world.camera(source=stream.replace("//", "//somebody:s3cret@"), wait_for_device=True)
    said = []
    camera.start()
    world.until(lambda: len(world.images) > 3)
    said.append(camera.diagnose())
    Stream.running.clear()
    world.until(lambda: "is lost" in camera.diagnose()[1])
    said.append(camera.diagnose())
    camera.stop()
    camera.start()
    world.until(lambda: "trying again" in camera.diagnose()[1])
    said.append(camera.diagnose())
    Stream.running.set()
    world.until(lambda: camera.diagnose()[0] == diagnostics.OK)
    told = str(said) + capfd.readouterr().err
    assert told.count(stream.removeprefix("http://")) > 5 and "s3cret" not in told and "somebody" not in told


def test_a_file_that_is_not_there_is_not_waited_for(world, tmp_path):
    with pytest.raises(InputError, match="is not there"):
        world.camera(source=str(tmp_path / "nowhere.mp4"), wait_for_device=True).start()


def test_a_device_that_is_not_there_can_be_deactivated_while_it_is_waited_for(world):
    camera = world.camera(source="/dev/video97", wait_for_device=True)
    camera.start()
    world.until(lambda: camera.diagnose()[0] == diagnostics.ERROR and "/dev/video97" in camera.diagnose()[1])
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 2.0
    assert camera.diagnose()[:2] == (diagnostics.OK, "inactive"), "it is waited for no more"


def test_a_lost_stream_can_be_deactivated(world, stream):
    camera = world.camera(source=stream)
    camera.start()
    world.until(lambda: world.images)
    Stream.running.clear()
    world.until(lambda: camera.diagnose()[0] == diagnostics.ERROR)
    begun = time.monotonic()
    camera.trigger_deactivate()
    assert time.monotonic() - begun < 2.0
