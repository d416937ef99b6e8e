"""Fit a model that can ship: what `./fitness train` does.

Leave-sources-out folds give the honest numbers and the temperature; then one fit on everything is exported to LiteRT.
"""

import json
import time
from pathlib import Path

import keras
import numpy as np

from exercise_classifier import model_file
from exercise_classifier.training.models import fitting, litert
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.models.fitting import Fit, say
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.results.model_card import card
from exercise_classifier.training.results.summary import summary
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.runs.evaluate import write_labels
from exercise_classifier.training.runs.inputs import Inputs, load
from exercise_classifier.training.takes.takes import counts
from fitness_core.command_line import write_file
from fitness_core.errors import InputError

# What a fit adds to an evaluation, before it.
_NOT_FITTED: dict[str, str | int] = dict.fromkeys(("name", "about", "model", "format", "fitted_by"), "")
_NOT_FITTED |= dict.fromkeys(("ms", "parameters", "minutes"), 0)


def fit(
    config: TrainingConfig,
    inputs: Inputs,
    out: Path,
    command: str,
    evaluated: Path | None = None,
    held_out: Path | None = None,
) -> dict:
    """Fit, evaluate, export; returns the evaluation. Writes <name>.tflite, .evaluation.json, .card.md to `out`.

    evaluated: what an earlier run of the same configuration on the same data wrote; no folds are fitted then.
    held_out: file for what the folds said, as `evaluate` writes it.
    """
    fitting.prepare()
    begun = time.monotonic()
    data = load(config, inputs)
    of_data = {"clips": counts(data.takes), "extra": counts(data.extra), "synthetic": counts(data.made)}
    known = None if evaluated is None else _read_evaluation(evaluated, config, data.labels, of_data)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    say(experiment.told(data, pool, checked, begun))
    if known is None:
        report, said = experiment.held_out_report(config, data, inputs, pool, checked)
        if held_out is not None:
            write_labels(held_out, config, data, said)
        known = {**report, "data": of_data, "command": command}
    result = known
    # Keras numbers its layers: the names in the model shall not tell how many networks were built before it.
    keras.backend.clear_session()
    epochs = result["epochs"]
    # Of another evaluation a fit may have gone on for longer.
    kept = inputs.resume / f"{fitting.key_of(config, pool)}-final-{epochs}.checkpoint"
    how = Fit("final fit", kept, inputs.logs)
    model, *_ = fitting.fit_network(config, pool, np.arange(len(pool.y)), None, config.seed, epochs, how)
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
        "about": config.about,
        "model": model_file.read(path).info.model_id,
        "format": "int8" if quantized else "float32",
        "ms": round(milliseconds, 3),
        "parameters": model.count_params(),
        "fitted_by": command,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    write_file(out / f"{config.name}.evaluation.json", json.dumps(result, indent=1) + "\n")
    write_file(out / f"{config.name}.card.md", card(result))
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
        **config.networks_as_told(),
        "window": {"duration": config.duration, "rate": config.rate},
        "seed": config.seed,
        "confidence_threshold": config.threshold,
        "data": data,
    }
    if not isinstance(found, dict):
        found = {}
    # An evaluation of before there were ensembles is of one network; of before they said so, of any fit.
    found = {"ensemble": [], "fit": {}} | found
    lacks = [name for name in (*wanted, "temperature", "epochs", "formats") if name not in found]
    other = [name for name, value in wanted.items() if name not in lacks and found[name] != value]
    other += [name for name, value in config.fit_as_told().items() if found["fit"].get(name, value) != value]
    if lacks or other:
        what = f"has no {', '.join(lacks)}" if lacks else f"is of another one: {', '.join(other)} differ"
        raise InputError(f"--evaluated {path} {what}; leave the option out, and the folds are fitted")
    try:
        # As after the fit, which is in vain where it cannot be told of.
        result = found | _NOT_FITTED
        _int8_ships(config, found["formats"]), card(result), summary(result, [])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else f"is damaged ({error})"
        raise InputError(f"--evaluated {path} {what}; leave the option out, and the folds are fitted") from None
    return found


def _int8_ships(config: TrainingConfig, formats: dict) -> bool:
    """int8 where it is as accurate on held-out windows (within 0.2 points) and a fifth faster."""
    if config.quantize != "auto" or not formats:
        return config.quantize == "always"
    float32, int8 = formats["float32"], formats["int8"]
    return int8["accuracy"] >= float32["accuracy"] - 0.002 and int8["ms"] <= 0.8 * float32["ms"]
