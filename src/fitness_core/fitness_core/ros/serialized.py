"""Pictures, poses and what is told of each as the bytes (CDR) that DDS carries, read and written in place.

rclpy makes an object of every landmark, and copies a picture twice; read in place a pose costs a tenth, a picture half.

Encoding: https://www.omg.org/spec/DDSI-RTPS/2.5, 10: four bytes that say how, then the fields, each at a multiple of
its size after those four bytes.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fitness_core.errors import InputError
from fitness_core.ros import messages
from fitness_core.skeleton import N_LANDMARKS
from fitness_core.types import NANOSECONDS, Classification, Pose, RepState
from fitness_msgs.msg import BodyPose

Read = TypeVar("Read")
HEADER = 4
"""Bytes before the first field."""
_LITTLE_END = b"\0\1\0\0"
LANDMARK = 8
"""Numbers (float32) of a fitness_msgs/Landmark."""
# For the two orders of bytes, by the last bit of what tells it: big end first, little end first.
_ORDERS = ">", "<"
_STAMPS, _HEADERS, _LENGTHS, _SEEN = (
    tuple(struct.Struct(order + of) for order in _ORDERS) for of in ("iI", "iII", "I", "IIf")
)
_FLOATS = tuple(np.dtype(order + "f4") for order in _ORDERS)
_SIZES = {code: struct.calcsize("<" + code) for code in "BiIf"}


class Reader:
    """The fields of a message, one after the other."""

    def __init__(self, cdr: bytes) -> None:
        self._cdr = cdr
        self._at = HEADER
        self.order = "<" if cdr[1] & 1 else ">"

    def number(self, code: str = "I") -> Any:
        """The next number; code: as of `struct`."""
        return self.numbers(code)[0]

    def numbers(self, codes: str) -> tuple[Any, ...]:
        """The next numbers, all of one size; codes: as of `struct`."""
        size = _SIZES[codes[0]]
        start = self._at + -(self._at - HEADER) % size
        self._at = start + size * len(codes)
        return struct.unpack_from(self.order + codes, self._cdr, start)

    def string(self) -> str:
        """The next string."""
        length = self.number()
        self._at += length
        return self._cdr[self._at - length : self._at - 1].decode()

    def stamp(self) -> int:
        """The next builtin_interfaces/Time [ns]."""
        return messages.stamp_of(*self.numbers("iI"))

    def rest(self, length: int) -> memoryview:
        """The next bytes, not copied."""
        return memoryview(self._cdr)[self._at : self._at + length]


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
    return messages.stamp_of(*_STAMPS[cdr[1] & 1].unpack_from(cdr, HEADER))


@_checked
def image_of(cdr: bytes) -> Any:
    """A sensor_msgs/Image with the fields that are used here; `data` is not copied."""
    reader = Reader(cdr)
    header = messages.header(reader.stamp(), reader.string())
    height, width, encoding = reader.number(), reader.number(), reader.string()
    reader.number("B")  # is_bigendian
    step, length = reader.number(), reader.number()
    data = reader.rest(length)
    return SimpleNamespace(header=header, height=height, width=width, encoding=encoding, step=step, data=data)


@_checked
def compressed_image_of(cdr: bytes) -> Any:
    """A sensor_msgs/CompressedImage; `data` is not copied."""
    reader = Reader(cdr)
    header = messages.header(reader.stamp(), reader.string())
    kind, length = reader.string(), reader.number()
    return SimpleNamespace(header=header, format=kind, data=reader.rest(length))


@dataclass
class ReadBodyPose:
    """A fitness_msgs/BodyPose that was read in place. stamp [ns]; landmarks: float32 [33, 8]; not to be changed."""

    stamp: int
    frame_id: str
    status: int
    body_id: str
    image_width: int
    image_height: int
    score: float
    landmarks: np.ndarray

    @property
    def header(self) -> Header:
        """Made when it is asked for: most who hear a pose want its stamp alone."""
        return messages.header(self.stamp, self.frame_id)

    @cached_property
    def pose(self) -> Pose:
        """As `messages.from_body_pose` gives it."""
        size = self.image_width, self.image_height
        known = self.stamp, self.frame_id, self.status, self.body_id, *size, self.score, self.landmarks
        return messages.pose_of(*known)


@lru_cache(maxsize=4)  # several nodes of a process hear the same pose
@_checked
def body_pose_of(cdr: bytes) -> ReadBodyPose:
    """A fitness_msgs/BodyPose as `messages.from_body_pose` takes it."""
    return ReadBodyPose(*_body_pose_fields(cdr))


@_checked
def pose_of(cdr: bytes) -> Pose:
    """The pose in a fitness_msgs/BodyPose, without a message between them."""
    return messages.pose_of(*_body_pose_fields(cdr))


@dataclass
class ReadClassification:
    """A fitness_msgs/ExerciseClassification that was read in place. stamp [ns]."""

    stamp: int
    frame_id: str
    window_start: Time
    body_id: str
    status: int
    label: str
    confidence: float
    probabilities: tuple[float, ...]

    @property
    def header(self) -> Header:
        """Made when it is asked for."""
        return messages.header(self.stamp, self.frame_id)


@_checked
def classification_of(cdr: bytes) -> ReadClassification:
    """A fitness_msgs/ExerciseClassification as `messages.from_classification` takes it."""
    reader = Reader(cdr)
    stamp, frame_id, start, body_id = reader.stamp(), reader.string(), messages.to_time(reader.stamp()), reader.string()
    status, label, confidence, count = reader.number("B"), reader.string(), reader.number("f"), reader.number()
    if count > len(cdr):  # before anything of that size is made
        raise InputError(f"a damaged message: {count} probabilities")
    probabilities = reader.numbers("f" * count) if count else ()
    return ReadClassification(stamp, frame_id, start, body_id, status, label, confidence, probabilities)


def _body_pose_fields(cdr: bytes) -> tuple[int, str, int, str, int, int, float, np.ndarray]:
    """As `messages.pose_of` takes them."""
    # For every pose, in every process that hears it: a `Reader` takes half as long again.
    order = cdr[1] & 1
    seconds, nanoseconds, length = _HEADERS[order].unpack_from(cdr, HEADER)
    at = HEADER + _HEADERS[order].size + length
    frame_id, status = cdr[at - length : at - 1].decode(), cdr[at]
    at = _four(at + 1)
    (length,) = _LENGTHS[order].unpack_from(cdr, at)
    at += _LENGTHS[order].size + length
    body_id, at = cdr[at - length : at - 1].decode(), _four(at)
    width, height, score = _SEEN[order].unpack_from(cdr, at)
    at += _SEEN[order].size
    landmarks = np.frombuffer(cdr, _FLOATS[order], N_LANDMARKS * LANDMARK, at).astype(np.float32, copy=False)
    stamp = messages.stamp_of(seconds, nanoseconds)
    return stamp, frame_id, status, body_id, width, height, score, landmarks.reshape(N_LANDMARKS, LANDMARK)


def _four(at: int) -> int:
    """The next place where a number of four bytes may begin."""
    return at + -(at - HEADER) % 4


def of_pose(pose: Pose) -> bytes:
    """The fitness_msgs/BodyPose of a pose, as `serialize_message(messages.to_body_pose(pose))` gives it."""
    if not pose.tracked:
        # Here, so that what reads recordings needs no rclpy.
        from rclpy.serialization import serialize_message

        return serialize_message(messages.to_body_pose(pose))
    form, texts = _form_of_pose(pose.frame_id, pose.body_id)
    head = form.pack(_LITTLE_END, *divmod(pose.stamp, NANOSECONDS), texts, pose.width, pose.height, pose.score)
    landmarks = np.empty((N_LANDMARKS, LANDMARK), "<f4")
    landmarks[:, :3], landmarks[:, 3:6] = pose.image, pose.world
    landmarks[:, 6], landmarks[:, 7] = pose.visibility, pose.presence
    return head + landmarks.tobytes()


@lru_cache(maxsize=4)  # they change with the person
def _form_of_pose(frame_id: str, body_id: str) -> tuple[struct.Struct, bytes]:
    """Where everything before the landmarks is in a BodyPose with these texts, and the bytes from texts to size."""
    before = bytes(HEADER + _STAMPS[1].size)
    texts = _aligned(before + _text(frame_id) + struct.pack("<B", BodyPose.STATUS_TRACKED))
    texts = _aligned(texts + _text(body_id))[len(before) :]
    return struct.Struct(f"<4siI{len(texts)}sIIf"), texts


def of_rep_state(state: RepState, frame_id: str) -> bytes:
    """The fitness_msgs/RepState of a state, as rclpy gives it; `messages.from_rep_state` is the way back."""
    form, texts = _form_of_rep_state(frame_id, state.body_id, state.exercise)
    numbers = state.progress, state.count, state.rejected, state.set_index
    return form.pack(_LITTLE_END, *divmod(state.stamp, NANOSECONDS), texts, state.phase, *numbers)


@lru_cache(maxsize=16)  # they change a few times an hour
def _form_of_rep_state(frame_id: str, body_id: str, exercise: str) -> tuple[struct.Struct, bytes]:
    """Where everything is in a RepState with these texts, and the bytes from texts to phase."""
    before = bytes(HEADER + _STAMPS[1].size)
    texts = _aligned(_aligned(before + _text(frame_id)) + _text(body_id)) + _text(exercise)
    filling = -(len(texts) + 1 - HEADER) % 4
    texts = texts[len(before) :]
    return struct.Struct(f"<4siI{len(texts)}sB{filling}xfIII"), texts


def of_classification(result: Classification, frame_id: str) -> bytes:
    """The fitness_msgs/ExerciseClassification of a result, as rclpy gives it; the way back is `classification_of`."""
    head = _aligned(_header(result.stamp, frame_id)) + struct.pack("<iI", *divmod(result.window_start, NANOSECONDS))
    head = _aligned(head + _text(result.body_id) + struct.pack("<B", result.status)) + _text(result.label)
    probabilities = result.probabilities.values()
    numbers = struct.pack(f"<fI{len(probabilities)}f", result.confidence, len(probabilities), *probabilities)
    return _aligned(head) + numbers


def of_diagnostics(stamp: int, name: str, level: bytes, message: str, values: dict[str, str]) -> bytes:
    """A diagnostic_msgs/DiagnosticArray with one status, as rclpy gives it; stamp [ns]."""
    head = _aligned(_header(stamp, "")) + struct.pack("<Ic", 1, level)
    for text in (name, message, ""):
        head = _aligned(head) + _text(text)
    head = _aligned(head) + struct.pack("<I", len(values))
    for key, value in values.items():
        head = _aligned(_aligned(head) + _text(key)) + _text(value)
    return head


def in_place(kind: Any, callback: Callable[..., Any], read: Callable[[bytes], Any] | None = None) -> Callable[..., Any]:
    """The callback of a raw subscription that calls the one of a message, or of a message and what is known of it.

    read: reads the message; None: as every node of the graph reads one of this type.
    """
    read = read or IN_PLACE[kind]

    # rclpy looks at the arguments that a callback takes, which `wraps` tells it.
    @wraps(callback)
    def taken(cdr: bytes, *known: Any) -> Any:
        return callback(read(cdr), *known)

    return taken


def _header(stamp: int, frame_id: str) -> bytes:
    return struct.pack("<4siI", _LITTLE_END, *divmod(stamp, NANOSECONDS)) + _text(frame_id)


def _text(text: str) -> bytes:
    encoded = text.encode() + b"\0"
    return struct.pack("<I", len(encoded)) + encoded


def _aligned(cdr: bytes) -> bytes:
    """Filled up so that a number of four bytes can follow."""
    return cdr + bytes(-(len(cdr) - HEADER) % 4)


IN_PLACE: dict[Any, Callable[[bytes], Any]] = {
    Image: image_of,
    CompressedImage: compressed_image_of,
    BodyPose: body_pose_of,
}
"""Types that every node of the graph reads in place."""
