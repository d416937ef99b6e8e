"""The held-out evaluation alone: `./fitness evaluate --clips ../shared/data/clips.csv [--json FILE] [--html FILE]`."""

import argparse
import json
import sys
import time
from pathlib import Path

from exercise_classifier.held_out import HeldOutLabels
from exercise_classifier.held_out import write as write_held_out
from exercise_classifier.training import evaluation, experiment, fit, fitting
from exercise_classifier.training.config import TrainingConfig
from exercise_classifier.training.experiment import Inputs
from exercise_classifier.training.page import page
from exercise_classifier.training.takes import counts
from fitness_core.errors import InputError


def evaluate(config: TrainingConfig, inputs: Inputs, command: str, labels: Path | None = None) -> dict:
    """The evaluation of a configuration: every window judged by a network that saw nothing of its source.

    labels: file for what they said, for `./fitness evaluate counts --held-out`.
    """
    fitting.prepare()
    begun = time.monotonic()
    data = experiment.load(config, inputs)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    result, found = experiment.held_out_report(config, data, inputs, pool, checked)
    if labels is not None:
        said = evaluation.without(found.held_out, config.rejected, result["temperature"])
        _write_labels(labels, config, data, evaluation.as_told(said))
    experiment.forget(inputs)
    return {
        "name": config.name,
        **result,
        "data": {"clips": counts(data.takes), "extra": counts(data.extra), "synthetic": counts(data.made)},
        "command": command,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def _write_labels(path: Path, config: TrainingConfig, data: experiment.Data, said: evaluation.HeldOut) -> None:
    windows = said.windows
    names = tuple(take.name for take in data.takes)
    probabilities = evaluation.softmax(said.logits)
    labels = HeldOutLabels(
        windows.labels, names, windows.take, windows.end, probabilities, config.threshold, config.duration, config.name
    )
    write_held_out(path, labels)


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, or 2 for bad input."""
    parser: argparse.ArgumentParser = fit.arguments_of("evaluate", "Say how a model does on people it has not seen.")
    parser.add_argument("--json", type=Path, help="write the evaluation as JSON (default: standard output)")
    parser.add_argument("--html", type=Path, help="write it as one page with plots")
    parser.add_argument("--held-out", type=Path, help="write the labels for `evaluate counts --held-out` (.npz)")
    given = parser.parse_args(arguments)
    try:
        config, inputs = fit.read(given)
        result = evaluate(config, inputs, fit.command_of(given, "evaluate"), given.held_out)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = json.dumps(result, indent=1) + "\n"
    if given.html is not None:
        given.html.write_text(page(result))
    if given.json is not None:
        given.json.write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
