"""Fit and test one network per fold, several at a time; a fold that was finished is not fitted again."""

import hashlib
import json
import multiprocessing
import os
import queue
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import keras
import numpy as np

from exercise_classifier.training.data.folds import Fold, refuse_leak
from exercise_classifier.training.data.windows import SharedWindows, Windows
from exercise_classifier.training.models import fitting, litert
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.models.fitting import Fit, say
from exercise_classifier.training.results.evaluation import HeldOut
from fitness_core.errors import InputError
from fitness_core.words import amount

COMPARED = 1500
"""Windows that float and int8 are compared on, about."""


@dataclass(frozen=True, slots=True)
class Split:
    """Folds, and the group of each window to fit to [n] and to test on [n]."""

    folds: list[Fold]
    pool_groups: np.ndarray
    checked_groups: np.ndarray

    def rows(self, number: int, checked: Windows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Indices of the windows of a fold to fit to, to stop by, and to test on. Raises InputError for a leak."""
        fold = self.folds[number]
        fitted = np.flatnonzero(fold.fitted(self.pool_groups))
        stopping = np.flatnonzero(np.isin(self.checked_groups, [*fold.stopping]) & ~checked.still)
        tested = np.flatnonzero(np.isin(self.checked_groups, [*fold.tested]))
        refuse_leak(self.pool_groups[fitted], self.checked_groups[stopping], self.checked_groups[tested])
        return fitted, stopping, tested

    @property
    def key(self) -> str:
        """The same for the same folds of the same sources: a fold of any other must not be taken for one of these."""
        folds = [(sorted(fold.tested), sorted(fold.stopping)) for fold in self.folds]
        content = [folds, self.pool_groups.tolist(), self.checked_groups.tolist()]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Logits of every window by a network that saw nothing of its group, the median number of best epochs, how many
    folds an interrupted run had finished, and what an epoch took [s]. largest: the network of the largest fold and
    some windows that it was tested on.
    """

    held_out: HeldOut
    epochs: int
    largest: tuple[Path, np.ndarray]
    resumed: int
    seconds_per_epoch: float


@dataclass(frozen=True, slots=True)
class Places:
    """Where folds are kept until the run is done, and where TensorBoard reads of them. jobs: folds at a time."""

    folder: Path
    logs: Path | None = None
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class _Task:
    config: TrainingConfig
    split: Split
    places: Places
    key: str
    what: str

    def file(self, number: int, suffix: str) -> Path:
        return self.places.folder / f"{self.key}-{number}{suffix}"

    def is_done(self, number: int) -> bool:
        """Whether a fold was fitted and tested before; a file that a full disk left empty is none."""
        try:
            return bool(json.loads(self.file(number, ".json").read_text()))
        except (OSError, ValueError):
            return False

    def name(self, number: int) -> str:
        return f"{self.what} {number + 1}/{len(self.split.folds)}"


def cross_validate(
    config: TrainingConfig, split: Split, pool: Windows, checked: Windows, places: Places, what: str = "fold"
) -> CrossValidated:
    """One network per fold: fitted to windows of `pool`, tested on those of `checked`."""
    task = _Task(config, split, places, f"{fitting.key_of(config, pool, checked)}-{split.key}", what)
    places.folder.mkdir(parents=True, exist_ok=True)
    # Mistakes are found here, before others are started.
    for number in range(len(split.folds)):
        if not len(split.rows(number, checked)[0]):
            raise InputError(
                f"fold {number + 1} of {len(split.folds)} has no window to fit to; give more people, more takes, "
                "or more `windows`"
            )
    for network in config.networks:
        fitting.build(network, checked.x.shape[1], len(checked.labels), checked.x.shape[2])
    todo = [number for number in range(len(split.folds)) if not task.is_done(number)]
    jobs = min(places.jobs, len(todo))
    if jobs > 1:
        _fit_at_once(task, pool, checked, todo, jobs)
    else:
        for number in todo:
            _fit_fold(task, pool, checked, number)
    logits = np.zeros((len(checked.y), len(checked.labels)), np.float32)
    told = [json.loads(task.file(number, ".json").read_text()) for number in range(len(split.folds))]
    for number in range(len(split.folds)):
        logits[split.rows(number, checked)[2]] = np.load(task.file(number, ".npy"))
    return CrossValidated(
        HeldOut(checked, logits, split.checked_groups),
        int(np.median([of["epochs"] for of in told])),
        _largest(task, checked),
        len(split.folds) - len(todo),
        round(float(np.median([of["seconds_per_epoch"] for of in told])), 2),
    )


def _fit_fold(task: _Task, pool: Windows, checked: Windows, number: int) -> None:
    """Fit and test; what comes out is in files, the .json the last of them."""
    begun = time.monotonic()
    fitted, stopping, tested = task.split.rows(number, checked)
    how = Fit(task.name(number), task.file(number, ".checkpoint"), task.places.logs)
    model, epochs, run = fitting.fit_network(
        task.config,
        pool,
        fitted,
        checked.of(stopping) if len(stopping) else None,
        task.config.seed + number,
        task.config.epochs,
        how,
    )
    logits = fitting.logits_of(model, checked.x[tested])
    np.save(task.file(number, ".npy"), logits)
    model.save(task.file(number, ".keras"))
    took = time.monotonic() - begun
    told = {"epochs": epochs, "seconds_per_epoch": round(took / max(1, run), 2)}
    task.file(number, ".json").write_text(json.dumps(told))
    how.forget()
    moving = ~checked.still[tested]
    right = (logits.argmax(axis=1) == checked.y[tested])[moving]
    said = f"accuracy {right.mean():.3f}, " if len(right) else ""
    sources = amount(len(set(task.split.checked_groups[tested])), "source")
    windows = amount(len(tested), "window")
    say(f"{how.what}: {windows} of {sources}, {said}{amount(epochs, 'epoch')}, {took:.0f} s")
    keras.backend.clear_session()


def _fit_at_once(task: _Task, pool: Windows, checked: Windows, todo: list[int], jobs: int) -> None:
    # Each in a process of its own: a fit is deterministic on one thread only. The windows are shared through files.
    context = multiprocessing.get_context("spawn")
    waiting, done = context.Queue(), context.Queue()
    for number in todo:
        waiting.put(number)
    with pool.shared(task.places.folder) as to_fit, checked.shared(task.places.folder) as to_check:
        given = task, to_fit, to_check, waiting, done
        workers = [context.Process(target=_work, args=given, daemon=True) for _ in range(jobs)]
        try:
            # Ctrl-C reaches them too; who started them answers it, and they have nothing to say.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            try:
                for worker in workers:
                    worker.start()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            left = len(todo)
            while left:
                try:
                    done.get(timeout=1.0)
                    left -= 1
                except queue.Empty:
                    if died := [worker.exitcode for worker in workers if worker.exitcode]:
                        killed = "killed, as where memory runs out: --jobs 1 takes least"
                        why = killed if died[0] < 0 else "see above"
                        raise InputError(f"a fit died ({why}); the same command goes on") from None
        finally:
            for worker in workers:
                worker.kill()
                worker.join()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _work(task: _Task, pool: SharedWindows, checked: SharedWindows, waiting, done) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # Nobody waits for the result of a fit whose starter is gone.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    fitting.prepare()
    given = pool.open(), checked.open()
    while True:
        try:
            number = waiting.get(timeout=1.0)
        except queue.Empty:
            return
        _fit_fold(task, *given, number)
        done.put(number)


def _largest(task: _Task, checked: Windows) -> tuple[Path, np.ndarray]:
    tests = [task.split.rows(number, checked)[2] for number in range(len(task.split.folds))]
    moving = [tested[~checked.still[tested]] for tested in tests]
    number = int(np.argmax([len(rows) for rows in moving]))
    return task.file(number, ".keras"), moving[number][:: max(1, len(moving[number]) // COMPARED)]


def formats(found: CrossValidated) -> dict:
    """Float beside int8 on what the largest fold was tested on."""
    path, some = found.largest
    windows = found.held_out.windows
    return litert.compared(keras.models.load_model(path), windows.x[some], windows.y[some]) if len(some) else {}
