"""Takes: labelled pose sequences, from videos (through our own pose stage) and from their cache."""

import contextlib
import itertools
import math
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fitness_camera.sources import open_source
from fitness_core.csv_text import read_rows
from fitness_core.errors import InputError
from fitness_core.types import Frame, Pose, nanoseconds, seconds, to_scale
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator

MIN_DURATION = 1.0
"""Takes shorter than this [s] hold no window."""


SKIPPED = "skip"
"""In a table of stretches: what is seen there tells nothing (a title, a fade, a cut to something else)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is done in a take from `start` to `end` [s, the take's stamps]: an exercise, `idle`, `other` or SKIPPED."""

    start: float
    end: float
    exercise: str


@dataclass(frozen=True, slots=True)
class Take:
    """One labelled sequence.

    group: what may share a person or footage with others, never split between folds. stamps: [n] seconds.
    image: [n, 33, 3] x, y, z normalised by width, height, width. world: [n, 33, 3] metres, NaN = not measured.
    visibility: [n, 33]. NaN rows = nobody. subject: pseudonym, "" = not known. synthetic: moved by rules or from
    motion capture, not seen by a camera: never tested on. source: what it was read from. stretches: what is done when,
    in the order of time, where somebody has looked: the truth that it is tested by.
    """

    name: str
    exercise: str
    group: str
    certain: bool
    stamps: np.ndarray
    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    width: int
    height: int
    kind: str = "clip"
    subject: str = ""
    synthetic: bool = False
    source: str = ""
    stretches: tuple[Stretch, ...] = ()

    @property
    def duration(self) -> float:
        """From the first to the last pose [s]."""
        return float(self.stamps[-1] - self.stamps[0]) if len(self.stamps) else 0.0

    @property
    def in_metres(self) -> bool:
        """Whether there are landmarks in metres."""
        return bool(np.isfinite(self.world).any())

    def metric(self) -> np.ndarray:
        """Landmarks [n, 33, 3] in one true unit: metres where there are any, else pixels with the depth to scale."""
        if self.in_metres:
            return self.world
        return to_scale(self.image * np.array([self.width, self.height, self.width], np.float32))

    @property
    def seen(self) -> np.ndarray:
        """Bool [n]: whether a body is seen in a pose, as `Pose.tracked` has it."""
        return np.isfinite(self.image[:, :, 0]).any(axis=1)

    def times(self, since: float = -math.inf, until: float = math.inf) -> dict[str, float]:
        """Exercise -> how long it is done between two stamps [s]."""
        since, until = max(since, float(self.stamps[0])), min(until, float(self.stamps[-1]))
        times: dict[str, float] = {}
        for stretch in self.stretches or [Stretch(since, until, self.exercise)]:
            within = min(until, stretch.end) - max(since, stretch.start)
            times[stretch.exercise] = times.get(stretch.exercise, 0.0) + max(0.0, within)
        return times

    def shown(self, since: float, until: float) -> str:
        """What is done for most of the time between two stamps [s]; SKIPPED where stretches tell of less than that."""
        times = {SKIPPED: 0.0} | self.times(since, until)
        lasts = min(until, float(self.stamps[-1])) - max(since, float(self.stamps[0]))
        times[SKIPPED] += lasts - sum(times.values())
        return max(times, key=lambda exercise: times[exercise])


def read_stretches(table: Path) -> dict[str, tuple[Stretch, ...]]:
    """Name of a take -> its stretches, of a CSV file with the columns take, start, end, exercise.

    Raises InputError for what is no such table, or where two stretches of a take overlap.
    """
    stretches: dict[str, list[Stretch]] = {}
    rows = read_rows(table)
    if not rows:
        raise InputError(f"stretches {table} has no rows; give a CSV file with the columns take, start, end, exercise")
    try:
        for row in rows:
            stretch = Stretch(float(row["start"]), float(row["end"]), row["exercise"])
            # As a table of clips names them, too.
            stretches.setdefault(row["take"].removeprefix("videos/"), []).append(stretch)
    except (KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"stretches {table} cannot be read ({reason}); give a CSV file with the columns take, start, end, exercise"
        ) from None
    for take, of in stretches.items():
        for stretch in of:
            if not 0 <= stretch.start < stretch.end < math.inf:
                raise InputError(
                    f"stretches {table}: {take}: {stretch.start:g} to {stretch.end:g} is no stretch of time; give "
                    "start and end in seconds from the first picture"
                )
        for before, after in itertools.pairwise(of):
            if not before.start < before.end <= after.start < after.end:
                raise InputError(
                    f"stretches {table}: {take}: {before.start:g} to {before.end:g} and {after.start:g} to "
                    f"{after.end:g} are not one after the other; give them in the order of time"
                )
    return {take: tuple(of) for take, of in stretches.items()}


def owner_of(source: str) -> str:
    """Who published a source: the owner of a repository `owner/name:file`, else the source itself (a URL, a path)."""
    repository = re.match(r"([\w.-]+)/[\w.-]+(?=$|[: ])", source)
    return repository[1] if repository else source


def first_spelling() -> Callable[[str], str]:
    """What gives a name as it was spelt at first, of names that differ in their capitals only."""
    spelt: dict[str, str] = {}
    return lambda name: spelt.setdefault(name.casefold(), name)


def groups_of(rows: list[dict[str, str]]) -> dict[str, str]:
    """File -> group, of the rows of a table (columns file and, where known, group, subject, source, license).

    A row's own `group` where it names one; else its subject; else files share a group where their repositories have one
    owner or their footage one origin; a file of which nothing is known is a group of its own. Names that differ in
    their capitals only are one, which is spelt as at first.
    """
    one = first_spelling()
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    known, owners = {}, {}
    for row in rows:
        file, subject, source = row["file"], row.get("subject", ""), row.get("source", "")
        if row.get("group"):
            known[file] = one(row["group"])
        elif subject:
            known[file] = one(f"subject {subject}")
        elif source:
            owners[file] = one(owner_of(source))
            find(owners[file])
            if footage := re.search(r"footage: ([^)]*)\)", row.get("license", "")):
                parent[find(one("footage " + footage[1]))] = find(owners[file])
        else:
            known[file] = f"file {file}"
    return known | {file: find(owner) for file, owner in owners.items()}


def take_of(name: str, exercise: str, group: str, stamps: np.ndarray, poses: list[Pose], **fields: Any) -> Take:
    """A take of poses; stamps [n] in seconds. fields: the others of a Take.

    Landmarks are normalised by the size of the first picture with somebody in it, also those of pictures of another
    size, as of a phone that was turned.
    """
    first = next((number for number, pose in enumerate(poses) if pose.tracked), 0)
    sizes = np.array([(pose.width, pose.height, pose.width) for pose in poses], np.float32)
    of_first = np.maximum(sizes[first], 1)  # none is said where nobody is seen at all
    return Take(
        name,
        exercise,
        group,
        fields.pop("certain", True),
        stamps,
        np.array([pose.image for pose in poses]) * (sizes / of_first)[:, None],
        np.array([pose.world for pose in poses]),
        np.array([pose.visibility for pose in poses]),
        poses[first].width,
        poses[first].height,
        **fields,
    )


def read_landmarks(cache_file: Path) -> tuple[np.ndarray, list[Pose]]:
    """Stamps [n, s] and poses that `extract` has written, filtered as the pose stage filters by default."""
    with np.load(cache_file, allow_pickle=False) as data:
        image, world, stamps = data["image"], data["world"], data["t"]
        width, height = (int(value) for value in data["size"])
    keep = np.concatenate([[True], np.diff(stamps) > 0])
    image, world, stamps = image[keep], world[keep], stamps[keep]
    return stamps, smoothed(image, world, stamps, width, height)


class _Replay(PoseBackend):
    """A backend that finds what was found before."""

    def __init__(self, image: np.ndarray, world: np.ndarray) -> None:
        self._found = zip(image.astype(np.float32), world.astype(np.float32), strict=True)

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        image, world = next(self._found)
        if not np.isfinite(image[0, 0]):
            return None
        return Detection(image[:, :3], world, image[:, 3], image[:, 4], float(image[:, 3].mean()))

    def close(self) -> None:
        pass


def smoothed(image: np.ndarray, world: np.ndarray, stamps: np.ndarray, width: int, height: int) -> list[Pose]:
    """Raw landmarks [n, 33, 5] and [n, 33, 3] as the pose stage hands them on, filtered as it filters by default."""
    estimator = PoseEstimator(_Replay(image, world), hold=0.0)
    # Real memory: colours taken of a view that repeats one pixel would copy it all, 4 ms a pose.
    picture = np.zeros((height, width, 3), np.uint8)
    return [estimator.step(Frame(nanoseconds(stamp), picture)) for stamp in stamps]


# Goes up when other landmarks are found in the same file: 2 since pixels are made square, 3 since the body is followed
# by the stamps of the pictures, 4 since a cut to another view of the same person is known, 5 since who is found again
# in the same clothes may differ more in size.
_FOUND = 5


def landmarks_of(video: Path, sha256: str, cache: Path) -> tuple[np.ndarray, list[Pose]]:
    """Like `read_landmarks`, of a video with this hash; kept in the folder `cache`, by content.

    Files of one name in two folders, or a file that was replaced, are different videos.

    Raises InputError where the video cannot be read, or nothing can be kept.
    """
    # A name may be as long as a name can be [bytes], and more is put to it here.
    stem = os.fsdecode(os.fsencode(video.stem)[:200])
    path = cache / f"{stem}-{sha256[:16]}-{_FOUND}.npz"
    if path.is_file():
        # What was cut short, by a copy or a full disk, is made again.
        with contextlib.suppress(OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
            return read_landmarks(path)
    extract(video, path)
    return read_landmarks(path)


def check_cache(cache: Path) -> None:
    """Make the folder of the landmarks. Raises InputError where that cannot be, before a video is looked at."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--cache {cache} cannot be made ({error.strerror}); give a folder") from None


def extract(video: Path, cache_file: Path) -> None:
    """Landmarks of a video by the project's own camera and pose stages, as a cache file."""
    poses = []
    check_cache(cache_file.parent)
    estimator = PoseEstimator(make_backend(), smoothing=False)
    try:
        with open_source(str(video)) as source:
            poses = [estimator.step(frame) for frame in source]
    finally:
        estimator.close()
    if not poses:
        raise InputError(f"{video} has no pictures; remove its row from the clip table")
    scores = [np.stack([pose.visibility, pose.presence], axis=-1) for pose in poses]
    # Two commands at a time may look at the same video.
    temporary = cache_file.with_suffix(f".{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(
                file,
                image=np.concatenate([np.array([pose.image for pose in poses]), np.array(scores)], axis=-1),
                world=np.array([pose.world for pose in poses]),
                t=np.array([seconds(pose.stamp) for pose in poses]),
                size=np.array([poses[0].width, poses[0].height]),
            )
        temporary.replace(cache_file)
    except OSError as error:
        raise InputError(f"{cache_file} cannot be written ({error.strerror}); give another --cache") from None
    finally:
        temporary.unlink(missing_ok=True)


def counts(takes: list[Take]) -> dict[str, dict[str, int]]:
    """Exercise -> number of takes, of groups and of seconds."""
    table: dict[str, dict[str, int]] = {}
    for exercise, number in sorted(Counter(take.exercise for take in takes).items()):
        of = [take for take in takes if take.exercise == exercise]
        table[exercise] = {
            "takes": number,
            "sources": len({take.group for take in of}),
            "seconds": round(sum(take.duration for take in of)),
        }
    return table
