"""Data, windows, networks and folds of one configuration: what `fit` and `evaluate` share."""

import hashlib
import json
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.training import evaluation, litert, networks, synthetic
from exercise_classifier.training.config import Network, TrainingConfig
from exercise_classifier.training.evaluation import HeldOut
from exercise_classifier.training.extras import load_extras
from exercise_classifier.training.takes import Take, groups_of, load_takes, owner_of, read_clips
from exercise_classifier.training.windows import (
    LABELS,
    Windows,
    all_windows,
    exercises_of,
    joined,
    label_of,
    random_windows,
)
from fitness_core.errors import InputError

NEVER_TESTED = ("synthetic", "mocap", "pose file")
"""Kinds of takes that are fitted to but in no test fold."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the takes come from: `clips`, a clips.csv (poses.csv and mocap.csv beside it are used too), or `data`, a
    folder that `./fitness dataset` wrote. cache: folder of extracted landmarks. resume: folder of what is finished of
    this run where it was interrupted, of nothing else. logs: folder for TensorBoard, None = none.
    """

    cache: Path
    resume: Path
    clips: Path | None = None
    data: Path | None = None
    logs: Path | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Takes to test on and fit to, takes only to fit to (`extra`, `made` = synthetic), and the model's labels.

    not_shipped: exercise -> why the model does not have it.
    """

    takes: list[Take]
    extra: list[Take]
    made: list[Take]
    labels: tuple[str, ...]
    not_shipped: dict[str, str] = field(default_factory=dict)


def say(text: str, last: bool = True) -> None:
    """One line of progress on standard error; last: another one follows below it, not over it."""
    if last or sys.stderr.isatty():
        print(
            f"\r\x1b[2K{text}" if sys.stderr.isatty() else text, end="\n" if last else "", file=sys.stderr, flush=True
        )


def prepare() -> None:
    """One thread and deterministic kernels: the same seed gives the same weights on any number of cores."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def load(config: TrainingConfig, inputs: Inputs) -> Data:
    """The takes of a configuration. Raises InputError where there is too little to test on."""
    if inputs.data is not None:
        from exercise_classifier.training import dataset

        every = dataset.load(inputs.data)
        takes = [take for take in every if not (take.synthetic or take.kind in NEVER_TESTED)]
        extra = [take for take in every if take.synthetic or take.kind in NEVER_TESTED]
    elif inputs.clips is not None:
        takes = load_takes(inputs.clips, inputs.cache)
        rows = read_clips(inputs.clips)
        groups = groups_of(rows)
        extra = load_extras(inputs.clips.parent, {owner_of(row["source"]): groups[row["file"]] for row in rows})
    else:
        raise InputError("no data is given; give --clips clips.csv or --data DIR")
    takes, extra = _relabelled(takes, config), _relabelled(extra, config)
    labels, not_shipped = _carried(takes, extra, config)
    sources = {take.group for take in takes}
    if len(sources) < 2:
        raise InputError(
            f"the data is of {len(sources)} person or footage; testing on somebody unseen needs 2 or more: "
            "record another"
        )
    if not exercises_of(labels):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in not_shipped.items())
        raise InputError(f"the data carries no exercise that a model could learn and be tested on ({reasons})")
    made = synthetic.takes(config.synthetic, config.seed) if config.synthetic else []
    return Data(takes, extra, made, labels, not_shipped)


def _relabelled(takes: list[Take], config: TrainingConfig) -> list[Take]:
    def exercise(take: Take) -> str:
        return next((to for pattern, to in config.relabel.items() if fnmatch(take.name, pattern)), take.exercise)

    return [replace(take, exercise=exercise(take)) for take in takes]


def _carried(takes: list[Take], extra: list[Take], config: TrainingConfig) -> tuple[tuple[str, ...], dict[str, str]]:
    """The labels that enough people show, and why the others are not among them."""
    asked = config.labels or (*sorted({take.exercise for take in takes} - {"other", "idle"}), "other", "idle")
    tested, fitted = defaultdict(set), defaultdict(set)
    for take in takes:
        tested[label_of(take.exercise, asked)].add(take.group)
    for take in (*takes, *extra):
        fitted[label_of(take.exercise, asked)].add(take.group)
    reasons = {}
    for label in exercises_of(asked):
        if len(tested[label]) < config.min_test_sources:
            reasons[label] = f"{len(tested[label])} sources to test on, {config.min_test_sources} needed"
        elif len(fitted[label]) < config.min_sources:
            reasons[label] = f"{len(fitted[label])} sources to fit to, {config.min_sources} needed"
    return tuple(label for label in asked if label not in reasons), reasons


def training_windows(config: TrainingConfig, data: Data) -> Windows:
    """Augmented windows of the takes, of the extra takes and of the synthetic ones, behind each other."""
    rng = np.random.default_rng(config.seed)
    shares: dict[Any, dict[str, float]] = dict(config.shares or {}) or {
        part: dict.fromkeys(data.labels, share / len(data.labels))
        for part, share in (("clips", 0.6), ("extra", 0.2), ("synthetic", 0.2))
    }
    parts, before, first = [], [], 0
    for part, source in (("clips", data.takes), ("extra", data.extra), ("synthetic", data.made)):
        amounts: dict[str, int] = defaultdict(int)
        for name, share in shares.get(part, {}).items():
            amounts[label_of(name, data.labels)] += round(config.windows * share)
        if source:
            parts.append(random_windows(source, config.shape, amounts, rng, data.labels, FEATURE_SETS[config.features]))
            before.append(first)
        first += len(source)
    return joined(parts, before)


def pick(windows: Windows, chosen: np.ndarray) -> Windows:
    """Some of them: a mask or indices."""
    return Windows(
        windows.x[chosen],
        windows.y[chosen],
        windows.take[chosen],
        windows.end[chosen],
        windows.still[chosen],
        windows.labels,
    )


class _Progress(keras.callbacks.Callback):
    def __init__(self, what: str, epochs: int) -> None:
        super().__init__()
        self._what, self._epochs = what, epochs

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = ", ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items() if name.endswith("loss"))
        say(f"{self._what}: epoch {epoch + 1}/{self._epochs}, {values}", last=False)


def build(network: Network, steps: int, classes: int, features: int) -> keras.Model:
    """The network of a configuration."""
    given = {"sizes": network.sizes, "dropout": network.dropout}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        return networks.BUILDERS[network.kind](steps, classes, features, **given)
    except ValueError as error:
        raise InputError(
            f"network {network.kind} of sizes {network.sizes} cannot be built: {str(error).splitlines()[0]}"
        ) from None


def fit_network(
    config: TrainingConfig,
    training: Windows,
    checked: Windows | None,
    seed: int,
    epochs: int,
    what: str = "fit",
    logs: Path | None = None,
) -> tuple[keras.Model, int]:
    """Fit one network; returns it and how many epochs it took.

    checked: windows of sources that are not fitted to; where given they stop it early, and the best weights stay.
    """
    keras.utils.set_random_seed(seed)
    classes = len(training.labels)
    model = build(config.network, training.x.shape[1], classes, training.x.shape[2])
    rate: float | keras.optimizers.schedules.LearningRateSchedule = config.learning_rate
    callbacks: list[keras.callbacks.Callback] = [_Progress(what, epochs)]
    if config.schedule == "cosine":
        steps = config.epochs * (len(training.y) // config.batch + 1)
        rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, 0.05)
    else:
        loss = "loss" if checked is None else "val_loss"
        callbacks.append(keras.callbacks.ReduceLROnPlateau(loss, factor=0.5, patience=max(1, config.patience // 2)))
    if checked is not None:
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=config.patience, restore_best_weights=True))
    if logs is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(logs / what.replace(" ", "_").replace("/", "_of_"))))
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
    )
    share = np.bincount(training.y, minlength=classes) / len(training.y)
    # Half of the way to equal weights: `other` is many things and may weigh more than one exercise.
    weight = {number: 0.5 + 0.5 / (classes * max(float(value), 1e-2)) for number, value in enumerate(share)}
    history = model.fit(
        training.x,
        np.eye(classes, dtype=np.float32)[training.y],
        validation_data=None if checked is None else (checked.x, np.eye(classes, dtype=np.float32)[checked.y]),
        epochs=epochs,
        batch_size=config.batch,
        class_weight=weight,
        callbacks=callbacks,
        verbose=0,
    )
    return model, int(np.argmin(history.history["val_loss"])) + 1 if checked is not None else epochs


def logits_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Logits [n, classes]."""
    return keras.Model(model.input, model.get_layer("logits").output).predict(x, batch_size=512, verbose=0)


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Logits of every window by a network that saw nothing of its group, the median number of best epochs, float
    beside int8 on a held-out fold, and how many folds an interrupted run had finished.
    """

    held_out: HeldOut
    epochs: int
    formats: dict
    resumed: int


def cross_validate(
    config: TrainingConfig, data: Data, pool: Windows, checked: Windows, inputs: Inputs, what: str = "fold"
) -> CrossValidated:
    """Fit and test one network per fold. Finished folds are kept in `inputs.resume` until the run is done.

    pool: windows to fit to, of `data.takes` and, behind these, of takes that are never tested.
    """
    number = min(config.folds, len({take.group for take in data.takes}))
    fold_of = evaluation.folds(data.takes, number, config.seed, data.labels)
    pool_fold = evaluation.folds_of_all(data.takes, fold_of, [*data.extra, *data.made])[pool.take]
    logits = np.zeros((len(checked.y), len(data.labels)), np.float32)
    epochs, formats, resumed = [], {}, 0
    for fold in range(number):
        begun = time.monotonic()
        # The next fold stops the training early; it and the tested fold are not fitted to. Of two folds none is left.
        stop = (fold + 1) % number if number > 2 else -2
        fitted = ~np.isin(pool_fold, (fold, stop))
        stopping = (fold_of[checked.take] == stop) & ~checked.still
        tested = fold_of[checked.take] == fold
        kept = inputs.resume / f"{_key(config, pool, checked, fold)}.keras"
        result = kept.with_suffix(".json")
        if result.is_file():
            resumed += 1
            model, best = keras.models.load_model(kept), json.loads(result.read_text())["epochs"]
        else:
            model, best = fit_network(
                config,
                pick(pool, fitted),
                pick(checked, stopping) if stopping.any() else None,
                config.seed + fold,
                config.epochs,
                f"{what} {fold + 1}/{number}",
                inputs.logs,
            )
            inputs.resume.mkdir(parents=True, exist_ok=True)
            model.save(kept)
            result.write_text(json.dumps({"epochs": best}))
        epochs.append(best)
        logits[tested] = logits_of(model, checked.x[tested])
        moving = np.flatnonzero(tested & ~checked.still)
        right = logits[moving].argmax(axis=1) == checked.y[moving]
        if fold == 0 and len(moving):
            some = moving[:: max(1, len(moving) // 1500)]
            formats = litert.compared(model, checked.x[some], checked.y[some])
        say(
            f"{what} {fold + 1}/{number}: {tested.sum()} windows of "
            f"{len({data.takes[n].group for n in checked.take[tested]})} sources, accuracy {right.mean():.3f}, "
            f"{best} epochs, {time.monotonic() - begun:.0f} s",
        )
        keras.backend.clear_session()
    groups = np.array([data.takes[n].group for n in checked.take])
    return CrossValidated(HeldOut(checked, logits, groups), int(np.median(epochs)), formats, resumed)


def _key(config: TrainingConfig, pool: Windows, checked: Windows, fold: int) -> str:
    digest = hashlib.sha256(config.model_dump_json(exclude={"threshold", "quantize", "baseline", "rejected"}).encode())
    for windows in (pool, checked):
        digest.update(windows.x.tobytes())
        digest.update(windows.y.tobytes())
    return f"{digest.hexdigest()[:16]}-{fold}"


def forget(inputs: Inputs) -> None:
    """Remove what was kept for resuming: the run is done."""
    shutil.rmtree(inputs.resume, ignore_errors=True)


def baseline(config: TrainingConfig, data: Data, inputs: Inputs) -> dict:
    """The existing system on the same folds and classes: its raw 132 values, its network, windows as filmed."""
    if config.baseline is None or config.baseline.epochs == 0:
        return {"baseline_macro_f1": None, "baseline": "left out: `baseline` of the configuration is not set"}
    of = config.model_copy(
        update={
            "features": "raw132",
            "network": config.baseline.network,
            "epochs": config.baseline.epochs,
            "batch": config.baseline.batch,
            "learning_rate": 1e-3,
        }
    )
    windows = all_windows(data.takes, config.shape, 0.2, data.labels, FEATURE_SETS["raw132"])
    moving = np.flatnonzero(~windows.still)
    rng = np.random.default_rng(config.seed)
    pool = pick(windows, np.sort(rng.permutation(moving)[: config.baseline.windows]))
    found = cross_validate(of, data, pool, windows, inputs, "baseline fold")
    held_out = evaluation.without(found.held_out, config.rejected, 1.0)
    result = evaluation.report(data.takes, held_out, 1.0, config.threshold, config.seed)
    kept = ("macro_f1", "macro_f1_95", "accuracy", "ece", "n_windows")
    return {
        "baseline_macro_f1": result["macro_f1"],
        "baseline": {
            "what": "the existing system on the same folds and classes: raw 132 values, windows of the clips as they "
            "are (no augmentation, no extra or synthetic takes)",
            "network": config.baseline.network.kind,
            "cap": f"{len(pool.y)} windows before a fold's are taken away, at most {config.baseline.epochs} epochs",
            **{name: result[name] for name in kept},
        },
    }


def folder_of(paths: Sequence[Path | None]) -> str:
    """The first of these, relative to where the command runs."""
    return next(os.path.relpath(path) for path in paths if path is not None)


def held_out_report(
    config: TrainingConfig, data: Data, inputs: Inputs, pool: Windows, checked: Windows
) -> tuple[dict, CrossValidated]:
    """The evaluation: folds, temperature, figures, baseline."""
    found = cross_validate(config, data, pool, checked, inputs)
    temperature = evaluation.fit_temperature(found.held_out)
    held_out = evaluation.without(found.held_out, config.rejected, temperature)
    result = evaluation.report(data.takes, held_out, 1.0, config.threshold, config.seed)
    return {
        **result,
        "temperature": round(temperature, 4),
        **baseline(config, data, inputs),
        "not_shipped": data.not_shipped
        | {name: "held-out figures not good enough" for name in config.rejected if name in data.labels}
        | {name: "not in the configuration" for name in exercises_of(LABELS) if _unasked(name, data)},
        "formats": found.formats,
        "features": config.features,
        "network": config.network.model_dump(mode="json", exclude_none=True),
        "window": {"duration": config.duration, "rate": config.rate},
        "folds_of_an_interrupted_run": found.resumed,
        "folds": min(config.folds, len({take.group for take in data.takes})),
        "epochs": found.epochs,
        "seed": config.seed,
    }, found


def _unasked(name: str, data: Data) -> bool:
    return name not in data.labels and name not in data.not_shipped
