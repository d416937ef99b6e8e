"""What a benchmark ran on, and how much of it was left by others."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as metadata_version
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4, 8, 9)
"""Columns of /proc/stat that are no work (idle, waiting for a disk) or are in others already (guests)."""


def machine() -> dict[str, Any]:
    """Processor, memory, system and versions."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    versions: dict[str, str | None] = {}
    for name in ("mediapipe", "ai-edge-litert", "tensorflow-cpu", "keras", "numpy"):
        try:
            versions[name] = metadata_version(name)
        except PackageNotFoundError:
            versions[name] = None
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "versions": versions,
    }


class Others:
    """Cores that everything but this process and its children uses, other guests of the same hardware too.

    Children count once they have ended and been waited for: `cores` is to be read when they have.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._before = _busy() - _ours()

    def cores(self) -> float:
        """Since this was made, on average."""
        return max(0.0, (_busy() - _ours() - self._before) / (time.monotonic() - self._begun))


def _busy() -> float:
    """CPU time of the whole machine [s]: proc_stat(5)."""
    columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(ticks) for number, ticks in enumerate(columns) if number not in _IDLE) / _TICKS


def _ours() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
