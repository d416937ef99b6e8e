"""Finds and deletes what was recorded of a subject, by its pseudonym."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from fitness_core.errors import InputError
from fitness_core.folder_lock import FolderLock
from fitness_core.yaml_text import parse
from fitness_datasets.bags import BagReader
from fitness_datasets.collection.guidance import check_pseudonym
from fitness_datasets.collection.session import FILE

TAKE_LABEL = "fitness_msgs/msg/TakeLabel"
DEPTH = 3
"""Levels of folders that are looked through; the dashboard's pages list as many."""


def folders_of(collection: Path, subject: str) -> list[Path]:
    """The folders of a subject in a collection: its sessions, and bags with takes of nobody else, as a page makes them.

    Folders within folders are looked through, `DEPTH` levels deep; links are not followed. Raises InputError where
    there are none, and for a bag with takes of others too. Names that differ only in case are one, as for `train`.
    """
    check_pseudonym("subject", subject)
    if not collection.is_dir():
        raise InputError(f"{collection} is no folder; give the collection's, e.g. --out recordings")
    whose = {folder: {_subject(folder / FILE)} for folder in _folders(collection) if (folder / FILE).exists()}
    whose |= {folder: _subjects_of_takes(folder) or set() for folder in _bags(collection)}
    people = {folder: {name.casefold() for name in subjects} for folder, subjects in whose.items()}
    found = sorted(folder for folder, subjects in people.items() if subject.casefold() in subjects)
    if shared := [str(folder) for folder in found if len(people[folder]) > 1]:
        raise InputError(
            f"{', '.join(shared)}: takes of others are in there too; make what you need of theirs into a dataset, then "
            "delete it by hand"
        )
    if not found:
        there = ", ".join(sorted(set().union(*whose.values()) - {""})) or "nobody"
        raise InputError(f"nothing of subject {subject!r} is in {collection}; there is: {there}")
    return found


def unreadable(collection: Path) -> list[Path]:
    """Bags of a collection, outside of sessions, that cannot be read: nobody can tell whose they are."""
    return [folder for folder in _bags(collection) if _subjects_of_takes(folder) is None]


def size_of(folder: Path) -> int:
    """Bytes in a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def delete(folders: list[Path]) -> None:
    """Delete session folders, for good. Raises InputError for one that cannot be deleted.

    Nothing is deleted where one is being recorded into: its file would be written anew.
    """
    for folder in folders:
        FolderLock(folder, f"{folder} is being recorded into; end the recording first").release()
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InputError(f"{folder} cannot be deleted: {error.strerror}; delete it by hand") from None


def _bags(collection: Path) -> list[Path]:
    """Folders of a collection that are bags, and outside of sessions."""
    return [folder for folder in _folders(collection) if not (folder / FILE).exists() and _is_bag(folder)]


def _folders(place: Path, depth: int = 1) -> Iterator[Path]:
    """The folders in a folder, and those in them; what is in a session or a bag is not looked at."""
    for folder in sorted(place.iterdir()) if place.is_dir() else []:
        if folder.is_dir() and not folder.is_symlink():
            yield folder
            if depth < DEPTH and not (folder / FILE).exists() and not _is_bag(folder):
                yield from _folders(folder, depth + 1)


def _is_bag(folder: Path) -> bool:
    return any(file.suffix in (".mcap", ".db3") or file.name == "metadata.yaml" for file in folder.iterdir())


def _subjects_of_takes(folder: Path) -> set[str] | None:
    """Of whom a bag holds takes; None where it cannot be read."""
    try:
        with BagReader(folder) as bag, bag.older():
            topics = [name for name, kind in bag.topics.items() if kind == TAKE_LABEL]
            return {message.subject for _, _, message in bag.messages(topics)}
    except (InputError, OSError):
        return None


def _subject(file: Path) -> str:
    # A file that is broken is still somebody's: its folder is named after the subject.
    try:
        return str(parse(file.read_text())["subject"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return file.parent.name.rpartition("_")[0]
