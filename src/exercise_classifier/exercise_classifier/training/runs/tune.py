"""`./fitness train --tune N`: searches the network's kind, size, dropout and learning rate over grouped folds.

Each trial is a cross-validation: its loss is that of windows of sources that its networks did not see. Made with
KerasTuner's Bayesian optimisation (https://keras.io/keras_tuner); an interrupted search goes on where it was.
"""

import contextlib
import os
import sys
from pathlib import Path

import keras_tuner

from exercise_classifier.training.data.folds import LEAVE_ONE_OUT
from exercise_classifier.training.models import fitting
from exercise_classifier.training.models.config import NetworkConfig, TrainingConfig
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.runs.cross_validation import cross_validate
from exercise_classifier.training.runs.inputs import Inputs, load
from fitness_core.command_line import write_file
from fitness_core.errors import InputError
from fitness_core.yaml_text import dump

FOLDS = 5
"""Of a search, where the configuration leaves one source out: that would cost too much."""

SIZES = {
    "lstm": (1.0, 1.5),
    "attention_lstm": (1.0, 1.5, 0.5),
    "temporal_convolution": (1.0, 1.0, 1.0),
}
"""Networks that are tried: sizes of their layers as multiples of one width."""

WIDTHS = (16, 32, 48, 64, 96)


def tune(config: TrainingConfig, inputs: Inputs, trials: int, out: Path, command: str) -> dict:
    """Search; writes the best to `out`, a YAML file that `train --config` takes. Returns what was found."""
    fitting.prepare()
    folds = config.folds
    if folds == LEAVE_ONE_OUT:
        config = config.model_copy(update={"folds": FOLDS})
    data = load(config, inputs)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    split = experiment.split_of(config, data, pool, checked)

    class Search(keras_tuner.BayesianOptimization):
        """One trial is one cross-validation."""

        def run_trial(self, trial: keras_tuner.engine.trial.Trial, **_: object) -> float:
            """The held-out log-loss, calibrated, every source weighing the same."""
            tried = tried_config(config, trial.hyperparameters)
            what = f"trial {int(trial.trial_id) + 1}/{trials}, fold"
            try:
                found = cross_validate(tried, split, pool, checked, inputs.places, what)
            except InputError as error:
                # Else it is a trial that failed, and its reason is in a traceback.
                raise keras_tuner.errors.FatalError(str(error)) from error
            loss = evaluation.log_loss(found.held_out, evaluation.fit_temperature(found.held_out))
            fitting.say(f"trial {int(trial.trial_id) + 1}/{trials}: loss {loss:.4f}, {described(tried)}")
            return loss

    # What KerasTuner prints of itself is no result.
    with contextlib.redirect_stdout(sys.stderr):
        search = Search(
            objective=keras_tuner.Objective("val_loss", "min"),
            max_trials=trials,
            seed=config.seed,
            directory=str(inputs.resume),
            # Trials of other data or folds, as before a correction, say nothing about these.
            project_name=f"tuner-{fitting.key_of(config, pool, checked)}-{split.key}",
            max_consecutive_failed_trials=1,
        )
        try:
            search.search(verbose=0)
        except keras_tuner.errors.FatalError as error:
            raise InputError(str(error)) from None
    (best,) = search.oracle.get_best_trials(1)
    chosen = tried_config(config, best.hyperparameters)
    # What chose it is no test of it: the card of its model says so.
    about = f"Chosen by held-out loss among {trials} settings on folds of its own data: figures of these flatter it."
    written = chosen.model_copy(update={"folds": folds, "about": f"{config.about}\n{about}".strip()})
    values = written.model_dump(mode="json", exclude_none=True)
    if chosen.stretches is not None:
        values["stretches"] = os.path.relpath(chosen.stretches, out.parent)
    head = f"# Found by `{command}`: held-out log-loss {best.score:.4f}, the best of {trials} trials.\n"
    write_file(out, head + dump(values))
    experiment.forget(inputs)
    return {"config": str(out), "loss": round(float(best.score), 4), "trials": trials, "found": described(chosen)}


def tried_config(config: TrainingConfig, values: keras_tuner.HyperParameters) -> TrainingConfig:
    """The configuration of a trial; asks KerasTuner for each value."""
    kind = values.Choice("kind", list(SIZES))
    width = values.Choice("width", list(WIDTHS))
    dropout = values.Float("dropout", 0.2, 0.6, step=0.1)
    rate = values.Float("learning_rate", 5e-4, 1e-2, sampling="log")
    sizes = tuple(round(width * share) for share in SIZES[kind])
    network = NetworkConfig(kind=kind, sizes=sizes, dropout=round(dropout, 2))
    return config.model_copy(update={"network": network, "ensemble": (), "learning_rate": float(f"{rate:.2g}")})


def described(config: TrainingConfig) -> str:
    """The searched values, in words."""
    of = config.network
    return f"{of.kind} {list(of.sizes or ())}, dropout {of.dropout}, learning rate {config.learning_rate}"
