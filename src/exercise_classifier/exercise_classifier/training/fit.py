"""Fit the shipped model: `python -m exercise_classifier.training.fit --clips ../shared/data/clips.csv`.

Leave-sources-out folds give the honest numbers and the temperature; then one fit on everything is exported to LiteRT.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from exercise_classifier import model_file
from exercise_classifier.training import evaluation, networks
from exercise_classifier.training.evaluation import HeldOut
from exercise_classifier.training.takes import Take, counts, load_takes
from exercise_classifier.training.windows import (
    LABELS,
    Shape,
    Windows,
    all_windows,
    random_windows,
)
from fitness_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Config:
    """clips: a clips.csv. out: folder of the model, its evaluation. cache: folder of extracted landmarks."""

    clips: Path
    out: Path
    cache: Path
    name: str = "exercise_lstm"
    duration: float = 2.0
    rate: float = 15.0
    units: int = 64
    folds: int = 6
    per_exercise: int = 4000
    other: int = 12000
    epochs: int = 12
    batch: int = 128
    threshold: float = 0.5
    seed: int = 1

    @property
    def shape(self) -> Shape:
        """Of a window."""
        return Shape(self.duration, self.rate)


def fit_network(
    config: Config, training: Windows, checked: Windows, seed: int, verbose: int = 0
) -> keras.Model:
    """Fit one network; `checked` (held-out sources of the training set) stops it early, its best weights stay."""
    keras.utils.set_random_seed(seed)
    model = networks.build_lstm(config.shape.steps, len(LABELS), config.units)
    model.compile(
        keras.optimizers.Adam(2e-3, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
        metrics=["accuracy"],
    )
    callbacks = [
        keras.callbacks.EarlyStopping(
            "val_loss", patience=4, restore_best_weights=True
        ),
        keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=2),
    ]
    share = np.bincount(training.y, minlength=len(LABELS)) / len(training.y)
    weight = {
        number: float(0.5 + 0.5 / (len(LABELS) * max(value, 1e-3)))
        for number, value in enumerate(share)
    }
    model.fit(
        training.x,
        _one_hot(training.y),
        validation_data=(checked.x, _one_hot(checked.y)),
        epochs=config.epochs,
        batch_size=config.batch,
        class_weight=weight,
        callbacks=callbacks,
        verbose=verbose,
    )
    return model


def _one_hot(y: np.ndarray) -> np.ndarray:
    return np.eye(len(LABELS), dtype=np.float32)[y]


def logits_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Logits [n, classes]."""
    return keras.Model(model.input, model.get_layer("logits").output).predict(
        x, batch_size=512, verbose=0
    )


def export(model: keras.Model, temperature: float) -> bytes:
    """The network as LiteRT, its logits divided by the temperature."""
    last = model.get_layer("logits")
    kernel, bias = last.get_weights()
    last.set_weights([kernel / temperature, bias / temperature])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        model.export(
            str(path),
            format="litert",
            input_signature=[tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)],
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
            verbose=False,
        )
        network = path.read_bytes()
    last.set_weights([kernel, bias])
    return network


def _pick(windows: Windows, chosen: np.ndarray) -> Windows:
    return Windows(
        windows.x[chosen],
        windows.y[chosen],
        windows.take[chosen],
        windows.end[chosen],
        windows.still[chosen],
    )


def cross_validate(
    config: Config, takes: list[Take], pool: Windows, checked: Windows
) -> tuple[HeldOut, int]:
    """Logits of every clip window by a network that saw nothing of its group; and the median number of best epochs."""
    fold_of = evaluation.folds(takes, config.folds, config.seed)
    logits = np.zeros((len(checked.y), len(LABELS)), np.float32)
    for fold in range(config.folds):
        begun = time.monotonic()
        # The next fold stops the training early; neither it nor the tested fold is fitted to.
        stop = (fold + 1) % config.folds
        fitted = ~np.isin(fold_of[pool.take], (fold, stop))
        stopping = (fold_of[checked.take] == stop) & ~checked.still
        model = fit_network(
            config, _pick(pool, fitted), _pick(checked, stopping), config.seed + fold
        )
        tested = fold_of[checked.take] == fold
        logits[tested] = logits_of(model, checked.x[tested])
        right = logits[tested].argmax(axis=1) == checked.y[tested]
        print(
            f"fold {fold + 1}/{config.folds}: {tested.sum()} windows of "
            f"{len({takes[n].group for n in checked.take[tested]})} sources, accuracy "
            f"{right[~checked.still[tested]].mean():.3f}, {time.monotonic() - begun:.0f} s",
            flush=True,
        )
        keras.backend.clear_session()
    groups = np.array([takes[n].group for n in checked.take])
    return HeldOut(checked, logits, groups), 0


def fit(config: Config) -> dict:
    """Fit, evaluate, export; returns the evaluation. Writes <name>.tflite and <name>.evaluation.json to config.out."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    begun = time.monotonic()
    takes = load_takes(config.clips, config.cache)
    rng = np.random.default_rng(config.seed)
    amounts = {
        label: config.other if label == "other" else config.per_exercise
        for label in LABELS
    }
    pool = random_windows(takes, config.shape, amounts, rng)
    checked = all_windows(takes, config.shape)
    print(
        f"{len(takes)} takes, {len(pool.y)} augmented windows, {len(checked.y)} to check: {time.monotonic() - begun:.0f} s"
    )
    held_out, _ = cross_validate(config, takes, pool, checked)
    temperature = evaluation.fit_temperature(held_out)
    result = evaluation.report(
        takes, held_out, temperature, config.threshold, config.seed
    )
    model = fit_network(config, pool, _pick(checked, ~checked.still), config.seed)
    config.out.mkdir(parents=True, exist_ok=True)
    path = config.out / f"{config.name}.tflite"
    metadata = model_file.describe(
        config.name, LABELS, config.duration, config.rate, config.threshold
    )
    model_file.write(path, export(model, temperature), metadata)
    result = {
        "model": model_file.read(path).info.model_id,
        **result,
        "data": counts(takes),
        "parameters": model.count_params(),
        "window": {"duration": config.duration, "rate": config.rate},
        "folds": config.folds,
        "seed": config.seed,
        "command": "./fitness train",
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    (config.out / f"{config.name}.evaluation.json").write_text(
        json.dumps(result, indent=1) + "\n"
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, or 2 for bad input."""
    here = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        prog="train", description="Fit the exercise classifier to labelled clips."
    )
    parser.add_argument(
        "--clips", type=Path, required=True, help="clips.csv beside its videos"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=here / "models",
        help="folder of the model (default: %(default)s)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache/ros2_fitness/poses",
        help="extracted landmarks",
    )
    parser.add_argument(
        "--name",
        default="exercise_lstm",
        help="name of the model (default: %(default)s)",
    )
    for name in ("folds", "epochs", "seed", "per_exercise", "other", "units"):
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=int,
            default=Config.__dataclass_fields__[name].default,
        )
    given = vars(parser.parse_args(arguments))
    try:
        result = fit(Config(**given))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    result["clips"].pop("what")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
