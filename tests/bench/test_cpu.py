"""What of a process's CPU is the graph's: what its threads took, but for the network's part and the benchmark's own."""

import threading
import time

import numpy as np
import pytest

from fitness_bringup.bench import cpu
from pose_estimator.backend import Detection, PoseBackend

BEFORE = cpu.Spent(1.0, {"mediapipe": 0.5}, 0.0, {"executor": 0.0, "capture": 0.0})
AFTER = cpu.Spent(
    11.0,
    {"mediapipe": 6.5, "MainThread": 0.1, "executor": 2.0, "pose": 1.5, "capture": 0.4},
    0.6,
    {"executor": 0.2, "capture": 0.3},
)


class Busy(PoseBackend):
    """Works in the caller's thread for as long as it is told [s]."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        work(self.seconds)
        return None

    def close(self) -> None:
        self.seconds = 0.0


def work(seconds: float) -> None:
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def test_network_and_benchmark_are_left_out_of_the_threads() -> None:
    spent = AFTER.since(BEFORE)
    assert spent.beyond_pose == pytest.approx({"executor": 1.8, "pose": 0.9, "capture": 0.1})
    assert spent.network == pytest.approx(6.6)
    assert spent.benchmark == pytest.approx(0.6)
    assert spent.accounted_for == pytest.approx(1.0)


def test_a_thread_that_was_not_seen_is_missed() -> None:
    seen = {kind: took for kind, took in AFTER.threads.items() if kind != "pose"}
    spent = cpu.Spent(AFTER.process, seen, AFTER.calls, AFTER.itself).since(BEFORE)
    assert abs(spent.accounted_for - 1) > cpu.MOST_AMISS


def test_threads_add_up_to_their_process_and_are_told_apart() -> None:
    stay = threading.Event()
    done = threading.Event()

    def run() -> None:
        work(0.2)
        done.set()
        stay.wait()

    before = cpu.spent(0.0, {})
    worker = threading.Thread(target=run, name="worker-1")
    worker.start()
    done.wait()
    work(0.1)
    spent = cpu.spent(0.0, {}).since(before)
    stay.set()
    worker.join()
    assert spent.threads["worker"] == pytest.approx(0.2, abs=0.05)
    assert abs(spent.accounted_for - 1) < cpu.MOST_AMISS


def test_time_in_the_backend_is_that_of_its_caller() -> None:
    backend = cpu.TimedBackend(Busy(0.05))
    wait = backend.begin(np.zeros((4, 4, 3), np.uint8), 0)
    work(0.05)  # between both halves, the caller's own
    assert wait() is None
    assert backend.seconds == pytest.approx(0.05, abs=0.02)
    backend.detect(np.zeros((4, 4, 3), np.uint8), 1)
    assert backend.seconds == pytest.approx(0.1, abs=0.03)
