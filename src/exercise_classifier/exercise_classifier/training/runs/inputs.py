"""The takes and the labels of one configuration: what is read, and what the configuration makes of it."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

from exercise_classifier.training.data import dataset
from exercise_classifier.training.data.windows import LABELS, exercises_of, label_of, name_of
from exercise_classifier.training.models.config import OWN, TrainingConfig
from exercise_classifier.training.runs.cross_validation import Places
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
    every, left_out = _read(inputs)
    _check_patterns("relabel", config.relabel, every)
    _check_patterns("sources", config.sources, every)
    shown = {take.exercise for take in every}
    _refuse_misspelt("relabel", config.relabel.values(), shown)
    every = _relabelled(every, config)
    takes = [take for take in every if not _never_tested(take)]
    extra = [take for take in every if _never_tested(take)]
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
    _refuse_nothing_to_name(config, labels, not_shipped, shown)
    if config.mocap_as_seen:
        extra = [as_seen(take, config.seed) if take.kind == "mocap" else take for take in extra]
    made = synthetic.takes(config.synthetic, config.seed) if config.synthetic else []
    return Data(takes, extra, made, labels, not_shipped, left_out)


def _read(inputs: Inputs) -> tuple[list[Take], dict[str, int]]:
    """All usable takes, and how many are none, by why."""
    if inputs.data is not None:
        return dataset.load(inputs.data), dataset.left_out(inputs.data)
    if inputs.clips is None:
        raise InputError("no data is given; give --clips clips.csv or --data DIR")
    # What `./fitness dataset --clips` makes of it, so that both ways give the same model.
    found = dataset.collect(dataset.Config((), clips=inputs.clips, cache=inputs.cache))
    return [take for take, _ in found.takes], dict(Counter(problem.problem for problem in found.problems))


def _never_tested(take: Take) -> bool:
    return take.synthetic or take.kind in NEVER_TESTED


def _refuse_nothing_to_name(
    config: TrainingConfig, labels: tuple[str, ...], not_shipped: dict[str, str], shown: set[str]
) -> None:
    """Raise InputError where no exercise is left that a model could name. shown: exercises of all takes."""
    if set(exercises_of(labels)) - set(config.rejected):
        return
    if exercises_of(labels):
        raise InputError(
            "configuration: rejected: every exercise of the data is; leave those out that a model shall name"
        )
    unasked = sorted(set(exercises_of(tuple(map(name_of, shown)))) - set(config.labels or not_shipped))
    not_shipped = dict.fromkeys(unasked, "not among the configuration's labels; give yours, --config") | not_shipped
    reasons = "; ".join(f"{name}: {reason}" for name, reason in not_shipped.items())
    raise InputError(
        f"the data carries no exercise that a model could learn and be tested on ({reasons}); record more people, "
        "or ask for fewer with `min_test_sources` and `min_sources` of a --config: docs/train.md"
    )


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
