"""The report of a recording, made in a process of its own, so that a running graph does not share its interpreter."""

import importlib.util
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fitness_core.errors import InputError

TIMEOUT = 1800.0
"""Longest time that a report may take [s]."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """A report as text: the page, the table of repetitions, and JSON (`report.schema.json`)."""

    html: str
    csv: str
    json: str


def report_files(recording: Path) -> ReportFiles:
    """Run `./fitness analyze` on a recording, at a lower priority than what else runs. Raises InputError as it does."""
    if importlib.util.find_spec("fitness_bringup") is None:
        raise InputError("no report: the package fitness_bringup is not installed, and its analyze makes them")
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _analyse(recording, Path(folder))
    except OSError as error:
        raise InputError(f"no report: it cannot be made ({error.strerror})") from None


def _analyse(recording: Path, folder: Path) -> ReportFiles:
    files = {kind: folder / f"report.{kind}" for kind in ("html", "csv", "json")}
    # In its folder and by its name, so that the report does not tell where on this machine it lies; -P: nothing is
    # imported from there.
    command = ["nice", "-n", "10", sys.executable, "-P", "-m", "fitness_bringup.cli", "analyze"]
    command += [f"./{recording.name}"]
    command += [part for kind, file in files.items() for part in (f"--{kind}", str(file))]
    try:
        done = subprocess.run(
            command,
            cwd=recording.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"the report took longer than {TIMEOUT / 60:.0f} minutes; run ./fitness analyze") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        reason = lines[-1].removeprefix("error: ") if lines else f"it ended with code {done.returncode}"
        raise InputError(f"no report: {reason}")
    return ReportFiles(**{kind: file.read_text() for kind, file in files.items()})
