"""Datasets: a folder of takes, windows, a manifest with hashes and a card, made of recordings.

The same recordings give the same bytes: nothing in a dataset tells when or where it was made.
"""

import contextlib
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from exercise_classifier import features
from exercise_classifier.training.data import dataset_card
from exercise_classifier.training.data.windows import HOP, Shape, all_windows
from exercise_classifier.training.takes.checks import check
from exercise_classifier.training.takes.files import Found, RecordingFile
from exercise_classifier.training.takes.readers import (
    FORMAT,
    MANIFEST,
    Problem,
    digest,
    find_sources,
    is_dataset,
    read_source,
)
from exercise_classifier.training.takes.takes import Take, check_cache, first_spelling
from exercise_classifier.window import MIN_SEEN
from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.files import folder_for, replace_file

FORMAT_VERSION = 1
BESIDE = ("poses.csv", "mocap.csv")
"""Tables that belong to a clips.csv in the same folder."""

_NOTHING = hashlib.sha256().hexdigest()
_ARRAYS = ("stamps", "image", "world", "visibility")
_VALUES = (
    *("width", "height", "name", "exercise", "subject", "group", "source", "kind"),
    *("certain", "synthetic"),
)

Track = Callable[[Sequence[Any], str], Iterable[Any]]
"""Passes items on and shows how many are through; second argument: what is being done."""


@dataclass(frozen=True, slots=True)
class Config:
    """What is made of what.

    sources: bags, videos, pose files, or folders of them; none = all that the tables name. clips, poses: tables that
    label videos and pose files; clips alone brings along the poses.csv and mocap.csv beside it. out: folder of the
    dataset. duration [s], rate [Hz]: of a window. catalogue: of
    exercises, None = the one that ships. cache: folder of landmarks extracted from videos. version: of the project, for
    the manifest.
    """

    sources: tuple[Path, ...]
    out: Path = Path()
    clips: Path | None = None
    poses: tuple[Path, ...] = ()
    duration: float = 2.0
    rate: float = 15.0
    catalogue: Path | None = None
    cache: Path = Path.home() / ".cache/ros2_fitness/poses"
    version: str = ""

    @property
    def shape(self) -> Shape:
        """Of a window; half of it must show a body, at most as much as the classifier asks for."""
        return Shape(self.duration, self.rate, min(MIN_SEEN, self.duration / 2))

    @property
    def pose_tables(self) -> tuple[Path, ...]:
        """Tables of pose files and motion capture."""
        if self.poses or self.sources or self.clips is None:
            return self.poses
        return tuple(table for name in BESIDE if (table := self.clips.parent / name).is_file())


@dataclass(frozen=True, slots=True)
class Built:
    """A dataset that was written: its manifest, and what could not be used."""

    manifest: dict[str, Any]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Collected:
    """Usable takes with the SHA-256 of the source of each, by name; the sources, and what could not be used."""

    takes: list[tuple[Take, str]]
    sources: list[dict[str, Any]]
    problems: list[Problem]


def collect(config: Config, track: Track = lambda items, _: items) -> Collected:
    """The takes that a dataset is made of. A take with a problem is left out, and listed.

    Raises InputError where something given cannot be, or nothing usable is found (its `problems` tell why).
    """
    if not config.sources and config.clips is None and not config.poses:
        raise InputError("nothing to make a dataset of; give bags, videos or pose files, or a table of them (--clips)")
    catalogue = Catalogue.load(config.catalogue)
    sources, problems = find_sources(list(config.sources), config.clips, config.pose_tables)
    if any(source.kind == "clip" for source in sources):
        check_cache(config.cache)
    known = frozenset(s.row["exercise"] for s in sources if "file" in s.row)
    takes: list[tuple[Take, str]] = []
    listed: list[dict[str, Any]] = []
    for source, sha256, found in _read(sources, config.cache, track, problems):
        usable = []
        for take in found.takes:
            wrong = check(take, catalogue, known)
            if wrong is None:
                usable.append(take)
            else:
                problems.append(Problem(source.name, take.name, take.exercise, *wrong))
        problems += found.problems
        takes += [(take, sha256) for take in usable]
        listed.append(
            {
                "source": source.name,
                "kind": source.kind,
                "sha256": sha256,
                "takes": len(usable),
                "withdrawn": found.withdrawn,
                "recovered": found.recovered,
            }
        )
    if not takes:
        raise NothingUsable(problems)
    takes.sort(key=lambda entry: (entry[0].name, entry[1]))
    spelt = first_spelling()
    takes = [(replace(take, group=spelt(take.group)), sha256) for take, sha256 in takes]
    problems.sort(key=lambda problem: (problem.source, problem.take, problem.problem))
    return Collected(takes, listed, problems)


def build(config: Config, track: Track = lambda items, _: items) -> Built:
    """Make a dataset of what `collect` finds. Raises InputError as it does, and where `out` cannot be written."""
    if not (config.duration > 0 and config.rate > 0 and config.shape.steps >= 2):
        raise InputError(
            f"a window of {config.duration:g} s at {config.rate:g} Hz has less than 2 steps; e.g. --length 2 --rate 15"
        )
    with _out_folder(config.out):
        found = collect(config, track)
        return Built(_write(config, found.takes, found.sources, found.problems, track), found.problems)


class NothingUsable(InputError):
    """No take of a dataset can be used; `problems` tell why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(p.problem for p in problems).items()))
        super().__init__(f"no usable take was found ({kinds or 'none recorded'}); record takes, or label what there is")


def _read(
    sources: list[RecordingFile], cache: Path, track: Track, problems: list[Problem]
) -> Iterable[tuple[RecordingFile, str, Found]]:
    first: dict[str, str] = {}
    for source in track(sources, "reading"):
        try:
            sha256 = digest(source.path)
        except OSError as error:
            problems.append(Problem(source.name, "", "", "unreadable", f"cannot be read ({error.strerror})"))
            continue
        # Twice the same footage under two names would stand on both sides of a split.
        if sha256 in first and sha256 != _NOTHING:
            problems.append(Problem(source.name, "", "", "duplicate", f"the same content as {first[sha256]}"))
            continue
        first[sha256] = source.name
        yield source, sha256, read_source(source, sha256, cache)


@contextlib.contextmanager
def _out_folder(out: Path) -> Iterator[None]:
    """The folder of a dataset, before anything is read; nothing is left of it where nothing is written into it."""
    if paths.given(out).exists() and not out.is_dir():
        raise InputError(f"{out} is a file; --out takes a folder")
    # Ours is replaced whatever its state or version: building it again is what is said of a damaged one.
    if out.is_dir() and any(out.iterdir()) and not is_dataset(out):
        raise InputError(f"{out} holds something else than a dataset; give --out an empty or a new folder")
    with folder_for(out):
        yield


def _write(
    config: Config, takes: list[tuple[Take, str]], sources: list[dict], problems: list[Problem], track: Track
) -> dict[str, Any]:
    out = config.out
    # What is half written must not be taken for a dataset, and must not be taken for somebody's else folder either.
    _save(out, {"format": FORMAT, "format_version": FORMAT_VERSION, "unfinished": True})
    (out / "takes").mkdir(exist_ok=True)
    for old in (out / "takes").glob("*.npz"):
        old.unlink()
    labels = sorted({take.exercise for take, _ in takes})
    parts, entries = [], []
    names = _file_names([take for take, _ in takes])
    for number, (take, sha256) in enumerate(track(takes, "writing")):
        windows = all_windows([take], config.shape, HOP)
        parts.append((number, labels.index(take.exercise), windows))
        entry = _write_take(out, f"takes/{names[number]}.npz", take, sha256)
        entries.append(entry | {"windows": len(windows.y)})
    table = _archive(
        {
            "x": np.concatenate([part.x for _, _, part in parts if len(part.y)] or [np.zeros((0, 0, 0), np.float32)]),
            "y": np.concatenate([np.full(len(part.y), label) for _, label, part in parts]),
            "take": np.concatenate([np.full(len(part.y), number) for number, _, part in parts]),
            "end": np.concatenate([part.end for _, _, part in parts]),
            "labels": np.array(labels),
        }
    )
    (out / "windows.npz").write_bytes(table)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": {"fitness": config.version, "mediapipe": version("mediapipe"), "numpy": version("numpy")},
        "features": {"name": features.NAME, "version": features.VERSION},
        "window": {"duration": config.duration, "rate": config.rate, "hop": HOP, "min_seen": config.shape.min_seen},
        "windows": {
            "file": "windows.npz",
            "sha256": hashlib.sha256(table).hexdigest(),
            "n": sum(entry["windows"] for entry in entries),
        },
        "labels": labels,
        "counts": _counts(entries),
        "sources": sources,
        "takes": entries,
        "problems": [problem.as_dict() for problem in problems],
    }
    dataset_card.write(out, manifest, [take for take, _ in takes], Catalogue.load(config.catalogue))
    _save(out, manifest)
    return manifest


def _write_take(out: Path, file: str, take: Take, source_sha256: str) -> dict[str, Any]:
    """Write a take into a file of the folder `out`; what the manifest says of it."""
    data = _archive({name: getattr(take, name) for name in (*_ARRAYS, *_VALUES)})
    (out / file).write_bytes(data)
    return {
        "file": file,
        "sha256": hashlib.sha256(data).hexdigest(),
        **{name: getattr(take, name) for name in _VALUES[2:]},
        "source_sha256": source_sha256,
        "seconds": round(take.duration, 3),
        "poses": len(take.stamps),
        "seen": round(float(take.seen.mean()), 4),
    }


def _save(out: Path, manifest: dict[str, Any]) -> None:
    replace_file(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def _counts(entries: list[dict]) -> dict[str, dict[str, Any]]:
    table = {}
    for exercise in sorted({entry["exercise"] for entry in entries}):
        of = [entry for entry in entries if entry["exercise"] == exercise]
        table[exercise] = {
            "takes": len(of),
            "subjects": len({entry["group"] for entry in of}),
            "seconds": round(sum(entry["seconds"] for entry in of), 1),
            "windows": sum(entry["windows"] for entry in of),
        }
    return table


def _file_names(takes: list[Take]) -> list[str]:
    names: list[str] = []
    for take in takes:
        stem = (
            re.sub(r"[^A-Za-z0-9._-]+", "_", re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,3}$", "", take.name)).strip("._")
            or "take"
        )
        name, number = stem[-120:], 1
        while name in names:
            number += 1
            name = f"{stem[-120:]}-{number}"
        names.append(name)
    return names


def _archive(values: dict[str, Any]) -> bytes:
    """A compressed .npz; NumPy dates its members 1980, so the same values are the same bytes."""
    memory = io.BytesIO()
    np.savez_compressed(memory, **{name: np.asarray(value) for name, value in values.items()})
    return memory.getvalue()


def _manifest(folder: Path) -> dict[str, Any]:
    accepted = "give the folder that `./fitness dataset` wrote"
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except OSError:
        raise InputError(f"{folder} is not a dataset (no {MANIFEST}); {accepted}") from None
    except ValueError:
        raise InputError(f"{folder / MANIFEST} is damaged; build the dataset again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{folder / MANIFEST} is the manifest of something else; {accepted}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{folder} is a dataset of format {manifest.get('format_version')}, this program reads {FORMAT_VERSION}; "
            "build it again"
        )
    return manifest


def left_out(folder: Path) -> dict[str, int]:
    """Why takes are not in a dataset -> how many. Raises InputError for what is no dataset."""
    manifest = _manifest(folder)
    with _of_use(folder):
        return dict(Counter(problem["problem"] for problem in manifest.get("problems", [])))


@contextlib.contextmanager
def _of_use(folder: Path) -> Iterator[None]:
    """Raise InputError where a manifest lacks what it must have, or has something else in its place."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{folder / MANIFEST} is damaged ({reason}); build the dataset again") from None


def load(folder: Path) -> list[Take]:
    """The takes of a dataset, in the order of its manifest.

    Raises InputError for what is no dataset, and for a take that is not what the manifest has the hash of.
    """
    takes = []
    manifest = _manifest(folder)
    if manifest.get("unfinished"):
        raise InputError(f"{folder} was not finished: its making was interrupted; build the dataset again")
    with _of_use(folder):
        files = [(folder / entry["file"], entry["sha256"]) for entry in manifest["takes"]]
    for path, sha256 in files:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); build the dataset again") from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(f"{path} is not what the manifest names (SHA-256 differs); build the dataset again")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS}
            values = {name: archive[name].item() for name in _VALUES}
        takes.append(Take(**arrays, **values))
    return takes
