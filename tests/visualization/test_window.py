"""The desktop window: one clear line where there is none to be had; under Xvfb it shows what it is given."""

import contextlib
import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image
from spun import Spun

from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_core.ros.images import to_image
from fitness_visualization.picture.window import Window, fitted
from fitness_visualization.window_node import WindowNode

DEADLINE = 60.0


def wait(condition, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed) -> Iterator[Path]:
    """A display of 400x300 pixels without a window manager; the file that holds its pixels."""
    server = shutil.which("Xvfb")
    needed(server, "Xvfb: apt-get install xvfb")
    needed(importlib.util.find_spec("_tkinter"), "a Python with tkinter")
    reading, writing = os.pipe()
    command = [server, "-displayfd", str(writing), "-screen", "0", "400x300x24", "-fbdir", str(tmp_path)]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        monkeypatch.setenv("DISPLAY", f":{number.readline().strip()}")
    yield tmp_path / "Xvfb_screen0"
    process.terminate()
    process.wait()


def pixels(screen: Path) -> np.ndarray:
    """The screen as BGR, from the X window dump that Xvfb keeps."""
    data = screen.read_bytes()
    header = struct.unpack(">25I", data[:100])
    width, height, stride, colours = header[4], header[5], header[12], header[19]
    start = header[0] + 12 * colours
    return np.frombuffer(data[start : start + stride * height], np.uint8).reshape(height, stride // 4, 4)[:, :width, :3]


def children(parent: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, after = stat.read_text().split(" ", 1)
            if int(after.rpartition(")")[2].split()[1]) == parent:
                found.append(int(pid))
    return found


def test_without_a_display_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(InputError, match=r"^no window: there is no display .*dashboard"):
        Window("test")


def test_a_display_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, needed) -> None:
    needed(importlib.util.find_spec("_tkinter"), "a Python with tkinter")
    monkeypatch.setenv("DISPLAY", ":7654")
    with pytest.raises(InputError, match="cannot be used"):
        Window("test")


def test_a_picture_keeps_its_shape_in_any_window() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    assert fitted(picture, 400, 400).shape == (200, 400, 3)
    assert fitted(picture, 100, 1000).shape == (50, 100, 3)
    assert fitted(picture, 1, 1) is picture


def test_the_window_shows_the_newest_picture_and_closes(screen: Path) -> None:
    window = Window("test")
    for colour in ((0, 0, 255), (0, 200, 0)):
        picture = np.full((120, 160, 3), colour, np.uint8)
        window.show(picture)
        # Without a window manager it is at the top left.
        wait(lambda c=colour: (pixels(screen)[10:110, 10:150] == c).all(), "the picture")
    window.close()
    assert not window.open
    window.show(np.zeros((10, 10, 3), np.uint8))


def test_the_last_picture_of_a_camera_is_not_shown_as_if_it_were_now(screen: Path) -> None:
    rclpy.init()
    spun = Spun()
    window = WindowNode(namespace=spun.namespace)
    camera = Node("camera", namespace=spun.namespace)
    pictures = camera.create_publisher(Image, "overlay/image", qos.OVERLAY)
    try:
        window.start()
        spun.spin(window, camera)
        spun.wait(lambda: pictures.get_subscription_count(), "the window's subscription")
        for _ in range(2):
            pictures.publish(to_image(np.full((240, 320, 3), 200, np.uint8)))
            wait(lambda: (pixels(screen)[10:100, 10:310] == 200).all(), "the picture")
            wait(lambda: (pixels(screen)[10:100, 10:310] < 100).all(), "what is old to get dark")
            assert pixels(screen)[210:240, 10:310].max() > 150, "it does not say so"
    finally:
        window.stop()
        spun.close()
        rclpy.try_shutdown()


def test_live_closes_with_its_window(screen: Path) -> None:
    command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--demo", "--loop", "--no-dashboard", "--window"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait(lambda: pixels(screen).std() > 5 or process.poll() is not None, "the annotated picture")
        (child,) = children(process.pid)
        os.kill(child, 15)  # what a person does by closing it
        _, errors = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0, errors
    finally:
        process.kill()
