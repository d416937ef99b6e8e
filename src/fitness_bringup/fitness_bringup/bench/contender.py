"""A contender is a process of its own that stays ready and runs a slice of the work whenever it is told to.

So the contenders take turns on the same machine within seconds of each other: what else the machine does meets all of
them alike, and only the ratios of neighbouring slices are compared. One JSON object per line each way: a slice in, its
result out; `{"ready": ...}` comes first.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fitness_core.errors import InputError

TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT = 120.0
"""How long a contender waits for a process of its own to end, on a machine that is busy; half of it for the next thing
that a graph has to say [s]. Contenders are waited for as long as they work."""


class Contender:
    """The parent's end of one contender. arguments: of `python -m fitness_bringup.bench.MODULE`."""

    def __init__(self, module: str, *arguments: object, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", f"fitness_bringup.bench.{module}", *map(str, arguments)]
        self.name = " ".join(command[2:])
        # A file: nobody reads while a slice runs, and a full pipe would stop it.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by `close`)
        self._process = subprocess.Popen(
            command,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self.ready: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def await_ready(self) -> dict[str, Any]:
        """Wait until it has loaded what it needs; what it says about itself. Raises InputError where it cannot."""
        self.ready = self._answer()
        return self.ready

    def run(self, **slice_: Any) -> dict[str, Any]:
        """Run one slice and wait for its result."""
        self.begin(**slice_)
        return self.result()

    def begin(self, **slice_: Any) -> None:
        """Let it run one slice; `result` waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(slice_) + "\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What came of the slice that was begun."""
        return self._answer()

    def close(self) -> None:
        """End it."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._said.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        # Lines of libraries that print something are passed over.
        for line in self._process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                if "error" in answer:
                    raise InputError(answer["error"])
                return answer
        self._process.wait()
        self._said.seek(0)
        raise RuntimeError(f"{self.name} ended: {' | '.join(self._said.read().splitlines()[-3:])}")


def serve(prepare: Callable[[], tuple[dict[str, Any], Callable[..., dict[str, Any]]]]) -> int:
    """The contender's end: load, then run slices until stdin closes."""
    try:
        about, run = prepare()
        _say({"ready": True} | about)
        for line in sys.stdin:
            _say(run(**json.loads(line)))
    except InputError as error:
        _say({"error": str(error)})
        return 2
    return 0


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its threads so far [s], in steps of the kernel's clock (10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_memory(pid: int | str = "self") -> float:
    """Largest resident set of a process so far [MB]."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has ended")
