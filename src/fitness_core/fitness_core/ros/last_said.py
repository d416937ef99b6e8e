"""How far a node had come, as a file: there while it runs, and left behind by a crash only."""

import contextlib
import time

from rclpy.node import Node

from fitness_core.files import replace_file
from fitness_core.ros.state import state_file

WITHIN = 60.0
"""What was left longer ago is of no use [s]."""


class LastSaid:
    """Stamp [ns] of the last message that a node published."""

    def __init__(self, node: Node) -> None:
        self._path = state_file(node)

    def keep(self, stamp: int) -> None:
        """Once a second or so. A disk that is full costs what a crash would lose, and no more."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, str(stamp))

    def left(self) -> int | None:
        """What a node that crashed had come to; None where it ended properly, or long ago."""
        try:
            if abs(time.time() - self._path.stat().st_mtime) > WITHIN:
                return None
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None

    def forget(self) -> None:
        """The node ends properly."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
