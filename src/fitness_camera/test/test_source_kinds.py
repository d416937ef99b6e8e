"""Which kind of source a text names, and what is said of it."""

import pathlib
import subprocess
import sys

import pytest

from fitness_camera.source_kinds import (
    ACCEPTED,
    ADDRESS,
    BAG,
    BROWSER,
    DEVICE,
    FILE,
    FOLDER,
    KINDS,
    OF_CAMERA,
    TOPIC,
    Asked,
    is_live,
    kind_of,
    shown,
)
from fitness_camera.sources import check_source
from fitness_core.errors import InputError


@pytest.mark.parametrize(
    ("source", "kind", "of_camera"),
    [
        ("0", DEVICE, DEVICE),
        (" 12 ", DEVICE, DEVICE),
        ("/dev/video97", DEVICE, DEVICE),
        ("/dev/v4l/by-id/usb-eye-index0", DEVICE, DEVICE),
        ("/dev/shm/clip.mp4", FILE, FILE),
        ("rtsp://10.0.0.7/stream", ADDRESS, ADDRESS),
        ("http://10.0.0.7/clip.mp4", ADDRESS, ADDRESS),
        ("browser", BROWSER, FILE),
        ("topic:/camera/image_raw", TOPIC, FILE),
        ("takes.mcap", BAG, FILE),
        ("takes.db3", BAG, FILE),
        ("BAG", BAG, FOLDER),
        ("PICTURES", FOLDER, FOLDER),
        ("file://PICTURES", FOLDER, FOLDER),
        ("clip.mp4", FILE, FILE),
        ("file:///nowhere/clip.mp4", FILE, FILE),
        ("http:clip.mp4", FILE, FILE),
    ],
)
def test_a_text_names_a_kind(tmp_path, source, kind, of_camera):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").touch()
    (tmp_path / "pictures").mkdir()
    text = source.replace("BAG", f"{tmp_path}/bag").replace("PICTURES", f"{tmp_path}/pictures")
    assert kind_of(text, KINDS) is kind
    assert kind_of(text) is of_camera, "the camera node opens no other"
    assert is_live(text, KINDS) == (kind in (DEVICE, ADDRESS, BROWSER, TOPIC))
    assert is_live(text) == (of_camera in (DEVICE, ADDRESS))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~nosuchuser/clip.mp4", "no such user"),
        ("file://~nosuchuser/pictures", "no such user"),
        ("a" * 300, "too long"),
        ("9" * 5000, "too long"),
    ],
)
@pytest.mark.parametrize("kinds", [KINDS, OF_CAMERA])
def test_a_text_that_cannot_be_looked_at_is_answered_with_a_reason(text, why, kinds):
    with pytest.raises(InputError, match=why):
        kind_of(text, kinds)


@pytest.mark.parametrize("matches", [BAG.matches, lambda folder: FOLDER.open(folder, Asked())])
def test_a_folder_that_may_not_be_read_is_answered_with_a_reason(tmp_path, monkeypatch, matches):
    """As root everything may be read, so that the system's answer is put in its mouth."""

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(pathlib.Path, "iterdir", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        matches(str(tmp_path))


@pytest.mark.parametrize("kinds", [KINDS, OF_CAMERA])
def test_an_empty_text_names_none_and_is_answered_with_all(kinds):
    for text in ("", "  "):
        with pytest.raises(InputError, match="source is empty; accepted: a device") as error:
            kind_of(text, kinds)
        assert all(kind.text in str(error.value) for kind in kinds)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("rtsp://me:s3cret@10.0.0.7:554/live?quality=1@2", "rtsp://10.0.0.7:554/live?quality=1@2"),
        ("http://me:s3@cret@eye.local/video", "http://eye.local/video"),
        ("rtsp://10.0.0.7/a@b", "rtsp://10.0.0.7/a@b"),
        (
            "http://eye/video.cgi?size=2&User=me&pwd=s3cret&loginpas=s%20#a",
            "http://eye/video.cgi?size=2&User=...&pwd=...&loginpas=...#a",
        ),
        ("takes/squats?user=me.mp4", "takes/squats?user=me.mp4"),
        ("takes/me@home.mp4", "takes/me@home.mp4"),
        ("file:///home/me@lab/clip.mp4", "file:///home/me@lab/clip.mp4"),
        ("0", "0"),
    ],
)
def test_of_an_address_user_and_password_are_not_told(source, told):
    assert shown(source) == told


def test_what_the_camera_accepts_is_what_it_opens():
    assert [kind.text in ACCEPTED for kind in KINDS] == [kind.open is not None for kind in KINDS]


def test_a_recording_is_looked_into_beforehand_and_what_is_live_is_not(tmp_path):
    check_source("rtsp://127.0.0.1:9/nobody")
    check_source("/dev/null")
    for missing in ("clip.mp4", f"file://{tmp_path}/clip.mp4", str(tmp_path), "/dev/video987"):
        with pytest.raises(InputError):
            check_source(missing)


def test_the_kinds_are_light_to_import():
    program = "import sys, fitness_camera.source_kinds; assert not {'cv2', 'numpy', 'rclpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
