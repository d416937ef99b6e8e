"""Deletes what was recorded of a subject, by its pseudonym."""

import shutil
from pathlib import Path

import yaml

from fitness_core.errors import InputError
from fitness_core.yaml_text import parse
from fitness_datasets.guidance import check_pseudonym
from fitness_datasets.session import FILE


def folders_of(collection: Path, subject: str) -> list[Path]:
    """The session folders of a subject in a collection. Raises InputError where there are none."""
    check_pseudonym("subject", subject)
    if not collection.is_dir():
        raise InputError(f"{collection} is no folder; give the collection's, e.g. --out recordings")
    sessions = {file.parent: _subject(file) for file in sorted(collection.glob(f"*/{FILE}"))}
    found = [folder for folder, whose in sessions.items() if whose == subject]
    if not found:
        there = ", ".join(sorted({whose for whose in sessions.values() if whose})) or "nobody"
        raise InputError(f"nothing of subject {subject!r} is in {collection}; there is: {there}")
    return found


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


def _subject(file: Path) -> str:
    # A file that is broken is still somebody's: its folder is named after the subject.
    try:
        return str(parse(file.read_text())["subject"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return file.parent.name.rpartition("_")[0]
