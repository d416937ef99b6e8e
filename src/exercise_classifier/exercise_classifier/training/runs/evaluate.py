"""The held-out evaluation alone: what `./fitness evaluate` does."""

import time
from pathlib import Path

from exercise_classifier.held_out import HeldOutLabels
from exercise_classifier.held_out import write as write_held_out
from exercise_classifier.training.models import fitting
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.runs.inputs import Data, Inputs, load
from exercise_classifier.training.takes.takes import counts


def evaluate(config: TrainingConfig, inputs: Inputs, command: str, labels: Path | None = None) -> dict:
    """The evaluation of a configuration: every window judged by a network that saw nothing of its source.

    labels: file for what they said, for `./fitness evaluate counts --held-out`. What is kept for resuming stays, until
    the caller forgets it.
    """
    fitting.prepare()
    begun = time.monotonic()
    data = load(config, inputs)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    fitting.say(experiment.told(data, pool, checked, begun))
    result, said = experiment.held_out_report(config, data, inputs, pool, checked)
    if labels is not None:
        write_labels(labels, config, data, said)
    return {
        "name": config.name,
        **result,
        "data": {"clips": counts(data.takes), "extra": counts(data.extra), "synthetic": counts(data.made)},
        "command": command,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def write_labels(path: Path, config: TrainingConfig, data: Data, said: evaluation.HeldOut) -> None:
    """Write what was said of held-out windows, for `./fitness evaluate counts --held-out`."""
    windows = said.windows
    names = tuple(take.name for take in data.takes)
    probabilities = evaluation.softmax(said.logits)
    labels = HeldOutLabels(
        windows.labels, names, windows.take, windows.end, probabilities, config.threshold, config.duration, config.name
    )
    write_held_out(path, labels)
