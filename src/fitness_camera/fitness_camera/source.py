"""What every source of pictures is, and the stamps of its pictures."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType

from fitness_core.types import NANOSECONDS, Frame


class Source(ABC):
    """An open source of pictures.

    name: as it was given, but for a password (`source_kinds.shown`). rate: nominal pictures per second [Hz], 0 =
    unknown. width, height: of the upright picture [px]. frames: how many pictures it has, 0 = unknown. live: whether
    pictures come when they come (device, stream). undecoded: how many pictures were left out so far because they
    are damaged, or missing where a file was cut short.
    """

    def __init__(self, name: str, frame_id: str) -> None:
        self.name = name
        self.frame_id = frame_id
        self.rate = 0.0
        self.width = 0
        self.height = 0
        self.frames = 0
        self.live = False
        self.undecoded = 0

    def __str__(self) -> str:
        frames = f", {self.frames} frames" if self.frames else ""
        return f"{self.name}: {self.width}x{self.height}, {self.rate:.4g} Hz{frames}"

    @abstractmethod
    def read(self) -> Frame | None:
        """The next picture; None at the end (recorded) or when it is lost (live).

        Raises InputError for a picture of a folder that cannot be read.
        """

    def rewind(self) -> bool:
        """Go back to the first picture; False where it cannot and has to be opened again."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Free what it holds; a second call does nothing."""

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame


class Stamps:
    """Presentation times that always advance: one that does not is replaced by the last one plus a nominal period.

    Or plus less, where the container's own step is less: in a part of the film that is faster than the whole, all that
    follows would be slowed down. rate: nominal pictures per second [Hz], 0 = unknown, taken as 30. Unequal steps are
    kept (variable frame rate).
    """

    def __init__(self, rate: float) -> None:
        self._period = round(NANOSECONDS / (rate or 30.0))
        self._said = 0
        self._last: int | None = None

    def step(self, milliseconds: float) -> int:
        """The stamp [ns] of the next picture, whose container says `milliseconds`."""
        stamp = round(milliseconds * 1_000_000) if milliseconds > 0 else 0  # also NaN
        later, self._said = stamp - self._said, stamp
        if self._last is not None and stamp <= self._last:
            stamp = self._last + (min(later, self._period) if later > 0 else self._period)
        self._last = stamp
        return stamp


def wall_clock() -> int:
    """Now [ns since 1970], the stamp of what a live source has just delivered."""
    return time.time_ns()
