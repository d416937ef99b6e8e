"""What the dashboard reads of messages without deserializing them is what they say."""

import numpy as np
import pytest
from rclpy.serialization import serialize_message

from fitness_core.ros import images, messages
from fitness_visualization.ros.feed import stamp_of, view_of


@pytest.mark.parametrize("frame", ["", "a", "camera_optical_frame"])
@pytest.mark.parametrize(("encoding", "channels"), [("bgr8", 3), ("mono8", 1), ("rgba8", 4)])
def test_a_serialized_picture_is_read_in_place(frame: str, encoding: str, channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (31, 17, channels), dtype=np.uint8)
    message = images.to_image(picture, encoding)
    message.header = messages.header(123_456_789_012, frame)
    cdr = serialize_message(message)
    view = view_of(cdr)
    assert (view.height, view.width, view.encoding, view.step) == (31, 17, encoding, 17 * channels)
    assert (images.to_bgr(view) == images.to_bgr(message)).all()
    assert stamp_of(cdr) == 123_456_789_012
