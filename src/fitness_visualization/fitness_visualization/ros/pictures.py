"""Annotated pictures as ROS messages."""

import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header


def to_jpeg(picture: np.ndarray, header: Header, quality: int) -> CompressedImage:
    """A BGR uint8 picture [height, width, 3] as JPEG of a quality 1..100."""
    _, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    message = CompressedImage(header=header, format="bgr8; jpeg compressed bgr8")
    # An array('B') is taken over as it is; bytes would be copied element by element.
    message.data = array.array("B", jpeg.tobytes())
    return message
