"""Sources: every kind that can be had without a camera, and every way to be refused."""

import csv
import functools
import http.server
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from fitness_camera import capture
from fitness_camera.quiet_opencv import cv2
from fitness_camera.source import Stamps
from fitness_camera.sources import Repeated, open_source
from fitness_core.errors import InputError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def make_video(path: Path, frames: int = 20, rate: float = 25.0, size: tuple[int, int] = (64, 48)) -> Path:
    """A video whose n-th picture is of brightness 10 * n."""
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 10 * number, np.uint8))
    writer.release()
    return path


def make_folder(path: Path, names: list[str]) -> Path:
    path.mkdir()
    for number, name in enumerate(names):
        cv2.imwrite(str(path / name), np.full((48, 64, 3), 10 * number, np.uint8))
    return path


def clips(**wanted: str) -> list[Path]:
    table = DATA / "clips.csv"
    if not table.is_file():
        assert os.environ.get("CI") != "true", f"{table} is not there"
        pytest.skip(f"{table} is not there")
    with table.open() as rows:
        return [DATA / row["file"] for row in csv.DictReader(rows) if all(row[k] == v for k, v in wanted.items())]


@pytest.fixture
def serve(tmp_path):
    """Serves tmp_path over http; returns the address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def refused(source: object, **arguments) -> str:
    with pytest.raises(InputError) as caught:
        open_source(str(source), **arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_gives_every_picture_with_its_presentation_time(tmp_path):
    path = make_video(tmp_path / "clip.mp4")
    with open_source(str(path), frame_id="eye") as source:
        assert (source.name, source.width, source.height, source.frames, source.live) == (
            str(path),
            64,
            48,
            20,
            False,
        )
        assert source.rate == pytest.approx(25)
        frames = list(source)
        assert source.read() is None
    assert [frame.stamp for frame in frames] == [number * 40_000_000 for number in range(20)]
    assert [round(frame.image.mean() / 10) for frame in frames] == list(range(20))
    assert frames[0].image.dtype == np.uint8 and frames[0].image.shape == (48, 64, 3)
    assert {frame.frame_id for frame in frames} == {"eye"}


def test_pictures_that_nobody_holds_are_used_again_and_no_others(tmp_path):
    path = make_video(tmp_path / "clip.mp4")
    with open_source(str(path)) as source:
        let_go = {frame.image.__array_interface__["data"][0] for frame in source}
    assert len(let_go) <= 2, "the one that is held while the next is decoded, and that"
    with open_source(str(path)) as source:
        # Every third is held by a view of a part alone.
        held = [frame.image[10:20] for number, frame in enumerate(source) if number % 3 == 0]
    assert [round(part.mean() / 10) for part in held] == list(range(0, 20, 3))


def test_a_closed_source_has_nothing_more(tmp_path):
    for given in (make_video(tmp_path / "clip.mp4"), make_folder(tmp_path / "folder", ["1.png", "2.png"])):
        source = open_source(str(given))
        source.close()
        source.close()
        assert source.read() is None


def test_rotation_flags_are_honoured_once():
    paths = clips(rotation_deg="-90")
    assert paths
    for path in paths:
        raw = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        raw.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        lying = raw.read()[1]
        assert lying.shape[0] < lying.shape[1]
        with open_source(str(path)) as source:
            picture = source.read().image
            assert (source.width, source.height) == (picture.shape[1], picture.shape[0]) == lying.shape[:2]
        assert np.array_equal(picture, np.rot90(lying, -1))  # clockwise: the heads of both clips lie to the left


def shown_wider(path: Path, wide: int, high: int) -> Path:
    """The same MP4, saying in a box `pasp` (ISO/IEC 14496-12, 12.1.4) how its pixels are to be shown."""
    content, added = path.read_bytes(), struct.pack(">I4sII", 16, b"pasp", wide, high)
    entry = content.index(b"mp4v", content.index(b"stsd")) - 4
    end = entry + struct.unpack_from(">I", content, entry)[0]
    grown = bytearray(content[:end] + added + content[end:])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        struct.pack_into(">I", grown, at := content.index(box) - 4, struct.unpack_from(">I", content, at)[0] + 16)
    struct.pack_into(">I", grown, entry, end - entry + 16)
    path.write_bytes(grown)
    return path


@pytest.mark.parametrize(
    ("wide", "high", "width"), [(2, 1, 128), (3, 4, 48), (1, 1, 64), (60, 61, 64), (0, 1, 64), (900, 1, 64)]
)
def test_pixels_that_are_not_square_are_made_so(tmp_path, wide, high, width):
    path = shown_wider(make_video(tmp_path / "clip.mp4"), wide, high)
    with open_source(str(path)) as source:
        frames = list(source)
        assert (source.width, source.height, len(frames)) == (width, 48, 20)
        assert {frame.image.shape for frame in frames} == {(48, width, 3)}
        assert frames[10].image.mean() == pytest.approx(100, abs=4)
        assert source.rewind()
        assert np.array_equal(source.read().image, frames[0].image)


def test_unequal_steps_between_pictures_are_kept():
    [path] = [path for path in clips() if path.name == "exercises_deadlift.mp4"]
    stamps = np.array([frame.stamp for frame in open_source(str(path))])
    steps = np.diff(stamps) / 1e6
    assert stamps[0] == 0 and steps[0] == pytest.approx(10.74, abs=0.01)
    assert steps[1:] == pytest.approx(33.37, abs=0.01)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([0, 40, 80], [0, 40, 80]),
        ([0, 10, 80, 85], [0, 10, 80, 85]),
        ([0, 0, 0], [0, 40, 80]),
        ([0, 40, 40, 120], [0, 40, 80, 120]),
        ([0, 40, 20, 120], [0, 40, 80, 120]),
        ([float("nan"), float("nan")], [0, 40]),
        ([-20, 20], [0, 20]),
    ],
)
def test_stamps_always_advance(given, wanted):
    stamps = Stamps(25.0)
    assert [stamps.step(value) / 1e6 for value in given] == wanted


def test_stamps_of_a_file_without_a_rate_advance_as_at_30_hz():
    stamps = Stamps(0.0)
    assert [stamps.step(0.0) for _ in range(3)] == [0, 33_333_333, 66_666_666]


def test_a_file_that_is_cut_short_ends_at_its_last_good_picture(tmp_path):
    path = make_video(tmp_path / "clip.avi")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    frames = list(open_source(str(path)))
    assert 5 <= len(frames) < 20
    assert [round(frame.image.mean() / 10) for frame in frames] == list(range(len(frames)))


def damage(video: Path, begin: float, end: float) -> Path:
    """The same file without what holds its pictures from one fraction of it to another."""
    whole = bytearray(video.read_bytes())
    pictures = whole.index(b"mdat") + 4
    size = int.from_bytes(whole[pictures - 8 : pictures - 4], "big") - 8
    hole = slice(pictures + int(size * begin), pictures + int(size * end))
    whole[hole] = bytes(hole.stop - hole.start)
    video.write_bytes(whole)
    return video


def test_a_video_of_which_nothing_decodes_is_refused_with_its_codec_and_what_to_do(tmp_path):
    """As where FFmpeg here has no decoder: AV1 in OpenCV's wheels."""
    path = damage(make_video(tmp_path / "clip.mp4"), 0.0, 1.0)
    with pytest.raises(InputError, match=r"codec [A-Za-z0-9]{4}.*-c:v libx264 clip_h264.mp4"):
        open_source(str(path))


def test_of_a_damaged_file_the_pictures_that_do_not_decode_are_left_out(tmp_path):
    path = damage(make_video(tmp_path / "clip.mp4"), 0.5, 0.75)
    with open_source(str(path)) as source:
        frames = list(source)
        assert len(frames) < 20 and frames[-1].stamp == 19 * 40_000_000
        assert source.undecoded == 20 - len(frames)
        assert source.read() is None
        assert source.rewind() and len(list(source)) == len(frames)


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
    done = subprocess.run([sys.executable, "-c", program, *sources], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_looking_at_sources_does_not_import_opencv():
    program = "import sys, fitness_camera.sources; assert 'cv2' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
