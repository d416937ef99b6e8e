"""Paths that a user gives, looked at before the work: what cannot be looked at is one line instead of a traceback."""

import itertools
import os
from pathlib import Path

from fitness_core.errors import InputError


def given(text: str | Path) -> Path:
    """The path that somebody gave, which need not lead to anything; `~` is their home, `~NAME` that of another user.

    Raises InputError where there is no such user, and where nobody can tell what is there: a folder on the way may not
    be entered, or a name is too long.
    """
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{text}: there is no such user with a home here; give the whole path") from None
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        raise InputError(f"{_short(text)} cannot be looked at ({_why(error)}); give another path") from None
    return path


def inside(folder: Path) -> list[Path]:
    """What is in a folder. Raises InputError where it may not be read."""
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(f"folder {folder} cannot be read ({_why(error)}); allow it or give another") from None


def as_text(name: str) -> str:
    """A name of a file, which may be any bytes, as far as it is text: what JSON and pages can hold."""
    return os.fsencode(name).decode(errors="replace")


def unused(bag: Path) -> Path:
    """The bag, or where it is there already the first of BAG_2, BAG_3, ... that is not."""
    names = (bag.with_name(f"{bag.name}_{number}") for number in itertools.count(2))
    return bag if not bag.exists() else next(name for name in names if not name.exists())


def _short(text: str | Path) -> str:
    """As much of a path as fits into a line."""
    shown = str(text)
    return shown if len(shown) <= 200 else f"{shown[:80]}...{shown[-80:]}"


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
