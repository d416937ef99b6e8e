"""Pictures between NumPy and sensor_msgs, without cv_bridge (no registry but apt has it)."""

import array

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from fitness_core.errors import InputError
from fitness_core.ros import messages
from fitness_core.types import Frame

# YUV 4:2:2 as USB cameras give it: OpenCV's name of the way to BGR. sensor_msgs has two names for each.
_YUV = {"yuv422_yuy2": "YUY2", "yuyv": "YUY2", "yuv422": "UYVY", "uyvy": "UYVY"}
_CHANNELS = {"bgr8": 3, "rgb8": 3, "bgra8": 4, "rgba8": 4, "mono8": 1, "8UC3": 3, "8UC1": 1} | dict.fromkeys(_YUV, 2)


def to_image(picture: np.ndarray, encoding: str = "bgr8") -> Image:
    """A sensor_msgs/Image of a uint8 picture [height, width, channels]; the caller fills in the header."""
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, encoding=encoding)
    picture = np.ascontiguousarray(picture)
    message.step = picture.nbytes // height
    # An array('B') is taken over as it is; a list or bytes would be copied element by element (100-200 ms).
    data = array.array("B")
    data.frombytes(picture.data.cast("B"))
    message.data = data
    return message


def to_bgr(message: Image | CompressedImage) -> np.ndarray:
    """The picture of a sensor_msgs/Image or CompressedImage as BGR uint8 [height, width, 3], padded rows cut.

    Raises InputError for an encoding that is not 8-bit colour, grey or YUV 4:2:2 (depth, e.g.), data shorter than
    promised, and what cannot be decompressed.
    """
    if hasattr(message, "format"):
        return _decompressed(message)
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        raise InputError(
            f"image encoding {message.encoding!r} is not supported; accepted: {', '.join(_CHANNELS)} "
            "(convert it upstream, e.g. with image_proc)"
        )
    width = message.width * channels
    if not message.width or not message.height:
        raise InputError(f"image of {message.width}x{message.height}: a picture has at least one pixel")
    if message.step < width or len(message.data) < message.step * message.height:
        raise InputError(
            f"image of {message.width}x{message.height} {message.encoding} has step {message.step} and "
            f"{len(message.data)} bytes; it needs a step of at least {width} and step * height bytes"
        )
    rows = np.frombuffer(message.data, np.uint8, message.step * message.height).reshape(message.height, message.step)
    picture = rows[:, :width].reshape(message.height, message.width, channels)
    if message.encoding in _YUV:
        return _of_yuv(picture, _YUV[message.encoding])
    if channels == 1:
        return np.repeat(picture, 3, axis=2)
    if message.encoding.startswith("rgb"):
        return np.ascontiguousarray(picture[:, :, 2::-1])
    return np.ascontiguousarray(picture[:, :, :3])


def _decompressed(message: CompressedImage) -> np.ndarray:
    import cv2  # as below

    data = np.frombuffer(message.data, np.uint8)
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:  # no bytes, or more pixels than OpenCV takes
        picture = None
    if picture is None:
        raise InputError(
            f"a compressed picture of format {message.format!r} with {len(data)} bytes cannot be decoded; "
            "accepted: JPEG and PNG"
        )
    if picture.dtype != np.uint8:
        raise InputError(f"a compressed picture of format {message.format!r} has {picture.dtype} pixels, not 8 bits")
    return picture


def _of_yuv(picture: np.ndarray, order: str) -> np.ndarray:
    if picture.shape[1] % 2:
        raise InputError(f"image of {picture.shape[1]} px in YUV 4:2:2: two pixels share a colour, the width is even")
    import cv2  # few pictures come so, and not every node that reads pictures needs it

    return cv2.cvtColor(np.ascontiguousarray(picture), getattr(cv2, f"COLOR_YUV2BGR_{order}"))


def to_frame(message: Image | CompressedImage) -> Frame:
    """The picture of a message with its stamp and frame; raises InputError as `to_bgr`."""
    return Frame(messages.from_time(message.header.stamp), to_bgr(message), message.header.frame_id)
