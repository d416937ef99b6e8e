"""What commands share: a mistake is one line, and is told before the work rather than after it."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.files import replace_file


class ArgumentParser(argparse.ArgumentParser):
    """argparse whose mistakes raise InputError instead of printing the usage and ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; {self.prog} --help tells what there is")


def check_writable(*files: Path | None) -> None:
    """Raise InputError where a file that is to be written cannot be; None is none. Writes nothing."""
    for path in files:
        if path is None:
            continue
        paths.given(path)
        folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
        if not folder.is_dir():
            raise InputError(f"{path}: the folder {folder} does not exist; make it or give another")
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the name of a file")
        # A file is replaced: not only it must be writable, but its folder too, which takes the new one.
        touched = [path] if path.exists() else []
        if path.is_file() or not path.exists():
            touched.append(folder)
        if not all(os.access(each, os.W_OK) for each in touched):
            raise InputError(f"{path} cannot be written (permission); give another place")


def check_spares(recording: Path, *files: Path | None) -> None:
    """Raise InputError where a file that is to be written would replace the recording, or a part of it; None is none.

    recording: a file, or the folder of a bag or of pictures.
    """
    paths.given(recording)
    for path in files:
        if path is None:
            continue
        if path.exists() and recording.exists() and path.samefile(recording):
            raise InputError(f"{path} is the recording itself; give another name")
        folder, place = recording.resolve(), path.resolve()
        inside = folder.is_dir() and folder in place.parents
        beside = recording.suffix in (".mcap", ".db3") and place.parent == folder.parent and path.exists()
        if inside or beside:
            raise InputError(f"{path} would be among the files of the recording {recording}; give another place")


def check_kept(read: Iterable[Path | None], *files: Path | None) -> None:
    """Raise InputError where a file that is to be written would replace one that is read, or be in a folder that is.

    None is none, in both.
    """
    for given in filter(None, read):
        for path in filter(None, files):
            same = path.exists() and given.exists() and path.samefile(given)
            if same or (given.is_dir() and given.resolve() in path.resolve().parents):
                raise InputError(f"{path} would be written over what is read from {given}; give another place")


def check_different(*files: Path | None) -> None:
    """Raise InputError where two files that are to be written are the same; None is none."""
    places = [path.resolve() for path in files if path is not None]
    for place in places:
        if places.count(place) > 1:
            raise InputError(f"{place} is asked for twice; give each output a name of its own")


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file as a whole or not at all. Raises InputError where the disk refuses."""
    try:
        if path.exists() and not path.is_file():  # /dev/stdout cannot be replaced
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        else:
            replace_file(path, content)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); make room or give another place") from None
