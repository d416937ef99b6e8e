"""The annotated video: MP4 of constant rate from pictures with stamps of their own."""

import errno
import os
import tempfile
from pathlib import Path

import numpy as np

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.types import nanoseconds, seconds

LONGEST_GAP = 5.0
"""A pause between pictures that is longer than this is shortened to this [s]."""


def check_path(path: Path) -> None:
    """Raise InputError where no video can be written to `path`; its parent folders are made."""
    if path.suffix.lower() != ".mp4":
        raise InputError(f"{path}: videos are written as MP4; give a name that ends in .mp4")
    place = str(path.absolute())
    if paths.as_text(place) != place:  # it would end the process in OpenCV
        raise InputError(f"{path} is not UTF-8; give the video a name that is")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a name for the video file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); give a folder that can") from None


def _length(path: Path) -> int:
    """Pictures in a video; 0 where it cannot be read."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()


class VideoWriter:
    """Writes an MP4 (MPEG-4 part 2, which OpenCV brings along).

    path: must end in .mp4; parent folders are made; a file of that name is replaced once the new one is complete.
    width, height [px]: an odd last row or column is cut off, the codec wants even numbers. rate: pictures per second.
    Raises InputError where the file cannot be written.
    """

    def __init__(self, path: Path, width: int, height: int, rate: float) -> None:
        self.path = Path(path)
        check_path(self.path)
        if rate <= 0 or width < 2 or height < 2:
            raise InputError(
                f"{self.path}: a video of {width}x{height} at {rate:g} pictures per second cannot be written"
            )
        self._size = (width // 2 * 2, height // 2 * 2)
        self._rate = rate
        self._place = Path(os.path.realpath(self.path))  # a link stays, and what it leads to is written
        self._part = self._place.with_name(f".{self._place.stem}.part.mp4")
        self._first: int | None = None
        self._stamp = 0  # of the last picture
        self._written = 0
        self._last: np.ndarray | None = None
        try:
            self._part.write_bytes(b"")
        except OSError as error:
            raise InputError(f"{self.path} cannot be written ({error.strerror}); give a folder that can") from None
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._part), fourcc, rate, self._size)
        if not self._writer.isOpened():
            self._part.unlink(missing_ok=True)
            raise InputError(f"{self.path} cannot be written: the disk is full, or OpenCV has no MP4 encoder here")

    def write(self, picture: np.ndarray, stamp: int) -> None:
        """Add a picture, BGR uint8 [height, width, 3], taken at `stamp` [ns].

        It is shown from its stamp until that of the next: repeated where they are far apart, left out where they are
        closer than the rate. Where stamps go back, time goes on from there.
        """
        if self._first is None:
            self._first = stamp
        elif stamp < self._stamp:
            # A recording in a loop begins anew: what follows is shown after what there is.
            self._first = stamp - nanoseconds(self._written / self._rate)
        self._stamp = stamp
        due = round(seconds(stamp - self._first) * self._rate)
        gap = due - self._written
        longest = round(LONGEST_GAP * self._rate)
        if gap > longest:
            self._first += round((gap - longest) / self._rate * 1e9)
            due = self._written + longest
        while self._last is not None and self._written < due:
            self._put(self._last)
        width, height = self._size
        if picture.shape[0] // 2 * 2 != height or picture.shape[1] // 2 * 2 != width:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._last = np.ascontiguousarray(picture[:height, :width])
        if self._written == due:
            self._put(self._last)

    def close(self) -> None:
        """Complete the file. Raises OSError where the disk refuses; a file of that name is then as it was."""
        if not self._writer.isOpened():
            return
        self._writer.release()
        # OpenCV does not say that the disk was full: a file that lacks its end cannot be opened.
        if self._written and _length(self._part) < self._written:
            self._part.unlink(missing_ok=True)
            raise OSError(errno.ENOSPC, "not all pictures could be written: is the disk full?", str(self.path))
        self._part.replace(self._place)

    def discard(self) -> None:
        """Give up: leave no file."""
        self._writer.release()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _put(self, picture: np.ndarray) -> None:
        self._writer.write(picture)
        self._written += 1
