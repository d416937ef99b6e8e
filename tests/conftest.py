"""What tests of several rooms have in common."""

from pathlib import Path

import numpy as np
import pytest

from fitness_core.quiet_opencv import cv2


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A short video of nobody."""
    path = tmp_path / "nobody.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 48))
    for shade in range(0, 200, 10):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path
