"""Windows out of takes: all of them for evaluation, random augmented ones for fitting."""

from dataclasses import dataclass, replace

import numpy as np

from exercise_classifier.features import N_FEATURES, PoseSequence, features
from exercise_classifier.training.takes import Take
from exercise_classifier.window import resample
from fitness_core.geometry import angles_of
from fitness_core.skeleton import INDEX, JOINT_INDEX, MIRROR

LABELS = ("curl", "press", "squat", "other")
"""Classes of the shipped model; every other exercise of a table is `other`."""

_MOVING = {
    "curl": ("left_elbow", "right_elbow"),
    "press": ("left_elbow", "right_elbow", "left_shoulder", "right_shoulder"),
    "squat": ("left_knee", "right_knee", "left_hip", "right_hip"),
}
_STILL = np.radians(15.0)
_LEGS = [number for name, number in INDEX.items() if any(part in name for part in ("knee", "ankle", "heel", "foot"))]
_HEAD = list(range(INDEX["left_shoulder"]))
_ARMS = {
    side: [
        number
        for name, number in INDEX.items()
        if side in name
        and any(part in name for part in ("elbow", "wrist", "pinky", "index", "thumb"))
        and "foot" not in name
    ]
    for side in ("left", "right")
}


@dataclass(frozen=True, slots=True)
class Shape:
    """duration [s], rate [Hz] of a window; min_seen [s]: how much of a body it must hold."""

    duration: float = 2.0
    rate: float = 15.0
    min_seen: float = 1.0

    @property
    def steps(self) -> int:
        """Rows of a window."""
        return round(self.duration * self.rate)


@dataclass(frozen=True, slots=True)
class Windows:
    """x: float32 [n, steps, features]; y: class [n]; take: index of the take [n]; end: stamp [n, s];
    still: [n] an exercise is named but its joints do not move."""

    x: np.ndarray
    y: np.ndarray
    take: np.ndarray
    end: np.ndarray
    still: np.ndarray


def class_of(exercise: str) -> int:
    """Index in LABELS."""
    return LABELS.index(exercise if exercise in LABELS else "other")


def _cut(
    take: Take,
    end: float,
    shape: Shape,
    tempo: float = 1.0,
    every: int = 1,
    in_metres: bool = True,
) -> PoseSequence:
    at = end + (np.arange(shape.steps) - (shape.steps - 1)) / shape.rate * tempo
    first = max(np.searchsorted(take.stamps, at[0]) - 2 * every, 0)
    last = np.searchsorted(take.stamps, end, side="right")
    chosen = np.arange(last - 1, first - 1, -every)[::-1]
    chosen = chosen[np.isfinite(take.image[chosen, 0, 0])]
    stamps = take.stamps[chosen]
    pixels = take.image[chosen] * np.array([take.width, take.height, take.width], np.float32)
    values = resample(
        stamps,
        (take.world[chosen] if in_metres else pixels, pixels[..., :2], take.visibility[chosen]),
        at,
        max_gap=0.45 * tempo,
    )
    return PoseSequence(values[0], values[1], values[2], shape.rate)


def _is_still(sequence: PoseSequence, exercise: str) -> bool:
    if exercise not in _MOVING:
        return False
    angles = angles_of(sequence.metric)[:, [JOINT_INDEX[name] for name in _MOVING[exercise]]]
    angles = angles[np.isfinite(angles).all(axis=1)]
    if len(angles) < 2:
        return True
    low, high = np.percentile(angles, [5, 95], axis=0)
    return bool((high - low).max() < _STILL)


def all_windows(takes: list[Take], shape: Shape, hop: float = 0.2) -> Windows:
    """Every window of the takes, one each `hop` seconds, as the classifier sees them."""
    x, y, index, ends, still = [], [], [], [], []
    for number, take in enumerate(takes):
        in_metres = bool(np.isfinite(take.world).any())
        for end in take.stamps[_every(take.stamps, hop)]:
            if end - take.stamps[0] < shape.min_seen:
                continue
            sequence = _cut(take, float(end), shape, in_metres=in_metres)
            table = features(sequence)
            if np.count_nonzero(table[:, -1]) / shape.rate < shape.min_seen:
                continue
            x.append(table)
            y.append(class_of(take.exercise))
            index.append(number)
            ends.append(end)
            still.append(_is_still(sequence, take.exercise))
    return Windows(
        np.array(x, np.float32),
        np.array(y),
        np.array(index),
        np.array(ends),
        np.array(still),
    )


def _every(stamps: np.ndarray, hop: float) -> np.ndarray:
    return np.unique(np.searchsorted(stamps, np.arange(stamps[0], stamps[-1], hop)))


def random_windows(takes: list[Take], shape: Shape, per_class: dict[str, int], rng: np.random.Generator) -> Windows:
    """Augmented windows: classes as asked; in a class every source equally often, in a source longer takes more."""
    x, y, index, ends = [], [], [], []
    for label, number in per_class.items():
        of = [n for n, take in enumerate(takes) if LABELS[class_of(take.exercise)] == label]
        if not of:
            continue
        weight = np.array([np.sqrt(take_duration(takes[n])) for n in of])
        group = np.array([takes[n].group for n in of])
        for name in set(group):
            total = weight[group == name].sum()
            weight[group == name] *= np.sqrt(total) / total
        weight /= weight.sum()
        for chosen in rng.choice(of, number, p=weight):
            take = takes[chosen]
            for _ in range(8):
                table, end, still = augmented(take, shape, rng)
                if np.count_nonzero(table[:, -1]) / shape.rate >= 0.8 * shape.min_seen and not still:
                    x.append(table)
                    y.append(class_of(take.exercise))
                    index.append(chosen)
                    ends.append(end)
                    break
    order = rng.permutation(len(x))
    tables = np.array(x, np.float32).reshape(-1, shape.steps, N_FEATURES)
    return Windows(
        tables[order],
        np.array(y)[order],
        np.array(index)[order],
        np.array(ends)[order],
        np.zeros(len(x), bool),
    )


def joined(parts: list[Windows], takes_before: list[int]) -> Windows:
    """Windows of several lists of takes as one; takes_before: how many takes stand before those of each part."""
    return Windows(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.take + before for part, before in zip(parts, takes_before, strict=True)]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.still for part in parts]),
    )


def take_duration(take: Take) -> float:
    """Seconds."""
    return float(take.stamps[-1] - take.stamps[0])


def augmented(take: Take, shape: Shape, rng: np.random.Generator) -> tuple[np.ndarray, float, bool]:
    """A random window of a take as another person, camera and tempo might have given it: features, end, still."""
    tempo = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    earliest = take.stamps[0] + shape.min_seen * min(tempo, 1.0)
    end = float(rng.uniform(min(earliest, take.stamps[-1]), take.stamps[-1]))
    in_metres = bool(np.isfinite(take.world).any()) and rng.random() > 0.2
    rate = (len(take.stamps) - 1) / take_duration(take)
    every = 1 if rng.random() < 0.6 else max(1, round(rate / rng.uniform(5, 20)))
    sequence = _cut(take, end, shape, tempo, every, in_metres)
    still = _is_still(sequence, take.exercise)
    sequence = _other_camera(sequence, rng)
    if rng.random() < 0.5:
        sequence = mirrored(sequence)
    visibility = _hidden(sequence.visibility, rng)
    if rng.random() < 0.25:
        sequence.metric[: rng.integers(0, max(1, shape.steps - round(shape.min_seen * shape.rate)))] = np.nan
    return features(replace(sequence, visibility=visibility)), end, still


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """The same motion with left and right exchanged."""
    flip3, flip2 = np.array([-1, 1, 1], np.float32), np.array([-1, 1], np.float32)
    return PoseSequence(
        sequence.metric[:, MIRROR] * flip3,
        sequence.pixels[:, MIRROR] * flip2,
        sequence.visibility[:, MIRROR],
        sequence.rate,
    )


def _other_camera(sequence: PoseSequence, rng: np.random.Generator) -> PoseSequence:
    metric = sequence.metric.astype(np.float64)
    hips = metric[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    points = metric - hips
    # The pose network's depth is a guess that depends on the view; from the side it is left-right that is guessed.
    points[..., 2] *= rng.uniform(0.6, 1.3)
    points[..., 0] *= rng.uniform(0.85, 1.18)
    yaw = _turn(1, rng.uniform(-np.pi, np.pi))
    points = points @ yaw.T
    points[..., 2] *= rng.uniform(0.8, 1.2)
    points = points @ (_turn(0, np.radians(rng.normal(0, 7))) @ _turn(2, np.radians(rng.normal(0, 4)))).T
    unit = np.nanmedian(np.linalg.norm(points[:, INDEX["left_shoulder"]] - points[:, INDEX["left_hip"]], axis=-1))
    if np.isfinite(unit):
        points += rng.normal(0, 0.04, (1, *points.shape[1:])) * unit
        points += rng.normal(0, 0.015, points.shape) * unit
        if rng.random() < 0.3:
            drift = np.cumsum(rng.normal(0, 0.03, points.shape), axis=0)
            points += (drift - drift.mean(axis=0)) * unit * (rng.random((1, points.shape[1], 1)) < 0.15)
    return replace(sequence, metric=points.astype(np.float32))


def _turn(axis: int, angle: float) -> np.ndarray:
    a, b = [number for number in range(3) if number != axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def _hidden(visibility: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    visibility = visibility * rng.uniform(0.8, 1.2)
    if rng.random() < 0.3:
        cut = _LEGS if rng.random() < 0.6 else [*_LEGS, INDEX["left_hip"], INDEX["right_hip"]]
        visibility[:, cut] = rng.uniform(0, 0.15)
    if rng.random() < 0.15:
        visibility[:, _HEAD] = 0.0
    if rng.random() < 0.15:
        visibility[:, _ARMS["left" if rng.random() < 0.5 else "right"]] = rng.uniform(0, 0.3)
    if rng.random() < 0.3:
        for landmark in rng.integers(0, visibility.shape[1], 6):
            first = rng.integers(0, len(visibility))
            visibility[first : first + rng.integers(3, 30), landmark] = 0.0
    return visibility
