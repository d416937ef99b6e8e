"""Finds and deletes what was recorded of a subject, by its pseudonym."""

import shutil
from pathlib import Path

import yaml

from fitness_core.errors import InputError
from fitness_core.yaml_text import parse
from fitness_datasets.bags import BagReader
from fitness_datasets.guidance import check_pseudonym
from fitness_datasets.session import FILE

TAKE_LABEL = "fitness_msgs/msg/TakeLabel"


def folders_of(collection: Path, subject: str) -> list[Path]:
    """The folders of a subject in a collection: its sessions, and bags with takes of nobody else, as a page makes them.

    Raises InputError where there are none, and for a bag with takes of others too.
    """
    check_pseudonym("subject", subject)
    if not collection.is_dir():
        raise InputError(f"{collection} is no folder; give the collection's, e.g. --out recordings")
    whose = {file.parent: {_subject(file)} for file in sorted(collection.glob(f"*/{FILE}"))}
    whose |= {folder: _subjects_of_takes(folder) or set() for folder in _bags(collection)}
    found = sorted(folder for folder, subjects in whose.items() if subject in subjects)
    if shared := [str(folder) for folder in found if len(whose[folder]) > 1]:
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
    """Delete session folders, for good. Raises InputError for one that cannot be deleted."""
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InputError(f"{folder} cannot be deleted: {error.strerror}; delete it by hand") from None


def _bags(collection: Path) -> list[Path]:
    """Folders of a collection that are no sessions and may be bags."""
    folders = sorted(collection.iterdir()) if collection.is_dir() else []
    return [each for each in folders if each.is_dir() and not each.is_symlink() and not (each / FILE).exists()]


def _subjects_of_takes(folder: Path) -> set[str] | None:
    """Of whom a bag holds takes; nobody where it is no bag, None where it is one that cannot be read."""
    try:
        with BagReader(folder) as bag:
            topics = [name for name, kind in bag.topics.items() if kind == TAKE_LABEL]
            return {message.subject for _, _, message in bag.messages(topics)}
    except (InputError, OSError):
        is_bag = any(file.suffix in (".mcap", ".db3") or file.name == "metadata.yaml" for file in folder.iterdir())
        return None if is_bag else set()


def _subject(file: Path) -> str:
    # A file that is broken is still somebody's: its folder is named after the subject.
    try:
        return str(parse(file.read_text())["subject"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return file.parent.name.rpartition("_")[0]
