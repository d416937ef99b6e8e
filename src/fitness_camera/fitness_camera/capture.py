"""Sources that OpenCV decodes: devices (V4L2), video files and streams (FFmpeg)."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from fitness_camera.source import Source, Stamps, wall_clock
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.types import Frame

OPEN_TIMEOUT = 5.0
"""How long an address may take to answer [s]."""
READ_TIMEOUT = 3.0
"""How long a stream may pause before it counts as lost [s]."""
AT_ONCE = 0.25
"""Of the time between two pictures: one that is there sooner had come before it was asked for."""
CATCHING_UP = 1.0
"""How long pictures that come at once are left out, at most [s]."""
PICTURES = 4
"""Pictures that are kept to be used again."""
DAMAGED = 1000
"""Pictures in a row that are left out of a damaged file, at most, to go on with the next that decodes."""
CUT_SHORT = 0.1
"""Of the pictures a file says it has, and those of a second: where more lack at its end they are missing. Fewer may be
a guess of the container, which counts by the length of the sound."""

_WIDEST = 4.0  # pixels so many times as wide as high, or as high as wide, are a mistake in the file
# So near to square they are: encoders round a width to whole pixels (854x480 of 16:9 says 1280:1281).
_SQUARE = 0.02
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class CaptureSource(Source):
    """Pictures of an open capture. The first is decoded here and kept, so that opening says whether there are any.

    Raises InputError(refusal) where the capture is not open or has no first picture. A recording that is cut short
    ends at its last picture that decodes; of a damaged file the pictures that do not decode are left out. Pixels that
    are not square are made so. file: where it is read from, None where that is no file.
    """

    def __init__(
        self,
        name: str,
        capture: cv2.VideoCapture,
        live: bool,
        refusal: str,
        frame_id: str,
        file: Path | None = None,
    ) -> None:
        super().__init__(name, frame_id)
        self.live = live
        self.file = file
        self.frames = 0 if live else _length(capture)
        self._left = self.frames  # pictures that are still to come, where the file says so
        self._capture = capture
        # Whether OpenCV turns pictures by itself depends on how it was built (the PyPI wheels do not, others do),
        # so it is told not to, and the turn that the file asks for is made here.
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        self._turn = _TURNS.get(round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360)
        self._wide = _width_of_pixels(capture)
        self.rate = _known(capture.get(cv2.CAP_PROP_FPS), 1000)
        self._stamps = Stamps(self.rate)
        self._pictures: list[np.ndarray] = []
        self._first = self._decode()
        if self._first is None:
            self.close()
            raise InputError(refusal)
        self.height, self.width = self._first.image.shape[:2]
        # A copy: whoever gets the picture may draw on it.
        self._beginning = self._first.stamp, self._first.image.copy()

    def _grab(self) -> bool:
        """Take the next picture that decodes; False: there is none.

        What is damaged gives no picture, like the end of a file: it is the end where no picture is left to come.
        """
        # Of a file alone: the next picture over http may take as long to fail as the one before.
        tries = 1 + (min(self._left, DAMAGED) if self.file is not None else 0)
        left = self._left
        for damaged in range(tries):
            if self._capture.grab():
                self.undecoded += damaged
                self._left = max(0, self._left - 1 - damaged)
                return True
        if left > max(self.rate, CUT_SHORT * self.frames):
            self.undecoded += left
        self._left = 0
        return False

    def _decode(self) -> Frame | None:
        try:
            if not self._grab():
                return None
            arrived = wall_clock()
            ok, picture = self._capture.retrieve(self._unused())
        except cv2.error:
            # Of an empty picture, e.g.: the device is lost then, and asked for again.
            if self.live:
                return None
            raise
        if not ok or picture is None:
            return None
        if not self._pictures:
            # All of them now: what is held does not depend on how many are under way when the machine is busy.
            self._pictures = [picture, *(picture.copy() for _ in range(PICTURES - 1))]
        elif not any(picture is one for one in self._pictures):
            self._pictures = [*self._pictures[1:], picture]
        if self._wide != 1.0:
            # Angles in a picture are true where its pixels are square.
            height, width = picture.shape[:2]
            picture = cv2.resize(picture, (max(1, round(width * self._wide)), height), interpolation=cv2.INTER_LINEAR)
        if self._turn is not None:
            picture = cv2.rotate(picture, self._turn)
        # After a grab this is the time of the grabbed picture, not of the next one.
        stamp = arrived if self.live else self._stamps.step(self._capture.get(cv2.CAP_PROP_POS_MSEC))
        return Frame(stamp, picture, self.frame_id)

    def _unused(self) -> np.ndarray | None:
        """A picture of before that nobody holds any more, to decode the next one into; None: a new one is made.

        New ones all the time would each take another place in the heap, whatever small there is between them.
        """
        for number in range(len(self._pictures)):
            # One holds the list, one this call; a view, too, holds the picture.
            if sys.getrefcount(self._pictures[number]) == 2:
                return self._pictures[number]
        return None

    def read(self) -> Frame | None:
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        return self._decode()

    def rewind(self) -> bool:
        # Not opened again: the new decoder would take memory while the one before still has its own.
        if self.file is None or not self.file.is_file() or not self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
            return False
        self._stamps = Stamps(self.rate)
        self._left = self.frames
        self._first = self._decode()
        # Not every container can be sought in, and what it gives then is another picture.
        stamp, image = self._beginning
        return self._first is not None and self._first.stamp == stamp and np.array_equal(self._first.image, image)

    def catch_up(self) -> None:
        """Leave out what came while a stream was opened, seconds ago: all of it would be stamped with now.

        That is over when two in a row were waited for: one may be late on a busy machine.
        """
        at_once, deadline, waited = AT_ONCE / (self.rate or 30.0), time.monotonic() + CATCHING_UP, 0
        while waited < 2 and (begun := time.monotonic()) < deadline:
            if not self._capture.grab():
                return
            waited = waited + 1 if time.monotonic() - begun > at_once else 0
        self._first = self._decode() or self._first

    def close(self) -> None:
        self._first = None
        self._left = 0
        self._capture.release()


def open_file(name: str, path: Path, frame_id: str) -> CaptureSource:
    """A video file; stamps are its presentation times from 0."""
    if not os.access(path, os.R_OK):
        raise InputError(f"file {name} cannot be read; give this user permission to read it")
    with path.open("rb") as file:
        capture = cv2.VideoCapture(_text_of(path, file.fileno()), cv2.CAP_FFMPEG)
    refusal = f"file {name} is not a video that can be decoded; accepted: what FFmpeg reads, e.g. .mp4, .mkv, .avi"
    if capture.isOpened() and (codec := _codec(capture)):
        refusal = (
            f"file {name} is a video of the codec {codec}, of which no picture can be decoded here; if players show "
            f"it, convert it, e.g. ffmpeg -i {path.name} -c:v libx264 {path.stem}_h264.mp4"
        )
    return CaptureSource(name, capture, False, refusal, frame_id, path)


def _text_of(path: Path, opened: int) -> str:
    """What OpenCV finds a file by, which is open as this descriptor: its name where that is text."""
    # An absolute path: FFmpeg takes what stands before a colon in a relative one for a protocol.
    place = str(path.absolute())
    try:
        place.encode()
    except UnicodeEncodeError:
        # A name in Latin 1, as old archives have them, would end the process in OpenCV.
        return f"/proc/self/fd/{opened}"
    return place


def open_address(name: str, address: str, frame_id: str) -> CaptureSource:
    """A stream, live, or a file over http, which has a length and is read like a file."""
    timeouts = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        round(OPEN_TIMEOUT * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        round(READ_TIMEOUT * 1000),
    ]
    # Each further thread of the decoder, usually one for each core, keeps a picture back: half a second of 16. The
    # OpenCV 4.6 of Ubuntu 24.04 cannot be told.
    threads = [cv2.CAP_PROP_N_THREADS, 1] if hasattr(cv2, "CAP_PROP_N_THREADS") else []
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeouts + threads)
    refusal = (
        f"address {name} gives no video within {OPEN_TIMEOUT:g} s; check that it can be reached and what it serves"
    )
    source = CaptureSource(name, capture, _length(capture) == 0, refusal, frame_id)
    if source.live:
        source.catch_up()
    return source


def open_device(name: str, path: Path, width: int, height: int, rate: float, frame_id: str) -> CaptureSource:
    """A camera of this machine; stamps are the wall clock when the driver hands a picture over."""
    if not path.exists():
        found = ", ".join(str(device) for device in sorted(Path("/dev").glob("video*")))
        raise InputError(f"device {path} is not there; this machine has: {found or 'no camera'}")
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if width or height:
        # OpenCV asks the device for neither until it has been told both.
        width = width or round(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = height or round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > 640 * 480:
        # Uncompressed pictures of this size do not fit through USB 2 at camera rate.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for what, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, width),
        (cv2.CAP_PROP_FRAME_HEIGHT, height),
        (cv2.CAP_PROP_FPS, rate),
    ):
        if value:
            capture.set(what, value)
    refusal = (
        f"device {path} gives no pictures; it is not a camera, another program has it, "
        "or this user is not in the group 'video'"
    )
    return CaptureSource(name, capture, True, refusal, frame_id)


def _width_of_pixels(capture: cv2.VideoCapture) -> float:
    """How wide a pixel is shown, in its heights (sample aspect ratio); 1 where file or stream does not say.

    A device has no such property: its driver answers with another one.
    """
    if capture.get(cv2.CAP_PROP_BACKEND) == cv2.CAP_V4L2:
        return 1.0
    wide = _known(capture.get(cv2.CAP_PROP_SAR_NUM), 1e6) / (_known(capture.get(cv2.CAP_PROP_SAR_DEN), 1e6) or 1.0)
    return wide if 1 / _WIDEST <= wide <= _WIDEST and abs(wide - 1) > _SQUARE else 1.0


def _codec(capture: cv2.VideoCapture) -> str:
    """The name of the codec as FFmpeg gives it (a FOURCC), "" where it gives none."""
    name = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True).decode("latin-1")
    return name if name.isalnum() else ""


def _length(capture: cv2.VideoCapture) -> int:
    return int(_known(capture.get(cv2.CAP_PROP_FRAME_COUNT), 1e9))


def _known(value: float, most: float) -> float:
    # FFmpeg says 0, NaN, a huge or a negative number for what it does not know.
    return value if 0 < value <= most else 0.0
