"""A folder that one program at a time may work in."""

import fcntl
import os
from pathlib import Path
from typing import Self

from fitness_core.errors import InputError


class FolderLock:
    """Keeps a folder, which it makes, until it is released or this process dies.

    folder: None = none, nothing to keep. taken: what to say where another one has it, and what to do then. Raises
    InputError there, and where the folder cannot be made.
    """

    def __init__(self, folder: Path | None, taken: str = "") -> None:
        self._folder = -1
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror}); give a folder that can") from None
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise InputError(taken) from None
        except OSError:
            pass  # a file system without locks

    def release(self) -> None:
        """Let go of it; done once, whatever is called how often."""
        if self._folder >= 0:
            os.close(self._folder)
        self._folder = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
