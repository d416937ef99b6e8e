"""What commands share: a mistake is one line, and is told before the work rather than after it."""

import argparse
import os
from pathlib import Path
from typing import NoReturn

from fitness_core.errors import InputError


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
        folder = path.parent
        if not folder.is_dir():
            raise InputError(f"{path}: the folder {folder} does not exist; make it or give another")
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the name of a file")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise InputError(f"{path} cannot be written (permission); give another place")
