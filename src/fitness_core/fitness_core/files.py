"""Files that are there as a whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from fitness_core.errors import InputError


@contextlib.contextmanager
def folder_for(path: Path) -> Iterator[None]:
    """A folder, made with its parents for what is written next. Where that fails, those made that are empty are
    removed. Raises InputError where it cannot be made.
    """
    try:
        made = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be made ({error.strerror}); give another folder") from None
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def replace_file(path: Path, content: str | bytes, durable: bool = False) -> None:
    """Write a file, or over one; a death at any moment leaves the old one or the new one. Raises OSError.

    A link stays, and the file that it leads to is written: /dev/stdout is one, to a file where it is redirected.
    durable: also where the machine loses its power. That waits for the disk, some tens of milliseconds.
    """
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.part")
    data = content.encode() if isinstance(content, str) else content
    try:
        with part.open("wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
