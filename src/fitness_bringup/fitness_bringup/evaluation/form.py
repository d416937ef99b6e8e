"""How well the form rules tell good from poor form, on recordings whose form is known.

    ./fitness evaluate form --mocap ../shared/data/mocap.csv --poses ../shared/data/poses.csv [--json form.json]

Every repetition that the counter finds (the exercise given) is judged as it would be live. Of each rule are told: how
often it was broken in good and in poor repetitions; the area under the ROC curve of its value (AUC: how often a poor
repetition has the worse value than a good one; .5 = chance); and the balanced accuracy of its limit. Intervals are 95 %
of a bootstrap over people (Efron and Tibshirani 1993) where people are known, over recordings where they are not.
"refitted" is the balanced accuracy of a limit that was fitted to the other people and tried on the one left out: it
says how much the shipped limit, which no data were fitted to, leaves on the table.

What is read: UI-PRMD motion capture (deep squat, inline lunge), moved in front of a camera; BlazePose landmarks
(pushfit push-ups); OpenPose landmarks (pose_trainer: curl, press, front raise, all filmed from the side). See
../shared/data/README.md for the tables.
"""

import json
import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from fitness_bringup.evaluation.counted_recordings import reading, rows_of
from fitness_bringup.evaluation.motion_capture import CAMERAS, read_motion_capture, seen_from
from fitness_bringup.tables.terminal import table
from fitness_core.catalogue import Catalogue, Exercise
from fitness_core.command_line import ArgumentParser, check_kept, check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import Pose, nanoseconds
from rep_counter.counter import RepCounter
from rep_counter.repetitions import form

_UI_PRMD = {"m01": "squat", "m03": "lunge"}
_ASSUMED_RATE = 30.0  # of landmark files that do not say [Hz]
_SQUARE = (900, 900)  # picture size of pushfit, which does not say [px]
_WIDE = (1280, 720)  # of pose_trainer [px]
_TRUNK_DEPTH = 0.25  # of a shoulder seen from the side, before or behind the trunk, as image landmarks have it
_COCO18 = (
    *("nose", None, "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
)
_SEEN = 0.1  # confidence from which OpenPose counts as seeing a point; it is no visibility
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A set whose form is known. person: whose it is; the recording itself where that is not known."""

    data: str
    exercise: str
    camera: str
    person: str
    poor: bool
    poses: list[Pose]


@dataclass(frozen=True, slots=True)
class Judged:
    """The repetitions of one exercise in one data set and camera: what every rule measured of each.

    values [n, rules]: NaN = not judged. faults [n, rules]. poor [n]. people [n].
    """

    exercise: Exercise
    values: np.ndarray
    faults: np.ndarray
    poor: np.ndarray
    people: np.ndarray


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one rule; the shares and scores are 0..1, each interval (low, high)."""

    data: str
    exercise: str
    camera: str
    rule: str
    people: int
    good: int
    poor: int
    judged: int
    broken_good: float
    broken_poor: float
    auc: float
    auc_interval: tuple[float, float]
    accuracy: float
    accuracy_interval: tuple[float, float]
    refitted: float


def main(arguments: list[str] | None = None) -> int:
    """Print a row for every rule that could be judged."""
    parser = ArgumentParser(prog="fitness evaluate form", description="How well form rules tell poor form.")
    parser.add_argument("--mocap", type=Path, help="mocap.csv; its UI-PRMD recordings are taken")
    parser.add_argument("--poses", type=Path, help="poses.csv; its recordings whose form is known are taken")
    parser.add_argument("--catalogue", type=Path, help="exercises; default: those that ship")
    parser.add_argument("--json", type=Path, help="write the rows as JSON")
    given = parser.parse_args(arguments)
    if given.mocap is None and given.poses is None:
        raise InputError("nothing to evaluate on; give --mocap MOCAP.csv, --poses POSES.csv or both")
    check_writable(given.json)
    check_kept((given.mocap, given.poses, given.catalogue), given.json)
    catalogue = Catalogue.load(given.catalogue)
    recordings = [
        *(_from_mocap(given.mocap) if given.mocap else ()),
        *(_from_poses(given.poses) if given.poses else ()),
    ]
    rows = evaluate(recordings, catalogue)
    with ExitStack() as last:
        # After the file: who reads the screen may be gone. Also where it cannot be written.
        last.callback(_print, rows)
        if given.json is not None:
            write_file(given.json, json.dumps([_plain(row) for row in rows], indent=2) + "\n")
    return 0


def evaluate(recordings: list[JudgedSet], catalogue: Catalogue) -> list[Row]:
    """A row for every rule that was judged in good and in poor repetitions; "any": the exercise's rules together."""
    rows = []
    for data, name, camera in dict.fromkeys((one.data, one.exercise, one.camera) for one in recordings):
        here = [one for one in recordings if (one.data, one.exercise, one.camera) == (data, name, camera)]
        judged = judge(here, catalogue[name])
        for number, rule in enumerate(judged.exercise.form):
            sign = 1.0 if rule.above is not None else -1.0
            seen = np.isfinite(judged.values[:, number])
            if _both_kinds(judged.poor[seen]):
                scores, faults = sign * judged.values[seen, number], judged.faults[seen, number]
                rows.append(_row((data, name, camera, rule.code), judged, seen, scores, faults))
        seen = np.isfinite(judged.values).any(axis=1)
        if _both_kinds(judged.poor[seen]) and len(judged.exercise.form) > 1:
            count = judged.faults[seen].sum(axis=1)
            rows.append(_row((data, name, camera, "any"), judged, seen, count.astype(float), count > 0))
    return rows


def judge(recordings: list[JudgedSet], exercise: Exercise) -> Judged:
    """Count each recording as this exercise and judge every repetition that counts."""
    values, poor, people = [], [], []
    for recording in recordings:
        counter = RepCounter(Catalogue([exercise]), exercise.name)
        events = [event for pose in recording.poses for event in counter.step(pose).events]
        for event in [*events, *counter.finish().events]:
            if event.counted:
                between = [pose for pose in recording.poses if event.start <= pose.stamp <= event.end]
                values.append([verdict.value for verdict in form.judge(exercise, between, event.turn)])
                poor.append(recording.poor)
                people.append(recording.person)
    measured = np.array(values, float).reshape(len(values), len(exercise.form))
    broken = [[rule.broken_by(value) for rule, value in zip(exercise.form, row, strict=True)] for row in measured]
    faults = np.array(broken, bool).reshape(measured.shape)
    return Judged(exercise, measured, faults, np.array(poor, bool), np.array(people))


def auc(scores: np.ndarray, poor: np.ndarray) -> float:
    """How often a poor repetition scores above a good one, ties counting half [0..1]; NaN without both."""
    bad, good = scores[poor], scores[~poor]
    if not len(bad) or not len(good):
        return math.nan
    return float(np.mean(np.sign(bad[:, None] - good[None, :])) / 2 + 0.5)


def balanced_accuracy(faults: np.ndarray, poor: np.ndarray) -> float:
    """Mean of the share of poor repetitions with a fault and of good ones without [0..1]; NaN without both."""
    if not _both_kinds(poor):
        return math.nan
    return float((faults[poor].mean() + (~faults[~poor]).mean()) / 2)


def refitted(scores: np.ndarray, poor: np.ndarray, people: np.ndarray) -> float:
    """Balanced accuracy where each person is judged by the limit that is best for all others."""
    faults = np.zeros(len(scores), bool)
    for person in np.unique(people):
        others = people != person
        limits = np.unique(scores[others])
        if not len(limits):
            return math.nan
        limits = (limits[:-1] + limits[1:]) / 2 if len(limits) > 1 else limits
        if not _both_kinds(poor[others]):
            return math.nan  # nothing tells which limit is best
        quality = [balanced_accuracy(scores[others] > limit, poor[others]) for limit in limits]
        faults[~others] = scores[~others] > limits[int(np.argmax(quality))]
    return balanced_accuracy(faults, poor)


def _both_kinds(poor: np.ndarray) -> bool:
    """Whether there are good and poor repetitions."""
    return bool(poor.any() and not poor.all())


def _row(
    key: tuple[str, str, str, str], judged: Judged, seen: np.ndarray, scores: np.ndarray, faults: np.ndarray
) -> Row:
    poor, people = judged.poor[seen], judged.people[seen]
    members = [np.flatnonzero(people == person) for person in np.unique(people)]
    dice = np.random.default_rng(1)
    samples = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([members[number] for number in dice.integers(len(members), size=len(members))])
        samples.append((auc(scores[rows], poor[rows]), balanced_accuracy(faults[rows], poor[rows])))
    intervals = [
        (float(low), float(high)) for low, high in zip(*np.nanpercentile(samples, [2.5, 97.5], axis=0), strict=True)
    ]
    return Row(
        *key,
        people=len(members),
        good=int((~poor).sum()),
        poor=int(poor.sum()),
        judged=int(seen.sum()),
        broken_good=float(faults[~poor].mean()),
        broken_poor=float(faults[poor].mean()),
        auc=auc(scores, poor),
        auc_interval=intervals[0],
        accuracy=balanced_accuracy(faults, poor),
        accuracy_interval=intervals[1],
        refitted=refitted(scores, poor, people) if key[3] != "any" else math.nan,
    )


def _from_mocap(path: Path) -> Iterator[JudgedSet]:
    for row in rows_of(path, ("file",)):
        movement, *others = Path(row["file"]).stem.split("_")
        if movement in _UI_PRMD:
            with reading(path.parent / row["file"]):
                world, rate = read_motion_capture(path.parent / row["file"])
            for camera, degrees in CAMERAS.items():
                poses = seen_from(world, rate, degrees)
                yield JudgedSet(
                    "UI-PRMD", _UI_PRMD[movement], camera, "".join(others[:1]), others[1:] == ["inc"], poses
                )


def _from_poses(path: Path) -> Iterator[JudgedSet]:
    for row in rows_of(path, ("file", "exercise", "layout", "form")):
        if row["form"] not in ("good", "bad") or row["exercise"] == "other":
            continue
        name = Path(row["file"])
        with reading(path.parent / name), np.load(path.parent / name) as data:
            landmarks = data["landmarks"].astype(np.float64)
            poses = _blazepose(landmarks) if row["layout"] == "blazepose33_xyzv" else _openpose(landmarks)
        yield JudgedSet(name.parent.name, row["exercise"], "as filmed", name.stem, row["form"] == "bad", poses)


def _blazepose(landmarks: np.ndarray) -> list[Pose]:
    """Poses of [n, 33, 4] x, y, z, visibility without world landmarks: measured in pixels, depth as estimated."""
    if landmarks.shape[1:] != (N_LANDMARKS, 4):
        raise InputError(f"`landmarks` is {list(landmarks.shape)}; [frames, {N_LANDMARKS}, 4] is read")
    return [_pose(number, points[:, :3], points[:, 3], _SQUARE) for number, points in enumerate(landmarks)]


def _openpose(landmarks: np.ndarray) -> list[Pose]:
    """Poses of [n, 18, 3] pixels x, y and confidence, filmed from the side.

    OpenPose has no depth; the side whose arm is seen is taken to be the nearer one, by a trunk's width.
    """
    nearer = "right" if np.nansum(landmarks[:, 2:5, 2]) >= np.nansum(landmarks[:, 5:8, 2]) else "left"
    poses = []
    for number, frame in enumerate(landmarks):
        points, seen = np.zeros((N_LANDMARKS, 3)), np.zeros(N_LANDMARKS)
        for (x, y, confidence), name in zip(frame[: len(_COCO18)], _COCO18, strict=True):
            if name is not None and confidence >= _SEEN:
                depth = 0.0 if name == "nose" else (-_TRUNK_DEPTH if name.startswith(nearer) else _TRUNK_DEPTH)
                points[INDEX[name]] = x / _WIDE[0], y / _WIDE[1], depth
                seen[INDEX[name]] = 1.0
        poses.append(_pose(number, points if seen.any() else np.full_like(points, np.nan), seen, _WIDE))
    return poses


def _pose(number: int, image: np.ndarray, visibility: np.ndarray, size: tuple[int, int]) -> Pose:
    stamp = nanoseconds(number / _ASSUMED_RATE)
    if not np.isfinite(image).all():
        return Pose.nobody(stamp, *size)
    seen = np.nan_to_num(visibility).astype(np.float32)
    nowhere = np.full((N_LANDMARKS, 3), np.nan, np.float32)
    return Pose(stamp, image.astype(np.float32), nowhere, seen, seen, *size, score=1.0)


def _print(rows: list[Row]) -> None:
    shown = table(
        "rule", "camera", "people", "good", "poor", "broken in good", "in poor", "AUC", "accuracy", "refitted"
    )
    for row in rows:
        shown.add_row(
            row.rule if row.rule != "any" else f"{row.exercise}: any",
            row.camera,
            str(row.people),
            str(row.good),
            str(row.poor),
            f"{row.broken_good:.0%}",
            f"{row.broken_poor:.0%}",
            _with_interval(row.auc, row.auc_interval),
            _with_interval(row.accuracy, row.accuracy_interval),
            "" if math.isnan(row.refitted) else f"{row.refitted:.2f}",
        )
    console = Console(width=max(140, Console().width))
    console.print(shown)
    console.print(
        "[ ]: 95 % interval; people: recordings where people are not known; accuracy: balanced.", markup=False
    )


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.2f} [{interval[0]:.2f} {interval[1]:.2f}]"


def _plain(row: Row) -> dict[str, object]:
    fields = {name: getattr(row, name) for name in Row.__slots__}
    return {
        name: (None if isinstance(value, float) and not math.isfinite(value) else value)
        for name, value in fields.items()
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
