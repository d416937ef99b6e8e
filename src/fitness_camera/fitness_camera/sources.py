"""Where pictures come from: opens what `source_kinds` names. Free of ROS."""

from collections.abc import Callable
from dataclasses import replace

from fitness_camera.folder import FOLDER_RATE
from fitness_camera.source import Source
from fitness_camera.source_kinds import ADDRESS, DEVICE, Asked, device_of, kind_of
from fitness_core.errors import InputError
from fitness_core.types import NANOSECONDS, Frame


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
