"""Takes that the tests of training share."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from exercise_clips import EXERCISES, START, poses_of

from exercise_classifier.training.data import dataset
from exercise_classifier.training.takes import readers
from exercise_classifier.training.takes.takes import Take
from fitness_core.types import seconds


def take_of(exercise: str) -> Take:
    poses = poses_of(exercise)
    return Take(
        exercise,
        exercise,
        f"person of {exercise}",
        True,
        np.array([seconds(pose.stamp - START) for pose in poses]),
        np.array([pose.image for pose in poses]),
        np.array([pose.world for pose in poses]),
        np.array([pose.visibility for pose in poses]),
        poses[0].width,
        poses[0].height,
    )


def takes_of_groups(number: int, groups: int) -> list[Take]:
    """Different takes of three exercises, dealt out to groups."""
    takes = [take_of(EXERCISES[n % 3]) for n in range(number)]
    return [
        replace(take, name=f"{n}", group=f"group {n % groups}", image=take.image + np.float32(n * 1e-4))
        for n, take in enumerate(takes)
    ]


def given_to_collect(monkeypatch, takes: list[Take]) -> None:
    """As if a clip table named these takes."""
    found = dataset.Collected([(take, "") for take in takes], [], [])
    monkeypatch.setattr(dataset, "collect", lambda _: found)
    monkeypatch.setattr(readers, "read_table", lambda _: [])


class Extracted:
    """In place of the pose stage: landmarks of the exercise that a video's folder names; `videos` were looked at."""

    def __init__(self) -> None:
        self.videos: list[str] = []

    def __call__(self, video: Path, cache_file: Path) -> None:
        self.videos.append(video.name)
        with np.load(Path(__file__).parent / "data" / f"{video.parent.name}.npz") as data:
            image = data["image"][..., [0, 1, 2, 3, 3]]
            # Two people must not have the same landmarks.
            image = image + np.float32(1e-4 * (video.stem == "bob"))
            cache_file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(cache_file, image=image, world=data["world"], t=data["t"], size=data["size"])
