import resource
import signal

import numpy as np
import pytest

from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.types import nanoseconds
from fitness_visualization.picture.video import VideoWriter


def picture(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def levels(path) -> list[int]:
    capture = cv2.VideoCapture(str(path))
    found = []
    while (read := capture.read())[0]:
        found.append(round(read[1].mean()))
    return found


def test_variable_stamps_become_a_constant_rate(tmp_path):
    path = tmp_path / "new" / "video.mp4"
    with VideoWriter(path, 64, 48, 10) as video:
        for stamp, level in ((5.0, 40), (5.1, 80), (5.4, 120), (5.41, 160), (5.5, 200)):
            video.write(picture(level), nanoseconds(stamp))
        assert not path.exists()
    assert levels(path) == pytest.approx([40, 80, 80, 80, 120, 200], abs=4)
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10)
    assert list(path.parent.iterdir()) == [path]


def test_odd_sizes_become_even(tmp_path):
    with VideoWriter(tmp_path / "video.mp4", 203, 361, 30) as video:
        video.write(picture(90, 203, 361), 0)
    capture = cv2.VideoCapture(str(tmp_path / "video.mp4"))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (202, 360)
    assert levels(tmp_path / "video.mp4") == pytest.approx([90], abs=4)


def test_a_picture_of_another_size_is_fitted(tmp_path):
    with VideoWriter(tmp_path / "video.mp4", 64, 48, 10) as video:
        video.write(picture(50), 0)
        video.write(picture(150, 128, 96), nanoseconds(0.1))
    assert levels(tmp_path / "video.mp4") == pytest.approx([50, 150], abs=4)


def test_a_long_pause_is_shortened(tmp_path):
    with VideoWriter(tmp_path / "video.mp4", 64, 48, 10) as video:
        video.write(picture(50), 0)
        video.write(picture(150), nanoseconds(3600))
        video.write(picture(150), nanoseconds(3600.1))
    assert len(levels(tmp_path / "video.mp4")) == 10 * 5 + 3


def test_a_recording_in_a_loop_is_written_to_its_end(tmp_path):
    path = tmp_path / "loop.mp4"
    with VideoWriter(path, 64, 48, 10) as video:
        for _ in range(3):
            for number in range(10):
                video.write(picture(20 * number), nanoseconds(number / 10))
    assert levels(path) == pytest.approx([20 * number for number in range(10)] * 3, abs=6)


def test_a_disk_that_is_full_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"the one before")
    noise = np.random.default_rng(0).integers(0, 255, (300, 240, 320, 3), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    on_full = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        video = VideoWriter(path, 320, 240, 30)
        for number, image in enumerate(noise):
            video.write(image, nanoseconds(number / 30))
        with pytest.raises(OSError, match="is the disk full"):
            video.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, on_full)
    assert path.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "disk").mkdir()
    link, file = tmp_path / "video.mp4", tmp_path / "disk" / "squats.mp4"
    link.symlink_to(file)
    with VideoWriter(link, 64, 48, 10) as video:
        video.write(picture(40), 0)
    assert link.is_symlink() and len(levels(file)) == 1
    assert list(file.parent.iterdir()) == [file]


def test_a_discarded_video_leaves_nothing(tmp_path):
    video = VideoWriter(tmp_path / "video.mp4", 64, 48, 10)
    video.write(picture(50), 0)
    video.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["video.avi", "video", "file/video.mp4", "folder.mp4"])
def test_what_cannot_be_written_is_refused_in_one_line(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputError, match=name) as error:
        VideoWriter(tmp_path / name, 64, 48, 30)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("width", "height", "rate"), [(0, 48, 30), (64, 1, 30), (64, 48, 0)])
def test_no_size_and_no_rate_are_refused(tmp_path, width, height, rate):
    with pytest.raises(InputError, match="cannot be written"):
        VideoWriter(tmp_path / "video.mp4", width, height, rate)
