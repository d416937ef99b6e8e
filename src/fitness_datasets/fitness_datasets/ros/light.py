"""How light the pictures of a camera are."""

import contextlib
import math
import time

from fitness_core.errors import InputError
from fitness_core.ros import pictures
from fitness_core.ros.images import to_bgr
from fitness_datasets.collection.placement import luminance

PERIOD = 0.5
"""How often a picture is measured [s]."""


class LightMeter:
    """Measures one picture now and then. level: mean luminance of the last one [0..255], NaN before the first.

    transport: of the pictures.
    """

    def __init__(self, transport: str) -> None:
        self._transport = transport
        self.level = math.nan
        self._due = 0.0

    def look(self, cdr: bytes) -> None:
        """The next picture, serialized."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PERIOD
            with contextlib.suppress(InputError):
                self.level = luminance(to_bgr(pictures.read(cdr, self._transport)))
