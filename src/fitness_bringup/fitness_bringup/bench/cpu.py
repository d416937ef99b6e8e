"""What the graph takes beyond the pose network, measured in its own process: by thread, without a second loop.

The kernel tells to the nanosecond for how long each thread has run. Left out are

- the threads of MediaPipe, which it names; they run its network, in the bare loop too;
- what the pose stage's thread spends within the backend's calls: colours turned, the picture handed to MediaPipe, its
  landmarks taken. The bare loop does the same. Waiting takes no CPU;
- what the benchmark itself takes: it hands out pictures that were decoded beforehand (so no decoding is to be left
  out), hears what comes of them, and waits in the main thread.

All else is the graph's. What nobody names counts as its own, too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pose_estimator.backend import Detection, PoseBackend

NETWORK = "mediapipe"
"""What the names of MediaPipe's threads begin with: `mediapipe/` and a number, as are those that they start."""
MAIN, EXECUTOR, POSE, CAMERA = "MainThread", "executor", "pose", "capture"
"""Threads of the benchmark's graph, by name."""
OTHERS = "others"
_KINDS = NETWORK, "dds"
"""Threads of which there are several, by what their names begin with."""
MOST_AMISS = 0.03
"""Of the process's CPU: where its threads add up to more or less than it by this share, one of them was not seen."""


class TimedBackend(PoseBackend):
    """A backend, and the CPU time that its caller's thread has spent in it: `seconds` [s]."""

    def __init__(self, backend: PoseBackend) -> None:
        self.seconds = 0.0
        self._backend = backend

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        return self._timed(lambda: self._backend.detect(picture_bgr, stamp))

    def begin(self, picture_bgr: np.ndarray, stamp: int) -> Callable[[], Detection | None]:
        wait = self._timed(lambda: self._backend.begin(picture_bgr, stamp))
        return lambda: self._timed(wait)

    def close(self) -> None:
        self._backend.close()

    def _timed(self, step: Callable[[], Any]) -> Any:
        begun = time.thread_time()
        try:
            return step()
        finally:
            self.seconds += time.thread_time() - begun


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU times so far [s], or between two moments: of the process, of its threads by kind, within the backend's calls.

    itself: what the benchmark has taken, by the thread it was in, but for the main thread, which is all its own.
    """

    process: float
    threads: dict[str, float]
    calls: float
    itself: dict[str, float]

    def since(self, before: "Spent") -> "Spent":
        """What was spent from another moment to this one."""
        return Spent(
            self.process - before.process,
            {kind: spent - before.threads.get(kind, 0.0) for kind, spent in self.threads.items()},
            self.calls - before.calls,
            {kind: spent - before.itself[kind] for kind, spent in self.itself.items()},
        )

    @property
    def beyond_pose(self) -> dict[str, float]:
        """What the graph itself took, by kind of thread [s]."""
        left = {kind: spent for kind, spent in self.threads.items() if kind not in (NETWORK, MAIN)}
        for kind, spent in ((POSE, self.calls), *self.itself.items()):
            left[kind] = left.get(kind, 0.0) - spent
        return left

    @property
    def network(self) -> float:
        """What the pose network took, calls included [s]."""
        return self.threads.get(NETWORK, 0.0) + self.calls

    @property
    def benchmark(self) -> float:
        """What the benchmark itself took [s]."""
        return sum(self.itself.values()) + self.threads.get(MAIN, 0.0)

    @property
    def accounted_for(self) -> float:
        """The network, the benchmark itself and the graph together, as a share of the process's CPU; 1 = all of it."""
        return (self.network + self.benchmark + sum(self.beyond_pose.values())) / self.process


def spent(calls: float, itself: dict[str, float]) -> Spent:
    """What this process has spent so far; calls, itself: as `Spent` has them [s]."""
    named = {thread.native_id: thread.name.partition("-")[0] for thread in threading.enumerate()}
    sums: dict[str, float] = {}
    for task in (int(entry.name) for entry in Path("/proc/self/task").iterdir()):
        try:
            kind = named.get(task) or _kind_of(task)
            took = time.clock_gettime(_clock_of(task))
        except OSError:
            continue  # it has ended
        sums[kind] = sums.get(kind, 0.0) + took
    return Spent(time.process_time(), sums, calls, dict(itself))


def _kind_of(task: int) -> str:
    """Of a thread that Python has not started."""
    name = Path(f"/proc/self/task/{task}/comm").read_text()
    return next((kind for kind in _KINDS if name.startswith(kind)), OTHERS)


def _clock_of(task: int) -> int:
    """The clock of the CPU time of a thread by its kernel's number, as pthread_getcpuclockid(3) makes it of its own.

    /proc/self/task/*/schedstat tells the same, but of a thread that runs up to the last tick only.
    """
    return ~task << 3 | 6
