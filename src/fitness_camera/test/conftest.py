"""Makes the helpers beside the tests importable; a camera node's world."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def world() -> Iterator[Any]:
    """A `camera_world.World` of its own context."""
    # Here: most tests of this package need no ROS.
    import rclpy
    from camera_world import World

    rclpy.init()
    made = World()
    yield made
    made.close()
    rclpy.shutdown()
