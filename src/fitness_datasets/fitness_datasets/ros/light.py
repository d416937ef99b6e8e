"""How light the pictures of a camera are."""

import contextlib
import math
import time

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from fitness_core.errors import InputError
from fitness_core.ros.images import to_bgr
from fitness_datasets.placement import luminance

PERIOD = 0.5
"""How often a picture is measured [s]."""


class LightMeter:
    """Measures one picture now and then. level: mean luminance of the last one [0..255], NaN before the first."""

    def __init__(self) -> None:
        self.level = math.nan
        self._due = 0.0

    def look(self, cdr: bytes) -> None:
        """The next picture, serialized."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PERIOD
            with contextlib.suppress(InputError):
                self.level = luminance(to_bgr(deserialize_message(cdr, Image)))
