"""The existing system's networks on its raw 132 values, fitted and tested on the same folds as ours."""

import numpy as np

from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.training.data.windows import HOP, all_windows
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.results.evaluation import HeldOut
from exercise_classifier.training.runs.cross_validation import Places, Split, cross_validate
from exercise_classifier.training.takes.takes import Take

_KEPT = ("macro_f1", "macro_f1_95", "accuracy", "accuracy_95", "ece", "n_windows", "n_sources")


def figures(config: TrainingConfig, takes: list[Take], held_out: HeldOut) -> dict:
    """What is compared, of calibrated logits."""
    result = evaluation.report(takes, held_out, 1.0, config.threshold, config.seed)
    return {key: result[key] for key in _KEPT}


def evaluate(
    config: TrainingConfig, takes: list[Take], labels: tuple[str, ...], split: Split, ours: HeldOut, places: Places
) -> dict:
    """What the evaluation says of them: `baselines` by name, and `baseline_macro_f1`, that of the last one.

    split: of the windows of `takes`. ours: the windows and calibrated logits that they are compared with.
    """
    given = config.baseline
    if given is None or not given.epochs or not given.systems:
        return {"baseline_macro_f1": None, "baseline": "left out: `baseline` of the configuration is not set"}
    windows = all_windows(takes, config.shape, HOP, labels, FEATURE_SETS["raw132"])
    moving = np.flatnonzero(~windows.still)
    chosen = np.sort(np.random.default_rng(config.seed).permutation(moving)[: given.windows])
    pool = windows.of(chosen)
    split = Split(split.folds, split.checked_groups[chosen], split.checked_groups)
    results = {}
    for name, network in given.systems.items():
        of = config.model_copy(
            update={
                "features": "raw132",
                "network": network,
                "ensemble": (),
                "epochs": given.epochs,
                "batch": given.batch,
                "learning_rate": given.learning_rate,
                "patience": given.patience,
                "schedule": "plateau",
                "baseline": None,
            }
        )
        found = cross_validate(of, split, pool, windows, places, f"{name} fold")
        # Calibrated like ours.
        temperatures = evaluation.temperatures_of_others(found.held_out, split.folds)
        held_out = evaluation.without(found.held_out, config.rejected, temperatures)
        results[name] = {
            "network": network.model_dump(mode="json", exclude_none=True),
            **figures(config, takes, held_out),
            "epochs": found.epochs,
            "seconds_per_epoch": found.seconds_per_epoch,
            "ours_above": evaluation.difference(ours, held_out, config.seed),
        }
    last = results[[*results][-1]]
    return {
        "baseline_macro_f1": last["macro_f1"],
        "baseline": {
            "what": "the existing system's networks on its raw 132 values, on the same folds, windows and classes",
            "cap": f"fitted to {len(pool.y)} windows of the clips as filmed (less what a fold tests and stops by; no "
            f"augmentation, no extra or synthetic takes), at most {given.epochs} epochs, "
            + (f"patience {given.patience}" if config.patience and given.patience else "none of them stopped early"),
        },
        "baselines": results,
    }
