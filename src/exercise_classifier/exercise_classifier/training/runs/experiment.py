"""Windows and folds of one configuration, and its evaluation: what `fit`, `evaluate` and `tune` share."""

import shutil
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np

from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.training.data.folds import LEAVE_ONE_OUT, folds_of, refuse_shared
from exercise_classifier.training.data.windows import (
    HOP,
    LABELS,
    Windows,
    all_windows,
    cut,
    exercises_of,
    joined,
    label_of,
    random_windows,
)
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.results.evaluation import HeldOut
from exercise_classifier.training.results.summary import NOT_ASKED_FOR
from exercise_classifier.training.runs import baselines
from exercise_classifier.training.runs.cross_validation import Split, cross_validate, formats
from exercise_classifier.training.runs.inputs import Data, Inputs
from exercise_classifier.training.takes.takes import Take
from fitness_core.errors import InputError
from fitness_core.words import amount


def training_windows(config: TrainingConfig, data: Data) -> Windows:
    """Augmented windows of the takes, of the extra takes and of the synthetic ones, behind each other."""
    rng = np.random.default_rng(config.seed)
    sources = {"clips": data.takes, "extra": data.extra, "synthetic": data.made}
    shares: dict[Any, dict[str, float]] = dict(config.shares or {}) or _equal_shares(sources, data.labels)
    asked = {label_of(name, data.labels) for of in shares.values() for name, share in of.items() if share}
    if lacking := sorted(set(data.labels) - asked):
        raise InputError(
            f"configuration: shares: none for {', '.join(lacking)}, which would never be fitted; give one, or leave it "
            "out of the labels"
        )
    parts, before, first = [], [], 0
    for part, source in sources.items():
        amounts: dict[str, int] = defaultdict(int)
        for name, share in shares.get(part, {}).items():
            amounts[label_of(name, data.labels)] += round(config.windows * share)
        if source:
            parts.append(random_windows(source, config.shape, amounts, rng, data.labels, FEATURE_SETS[config.features]))
            before.append(first)
        first += len(source)
    return joined(parts, before)


def _equal_shares(sources: dict[str, list[Take]], labels: tuple[str, ...]) -> dict[Any, dict[str, float]]:
    """Six windows of clips to two of extra and two of synthetic takes, where there are such; all labels alike."""
    parts = {part: weight for part, weight in (("clips", 0.6), ("extra", 0.2), ("synthetic", 0.2)) if sources[part]}
    whole = sum(parts.values()) * len(labels)
    return {part: dict.fromkeys(labels, weight / whole) for part, weight in parts.items()}


def forget(inputs: Inputs) -> None:
    """Remove what was kept for resuming: the run is done."""
    shutil.rmtree(inputs.resume, ignore_errors=True)


def split_of(config: TrainingConfig, data: Data, pool: Windows, checked: Windows) -> Split:
    """The folds of a configuration, and the sources of these windows. Raises InputError for a split that leaks."""
    refuse_shared(data.takes, data.extra)
    folds = folds_of(data.takes, config.folds, config.seed, data.labels, stopping=config.patience > 0)
    fitted, tested = (np.array([take.group for take in takes]) for takes in (data.fitted, data.takes))
    return Split(folds, fitted[pool.take], tested[checked.take])


def checked_windows(config: TrainingConfig, data: Data) -> Windows:
    """Every window of the takes that are tested on, as the classifier sees them.

    Raises InputError where none of an exercise can be judged.
    """
    windows = all_windows(data.takes, config.shape, HOP, data.labels, FEATURE_SETS[config.features])
    judged = {data.labels[number] for number in windows.y[~windows.still]}
    if not judged & {*exercises_of(data.labels)} - {*config.rejected}:
        raise InputError(
            f"no window of an exercise can be tested on: none of {config.duration:g} s holds "
            f"{config.shape.min_seen:g} s of a body that moves as its exercise does; give takes in which it does, or a "
            "longer `duration`"
        )
    return windows


def told(data: Data, pool: Windows, checked: Windows, begun: float) -> str:
    """What there is to fit to and to test on, in a line; begun: by the monotonic clock [s]."""
    return (
        f"{amount(len(data.takes), 'take')}, {len(data.extra)} extra and {len(data.made)} synthetic ones, "
        f"classes: {len(data.labels)}; {len(pool.y)} augmented windows, "
        f"{len(checked.y)} to check; {time.monotonic() - begun:.0f} s"
    )


def held_out_report(
    config: TrainingConfig, data: Data, inputs: Inputs, pool: Windows, checked: Windows
) -> tuple[dict, HeldOut]:
    """The evaluation: folds, temperature, figures, baselines; and the windows with what is said of them."""
    split = split_of(config, data, pool, checked)
    found = cross_validate(config, split, pool, checked, inputs.places)
    temperature = evaluation.fit_temperature(found.held_out)
    temperatures = evaluation.temperatures_of_others(found.held_out, split.folds)
    alone = evaluation.without(found.held_out, config.rejected, temperatures)
    held_out = evaluation.as_told(alone)
    result = evaluation.report(data.takes, held_out, 1.0, config.threshold, config.seed)
    compared = formats(found)
    return {
        **result,
        "temperature": round(temperature, 4),
        "network_alone": {"macro_f1": evaluation.macro_f1(alone), "n_windows_at_rest": int(checked.rests.sum())},
        **_beside(config, data, inputs, pool, checked, split, held_out),
        "not_shipped": data.not_shipped
        | {name: "held-out figures not good enough" for name in config.rejected if name in data.labels}
        | {name: NOT_ASKED_FOR for name in exercises_of(LABELS) if name not in {*data.labels, *data.not_shipped}},
        "formats": compared,
        "latency_ms": {"features": _feature_ms(config, data), "network": compared.get("float32", {}).get("ms")},
        "features": config.features,
        **config.networks_as_told(),
        "fit": config.fit_as_told(),
        "window": {"duration": config.duration, "rate": config.rate},
        "split": "leave-one-source-out" if config.folds == LEAVE_ONE_OUT else "grouped folds of sources",
        "folds": len(split.folds),
        "folds_of_an_interrupted_run": found.resumed,
        "seconds_per_epoch": found.seconds_per_epoch,
        "epochs": found.epochs,
        "seed": config.seed,
        "takes_left_out": data.left_out,
        "n_takes_looked_at": sum(bool(take.stretches) for take in data.takes),
    }, held_out


def _beside(
    config: TrainingConfig, data: Data, inputs: Inputs, pool: Windows, checked: Windows, split: Split, ours: HeldOut
) -> dict:
    """The baselines beside ours, on the same folds."""
    baseline, grouped = config.baseline, False
    if baseline is not None and config.folds == LEAVE_ONE_OUT and baseline.folds < len(split.folds):
        # Two large networks for each of many sources are hours of work.
        grouped = True
        config = config.model_copy(update={"folds": baseline.folds})
        split = split_of(config, data, pool, checked)
        found = cross_validate(config, split, pool, checked, inputs.places, "grouped fold").held_out
        temperatures = evaluation.temperatures_of_others(found, split.folds)
        ours = evaluation.as_told(evaluation.without(found, config.rejected, temperatures))
    # The baselines are on windows of other features, but of the same folds.
    of_folds = replace(split, pool_groups=split.checked_groups)
    return baselines.evaluate(config, data.takes, data.labels, of_folds, ours, inputs.places) | (
        {"on_folds_of_baselines": baselines.figures(config, data.takes, ours) | {"folds": len(split.folds)}}
        if grouped
        else {}
    )


def _feature_ms(config: TrainingConfig, data: Data) -> float:
    """Median time that the features of a window take [ms]."""
    compute, times = FEATURE_SETS[config.features].compute, []
    for take in data.takes[:20]:
        sequence = cut(take, float(take.stamps[-1]), config.shape)
        begun = time.perf_counter()
        compute(sequence)
        times.append(time.perf_counter() - begun)
    return round(1000 * float(np.median(times)), 3)
