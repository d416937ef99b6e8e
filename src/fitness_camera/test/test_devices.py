"""Cameras of the machine, as far as can be told of one that is not there: OpenCV's capture of a device is played."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fitness_camera import capture
from fitness_camera.capture import CaptureSource
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2


class Device:
    """cv2.VideoCapture of a device of 640x480: sizes are asked of it once both sides are known, as cap_v4l.cpp does.

    broken: numbers of its pictures that are empty, of which OpenCV makes an exception.
    """

    broken: frozenset[int] = frozenset()

    def __init__(self, *_: object) -> None:
        self.has = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0, cv2.CAP_PROP_FPS: 30.0}
        # What a driver answers to the last two is not the shape of its pixels.
        self.has |= {cv2.CAP_PROP_BACKEND: cv2.CAP_V4L2, cv2.CAP_PROP_SAR_NUM: 2.0, cv2.CAP_PROP_SAR_DEN: 1.0}
        self._asked: dict[int, float] = {}
        self._number = -1

    def isOpened(self) -> bool:
        return True

    def set(self, what: int, value: float) -> bool:
        self._asked[what] = value
        sides = {side: self._asked.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)}
        if all(sides.values()):
            self.has |= sides
        return True

    def get(self, what: int) -> float:
        return self.has.get(what, -1.0)

    def grab(self) -> bool:
        self._number += 1
        return True

    def retrieve(self, _: object = None) -> tuple[bool, np.ndarray]:
        if self._number in self.broken:
            cv2.imdecode(np.empty(0, np.uint8), cv2.IMREAD_COLOR)
        sides = (round(self.has[side]) for side in (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH))
        return True, np.zeros((*sides, 3), np.uint8)

    def release(self) -> None:
        """Nothing is held."""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CaptureSource]:
    """Opens the device, asked for a width and a height."""
    monkeypatch.setattr(capture.cv2, "VideoCapture", Device)
    return lambda width=0, height=0: capture.open_device("7", tmp_path, width, height, 0.0, "eye")


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({}, (640, 480)),
        ({"width": 1280, "height": 720}, (1280, 720)),
        ({"width": 800}, (800, 480)),
        ({"height": 360}, (640, 360)),
    ],
)
def test_one_side_that_is_asked_for_leaves_the_other_to_the_device(opened, asked, size):
    with opened(**asked) as source:
        assert (source.width, source.height) == size


def test_a_picture_that_opencv_fails_on_is_a_device_that_is_lost(opened, monkeypatch):
    monkeypatch.setattr(Device, "broken", frozenset({2}))
    with opened() as source:
        assert source.read() and source.read()
        assert source.read() is None
        assert source.read()


def test_where_opencv_fails_on_the_first_picture_the_device_is_refused(opened, monkeypatch):
    monkeypatch.setattr(Device, "broken", frozenset({0}))
    with pytest.raises(InputError, match="gives no pictures"):
        opened()
