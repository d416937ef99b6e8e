"""Compressed pictures, and what cannot be read as one."""

import struct

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage

from fitness_core.errors import InputError
from fitness_core.ros import images, serialized


def test_compressed_pictures_are_read_and_others_refused():
    picture = np.full((6, 8, 3), (10, 120, 240), np.uint8)
    for kind, of, expected in ((".png", picture, picture), (".jpg", picture, picture), (".png", picture[..., 0], 10)):
        message = CompressedImage(format=kind, data=cv2.imencode(kind, of)[1].tobytes())
        for given in (message, serialized.compressed_image_of(serialize_message(message))):
            read = images.to_bgr(given)
            assert read.shape == (6, 8, 3)
            np.testing.assert_allclose(read, np.broadcast_to(expected, read.shape), atol=3)
    too_large = bytearray(cv2.imencode(".bmp", picture)[1].tobytes())
    too_large[18:26] = struct.pack("<ii", 100_000, 100_000)  # width and height
    for data in (b"", b"no picture", bytes(too_large)):
        with pytest.raises(
            InputError, match=f"'h264' with {len(data)} bytes cannot be decoded; accepted: JPEG and PNG"
        ):
            images.to_bgr(CompressedImage(format="h264", data=data))


def test_a_compressed_picture_of_depth_is_refused_as_a_raw_one_is():
    """In 8 bits all that is nearer than 60 m would be black, and nobody be seen."""
    depth = cv2.imencode(".png", np.full((48, 64), 2500, np.uint16))[1].tobytes()
    with pytest.raises(InputError, match="'16UC1; png compressed ' has uint16 pixels, not 8 bits"):
        images.to_bgr(CompressedImage(format="16UC1; png compressed ", data=depth))
