"""Windows out of takes: all of them for evaluation, random augmented ones for fitting."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from exercise_classifier.features import FEATURE_SETS, FeatureSet
from exercise_classifier.pose_sequence import PoseSequence, seen_steps, side_by_side
from exercise_classifier.rest import moves, resting
from exercise_classifier.training.data.augmentation import hidden, mirrored, other_camera
from exercise_classifier.training.takes.takes import SKIPPED, Take
from exercise_classifier.window import MAX_GAP, MIN_SEEN, holds_enough, resample
from fitness_core.catalogue import NON_EXERCISES
from fitness_core.errors import InputError
from fitness_core.geometry import angles_of
from fitness_core.skeleton import JOINT_INDEX
from fitness_core.types import to_scale

LABELS = (
    *("squat", "curl", "press", "push_up", "sit_up", "lunge", "jumping_jack", "pull_up", "front_raise"),
    *("lateral_raise", "deadlift", "other", "idle"),
)
"""Classes that a model may have; what is none of its own is `other`."""

HOP = 0.2
"""Between the ends of two windows of a take [s]."""

_ALIASES = {"pull_ups": "pull_up"}

_MOVING = {
    "push_up": ("left_elbow", "right_elbow", "left_shoulder", "right_shoulder"),
    "pull_up": ("left_elbow", "right_elbow", "left_shoulder", "right_shoulder"),
    "sit_up": ("left_hip", "right_hip"),
    "lunge": ("left_knee", "right_knee", "left_hip", "right_hip"),
    "deadlift": ("left_knee", "right_knee", "left_hip", "right_hip"),
    "jumping_jack": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "front_raise": ("left_shoulder", "right_shoulder"),
    "lateral_raise": ("left_shoulder", "right_shoulder"),
    "curl": ("left_elbow", "right_elbow"),
    "press": ("left_elbow", "right_elbow", "left_shoulder", "right_shoulder"),
    "squat": ("left_knee", "right_knee", "left_hip", "right_hip"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """duration [s], rate [Hz] of a window; min_seen [s]: how much of a body it must hold."""

    duration: float = 2.0
    rate: float = 15.0
    min_seen: float = MIN_SEEN

    @property
    def steps(self) -> int:
        """Rows of a window."""
        return round(self.duration * self.rate)


@dataclass(frozen=True, slots=True)
class Windows:
    """x: float32 [n, steps, features]; y: class [n], index in labels; take: index of the take [n]; end: stamp [n, s];
    still: [n] an exercise is named but its joints do not move; rests: [n] as `rest.resting` has it."""

    x: np.ndarray
    y: np.ndarray
    take: np.ndarray
    end: np.ndarray
    still: np.ndarray
    rests: np.ndarray
    labels: tuple[str, ...] = LABELS

    def of(self, chosen: np.ndarray) -> "Windows":
        """Some of them: a mask or indices."""
        x, y, take, end, still, rests = (
            array[chosen] for array in (self.x, self.y, self.take, self.end, self.still, self.rests)
        )
        return Windows(x, y, take, end, still, rests, self.labels)

    @contextmanager
    def shared(self, folder: Path) -> Iterator["SharedWindows"]:
        """The same for other processes: `x` goes into a file of the folder's disk, which they map. Raises InputError
        for a full disk.

        The file has no name, so that it is gone with the last of them also where all are killed.
        """
        # Without a buffer, which closing would write once more to a disk that is full.
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            try:
                np.save(file, self.x)
            except OSError as error:  # NumPy's own says what was written, and no `strerror`
                why = error.strerror or error
                raise InputError(f"windows cannot be written to {folder} ({why}); make room on its disk") from None
            yield SharedWindows(Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"), replace(self, x=self.x[:0]))


@dataclass(frozen=True, slots=True)
class SharedWindows:
    """Windows whose `x` is in a file; rest: what else they are."""

    x: Path
    rest: Windows

    def open(self) -> Windows:
        """The windows, `x` mapped from the file."""
        return replace(self.rest, x=np.load(self.x, mmap_mode="r"))


def name_of(exercise: str) -> str:
    """The name in the catalogue of what a table calls an exercise."""
    return _ALIASES.get(exercise, exercise)


def label_of(exercise: str, labels: tuple[str, ...] = LABELS) -> str:
    """Which of a model's labels a take of this exercise has; `idle` is `other` where a model does not have it."""
    name = name_of(exercise)
    return name if name in labels else "other"


def exercises_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that are exercises."""
    return tuple(label for label in labels if label not in NON_EXERCISES)


def cut(
    take: Take,
    end: float,
    shape: Shape,
    tempo: float = 1.0,
    every: int = 1,
    in_metres: bool = True,
) -> PoseSequence:
    """The window of a take that ends at this stamp [s]. tempo: of the movement, 1 = as it was. every: which poses."""
    at = end + (np.arange(shape.steps) - (shape.steps - 1)) / shape.rate * tempo
    first = max(np.searchsorted(take.stamps, at[0]) - 2 * every, 0)
    last = np.searchsorted(take.stamps, end, side="right")
    chosen = np.arange(last - 1, first - 1, -every)[::-1]
    chosen = chosen[np.isfinite(take.image[chosen, :, 0]).any(axis=1)]
    stamps = take.stamps[chosen]
    pixels = take.image[chosen] * np.array([take.width, take.height, take.width], np.float32)
    values = resample(
        stamps,
        (take.world[chosen] if in_metres else to_scale(pixels), pixels, take.visibility[chosen]),
        at,
        max_gap=MAX_GAP * tempo,
    )
    return PoseSequence(values[0], values[1], values[2], shape.rate, (take.width, take.height))


def _label(sequence: PoseSequence, take: Take, labels: tuple[str, ...]) -> tuple[str, bool, bool]:
    """Label of a window; whether it is still: an exercise is named but its joints do not move; whether somebody rests.

    A window of an exercise or of `other` in which somebody rests is `idle`, where the model has that label.
    """
    label, rests = label_of(take.exercise, labels), bool(resting(sequence))
    if label == "idle":
        return label, False, rests
    if rests and "idle" in labels:
        return "idle", False, True
    joints = [JOINT_INDEX[name] for name in _MOVING.get(label, ())]
    return label, bool(joints) and not moves(angles_of(sequence.metric)[:, joints]), rests


class _Features:
    """Features of windows one after the other, measured many at once: in a third of the time, the same to the bit."""

    _AT_ONCE = 256

    def __init__(self, shape: Shape, feature_set: FeatureSet) -> None:
        self._compute = feature_set.compute
        self._waiting: list[PoseSequence] = []
        self._tables = [np.empty((0, shape.steps, feature_set.count), np.float32)]

    def add(self, sequence: PoseSequence) -> None:
        """The next window."""
        self._waiting.append(sequence)
        if len(self._waiting) == self._AT_ONCE:
            self._measure()

    def table(self) -> np.ndarray:
        """Of all windows, float32 [n, steps, features]."""
        self._measure()
        return np.concatenate(self._tables)

    def _measure(self) -> None:
        if self._waiting:
            self._tables.append(self._compute(side_by_side(self._waiting)))
            self._waiting = []


def all_windows(
    takes: list[Take],
    shape: Shape,
    hop: float = HOP,
    labels: tuple[str, ...] = LABELS,
    feature_set: FeatureSet = FEATURE_SETS["body_frame"],
) -> Windows:
    """Every window of the takes, one each `hop` seconds, as the classifier sees them once they hold enough of a body.

    Where somebody has looked at a take, the label is what most of the window shows, and what is skipped has none.
    """
    x = _Features(shape, feature_set)
    y, index, ends, still, rest = [], [], [], [], []
    for number, take in enumerate(takes):
        in_metres = take.in_metres
        for end in take.stamps[_every(take.stamps, hop)]:
            sequence = cut(take, float(end), shape, in_metres=in_metres)
            if not holds_enough(seen_steps(sequence), shape.rate, shape.min_seen):
                continue
            label, unmoved, rests = _label(sequence, take, labels)
            if take.stretches:
                shown = take.shown(float(end) - shape.duration, float(end))
                if shown == SKIPPED:
                    continue
                label, unmoved = label_of(shown, labels), False
            x.add(sequence)
            y.append(labels.index(label))
            index.append(number)
            ends.append(end)
            still.append(unmoved)
            rest.append(rests)
    return Windows(
        x.table(),
        np.array(y, int),
        np.array(index, int),
        np.array(ends),
        np.array(still, bool),
        np.array(rest, bool),
        labels,
    )


def _every(stamps: np.ndarray, hop: float) -> np.ndarray:
    return np.unique(np.searchsorted(stamps, np.arange(stamps[0], stamps[-1], hop)))


def random_windows(
    takes: list[Take],
    shape: Shape,
    per_class: dict[str, int],
    rng: np.random.Generator,
    labels: tuple[str, ...] = LABELS,
    feature_set: FeatureSet = FEATURE_SETS["body_frame"],
) -> Windows:
    """Augmented windows: classes as asked; in a class sources with more takes more often, but less so than they have
    more (its square root), in a source longer takes more.

    Windows of an exercise in which somebody stands still come on top, as `idle`.
    """
    x = _Features(shape, feature_set)
    y, index, ends = [], [], []
    for label, number in per_class.items():
        of = [n for n, take in enumerate(takes) if label_of(take.exercise, labels) == label]
        if not of:
            continue
        weight = np.array([np.sqrt(takes[n].duration) for n in of])
        group = np.array([takes[n].group for n in of])
        for name in set(group):
            total = weight[group == name].sum()
            weight[group == name] *= np.sqrt(total) / total
        weight /= weight.sum()
        for chosen in rng.choice(of, number, p=weight):
            take = takes[chosen]
            for _ in range(8):
                sequence, end, named, still = augmented(take, shape, rng, labels, feature_set.name == "raw132")
                if holds_enough(seen_steps(sequence), shape.rate, shape.min_seen) and not still:
                    x.add(sequence)
                    y.append(labels.index(named))
                    index.append(chosen)
                    ends.append(end)
                    if named == label:
                        break
    order = rng.permutation(len(y))
    return Windows(
        x.table()[order],
        np.array(y, int)[order],
        np.array(index, int)[order],
        np.array(ends)[order],
        np.zeros(len(y), bool),
        np.zeros(len(y), bool),
        labels,
    )


def joined(parts: list[Windows], takes_before: list[int]) -> Windows:
    """Windows of several lists of takes as one; takes_before: how many takes stand before those of each part."""
    return Windows(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.take + before for part, before in zip(parts, takes_before, strict=True)]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.still for part in parts]),
        np.concatenate([part.rests for part in parts]),
        parts[0].labels,
    )


def augmented(
    take: Take, shape: Shape, rng: np.random.Generator, labels: tuple[str, ...] = LABELS, same_camera: bool = False
) -> tuple[PoseSequence, float, str, bool]:
    """A random window of a take as another person, camera and tempo might have given it: window, end, label, still.

    same_camera: the view stays (picture coordinates cannot be turned), only tempo, sides and what is hidden change.
    """
    tempo = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    earliest = take.stamps[0] + shape.min_seen * min(tempo, 1.0)
    end = float(rng.uniform(min(earliest, take.stamps[-1]), take.stamps[-1]))
    # Between two poses, so that its last step is unknown, which the node's never is: with windows that end at a pose,
    # as the node's do, two fits were no better on clips from elsewhere, rather worse (docs/notes/evaluation-log.md).
    in_metres = take.in_metres and rng.random() > 0.2
    rate = (len(take.stamps) - 1) / take.duration
    every = 1 if rng.random() < 0.6 else max(1, round(rate / rng.uniform(5, 20)))
    sequence = cut(take, end, shape, tempo, every, in_metres)
    label, still, _ = _label(sequence, take, labels)
    if not same_camera:
        sequence = other_camera(sequence, rng)
    if rng.random() < 0.5:
        sequence = mirrored(sequence)
    visibility = hidden(sequence.visibility, rng)
    if rng.random() < 0.25:
        sequence.metric[: rng.integers(0, max(1, shape.steps - round(shape.min_seen * shape.rate)))] = np.nan
    return replace(sequence, visibility=visibility), end, label, still
