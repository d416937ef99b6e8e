"""Recordings whose repetitions are known, from the tables of ../shared/data/README.md, as poses."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from exercise_classifier.training.takes.extras import MINMAX, extra_take
from exercise_classifier.training.takes.readers import digest, place_of, read_table
from exercise_classifier.training.takes.takes import groups_of, landmarks_of, read_stretches, smoothed
from fitness_bringup.evaluation.motion_capture import CAMERAS, read_motion_capture, seen_from
from fitness_camera.source_kinds import BAG
from fitness_core.csv_text import read_rows
from fitness_core.errors import InputError
from fitness_core.types import Pose, nanoseconds
from fitness_datasets.bags import BagReader

CACHE = Path.home() / ".cache/ros2_fitness/poses"
"""Where the landmarks of videos are kept: the folder of `./fitness train`."""

_UI_PRMD = "UI-PRMD"
_MIXED = "mixed"  # a recording of several movements
_ASSUMED_RATE = 30.0  # of sequences that do not say [Hz]


@dataclass(frozen=True, slots=True)
class CountedRecording:
    """A recording of one exercise.

    data: which collection. name: unique in it. exercise: as its table says. count: repetitions; None = nobody counted.
    certain: whether the table is sure of them. source: recordings of one source may show one person. poses: reads them.
    bounds: where repetitions begin and the last one ends [ns]; empty where that is not known. idle: from where to
    where nothing is done [ns], where that is known.
    """

    data: str
    name: str
    exercise: str
    count: int | None
    certain: bool
    source: str
    poses: Callable[[], list[Pose]]
    bounds: tuple[int, ...] = ()
    idle: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """Landmarks without a camera, min-max scaled: points [frames, 33, 2], NaN = nobody; stamps [frames, ns] assumed."""

    name: str
    exercise: str
    count: int
    points: np.ndarray
    stamps: np.ndarray


def clips(table: Path, cache: Path = CACHE, stretches: Path | None = None) -> list[CountedRecording]:
    """The recordings of a clips.csv; landmarks of pictures are kept in the folder `cache`, by content.

    stretches: a table of what they show when, see `takes.read_stretches`.

    Of a file that the table names twice the last row is taken, as of a file that took the place of another of its name;
    where the rows count differently it is not certain.
    """
    rows = read_table(table)
    sources = groups_of(rows)
    counts = {(row["file"], row.get("reps", "")) for row in rows_of(table, ("file",))}
    named = Counter(file for file, _ in counts)
    shown = read_stretches(stretches) if stretches else {}
    return [
        CountedRecording(
            "clips",
            row["file"],
            row["exercise"],
            _count(row, table),
            row.get("certainty", "certain").startswith("certain") and named[row["file"]] == 1,
            sources[row["file"]],
            lambda path=table.parent / row["file"]: _landmarks(path, cache),  # type: ignore[misc]
            idle=tuple(
                (nanoseconds(stretch.start), nanoseconds(stretch.end))
                for stretch in shown.get(row["file"].removeprefix("videos/"), ())
                if stretch.exercise == "idle"
            ),
        )
        for row in rows
    ]


def motion_capture(table: Path) -> Iterator[CountedRecording]:
    """The recordings of a mocap.csv that show one movement, each seen from CAMERAS.

    UI-PRMD's are of good and of deliberately poor form.
    """
    for row in rows_of(table, ("file", "exercise", "reps", "source")):
        if row["exercise"] == _MIXED:
            continue
        path = table.parent / row["file"]
        # Of a name with fewer parts the whole of it stands for the person.
        corpus, person, *rest = [*path.stem.split("_"), path.stem][: max(2, path.stem.count("_") + 1)]
        data_of = "CMU"
        if _UI_PRMD in row["source"]:
            corpus, data_of = _UI_PRMD, f"{_UI_PRMD}, {'poor' if rest else 'good'} form"
        with reading(path), np.load(path) as data:
            rate, bounds = float(data["fps"]), data.get("rep_bounds", ())
        for camera, degrees in CAMERAS.items():
            yield CountedRecording(
                data_of,
                f"{path.stem}, {camera}",
                row["exercise"],
                _count(row, table),
                True,
                f"{corpus} {person}",
                lambda path=path, degrees=degrees: _seen_from(path, degrees),  # type: ignore[misc]
                tuple(nanoseconds(bound / rate) for bound in bounds),
            )


def pose_sequences(table: Path) -> Iterator[CountedRecording]:
    """The BlazePose sequences of a poses.csv that have a count.

    Landmarks in the picture, no world ones; of min-max scaled ones both, with the hips in the middle of the picture, as
    bones of usual lengths give them. Of those each shows another person, and the count is a published one.
    """
    for row in rows_of(table, ("file", "layout", "exercise", "reps", "source")):
        if row["layout"] in ("blazepose33_xyzv", MINMAX) and row["reps"]:
            scaled = row["layout"] == MINMAX
            yield CountedRecording(
                "scaled pose files" if scaled else "pose files",
                row["file"],
                row["exercise"],
                _count(row, table),
                not scaled,
                row["file"] if scaled else row["source"],
                lambda path=table.parent / row["file"], row=row: _poses(path, row),  # type: ignore[misc]
            )


def scaled_sequences(table: Path) -> list[Sequence]:
    """The min-max scaled sequences of a poses.csv that have a count, in the table's order."""
    found = []
    for row in rows_of(table, ("file", "layout", "exercise", "reps")):
        count = _count(row, table)
        if row["layout"] == MINMAX and count:
            path = table.parent / row["file"]
            with reading(path), np.load(path) as data:
                points = data["landmarks"].astype(float)
                points[(points == 0).all(axis=(1, 2))] = np.nan
                rate = float(row.get("fps") or _ASSUMED_RATE)
                stamps = (np.arange(len(points)) * 1e9 / rate).astype(np.int64)
                found.append(Sequence(row["file"], row["exercise"], count, points[:, :, :2], stamps))
    return found


def _count(row: dict[str, str], table: Path) -> int | None:
    reps = row.get("reps") or ""
    if reps and not reps.isdecimal():
        raise InputError(f"{table}: {row['file']} has {reps!r} repetitions; give a whole number, or nothing")
    return int(reps) if reps else None


def _landmarks(path: Path, cache: Path) -> list[Pose]:
    """Those that a bag holds, from its first pose on; else those that are found in the pictures."""
    if not path.exists():
        raise InputError(f"{path} is named by the table but is not there")
    if not BAG.matches(str(path)):
        return landmarks_of(path, digest(path), cache)[1]
    with BagReader(path) as bag:
        poses = list(bag.poses())
    return [replace(pose, stamp=pose.stamp - poses[0].stamp) for pose in poses]


def _seen_from(path: Path, degrees: float) -> list[Pose]:
    with reading(path):
        return seen_from(*read_motion_capture(path), degrees)


def _poses(path: Path, row: dict[str, str]) -> list[Pose]:
    """As the pose stage would hand them on: filtered."""
    with reading(path):
        take = extra_take(path, row, longest_s=math.inf)
        if take is None or not len(take.stamps):
            raise InputError(f"{path} holds no landmarks")
        image = np.concatenate([take.image, np.repeat(take.visibility[..., None], 2, axis=-1)], axis=-1)
        return smoothed(image, take.world, take.stamps, take.width, take.height)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raises InputError, which names the file, for whatever goes wrong while a file of a table is read."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except Exception as error:  # NumPy raises whatever a broken archive leads it to
        raise InputError(f"{path} is not what its table says ({type(error).__name__}: {error})") from None


def rows_of(table: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a table of recordings. Raises InputError where a column, or a file that it names, is not there."""
    rows = read_rows(table)
    if rows and any(column not in rows[0] for column in columns):
        raise InputError(f"{table} lacks one of the columns {', '.join(columns)}")
    for row in rows:
        row["file"] = place_of(row["file"], table)
    # Before anything is counted, which takes as long as the videos.
    if missing := [row["file"] for row in rows if not (table.parent / row["file"]).exists()]:
        raise InputError(
            f"{table} names {missing[0]}, which is not there ({len(missing)} of {len(rows)} files are not)"
        )
    return rows
