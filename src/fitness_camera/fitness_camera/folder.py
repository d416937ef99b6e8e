"""Pictures of a folder as a source."""

import re
from pathlib import Path

import numpy as np

from fitness_camera.source import Source
from fitness_core import paths
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
            (path for path in paths.inside(folder) if path.suffix.lower() in PICTURE_SUFFIXES), key=_by_name
        )
        if not self._paths:
            hint = f"; there is a bag in it: give {bag}" if (bag := _bag_in(folder)) else ""
            raise InputError(f"folder {folder} has no pictures; accepted: {', '.join(PICTURE_SUFFIXES)}{hint}")
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


def _bag_in(folder: Path) -> Path | None:
    """The first bag in a session or a collection of them, which are easily taken for bags themselves."""
    files = (
        file for depth in ("*/", "*/*/") for suffix in ("mcap", "db3") for file in folder.glob(f"{depth}*.{suffix}")
    )
    return min((file.parent for file in files), default=None)


def _by_name(path: Path) -> list[tuple[int, str]]:
    # frame_2 before frame_10: numbers compare by value, the rest as text.
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", path.name)]


def _picture(path: Path) -> np.ndarray:
    from fitness_core.quiet_opencv import cv2

    try:
        # IMREAD_COLOR: three channels, turned upright as EXIF says.
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        picture = None
    if picture is None:
        raise InputError(f"picture {path} cannot be decoded; remove it or mend it")
    return picture
