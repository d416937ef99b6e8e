"""What the exercises of a catalogue read of poses: each thing measured once, for one pose or for many at once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fitness_core.catalogue import Along, Direction, Distance, Exercise, Plane, Sides
from fitness_core.geometry import all_joint_angles, angles_of, metric_of, pixels_of
from fitness_core.skeleton import INDEX, JOINT_INDEX, JOINTS
from fitness_core.types import JointAngles, Pose
from rep_counter.body.signals import BOTH_SIDES, Reading, drive, torso_length
from rep_counter.body.whole import Trunk, trunks_of

# A side whose joint is this much less visible than the other's is estimated rather than seen.
_HIDDEN_BESIDE_OTHER = 0.5

Signal = Distance | tuple[str, Plane]
"""A distance, or a joint and in what its angle is measured."""


@dataclass(slots=True)
class Body:
    """What is read of a pose. tracked: whether somebody is seen. readings: of every signal. drives: see `Bodies`.

    metric, pixels: its landmarks float32 [33, 3], as `geometry` makes them. trunk: None until somebody asks for it.
    """

    pose: Pose
    tracked: bool
    metric: np.ndarray
    pixels: np.ndarray
    angles: JointAngles
    readings: list[Reading]
    drives: list[float]
    trunk: Trunk | None = None


class Bodies:
    """Measures the signals of exercises, and what drives them; exercises that ask for the same share it.

    min_visibility: below it a side is not measured [0..1].
    """

    def __init__(self, exercises: Iterable[Exercise], min_visibility: float) -> None:
        self._min_visibility = min_visibility
        self._signals: list[Signal] = []
        self._drives: list[tuple[int, Direction, Sides]] = []
        self._columns: list[int] = []  # of each drive: its first column of `Body.drives`
        self.columns = 0
        """Values of `Body.drives`."""
        for exercise in exercises:
            signal = _signal(exercise)
            if signal not in self._signals:
                self._signals.append(signal)
            way = self._way(exercise)
            if way not in self._drives:
                self._drives.append(way)
                self._columns.append(self.columns)
                self.columns += 1 if exercise.sides == Sides.BOTH else 4
        self._flat = any(isinstance(signal, tuple) and signal[1] == Plane.IMAGE for signal in self._signals)
        self._points = [_points(signal) for signal in self._signals]
        self._places = [_place(signal) if isinstance(signal, tuple) else signal for signal in self._signals]

    def signal(self, exercise: Exercise) -> int:
        """Which of `Body.readings` is the exercise's: an angle [rad] or a distance [torso lengths], confidence 0..1."""
        return self._signals.index(_signal(exercise))

    def driven_by(self, exercise: Exercise) -> tuple[int, ...]:
        """Which of `Body.drives` are the exercise's: one of both sides together, or left and right."""
        first = self._columns[self._drives.index(self._way(exercise))]
        return (first,) if exercise.sides == Sides.BOTH else (first, first + 1)

    def guessed_by(self, exercise: Exercise) -> tuple[int, ...]:
        """The same of sides that are watched one by one, with what the pose network estimates of a hidden one.

        NaN outside the picture. An arm behind the body is estimated well enough to tell where its movement began.
        """
        return () if exercise.sides == Sides.BOTH else tuple(2 + column for column in self.driven_by(exercise))

    def of(self, poses: Sequence[Pose]) -> list[Body]:
        """The bodies of poses, in their order."""
        if not poses:
            return []
        pixels = pixels_of(poses)
        points = metric_of(poses, pixels)
        both = angles_of(np.concatenate([points, _flat(pixels)]) if self._flat else points)
        angles = all_joint_angles(poses, both[: len(poses)], self._min_visibility)
        flat = both[len(poses) :].tolist() if self._flat else [[]] * len(poses)
        bodies = []
        tracked = _tracked(poses)
        # Of many poses at once in a fraction of the time; of a single one only if it is asked for, with others.
        trunks = list[Trunk | None](trunks_of(poses)) if len(poses) > 1 else [None]
        for number, (pose, found) in enumerate(zip(poses, angles, strict=True)):
            measured = [*both[number].tolist(), *flat[number]]
            confidences = found.confidences.tolist()
            guesses = [
                (measured[place[0]], confidences[place[1]], measured[place[2]], confidences[place[3]])
                if isinstance(place, tuple)
                else _distance(place, sides, points[number], pose.visibility)
                for place, sides in zip(self._places, self._points, strict=True)
            ]
            readings = [self._seen(*guess) for guess in guesses]
            drives: list[float] = []
            for signal, direction, sides in self._drives:
                reading = readings[signal]
                driven = drive(direction, sides, reading)
                drives += driven
                if sides != Sides.BOTH:
                    if reading[0] != reading[0] or reading[2] != reading[2]:
                        guess = _with_guesses(reading, guesses[signal], pose.image, self._points[signal])
                        driven = drive(direction, sides, guess)
                    drives += driven
            of_pose = pose, tracked[number], points[number], pixels[number]
            bodies.append(Body(*of_pose, found, readings, drives, trunks[number]))
        return bodies

    def _way(self, exercise: Exercise) -> tuple[int, Direction, Sides]:
        # Sides that are watched one by one are read alike, whether they alternate or not.
        sides = Sides.BOTH if exercise.sides == Sides.BOTH else Sides.EITHER
        return self._signals.index(_signal(exercise)), exercise.direction, sides

    def _seen(self, left: float, left_seen: float, right: float, right_seen: float) -> Reading:
        """The sides of a signal; NaN where one is not visible enough, alone or beside the other."""
        needed = max(self._min_visibility, _HIDDEN_BESIDE_OTHER * left_seen, _HIDDEN_BESIDE_OTHER * right_seen)
        return (
            left if left_seen >= needed else math.nan,
            left_seen,
            right if right_seen >= needed else math.nan,
            right_seen,
        )


_SIDES = {
    name.removeprefix("left_"): (JOINT_INDEX[name], JOINT_INDEX[name.replace("left_", "right_")])
    for name in JOINT_INDEX
    if name.startswith("left_")
}


def _place(signal: tuple[str, Plane]) -> tuple[int, int, int, int]:
    """Left and right of an angle: of each its place among those in space, then those in the picture, and its joint."""
    left, right = _SIDES[signal[0]]
    before = len(JOINT_INDEX) if signal[1] == Plane.IMAGE else 0
    return before + left, left, before + right, right


def _signal(exercise: Exercise) -> Signal:
    if exercise.distance is not None:
        return exercise.distance
    assert exercise.joint is not None  # the catalogue is valid
    return str(exercise.joint), exercise.plane


def _points(signal: Signal) -> tuple[list[int], list[int]]:
    """Landmarks that a signal is measured from, on the left and on the right."""
    if isinstance(signal, tuple):
        joints = [JOINTS[number] for number in _SIDES[signal[0]]]
        left, right = ([joint.a, joint.at, joint.b] for joint in joints)
    else:
        left, right = ([INDEX[f"{side}_{point}"] for point in (signal.point, signal.of)] for side in BOTH_SIDES)
    return left, right


def _with_guesses(reading: Reading, guess: Reading, image: np.ndarray, points: tuple[list[int], list[int]]) -> Reading:
    """The reading, with the guess for a side that is hidden and has no point outside the picture.

    image [33, 3]: of the pose, normalised. points: see `_points`.
    """
    at = image.item
    left, right = (
        seen if seen == seen or not all(0 <= at(row, 0) <= 1 and 0 <= at(row, 1) <= 1 for row in rows) else guessed
        for seen, guessed, rows in zip((reading[0], reading[2]), (guess[0], guess[2]), points, strict=True)
    )
    return left, guess[1], right, guess[3]


def _flat(pixels: np.ndarray) -> np.ndarray:
    """Landmarks [poses, 33, 3] in pixels, without depth."""
    flat = pixels.copy()
    flat[:, :, 2] = 0.0
    return flat


def _tracked(poses: Sequence[Pose]) -> list[bool]:
    """Whether somebody is seen in each."""
    if len(poses) == 1:
        return [poses[0].tracked]
    across = np.concatenate([pose.image[:, 0] for pose in poses]).reshape(len(poses), -1)
    return np.isfinite(across).any(axis=1).tolist()


def _distance(
    distance: Distance, sides: tuple[list[int], list[int]], points: np.ndarray, visibility: np.ndarray
) -> Reading:
    """A distance of one pose, in torso lengths; sides: see `_points`; points [33, 3] in one true unit."""
    # Plain numbers: of so few, arrays would take five times as long.
    torso, at, seen = torso_length(points), points.item, visibility.item
    values: list[float] = []
    for point, of in sides:
        up = at(of, 1) - at(point, 1)
        if distance.along == Along.ANY:
            up = math.hypot(at(of, 0) - at(point, 0), up, at(of, 2) - at(point, 2))
        values += [up / torso if torso > 0 else math.nan, min(seen(point), seen(of))]
    return values[0], values[1], values[2], values[3]
