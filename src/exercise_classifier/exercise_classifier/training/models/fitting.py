"""Fitting one network: the same seed gives the same weights, also where a fit was interrupted and went on."""

import hashlib
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from exercise_classifier.training.data.windows import Windows
from exercise_classifier.training.models import networks
from exercise_classifier.training.models.config import NetworkConfig, TrainingConfig
from fitness_core.errors import InputError
from fitness_core.files import replace_file

SMOOTHING = 0.05
"""Of labels: how much of a window's weight goes to all classes alike."""

# Seeds of the networks of an ensemble, which may be of one kind, are so far apart: more than folds are.
_APART = 10_000

_STATE = ("wait", "best", "best_epoch", "best_weights", "stopped_epoch", "cooldown_counter")


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
    tf.get_logger().setLevel("ERROR")


@dataclass(frozen=True, slots=True)
class Fit:
    """How a fit is called, where its checkpoint is kept and where TensorBoard reads of it; None = nowhere."""

    what: str = "fit"
    checkpoint: Path | None = None
    logs: Path | None = None

    def of(self, number: int, networks: int) -> "Fit":
        """That of one of several networks, counted from 0."""
        checkpoint = self.checkpoint and self.checkpoint.with_suffix(f".{number}{self.checkpoint.suffix}")
        return Fit(f"{self.what}, network {number + 1}/{networks}", checkpoint, self.logs)

    def forget(self) -> None:
        """Remove the checkpoints of a fit that is done."""
        if self.checkpoint is not None:
            of_networks = self.checkpoint.parent.glob(f"{self.checkpoint.stem}.*{self.checkpoint.suffix}")
            for path in (self.checkpoint, *of_networks):
                path.unlink(missing_ok=True)


def build(network: NetworkConfig, steps: int, classes: int, features: int) -> keras.Model:
    """The network of a configuration. Raises InputError where its sizes do not fit."""
    given = {"sizes": network.sizes, "dropout": network.dropout}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        return getattr(networks, f"build_{network.kind}")(steps, classes, features, **given)
    except ValueError as error:
        raise InputError(
            f"network {network.kind} of sizes {network.sizes} cannot be built: {str(error).splitlines()[0]}"
        ) from None


def class_weights(y: np.ndarray, classes: int) -> np.ndarray:
    """Weight [classes] of a window, half of the way to equal weights: `other` is many things and may weigh more."""
    share = np.bincount(y, minlength=classes) / len(y)
    return 0.5 + 0.5 / (classes * np.maximum(share, 1e-2))


class _Batches(keras.utils.PyDataset):
    """Windows in an order that depends on the seed and on the number of the epoch only."""

    def __init__(self, windows: Windows, rows: np.ndarray, batch: int, seed: int, epoch: int) -> None:
        super().__init__()
        self._windows, self._rows, self._batch, self._seed, self._epoch = windows, rows, batch, seed, epoch
        self._weights = class_weights(windows.y[rows], len(windows.labels)).astype(np.float32)
        self._targets = np.eye(len(windows.labels), dtype=np.float32)
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = self._rows[np.random.default_rng((self._seed, self._epoch)).permutation(len(self._rows))]

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = self._order[number * self._batch : (number + 1) * self._batch]
        y = self._windows.y[rows]
        return np.asarray(self._windows.x[rows]), self._targets[y], self._weights[y]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()


class _Progress(keras.callbacks.Callback):
    def __init__(self, what: str, epochs: int) -> None:
        super().__init__()
        self._what, self._epochs = what, epochs

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = ", ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items() if name.endswith("loss"))
        say(f"{self._what}: epoch {epoch + 1}/{self._epochs}, {values}", last=False)


class _Checkpoint(keras.callbacks.Callback):
    """Keeps after each epoch all that a fit needs to go on as if nothing had happened: weights, optimizer, random state
    of the layers, and what the other callbacks remember. The last of the callbacks.
    """

    def __init__(self, path: Path, others: list[keras.callbacks.Callback]) -> None:
        super().__init__()
        self._path, self._others = path, others
        self._kept: dict[str, Any] = {}
        if path.is_file():
            self._kept = pickle.loads(path.read_bytes())

    def epoch(self, epochs: int) -> int:
        """The epoch to go on with; `epochs` where the fit had been stopped already."""
        return epochs if self._kept.get("stopped") else self._kept.get("epochs", 0)

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self._kept:
            return
        self.model.optimizer.build(self.model.trainable_variables)
        for variable, value in zip(self._variables(), self._kept["variables"], strict=True):
            variable.assign(value)
        for callback, state in zip(self._others, self._kept["others"], strict=True):
            vars(callback).update(state)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        content = {
            "epochs": epoch + 1,
            "stopped": bool(self.model.stop_training),
            "variables": [np.asarray(variable) for variable in self._variables()],
            "others": [{name: vars(of)[name] for name in _STATE if name in vars(of)} for of in self._others],
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, pickle.dumps(content))

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]


def fit_network(
    config: TrainingConfig,
    windows: Windows,
    rows: np.ndarray,
    checked: Windows | None,
    seed: int,
    epochs: int,
    how: Fit | None = None,
) -> tuple[keras.Model, int, int]:
    """Fit the network of a configuration, or those of its ensemble, to these rows of the windows; returns it, how many
    epochs were the best, and how many were run (of an ensemble the most).

    checked: windows of sources that are not fitted to; where given they stop it early, and the best weights stay.
    A fit that was interrupted goes on from its checkpoint; the result is that of an uninterrupted one.
    """
    how, several = how or Fit(), len(config.networks) > 1
    fitted = [
        _fit_one(
            config,
            network,
            windows,
            rows,
            checked,
            seed + number * _APART,
            epochs,
            how.of(number, len(config.networks)) if several else how,
        )
        for number, network in enumerate(config.networks)
    ]
    models, best, run = zip(*fitted, strict=True)
    return networks.joined(models), max(best), max(run)


def _fit_one(
    config: TrainingConfig,
    network: NetworkConfig,
    windows: Windows,
    rows: np.ndarray,
    checked: Windows | None,
    seed: int,
    epochs: int,
    how: Fit,
) -> tuple[keras.Model, int, int]:
    keras.utils.set_random_seed(seed)
    classes = len(windows.labels)
    model = build(network, windows.x.shape[1], classes, windows.x.shape[2])
    rate: float | keras.optimizers.schedules.LearningRateSchedule = config.learning_rate
    remembering: list[keras.callbacks.Callback] = []
    if config.schedule == "cosine":
        steps = config.epochs * (len(rows) // config.batch + 1)
        rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, 0.05)
    else:
        loss = "loss" if checked is None else "val_loss"
        remembering.append(keras.callbacks.ReduceLROnPlateau(loss, factor=0.5, patience=max(1, config.patience // 2)))
    if not config.patience:
        checked = None
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=config.patience, restore_best_weights=True)
    if checked is not None:
        remembering.append(stopper)
    callbacks: list[keras.callbacks.Callback] = [_Progress(how.what, epochs), *remembering]
    if how.logs is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(how.logs / how.what.replace(" ", "_").replace("/", "_of_"))))
    begin = 0
    if how.checkpoint is not None:
        kept = _Checkpoint(how.checkpoint, remembering)
        callbacks.append(kept)
        begin = kept.epoch(epochs)
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING),
    )
    targets = np.eye(classes, dtype=np.float32)
    history = model.fit(
        _Batches(windows, rows, config.batch, seed, begin),
        validation_data=None if checked is None else (checked.x, targets[checked.y]),
        epochs=epochs,
        initial_epoch=begin,
        callbacks=callbacks,
        verbose=0,
    )
    return model, epochs if checked is None else stopper.best_epoch + 1, len(history.epoch)


def logits_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Logits [n, classes]."""
    if not len(x):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    return keras.Model(model.input, model.get_layer("logits").output).predict(x, batch_size=512, verbose=0)


def key_of(config: TrainingConfig, *parts: Windows) -> str:
    """The same for a fit that gives the same network, another one for any other."""
    # What the stretches say is in the windows.
    without = {"name", "about", "threshold", "quantize", "baseline", "rejected", "stretches"}
    if not config.ensemble:
        without.add("ensemble")
    digest = hashlib.sha256(config.model_dump_json(exclude=without).encode())
    for windows in parts:
        digest.update(np.ascontiguousarray(windows.x).data)
        digest.update(np.ascontiguousarray(windows.y).data)
    return digest.hexdigest()[:16]
