"""Fit the shipped model: `./fitness train --clips ../shared/data/clips.csv`.

Leave-sources-out folds give the honest numbers and the temperature; then one fit on everything is exported to LiteRT.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from exercise_classifier import model_file
from exercise_classifier.training import evaluation, experiment, fitting, litert
from exercise_classifier.training.card import card
from exercise_classifier.training.config import TrainingConfig, load_config
from exercise_classifier.training.experiment import Inputs
from exercise_classifier.training.fitting import Fit, say
from exercise_classifier.training.folds import LEAVE_ONE_OUT
from exercise_classifier.training.takes import counts
from fitness_core.errors import InputError

_CACHE = Path.home() / ".cache/ros2_fitness"
_OVERRIDES = ("name", "folds", "epochs", "seed", "windows", "synthetic")


def fit(config: TrainingConfig, inputs: Inputs, out: Path, command: str, evaluated: Path | None = None) -> dict:
    """Fit, evaluate, export; returns the evaluation. Writes <name>.tflite, .evaluation.json, .card.md to `out`.

    evaluated: what an earlier run of the same configuration on the same data wrote; no folds are fitted then.
    """
    fitting.prepare()
    begun = time.monotonic()
    data = experiment.load(config, inputs)
    of_data = {"clips": counts(data.takes), "extra": counts(data.extra), "synthetic": counts(data.made)}
    known = None if evaluated is None else _read_evaluation(evaluated, config, data.labels, of_data)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    say(
        f"{len(data.takes)} takes, {len(data.extra)} extra and {len(data.made)} synthetic ones, "
        f"{len(data.labels)} classes: {len(pool.y)} augmented windows, "
        f"{len(checked.y)} to check; {time.monotonic() - begun:.0f} s"
    )
    result = known or {
        **experiment.held_out_report(config, data, inputs, pool, checked)[0],
        "data": of_data,
        "command": command,
    }
    # Keras numbers its layers: the names in the model shall not tell how many networks were built before it.
    keras.backend.clear_session()
    how = Fit("final fit", inputs.resume / f"{fitting.key_of(config, pool)}-final.checkpoint", inputs.logs)
    model, *_ = fitting.fit_network(config, pool, np.arange(len(pool.y)), None, config.seed, result["epochs"], how)
    quantized = _int8_ships(config, result["formats"])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{config.name}.tflite"
    labels, merging = evaluation.merging(data.labels, config.rejected)
    metadata = model_file.describe(config.name, labels, config.duration, config.rate, config.threshold, config.features)
    network = litert.export(model, result["temperature"], quantized, merging)
    model_file.write(path, network, metadata)
    _, milliseconds = litert.run(network, checked.x[:300])
    result = {
        **result,
        "name": config.name,
        "model": model_file.read(path).info.model_id,
        "format": "int8" if quantized else "float32",
        "ms": round(milliseconds, 3),
        "parameters": model.count_params(),
        "fitted_by": command,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    (out / f"{config.name}.evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / f"{config.name}.card.md").write_text(card(result))
    experiment.forget(inputs)
    return result


def _read_evaluation(path: Path, config: TrainingConfig, labels: tuple[str, ...], data: dict) -> dict:
    """An evaluation that was written before. Raises InputError for one of another configuration or of other data."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"--evaluated {path} cannot be read ({error}); give a <name>.evaluation.json") from None
    wanted = {
        "classes": list(evaluation.merging(labels, config.rejected)[0]),
        "features": config.features,
        "network": config.network.model_dump(mode="json", exclude_none=True),
        "window": {"duration": config.duration, "rate": config.rate},
        "seed": config.seed,
        "data": data,
    }
    if not isinstance(found, dict):
        found = {}
    lacks = [name for name in (*wanted, "temperature", "epochs", "formats") if name not in found]
    other = [name for name, value in wanted.items() if name not in lacks and found[name] != value]
    if lacks or other:
        what = f"has no {', '.join(lacks)}" if lacks else f"is of another one: {', '.join(other)} differ"
        raise InputError(f"--evaluated {path} {what}; leave the option out, and the folds are fitted")
    return found


def _int8_ships(config: TrainingConfig, formats: dict) -> bool:
    """int8 where it is as accurate on held-out windows (within 0.2 points) and a fifth faster."""
    if config.quantize != "auto" or not formats:
        return config.quantize == "always"
    float32, int8 = formats["float32"], formats["int8"]
    return int8["accuracy"] >= float32["accuracy"] - 0.002 and int8["ms"] <= 0.8 * float32["ms"]


def arguments_of(program: str, description: str) -> argparse.ArgumentParser:
    """The options that fitting and evaluating share."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--clips", type=Path, help="clips.csv beside its videos")
    parser.add_argument("--data", type=Path, help="folder that `./fitness dataset` wrote")
    parser.add_argument("--config", help="YAML file, or the name of one that ships (default: the shipped model's)")
    parser.add_argument("--cache", type=Path, default=_CACHE / "poses", help="extracted landmarks")
    parser.add_argument("data_folder", metavar="DIR", type=Path, nargs="?", help="the same as --data DIR")
    parser.add_argument(
        "--leave-one-source-out", action="store_true", help="every source a fold of its own (--folds 0)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="folds at a time (default: the cores)")
    parser.add_argument("--logs", type=Path, help="folder for TensorBoard")
    parser.add_argument("--baseline", action="store_true", help="fit the existing system's two on the same folds too")
    for name in _OVERRIDES:
        kind = str if name == "name" else int
        parser.add_argument(f"--{name}", type=kind, help="instead of the configuration's")
    return parser


def read(given: argparse.Namespace) -> tuple[TrainingConfig, Inputs]:
    """Configuration and inputs that were given. Raises InputError."""
    if given.data_folder is not None and given.data is not None:
        raise InputError("two datasets are given; give one, as DIR or with --data DIR")
    given.data = given.data or given.data_folder
    if (given.clips is None) == (given.data is None):
        raise InputError("give either --clips clips.csv or --data DIR, one of them")
    if given.jobs < 1:
        raise InputError(f"--jobs {given.jobs}: 1 or more folds are fitted at a time")
    if given.leave_one_source_out:
        if given.folds:
            raise InputError(f"--leave-one-source-out and --folds {given.folds} contradict each other; give one")
        given.folds = LEAVE_ONE_OUT
    overrides = {name: value for name in _OVERRIDES if (value := getattr(given, name)) is not None}
    if given.baseline:
        overrides["baseline"] = {}
    config = load_config(given.config, **overrides)
    run = f"{config.model_dump_json()} {(given.clips or given.data).resolve()}"
    resume = _CACHE / "training" / hashlib.sha256(run.encode()).hexdigest()[:16]
    return config, Inputs(given.cache, resume, given.clips, given.data, given.logs, given.jobs)


def command_of(given: argparse.Namespace, name: str) -> str:
    """The command line that gives the same result."""
    what = (
        f"--clips {experiment.folder_of([given.clips])}"
        if given.clips
        else f"--data {experiment.folder_of([given.data])}"
    )
    more = [
        f"--{option} {value}"
        for option in ("config", *_OVERRIDES)
        if (value := getattr(given, option)) is not None and not (option == "folds" and given.leave_one_source_out)
    ]
    flags = [f"--{flag.replace('_', '-')}" for flag in ("leave_one_source_out", "baseline") if getattr(given, flag)]
    return " ".join([f"./fitness {name}", what, *more, *flags])


def _tune(given: argparse.Namespace, config: TrainingConfig, inputs: Inputs) -> int:
    if given.tune < 1:
        raise InputError(f"--tune {given.tune}: give how many settings to try, 1 or more")
    from exercise_classifier.training.tune import tune

    # A search is no part of a training that was interrupted.
    inputs = replace(inputs, resume=inputs.resume.with_name(f"{inputs.resume.name}-tune"))
    command = f"{command_of(given, 'train')} --tune {given.tune}"
    print(json.dumps(tune(config, inputs, given.tune, given.tuned, command), indent=1))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, or 2 for bad input."""
    parser = arguments_of("train", "Fit the exercise classifier to labelled takes.")
    models = Path(__file__).resolve().parents[2] / "models"
    parser.add_argument("--out", type=Path, default=models, help="folder of the model (default: the shipped ones')")
    parser.add_argument(
        "--evaluated",
        type=Path,
        metavar="JSON",
        help="the <name>.evaluation.json of an earlier run on the same data: fit the model only, no folds",
    )
    parser.add_argument("--tune", type=int, metavar="N", help="fit nothing: search so many settings, write the best")
    parser.add_argument("--tuned", type=Path, default=Path("tuned.yaml"), help="where --tune writes its configuration")
    given = parser.parse_args(arguments)
    try:
        config, inputs = read(given)
        if given.tune is not None:
            return _tune(given, config, inputs)
        command = command_of(given, "train")
        if given.evaluated is not None:
            command += f" --evaluated {experiment.folder_of([given.evaluated])}"
            # The folds that an interrupted training has kept are not this one's to remove.
            inputs = replace(inputs, resume=inputs.resume.with_name(f"{inputs.resume.name}-fit"))
        result = fit(config, inputs, given.out, command, given.evaluated)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    result["clips"].pop("what")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
