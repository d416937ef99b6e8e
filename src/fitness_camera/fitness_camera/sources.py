"""Where pictures come from: opens what `source_kinds` names. Free of ROS."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fitness_camera.source import Source
from fitness_camera.source_kinds import ADDRESS, DEVICE, Asked, device_of, kind_of
from fitness_core.errors import InputError
from fitness_core.types import NANOSECONDS, Frame

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
FOLDER_RATE = 30.0
"""Pictures per second of a folder where no rate is given [Hz]."""


class FolderSource(Source):
    """The pictures of a folder; stamps are number / rate."""

    def __init__(self, folder: Path, rate: float, frame_id: str) -> None:
        super().__init__(str(folder), frame_id)
        self._paths = sorted(
            (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES), key=_by_name
        )
        if not self._paths:
            raise InputError(f"folder {folder} has no pictures; accepted: {', '.join(PICTURE_SUFFIXES)}")
        self._next = 0
        self._first: np.ndarray | None = _picture(self._paths[0])
        self.rate = rate or FOLDER_RATE
        self.height, self.width = self._first.shape[:2]
        self.frames = len(self._paths)

    def read(self) -> Frame | None:
        if self._next >= len(self._paths):
            return None
        number = self._next
        self._next += 1
        picture = self._first if self._first is not None else _picture(self._paths[number])
        self._first = None
        return Frame(round(number * NANOSECONDS / self.rate), picture, self.frame_id)

    def close(self) -> None:
        self._next = len(self._paths)


class Repeated(Source):
    """A recording that starts over at its end, with stamps that go on increasing by one nominal period.

    first: the open recording; open_again: opens it anew, where it cannot be rewound.
    """

    def __init__(self, first: Source, open_again: Callable[[], Source]) -> None:
        super().__init__(first.name, first.frame_id)
        self.rate, self.width, self.height = first.rate, first.width, first.height
        self._source: Source | None = first
        self._open_again = open_again
        self._offset = 0
        self._last = 0

    def read(self) -> Frame | None:
        if self._source is None:
            return None
        frame = self._source.read()
        if frame is None:
            if not self._source.rewind():
                self._source.close()
                self._source = self._open_again()
            self._offset = self._last + round(NANOSECONDS / (self.rate or FOLDER_RATE))
            frame = self._source.read()
            if frame is None:
                return None
        self._last = self._offset + frame.stamp
        return replace(frame, stamp=self._last)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


def open_source(
    source: str, *, width: int = 0, height: int = 0, rate: float = 0.0, frame_id: str = "camera_optical_frame"
) -> Source:
    """Open what `source` names, one of `source_kinds.OF_CAMERA`.

    width, height [px], rate [Hz]: asked of a device, 0 = its own choice; rate is also that of a folder (0 = 30).
    frame_id: of every frame. Raises InputError where there is nothing to open or nothing in it can be decoded.
    """
    kind = kind_of(source)
    assert kind.open is not None
    return kind.open(source.strip(), Asked(width, height, rate, frame_id))


def check_source(source: str) -> None:
    """Look into a recording before models load; a camera that is there, or a stream, is opened by the node only.

    Raises InputError, as `open_source` does, with what a command line can be given instead of the first camera.
    """
    kind, text = kind_of(source), source.strip()
    if kind is ADDRESS or (kind is DEVICE and device_of(text).exists()):
        return
    try:
        open_source(source).close()
    except InputError as error:
        hint = "; --source FILE takes a video, ./fitness live --demo needs nothing" if text == "0" else ""
        raise InputError(f"{error}{hint}") from None


def _by_name(path: Path) -> list[tuple[int, str]]:
    # frame_2 before frame_10: numbers compare by value, the rest as text.
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", path.name)]


def _picture(path: Path) -> np.ndarray:
    from fitness_camera.quiet_opencv import cv2

    try:
        # IMREAD_COLOR: three channels, turned upright as EXIF says.
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        picture = None
    if picture is None:
        raise InputError(f"picture {path} cannot be decoded; remove it or mend it")
    return picture
