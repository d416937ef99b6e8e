"""Recordings to open, made or of the shared clips, and how what cannot be opened is refused."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def make_video(path: Path, frames: int = 20, rate: float = 25.0, size: tuple[int, int] = (64, 48)) -> Path:
    """A video whose n-th picture is of brightness 10 * n."""
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 10 * number, np.uint8))
    writer.release()
    return path


def make_folder(path: Path, names: list[str]) -> Path:
    path.mkdir()
    for number, name in enumerate(names):
        cv2.imwrite(str(path / name), np.full((48, 64, 3), 10 * number, np.uint8))
    return path


def clips(**wanted: str) -> list[Path]:
    table = DATA / "clips.csv"
    if not table.is_file():
        assert os.environ.get("CI") != "true", f"{table} is not there"
        pytest.skip(f"{table} is not there")
    with table.open() as rows:
        return [DATA / row["file"] for row in csv.DictReader(rows) if all(row[k] == v for k, v in wanted.items())]


def refused(source: object, **arguments) -> str:
    with pytest.raises(InputError) as caught:
        open_source(str(source), **arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message
