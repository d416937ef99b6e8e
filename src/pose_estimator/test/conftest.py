"""Makes the helpers beside the tests importable; a pose node's world, and the backend in it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def world() -> Iterator[Any]:
    """A `pose_world.World` of its own context."""
    # Here: most tests of this package need no ROS.
    import rclpy
    from pose_world import World

    rclpy.init()
    made = World()
    yield made
    made.close()
    rclpy.shutdown()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The `pose_world.Gate` that a node is given for its backend."""
    from pose_world import Gate

    from pose_estimator import pose_estimator_node

    made = Gate()
    monkeypatch.setattr(pose_estimator_node, "make_backend", lambda *_: made)
    return made
