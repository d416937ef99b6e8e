"""Real landmarks for the tests: three clips of ../shared/data through the project's pose network, as float16.

The shipped model was fitted to these clips too: tests on them show that the stage works, not how good the model is.
"""

from pathlib import Path

import numpy as np

from fitness_core.types import Pose, nanoseconds

EXERCISES = ("curl", "press", "squat")
START = 1_700_000_000_000_000_000


def poses_of(exercise: str, rate: float | None = None, offset: int = START) -> list[Pose]:
    """Poses of a clip of this exercise; rate: keep so many per second [Hz]."""
    with np.load(Path(__file__).parent / "data" / f"{exercise}.npz") as data:
        image, world = (
            data["image"].astype(np.float32),
            data["world"].astype(np.float32),
        )
        stamps, (width, height) = data["t"], data["size"].tolist()
    chosen = np.arange(len(stamps))
    if rate is not None:
        wanted = np.arange(0.0, stamps[-1], 1.0 / rate)
        chosen = np.unique(np.clip(np.searchsorted(stamps, wanted), 0, len(stamps) - 1))
    return [
        Pose(
            offset + nanoseconds(stamps[n]),
            image[n, :, :3],
            world[n],
            image[n, :, 3],
            image[n, :, 3],
            width,
            height,
            0.9,
            "1",
        )
        for n in chosen
    ]
