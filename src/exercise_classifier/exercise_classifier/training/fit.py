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
from exercise_classifier.training import evaluation, networks, synthetic
from exercise_classifier.training.card import card
from exercise_classifier.training.evaluation import HeldOut
from exercise_classifier.training.extras import load_extras
from exercise_classifier.training.takes import Take, counts, groups_of, load_takes, owner_of, read_clips
from exercise_classifier.training.windows import LABELS, Shape, Windows, all_windows, joined, random_windows
from fitness_core.errors import InputError

SHARES = {
    "clips": {"curl": 0.09, "press": 0.09, "squat": 0.09, "other": 0.28},
    "extra": {"press": 0.025, "squat": 0.045, "other": 0.095},
    "synthetic": {"curl": 0.06, "press": 0.06, "squat": 0.045, "other": 0.12},
}
"""Share of the windows to fit to, by where they come from and class."""


@dataclass(frozen=True, slots=True)
class Config:
    """What is fitted to what.

    clips: a clips.csv; poses.csv and mocap.csv beside it are used where they are. out: folder of the model and its
    evaluation. cache: folder of extracted landmarks. windows: augmented windows to fit to, half of them of clips.
    synthetic: takes per exercise. Same values, same result.
    """

    clips: Path
    out: Path
    cache: Path
    name: str = "exercise_lstm"
    duration: float = 2.0
    rate: float = 15.0
    units: int = 64
    folds: int = 5
    windows: int = 32000
    synthetic: int = 400
    epochs: int = 8
    batch: int = 256
    threshold: float = 0.5
    seed: int = 1

    @property
    def shape(self) -> Shape:
        """Of a window."""
        return Shape(self.duration, self.rate)


def fit_network(
    config: Config, training: Windows, checked: Windows | None, seed: int, epochs: int
) -> tuple[keras.Model, int]:
    """Fit one network; returns it and how many epochs it took.

    checked: windows of sources that are not fitted to; where given they stop it early, and the best weights stay.
    """
    keras.utils.set_random_seed(seed)
    model = networks.build_lstm(config.shape.steps, len(LABELS), config.units)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, config.epochs * (len(training.y) // config.batch + 1), 0.05)
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
    )
    stop = keras.callbacks.EarlyStopping("val_loss", patience=4, restore_best_weights=True)
    share = np.bincount(training.y, minlength=len(LABELS)) / len(training.y)
    # Half of the way to equal weights: `other` is many things and may weigh more than one exercise.
    weight = {number: 0.5 + 0.5 / (len(LABELS) * max(float(value), 1e-3)) for number, value in enumerate(share)}
    history = model.fit(
        training.x,
        _one_hot(training.y),
        validation_data=None if checked is None else (checked.x, _one_hot(checked.y)),
        epochs=epochs,
        batch_size=config.batch,
        class_weight=weight,
        callbacks=[] if checked is None else [stop],
        verbose=0,
    )
    return model, int(np.argmin(history.history["val_loss"])) + 1 if checked is not None else epochs


def _one_hot(y: np.ndarray) -> np.ndarray:
    return np.eye(len(LABELS), dtype=np.float32)[y]


def logits_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Logits [n, classes]."""
    return keras.Model(model.input, model.get_layer("logits").output).predict(x, batch_size=512, verbose=0)


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
    config: Config, takes: list[Take], others: list[Take], pool: Windows, checked: Windows
) -> tuple[HeldOut, int]:
    """Logits of every clip window by a network that saw nothing of its group; and the median number of best epochs.

    pool: windows to fit to, of `takes` and, behind these, of `others`, which are never tested.
    """
    fold_of = evaluation.folds(takes, config.folds, config.seed)
    pool_fold = evaluation.folds_of_all(takes, fold_of, others)[pool.take]
    logits = np.zeros((len(checked.y), len(LABELS)), np.float32)
    epochs = []
    for fold in range(config.folds):
        begun = time.monotonic()
        # The next fold stops the training early; neither it nor the tested fold is fitted to.
        stop = (fold + 1) % config.folds
        fitted = ~np.isin(pool_fold, (fold, stop))
        stopping = (fold_of[checked.take] == stop) & ~checked.still
        model, best = fit_network(
            config, _pick(pool, fitted), _pick(checked, stopping), config.seed + fold, config.epochs
        )
        epochs.append(best)
        tested = fold_of[checked.take] == fold
        logits[tested] = logits_of(model, checked.x[tested])
        right = (logits.argmax(axis=1) == checked.y)[tested & ~checked.still]
        print(
            f"fold {fold + 1}/{config.folds}: {tested.sum()} windows of "
            f"{len({takes[n].group for n in checked.take[tested]})} sources, accuracy {right.mean():.3f}, "
            f"{best} epochs, {time.monotonic() - begun:.0f} s",
            flush=True,
        )
        keras.backend.clear_session()
    groups = np.array([takes[n].group for n in checked.take])
    return HeldOut(checked, logits, groups), int(np.median(epochs))


def training_windows(
    config: Config, takes: list[Take], extra: list[Take], made: list[Take], rng: np.random.Generator
) -> Windows:
    """Augmented windows of the clips, of the extra takes and of the synthetic ones, behind each other."""
    parts, before, first = [], [], 0
    for part, of in SHARES.items():
        source = {"clips": takes, "extra": extra, "synthetic": made}[part]
        if source:
            amounts = {label: round(config.windows * share) for label, share in of.items()}
            parts.append(random_windows(source, config.shape, amounts, rng))
            before.append(first)
        first += len(source)
    return joined(parts, before)


def fit(config: Config) -> dict:
    """Fit, evaluate, export; returns the evaluation. Writes <name>.tflite, .evaluation.json, .card.md to config.out."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    begun = time.monotonic()
    takes = load_takes(config.clips, config.cache)
    rows = read_clips(config.clips)
    groups = groups_of(rows)
    extra = load_extras(config.clips.parent, {owner_of(row["source"]): groups[row["file"]] for row in rows})
    made = synthetic.takes(config.synthetic, config.seed) if config.synthetic else []
    pool = training_windows(config, takes, extra, made, np.random.default_rng(config.seed))
    checked = all_windows(takes, config.shape)
    print(
        f"{len(takes)} clips, {len(extra)} other and {len(made)} synthetic takes: {len(pool.y)} augmented windows, "
        f"{len(checked.y)} to check; {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    held_out, epochs = cross_validate(config, takes, extra + made, pool, checked)
    temperature = evaluation.fit_temperature(held_out)
    result = evaluation.report(takes, held_out, temperature, config.threshold, config.seed)
    model, _ = fit_network(config, pool, None, config.seed, epochs)
    config.out.mkdir(parents=True, exist_ok=True)
    path = config.out / f"{config.name}.tflite"
    metadata = model_file.describe(config.name, LABELS, config.duration, config.rate, config.threshold)
    model_file.write(path, export(model, temperature), metadata)
    result = {
        "name": config.name,
        "model": model_file.read(path).info.model_id,
        **result,
        "data": {"clips": counts(takes), "extra": counts(extra), "synthetic": counts(made)},
        "parameters": model.count_params(),
        "units": config.units,
        "window": {"duration": config.duration, "rate": config.rate},
        "folds": config.folds,
        "epochs": epochs,
        "seed": config.seed,
        "command": f"./fitness train --clips {os.path.relpath(config.clips)}",
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    (config.out / f"{config.name}.evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    (config.out / f"{config.name}.card.md").write_text(card(result))
    return result


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, or 2 for bad input."""
    here = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="train", description="Fit the exercise classifier to labelled clips.")
    parser.add_argument("--clips", type=Path, required=True, help="clips.csv beside its videos")
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
    for name in ("folds", "epochs", "seed", "windows", "synthetic", "units"):
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
