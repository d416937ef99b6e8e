"""Takes out of what a lab records: bags with take labels, videos, pose files. What is wrong is told, never dropped."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from exercise_classifier.training.takes.bags import read_bag
from exercise_classifier.training.takes.extras import LAYOUTS, extra_take
from exercise_classifier.training.takes.files import Found, RecordingFile
from exercise_classifier.training.takes.spans import Problem
from exercise_classifier.training.takes.takes import Take, groups_of, landmarks_of, owner_of, take_of
from fitness_core import paths
from fitness_core.csv_text import read_rows
from fitness_core.errors import InputError
from fitness_datasets.bags import COMPRESSED

VIDEO_SUFFIXES = (
    *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp", ".ts", ".flv", ".ogv", ".gif"),
)
BAG_SUFFIXES = (".mcap", ".db3", *COMPRESSED)

FORMAT = "fitness_dataset"
MANIFEST = "manifest.json"
"""Of a dataset; it begins with its format."""

_AMBIGUOUS = "?"  # group of a pose file of whose owner there are clips of several groups


def read_table(table: Path | None) -> list[dict[str, str]]:
    """Rows of a clips.csv or poses.csv, one per file, its last; needed are the columns file and exercise.

    Taken where they are there: group, subject (pseudonym), source, license, certainty; of pose files layout and fps.
    """
    if table is None:
        return []
    rows = read_rows(table)
    if not rows or (missing := [name for name in ("file", "exercise") if name not in rows[0]]):
        raise InputError(
            f"table {table} lacks {'the columns ' + ', '.join(missing) if rows else 'rows'}; "
            "it takes the columns file, exercise and, where known, subject and source"
        )
    named: dict[str, dict[str, str]] = {}
    for row in rows:
        row |= {"file": place_of(row["file"], table), "exercise": label_from(row["exercise"])}
        file, exercise, before = row["file"], row["exercise"], named.get(row["file"], row)["exercise"]
        if not file:
            raise InputError(f"table {table} has a row of {exercise!r} without a file; name it, or remove the row")
        if before != exercise:
            raise InputError(
                f"table {table}: {file} is {before!r} in one row and {exercise!r} in another; keep the right one"
            )
        named[file] = row
    return list(named.values())


def place_of(file: str, table: Path) -> str:
    """A file of a table relative to its folder; one elsewhere as it is named there. "" of ""."""
    if not file:
        return ""
    path = Path(file.replace("\\", "/"))
    folder = table.resolve().parent
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def find_sources(
    given: list[Path], clips: Path | None = None, poses: Sequence[Path] = ()
) -> tuple[list[RecordingFile], list[Problem]]:
    """The recordings in files and folders; where none are given, all that the tables name.

    A pose file of an owner whose videos are among the clips is in their group: it may show the same person.

    Raises InputError for what is not there, or holds nothing that could be a recording.
    """
    labelled = _labelled(clips, poses)
    sources, problems = [], []
    walked = [entry for path in given for entry in _walk(path, path.resolve().name, path)]
    # What is given twice, by itself and in its folder, is one recording.
    found = list({path.resolve(): (path, name, kind) for path, name, kind in reversed(walked)}.values())
    if not given:
        found = [(path, row["file"], kind) for path, (kind, row) in labelled.items()]
    elif labelled and not any(path.resolve() in labelled for path, _, _ in found):
        names = " and ".join(table.name for table in (clips, *poses) if table)
        says = f"names none of what is given; its files are relative to its folder, e.g. {next(iter(labelled))}"
        problems.append(Problem(names, "", "", "unlabelled", says))
    for path, name, kind in found:
        _, row = labelled.get(path.resolve(), ("", {}))
        name = (row["file"] if row else paths.as_text(name)).removeprefix("videos/")
        if wrong := _unusable(path, kind, row, clips):
            problems.append(Problem(name, name if row else "", row.get("exercise", ""), *wrong))
        else:
            row = row or ({"exercise": _folder_label(path)} if kind == "clip" else {})
            sources.append(RecordingFile(path, name, kind, row))
    return sorted(sources, key=lambda source: (source.name, source.kind)), problems


def _labelled(clips: Path | None, poses: Sequence[Path]) -> dict[Path, tuple[str, dict[str, str]]]:
    """Every file that the tables name -> its kind and its row, with its group in it."""
    labelled: dict[Path, tuple[str, dict[str, str]]] = {}
    rows = read_table(clips)
    groups = groups_of(rows)
    owners: dict[str, set[str]] = {}
    subjects: dict[str, set[str]] = {}
    for row in rows:
        assert clips is not None
        group = groups[row["file"]]
        owners.setdefault(owner_of(row.get("source", "")).casefold(), set()).add(group)
        subjects.setdefault(row.get("subject", "").casefold(), set()).add(group)
        labelled[(clips.parent / row["file"]).resolve()] = ("clip", row | {"group": group})
    owners.pop("", None)
    for table in poses:
        for row in read_table(table):
            shared = owners.get(owner_of(row.get("source", "")).casefold(), set())
            subject = row.get("subject", "")
            # Of somebody who is in clips, in their group: the table of clips may call it otherwise.
            of_subject = min(subjects.get(subject.casefold(), ()), default=f"subject {subject}") if subject else ""
            of_owner = _AMBIGUOUS if len(shared) > 1 else min(shared, default=f"file {row['file']}")
            group = row.get("group") or of_subject or of_owner
            labelled[(table.parent / row["file"]).resolve()] = ("pose file", row | {"group": group})
    return labelled


def _unusable(path: Path, kind: str, row: dict[str, str], clips: Path | None) -> tuple[str, str] | None:
    """What is wrong with a recording before it is read: kind of problem and sentence; None = nothing.

    row: that labels it, empty = none does.
    """
    if not path.exists():
        return "missing", "the file is not there"
    if kind == "clip" and (_of_bag(path) or _is_bag(path, [])):
        return "unusable", "a bag is labelled by the take labels in it; give it beside the table instead of in it"
    if kind == "pose file" and not row:
        return "unlabelled", "no label; name it in a table given with --poses"
    if kind == "pose file" and row["group"] == _AMBIGUOUS:
        return "ambiguous", "the clips of its owner are of several groups, nobody knows which of them it shows"
    if kind == "clip" and not row and clips is not None:
        return "unlabelled", f"no label; {clips.name} does not name it"
    return None


def _walk(path: Path, name: str, root: Path) -> Iterator[tuple[Path, str, str]]:
    accepted = "give bags, videos, pose files (.npz), or folders of them"
    if path == root and not paths.given(path).exists():
        raise InputError(f"{path} does not exist; {accepted}")
    suffix = path.suffix.lower()
    if path.is_dir():
        if path != root and is_dataset(path):
            return
        children = [
            child
            for child in sorted(path.iterdir())
            if not child.name.startswith(".")
            and (child.is_dir() or child.suffix.lower() in (*VIDEO_SUFFIXES, ".npz") or _of_bag(child))
        ]
        before: list[tuple[Path, str, str]] = []
        if _is_bag(path, children):
            before.append((path, name, "bag"))
            children = [child for child in children if not _of_bag(child)]
        before += [entry for child in children for entry in _walk(child, f"{name}/{child.name}", root)]
        if not before and path == root:
            raise InputError(f"folder {path} holds no recording; {accepted}")
        yield from before
    elif _of_bag(path):
        yield path, name, "bag"
    elif suffix in VIDEO_SUFFIXES:
        yield path, name, "clip"
    elif suffix == ".npz":
        yield path, name, "pose file"
    else:
        raise InputError(f"{path} is no recording; {accepted}")


def _of_bag(path: Path) -> bool:
    return path.name.endswith(BAG_SUFFIXES) and not path.is_dir()  # `-o x.mcap` makes a folder of that name


def _is_bag(folder: Path, children: list[Path]) -> bool:
    """Whether a folder is one bag: its metadata says so, or it is all that its recorder left behind when it died.

    children: the recordings and folders in it. Other files of bags are recordings of their own that lie there.
    """
    try:
        with (folder / "metadata.yaml").open(errors="replace") as file:
            if "rosbag2_bagfile_information" in file.read(1000):
                return True
    except OSError:
        pass
    if not children or not all(_of_bag(child) for child in children):
        return False
    parts = sorted(_part_of_bag(child) for child in children)
    # rosbag2 numbers the files of one bag from 0 on.
    return len(parts) == 1 or parts == [(parts[0][0], number) for number in range(len(parts))]


def _part_of_bag(file: Path) -> tuple[str, int]:
    """Name of the bag, and number of the file in it, -1 where it has none."""
    stem = next(file.name.removesuffix(suffix) for suffix in BAG_SUFFIXES if file.name.endswith(suffix))
    numbered = re.fullmatch(r"(.*)_(\d+)", stem)
    return (numbered[1], int(numbered[2])) if numbered else (stem, -1)


def is_dataset(folder: Path) -> bool:
    """Whether it is what we have written, whole or not: its landmarks are of recordings elsewhere."""
    try:
        with (folder / MANIFEST).open(errors="replace") as file:
            return f'"format": "{FORMAT}"' in file.read(100)
    except OSError:
        return False


def _folder_label(video: Path) -> str:
    return label_from(paths.as_text(video.absolute().parent.name))  # of a link its own folder, not that of the video


def label_from(text: str) -> str:
    """The name of an exercise as people write it, as a label: "Front Raise" is front_raise."""
    return re.sub(r"[\s-]+", "_", text.strip().lower())


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder: of its files one after the other, by name, of a bag of those with messages."""
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    files = [file for file in files if file.name.endswith(BAG_SUFFIXES)] or files
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def read_source(source: RecordingFile, sha256: str, cache: Path) -> Found:
    """The takes of a source, and what is wrong in it. cache: folder of landmarks extracted from videos."""
    try:
        if source.kind == "bag":
            return read_bag(source)
        take = _read_pose_file(source) if source.kind == "pose file" else _read_video(source, sha256, cache)
    except InputError as error:
        problem = Problem(source.name, "", source.row.get("exercise", ""), "unreadable", str(error))
        return Found(problems=[replace(problem, says=_without_path(problem.says, source))])
    if take is None:
        says = "left out: in this layout or recording the label does not tell the movement"
        return Found(problems=[Problem(source.name, source.name, source.row["exercise"], "unusable", says)])
    return Found([take])


def _without_path(text: str, source: RecordingFile) -> str:
    """Errors name the file by the path that was given; what is written must not depend on where it lies."""
    return paths.as_text(text.replace(str(source.path), source.name))


def _read_video(source: RecordingFile, sha256: str, cache: Path) -> Take:
    stamps, poses = landmarks_of(source.path, sha256, cache)
    row, subject = source.row, source.row.get("subject", "")
    return take_of(
        source.name,
        row["exercise"],
        row.get("group") or f"file {source.name}",
        stamps,
        poses,
        certain=row.get("certainty", "certain").startswith("certain"),
        subject=subject,
        source=source.name,
    )


def _read_pose_file(source: RecordingFile) -> Take | None:
    row = source.row
    if "layout" in row and row["layout"] not in LAYOUTS:
        raise InputError(f"layout {row['layout']!r} is not known; accepted: {', '.join(sorted(LAYOUTS))}")
    try:
        take = extra_take(source.path, row)
    except InputError:
        raise
    except Exception as error:  # NumPy raises whatever a broken archive leads it to
        raise InputError(f"not a pose file as its table says ({type(error).__name__}: {error})") from None
    if take is None:
        return None
    subject = row.get("subject", "")
    return replace(
        take,
        name=source.name,
        group=row["group"],
        subject=subject,
        source=source.name,
    )
