"""Takes that the tests of training share."""

from dataclasses import replace

import numpy as np
from exercise_clips import EXERCISES, START, poses_of

from exercise_classifier.training import dataset, take_readers
from exercise_classifier.training.takes import Take
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
    monkeypatch.setattr(take_readers, "read_table", lambda _: [])
