"""Data, windows and folds of one configuration, and its evaluation: what `fit`, `evaluate` and `tune` share."""

import difflib
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.training.data import dataset
from exercise_classifier.training.data.folds import LEAVE_ONE_OUT, folds_of, refuse_shared
from exercise_classifier.training.data.windows import (
    LABELS,
    Windows,
    all_windows,
    cut,
    exercises_of,
    joined,
    label_of,
    name_of,
    random_windows,
)
from exercise_classifier.training.models.config import OWN, TrainingConfig
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.results.evaluation import HeldOut
from exercise_classifier.training.results.summary import NOT_ASKED_FOR
from exercise_classifier.training.runs import baselines
from exercise_classifier.training.runs.cross_validation import Places, Split, cross_validate, formats
from exercise_classifier.training.synthetic import takes as synthetic
from exercise_classifier.training.synthetic.as_seen import as_seen
from exercise_classifier.training.takes.takes import SKIPPED, Take, read_stretches
from fitness_core.catalogue import NON_EXERCISES, Catalogue
from fitness_core.errors import InputError
from fitness_core.words import amount

NEVER_TESTED = ("synthetic", "mocap", "pose file")
"""Kinds of takes that are fitted to but in no test fold."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the takes come from: `clips`, a clips.csv (poses.csv and mocap.csv beside it are used too), or `data`, a
    folder that `./fitness dataset` wrote. cache: folder of extracted landmarks. resume: folder of what is finished of
    this run where it was interrupted, of nothing else. logs: folder for TensorBoard, None = none. jobs: folds at once.
    """

    cache: Path
    resume: Path
    clips: Path | None = None
    data: Path | None = None
    logs: Path | None = None
    jobs: int = 1

    @property
    def places(self) -> Places:
        """Where folds are kept."""
        return Places(self.resume, self.logs, self.jobs)


@dataclass(frozen=True, slots=True)
class Data:
    """Takes to test on and fit to, takes only to fit to (`extra`, `made` = synthetic), and the model's labels.

    not_shipped: exercise -> why the model does not have it. left_out: takes that could not be used, by why.
    """

    takes: list[Take]
    extra: list[Take]
    made: list[Take]
    labels: tuple[str, ...]
    not_shipped: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def fitted(self) -> list[Take]:
        """All that is fitted to, as `training_windows` numbers it."""
        return [*self.takes, *self.extra, *self.made]


def load(config: TrainingConfig, inputs: Inputs) -> Data:
    """The takes of a configuration. Raises InputError where there is too little to test on."""
    left_out: dict[str, int] = {}
    if inputs.data is not None:
        every = dataset.load(inputs.data)
        left_out = dataset.left_out(inputs.data)
    elif inputs.clips is not None:
        # What `./fitness dataset --clips` makes of it, so that both ways give the same model.
        found = dataset.collect(dataset.Config((), clips=inputs.clips, cache=inputs.cache))
        every = [take for take, _ in found.takes]
        left_out = dict(Counter(problem.problem for problem in found.problems))
    else:
        raise InputError("no data is given; give --clips clips.csv or --data DIR")
    takes = [take for take in every if not (take.synthetic or take.kind in NEVER_TESTED)]
    extra = [take for take in every if take.synthetic or take.kind in NEVER_TESTED]
    _check_patterns("relabel", config.relabel, every)
    _check_patterns("sources", config.sources, every)
    shown = {take.exercise for take in every}
    _refuse_misspelt("relabel", config.relabel.values(), shown)
    takes, extra = _relabelled(takes, config), _relabelled(extra, config)
    if config.stretches is not None:
        takes = _looked_at(takes, config.stretches)
    takes, extra, ambiguous = _regrouped(takes, extra, config)
    if ambiguous:
        left_out["ambiguous"] = left_out.get("ambiguous", 0) + ambiguous
    labels, not_shipped = _carried(takes, extra, config)
    if (people := len({take.group for take in takes})) < 2:
        raise InputError(
            f"the data is of {people} person or footage; testing on somebody unseen needs 2 or more: record another"
        )
    _refuse_misspelt("rejected", config.rejected, shown)
    for part in (config.shares or {}).values():
        _refuse_misspelt("shares", part, shown)
    if exercises_of(labels) and not set(exercises_of(labels)) - set(config.rejected):
        raise InputError(
            "configuration: rejected: every exercise of the data is; leave those out that a model shall name"
        )
    if not exercises_of(labels):
        unasked = sorted(set(exercises_of(tuple(map(name_of, shown)))) - set(config.labels or not_shipped))
        not_shipped = dict.fromkeys(unasked, "not among the configuration's labels; give yours, --config") | not_shipped
        reasons = "; ".join(f"{name}: {reason}" for name, reason in not_shipped.items())
        raise InputError(
            f"the data carries no exercise that a model could learn and be tested on ({reasons}); record more people, "
            "or ask for fewer with `min_test_sources` and `min_sources` of a --config: docs/train.md"
        )
    if config.mocap_as_seen:
        extra = [as_seen(take, config.seed) if take.kind == "mocap" else take for take in extra]
    made = synthetic.takes(config.synthetic, config.seed) if config.synthetic else []
    return Data(takes, extra, made, labels, not_shipped, left_out)


def _relabelled(takes: list[Take], config: TrainingConfig) -> list[Take]:
    def exercise(take: Take) -> str:
        return next((to for pattern, to in config.relabel.items() if fnmatch(take.name, pattern)), take.exercise)

    return [replace(take, exercise=exercise(take)) for take in takes]


def _looked_at(takes: list[Take], table: Path) -> list[Take]:
    """The takes with what a table says that they show when. Raises InputError for a name that no take has."""
    stretches = read_stretches(table)
    if lost := sorted({*stretches} - {take.name for take in takes}):
        raise InputError(
            f"stretches {table}: {', '.join(lost)}: no take of the data has this name; it has e.g. {takes[0].name}"
        )
    known = {*LABELS, *(take.exercise for take in takes), SKIPPED}
    for name, of in stretches.items():
        if wrong := sorted({stretch.exercise for stretch in of} - known):
            raise InputError(
                f"stretches {table}: {name}: {', '.join(wrong)} is not known; there are {', '.join(sorted(known))}"
            )
    return [replace(take, stretches=stretches.get(take.name, ())) for take in takes]


def _check_patterns(field: str, given: dict[str, str], takes: list[Take]) -> None:
    """Raise InputError for a pattern that matches no take; where none does, the data is not what they are for."""
    lost = [pattern for pattern in given if not any(fnmatch(take.name, pattern) for take in takes)]
    if lost and len(lost) < len(given):
        raise InputError(f"configuration: {field}: {', '.join(lost)} matches the name of no take")


def _regrouped(takes: list[Take], extra: list[Take], config: TrainingConfig) -> tuple[list[Take], list[Take], int]:
    """Takes of the sources that the configuration names; and how many extra ones are left out, because the takes that
    they shared a source with are now of several: nobody knows which of them they show.
    """

    def source(take: Take) -> str:
        named = next((to for pattern, to in config.sources.items() if fnmatch(take.name, pattern)), take.group)
        return f"take {take.name}" if named == OWN else named

    now = [replace(take, group=source(take)) for take in takes]
    moved = defaultdict(set)
    for before, after in zip(takes, now, strict=True):
        moved[before.group].add(after.group)
    kept = []
    for take in extra:
        of = moved.get(take.group, {take.group})
        if source(take) != take.group:
            kept.append(replace(take, group=source(take)))
        elif len(of) == 1:
            kept.append(replace(take, group=min(of)))
    return now, kept, len(extra) - len(kept)


def _carried(takes: list[Take], extra: list[Take], config: TrainingConfig) -> tuple[tuple[str, ...], dict[str, str]]:
    """The labels that enough people show, and why the others are not among them."""
    asked = config.labels or (*sorted({name_of(take.exercise) for take in takes} - {"other", "idle"}), "other", "idle")
    _refuse_misspelt("labels", asked, {take.exercise for take in (*takes, *extra)})
    tested, fitted = defaultdict(set), defaultdict(set)
    for take in takes:
        tested[label_of(take.exercise, asked)].add(take.group)
    for take in (*takes, *extra):
        fitted[label_of(take.exercise, asked)].add(take.group)
    reasons = {}
    for label in exercises_of(asked):
        if len(tested[label]) < config.min_test_sources:
            reasons[label] = f"{amount(len(tested[label]), 'source')} to test on, {config.min_test_sources} needed"
        elif len(fitted[label]) < config.min_sources:
            reasons[label] = f"{amount(len(fitted[label]), 'source')} to fit to, {config.min_sources} needed"
    return tuple(label for label in asked if label not in reasons), reasons


def _refuse_misspelt(field: str, labels: Iterable[str], shown: set[str]) -> None:
    """Raise InputError for a label that no take and no shipped exercise has: a fit without it would be in vain."""
    known = shown | set(Catalogue.load().names) | set(NON_EXERCISES)
    for label in labels:
        if label not in known:
            close = difflib.get_close_matches(label, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"they show: {', '.join(sorted(shown))}"
            raise InputError(f"configuration: {field}: label {label!r} is shown by no take; {hint}")


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
    windows = all_windows(data.takes, config.shape, 0.2, data.labels, FEATURE_SETS[config.features])
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
