"""Video files: every picture as and when it is meant, and what is left of files that are cut short or damaged."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from made_recordings import clips, make_video

from fitness_camera import capture
from fitness_camera.source import Stamps
from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2


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


def test_a_name_that_is_no_text_is_opened_too(tmp_path):
    path = make_video(tmp_path / "clip.mp4").rename(tmp_path / os.fsdecode(b"\xfcbung.mp4"))
    with open_source(str(path)) as source:
        frames = list(source)
        assert source.rewind()
        again = list(source)
    assert [frame.stamp for frame in again] == [frame.stamp for frame in frames]
    assert len(frames) == 20


def test_pictures_that_nobody_holds_are_used_again_and_no_others(tmp_path):
    path = make_video(tmp_path / "clip.mp4")
    with open_source(str(path)) as source:
        let_go = {frame.image.__array_interface__["data"][0] for frame in source}
    assert len(let_go) <= 2, "the one that is held while the next is decoded, and that"
    with open_source(str(path)) as source:
        # Every third is held by a view of a part alone.
        held = [frame.image[10:20] for number, frame in enumerate(source) if number % 3 == 0]
    assert [round(part.mean() / 10) for part in held] == list(range(0, 20, 3))


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
        # At its end it is twice as fast as on average, and begins there with a stamp that there was before.
        ([0, 40, 40, 60, 80, 100, 120], [0, 40, 80, 100, 120, 140, 160]),
        ([80, 120, 0, 20, 40], [80, 120, 160, 180, 200]),
        ([80, 120, 0, 0, 0, 160], [80, 120, 160, 200, 240, 280]),
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


@pytest.mark.parametrize("looked_for", [capture.DAMAGED, 5])
def test_how_much_a_file_lacks_that_was_cut_short_is_known(tmp_path, monkeypatch, looked_for):
    """Also where more lack than are looked for, as in a film of an hour."""
    monkeypatch.setattr(capture, "DAMAGED", looked_for)
    path = make_video(tmp_path / "clip.avi", frames=100)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    with open_source(str(path)) as source:
        frames = list(source)
        assert 10 < len(frames) < 40 and source.undecoded == 100 - len(frames)
        assert source.read() is None and source.undecoded == 100 - len(frames)


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
