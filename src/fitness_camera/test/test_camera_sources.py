"""Sources: every kind that can be had without a camera, and every way to be refused."""

import functools
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest
from made_recordings import clips, make_folder, make_video, refused

from fitness_camera import capture
from fitness_camera.sources import Repeated, open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2


@pytest.fixture
def serve(tmp_path):
    """Serves tmp_path over http; returns the address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_closed_source_has_nothing_more(tmp_path):
    for given in (make_video(tmp_path / "clip.mp4"), make_folder(tmp_path / "folder", ["1.png", "2.png"])):
        source = open_source(str(given))
        source.close()
        source.close()
        assert source.read() is None


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    folder = make_folder(tmp_path / "folder", ["f1.png", "f2.JPG", "f10.png", "f11.bmp"])
    (folder / "notes.txt").write_text("not a picture")
    with open_source(str(folder)) as source:
        assert (source.rate, source.frames, source.width, source.height, source.live) == (
            30.0,
            4,
            64,
            48,
            False,
        )
        frames = list(source)
    assert [round(frame.image.mean() / 10) for frame in frames] == [0, 1, 2, 3]
    assert [frame.stamp for frame in frames] == [0, 33_333_333, 66_666_667, 100_000_000]
    assert [frame.stamp for frame in open_source(str(folder), rate=10.0)][1] == 100_000_000


def test_a_repeated_recording_goes_on_and_so_do_its_stamps(tmp_path):
    path = str(make_video(tmp_path / "clip.mp4"))
    source = Repeated(open_source(path), lambda: open_source(path))
    frames = [source.read() for _ in range(50)]
    assert [frame.stamp for frame in frames] == [number * 40_000_000 for number in range(50)]
    assert [round(frame.image.mean() / 10) for frame in frames] == [*range(20), *range(20), *range(10)]
    source.close()
    assert source.read() is None


def test_a_recording_that_is_rewound_is_what_it_was(tmp_path):
    of_every_kind = {path.suffix: path for path in clips()}.values()
    for path in (*of_every_kind, make_video(tmp_path / "clip.mp4"), make_video(tmp_path / "clip.avi")):
        with open_source(str(path)) as source:
            first = [(frame.stamp, zlib.crc32(frame.image)) for frame in source]
            assert source.rewind(), f"{path.name} had to be opened again"
            assert [(frame.stamp, zlib.crc32(frame.image)) for frame in source] == first
            # From the middle, too.
            assert source.rewind() and source.read() and source.rewind()
            assert source.read().stamp == 0


def test_what_cannot_be_rewound_is_opened_again(tmp_path):
    folder = make_folder(tmp_path / "folder", ["1.png", "2.png"])
    source = Repeated(open_source(str(folder), rate=10.0), lambda: open_source(str(folder), rate=10.0))
    assert [round(source.read().image.mean() / 10) for _ in range(5)] == [0, 1, 0, 1, 0]


def test_a_recording_that_is_gone_cannot_be_repeated(tmp_path):
    path = make_video(tmp_path / "clip.mp4", frames=2)
    source = Repeated(open_source(str(path)), lambda: open_source(str(path)))
    path.unlink()
    assert source.read() and source.read()
    with pytest.raises(InputError, match="is not there"):
        source.read()


def test_a_picture_that_cannot_be_read_is_named_when_it_is_reached(tmp_path):
    folder = make_folder(tmp_path / "folder", ["1.png", "2.png"])
    (folder / "2.png").write_text("not a picture")
    with open_source(str(folder)) as source:
        assert source.read() is not None
        with pytest.raises(InputError, match=r"2\.png"):
            source.read()


def test_a_file_over_http_is_a_recording(tmp_path, serve):
    make_video(tmp_path / "clip.avi")
    with open_source(f"{serve}/clip.avi") as source:
        assert (source.live, source.frames) == (False, 20)
        assert len(list(source)) == 20


def test_the_decoder_of_an_address_keeps_no_pictures_back(tmp_path, serve, monkeypatch):
    """FFmpeg's has a thread for each core otherwise, and with each further one comes a picture later."""
    make_video(tmp_path / "clip.mp4")
    captures: list[cv2.VideoCapture] = []
    make = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda *given: captures.append(make(*given)) or captures[-1])
    with open_source(f"{serve}/clip.mp4"):
        assert [one.get(cv2.CAP_PROP_N_THREADS) for one in captures] == [1]


def test_an_opencv_that_cannot_be_told_of_threads_opens_addresses_too(tmp_path, serve, monkeypatch):
    """4.6, of Ubuntu 24.04."""
    make_video(tmp_path / "clip.mp4")
    monkeypatch.delattr(cv2, "CAP_PROP_N_THREADS")
    with open_source(f"{serve}/clip.mp4") as source:
        assert source.frames == 20


def test_a_file_over_http_that_breaks_off_lacks_pictures(tmp_path):
    content = make_video(tmp_path / "clip.avi", frames=150).read_bytes()

    class BreaksOff(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206)
            self.send_header("Content-Length", str(len(content) - first))
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            # Its end, where the index is, it gives once; of the rest no more than a half.
            self.wfile.write(content[first : max(first, len(content) // 2)] if first < len(content) // 2 else b"")

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open_source(f"http://127.0.0.1:{server.server_port}/clip.avi") as source:
            frames = source.frames
            read = len(list(source))
            assert read < frames and source.undecoded == frames - read
        server.shutdown()


def test_a_file_url_is_a_file(tmp_path):
    assert open_source(f"file://{make_video(tmp_path / 'clip.mp4')}").frames == 20


def test_names_that_ffmpeg_would_take_for_something_else(tmp_path, monkeypatch):
    make_video(tmp_path / "clip.mp4").rename(tmp_path / "http:clip %03d.mp4")
    monkeypatch.chdir(tmp_path)
    assert open_source("http:clip %03d.mp4").frames == 20


@pytest.mark.parametrize("source", ["", "  ", "nothing.mp4", "no/such/folder", "/no/such/file.mp4"])
def test_what_is_not_there(source):
    assert "accepted: a device" in refused(source)


def test_what_is_no_video(tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("This is not a video.\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    headless = make_video(tmp_path / "headless.mp4")
    headless.write_bytes(headless.read_bytes()[:500])
    header = make_video(tmp_path / "header.avi")
    header.write_bytes(header.read_bytes().split(b"movi")[0])
    for path in (text, empty, headless, header):
        assert str(path) in refused(path)


def test_a_folder_of_bags_names_one(tmp_path):
    """As `record` writes it; that a bag is in there nobody said."""
    bag = tmp_path / "recordings" / "P01_S01" / "bag_001"
    bag.mkdir(parents=True)
    (bag / "bag_001_0.mcap").touch()
    for folder in (bag.parent, bag.parents[1]):
        assert refused(str(folder)).endswith(f".webp; there is a bag in it: give {bag}")


def test_a_folder_without_pictures(tmp_path):
    assert "no pictures" in refused(tmp_path)


@pytest.mark.parametrize("source", ["987", "/dev/video987"])
def test_a_device_that_is_not_there(source):
    message = refused(source)
    assert "/dev/video987 is not there" in message
    devices = sorted(Path("/dev").glob("video*"))
    assert all(str(device) in message for device in devices) if devices else "no camera" in message


def test_a_device_that_is_none():
    assert "gives no pictures" in refused("/dev/null")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_an_address_that_refuses(scheme):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert str(port) in refused(f"{scheme}://127.0.0.1:{port}/stream")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_an_address_that_says_nothing_is_given_up_in_time(scheme, monkeypatch):
    monkeypatch.setattr(capture, "OPEN_TIMEOUT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        begun = time.monotonic()
        refused(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/stream")
    assert time.monotonic() - begun < 3


def test_opencv_and_ffmpeg_keep_quiet(tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("This is not a video.\n" * 100)
    cut = make_video(tmp_path / "cut.avi")
    cut.write_bytes(cut.read_bytes()[:7500])
    program = (
        "import sys\n"
        "from fitness_camera.sources import open_source\n"
        "for source in sys.argv[1:]:\n"
        "    try:\n"
        "        list(open_source(source))\n"
        "    except ValueError:\n"
        "        pass\n"
    )
    sources = [str(text), str(cut), "rtsp://127.0.0.1:9/x", "/dev/null"]
    # This process has asked for quiet itself.
    asked = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    done = subprocess.run(
        [sys.executable, "-c", program, *sources], capture_output=True, text=True, timeout=30, env=asked
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_looking_at_sources_does_not_import_opencv():
    program = "import sys, fitness_camera.sources; assert 'cv2' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
