"""Serialized messages (CDR) read in place: deserializing a picture costs 2 ms, a pose 0.4 ms.

Encoding: https://www.omg.org/spec/DDSI-RTPS/2.5, 10: four bytes that say how, then the fields, each at a multiple of
its size after those four bytes.
"""

import struct
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from fitness_core.errors import InputError
from fitness_core.ros import messages
from fitness_core.skeleton import N_LANDMARKS
from fitness_core.types import Pose
from fitness_msgs.msg import BodyPose

Read = TypeVar("Read")
HEADER = 4
"""Bytes before the first field."""
LANDMARK = 8
"""Numbers (float32) of a fitness_msgs/Landmark."""


class Reader:
    """The fields of a message, one after the other."""

    def __init__(self, cdr: bytes) -> None:
        self._cdr = cdr
        self._at = HEADER
        self.order = "<" if cdr[1] & 1 else ">"

    def number(self, code: str = "I") -> Any:
        """The next number; code: as of `struct`."""
        size = struct.calcsize("<" + code)
        self._at += -(self._at - HEADER) % size
        self._at += size
        return struct.unpack_from(self.order + code, self._cdr, self._at - size)[0]

    def string(self) -> str:
        """The next string."""
        length = self.number()
        self._at += length
        return self._cdr[self._at - length : self._at - 1].decode()

    def stamp(self) -> int:
        """The next builtin_interfaces/Time [ns]."""
        return messages.stamp_of(self.number("i"), self.number("I"))

    def rest(self, length: int) -> memoryview:
        """The next bytes, not copied."""
        return memoryview(self._cdr)[self._at : self._at + length]

    def floats(self, count: int) -> np.ndarray:
        """The next float32 numbers, not copied where this machine's byte order is theirs."""
        self._at += -(self._at - HEADER) % 4
        return np.frombuffer(self._cdr, self.order + "f4", count, self._at).astype(np.float32, copy=False)


def _checked(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """What nobody has deserialized yet may be anything: raise InputError for it."""

    @wraps(read)
    def checked(cdr: bytes) -> Read:
        try:
            return read(cdr)
        except InputError:
            raise
        except (struct.error, ValueError, IndexError) as error:
            raise InputError(f"a damaged message: {error}") from None

    return checked


@_checked
def stamp_of(cdr: bytes) -> int:
    """Stamp [ns] of a message that begins with a std_msgs/Header."""
    return Reader(cdr).stamp()


@_checked
def image_of(cdr: bytes) -> Any:
    """A sensor_msgs/Image as `to_bgr` reads it."""
    reader = Reader(cdr)
    reader.stamp()
    reader.string()  # frame_id
    height, width, encoding = reader.number(), reader.number(), reader.string()
    reader.number("B")  # is_bigendian
    step, length = reader.number(), reader.number()
    return SimpleNamespace(height=height, width=width, encoding=encoding, step=step, data=reader.rest(length))


@_checked
def pose_of(cdr: bytes) -> Pose:
    """A fitness_msgs/BodyPose."""
    reader = Reader(cdr)
    stamp, frame_id = reader.stamp(), reader.string()
    status, body_id = reader.number("B"), reader.string()
    width, height, score = reader.number(), reader.number(), reader.number("f")
    if status != BodyPose.STATUS_TRACKED:
        return Pose.nobody(stamp, width, height, frame_id)
    values = reader.floats(N_LANDMARKS * LANDMARK).reshape(N_LANDMARKS, LANDMARK)
    values = messages.measured(values, width, height)
    return Pose(
        stamp=stamp,
        image=values[:, 0:3],
        world=values[:, 3:6],
        visibility=values[:, 6],
        presence=values[:, 7],
        width=width,
        height=height,
        score=score,
        body_id=body_id,
        frame_id=frame_id,
    )
