"""How good a classifier is on people and footage that it was not fitted to."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from exercise_classifier.training.takes import Take
from exercise_classifier.training.windows import LABELS, Windows


def folds(takes: list[Take], number: int, seed: int = 0) -> np.ndarray:
    """Fold of each take: groups stay whole, every class is spread evenly (greedy, largest groups first)."""
    groups: dict[str, Counter] = {}
    for take in takes:
        groups.setdefault(take.group, Counter())[_label(take)] += 1
    totals = Counter[str]()
    for counts in groups.values():
        totals.update(counts)
    order = np.random.default_rng(seed).permutation(len(groups))
    names = [sorted(groups)[n] for n in order]
    names.sort(key=lambda name: -sum(groups[name][label] / totals[label] for label in totals))
    load: list[Counter] = [Counter() for _ in range(number)]
    fold_of = {}
    for name in names:
        cost = [
            sum(((load[f][label] + groups[name][label]) / totals[label]) ** 2 for label in totals)
            - sum((load[f][label] / totals[label]) ** 2 for label in totals)
            for f in range(number)
        ]
        fold_of[name] = int(np.argmin(cost))
        load[fold_of[name]].update(groups[name])
    return np.array([fold_of[take.group] for take in takes])


def folds_of_all(clips: list[Take], fold_of: np.ndarray, others: list[Take]) -> np.ndarray:
    """Folds of clips and of takes that are never tested: -1, or the fold of the clips that one shares its group with.

    A pose file of a repository whose videos are among the clips may show the same person.
    """
    by_group = {take.group: int(fold) for take, fold in zip(clips, fold_of, strict=True)}
    return np.concatenate([fold_of, np.array([by_group.get(take.group, -1) for take in others], int)])


def _label(take: Take) -> str:
    return take.exercise if take.exercise in LABELS else "other"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Windows with the logits [n, classes] of a model that saw no window of their groups; groups: [n]."""

    windows: Windows
    logits: np.ndarray
    groups: np.ndarray


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities [n, classes]."""
    scaled = logits / temperature
    exponent = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return exponent / exponent.sum(axis=1, keepdims=True)


def fit_temperature(held_out: HeldOut) -> float:
    """The temperature of the smallest held-out log-loss, every source weighing the same.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    moving = ~held_out.windows.still
    logits, y, groups = (
        held_out.logits[moving],
        held_out.windows.y[moving],
        held_out.groups[moving],
    )
    size = Counter(groups)
    weight = np.array([1.0 / size[group] for group in groups])
    grid = np.exp(np.linspace(np.log(0.3), np.log(5.0), 57))
    losses = [-(weight * np.log(softmax(logits, t)[np.arange(len(y)), y] + 1e-9)).sum() / weight.sum() for t in grid]
    return float(grid[int(np.argmin(losses))])


def expected_calibration_error(probabilities: np.ndarray, y: np.ndarray, bins: int = 15) -> float:
    """ECE: mean distance between confidence and accuracy over confidence bins (Guo et al. 2017)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(right[bin_of == b].mean() - confidence[bin_of == b].mean()) * (bin_of == b).mean()
            for b in range(bins)
            if (bin_of == b).any()
        )
    )


def report(
    takes: list[Take],
    held_out: HeldOut,
    temperature: float,
    threshold: float,
    seed: int = 0,
) -> dict:
    """Everything the evaluation file holds, from held-out windows.

    Window figures leave out `still` windows (an exercise is named but nothing moves; their number is given). Intervals
    are 95 %, from resampling whole sources (cluster bootstrap), because windows of one clip are not independent.
    """
    windows = held_out.windows
    moving = ~windows.still
    probabilities = softmax(held_out.logits, temperature)
    y, guess, groups = (
        windows.y[moving],
        probabilities[moving].argmax(axis=1),
        held_out.groups[moving],
    )
    precision, recall, f1, support = precision_recall_fscore_support(
        y, guess, labels=range(len(LABELS)), zero_division=0
    )
    draws = _bootstrap(y, guess, groups, seed)
    per_class = {}
    for number, label in enumerate(LABELS):
        per_class[label] = {
            "precision": _round(precision[number]),
            "precision_95": _interval(draws["precision"][:, number]),
            "recall": _round(recall[number]),
            "recall_95": _interval(draws["recall"][:, number]),
            "f1": _round(f1[number]),
            "n_windows": int(support[number]),
            "n_sources": len(set(groups[y == number])),
        }
    clips = _clips(takes, held_out, probabilities, threshold)
    positive = [clip for clip in clips if clip["exercise"] in LABELS[:-1]]
    certain = [clip for clip in positive if clip["certain"]]
    negative = [clip for clip in clips if clip["expected"] == "other"]
    return {
        "macro_f1": _round(f1_score(y, guess, labels=range(len(LABELS)), average="macro", zero_division=0)),
        "macro_f1_95": _interval(draws["macro_f1"]),
        "accuracy": _round((y == guess).mean()),
        "ece": _round(expected_calibration_error(probabilities[moving], y)),
        "classes": list(LABELS),
        "n_sources": len(set(groups)),
        "n_windows": len(y),
        "n_still_windows_left_out": int(windows.still.sum()),
        "per_class": per_class,
        "confusion": {
            "rows": "true, columns: predicted, order: classes",
            "windows": confusion_matrix(y, guess, labels=range(len(LABELS))).tolist(),
        },
        "clips": {
            "what": "main label of a clip: its most frequent confident exercise if that fills a quarter of its "
            "windows, else `other`",
            "exercise_right": f"{sum(clip['right'] for clip in positive)} of {len(positive)}",
            "certain_exercise_right": f"{sum(clip['right'] for clip in certain)} of {len(certain)}",
            "negative_right": f"{sum(clip['right'] for clip in negative)} of {len(negative)}",
            "wrong": [clip for clip in clips if not clip["right"]],
        },
        "temperature": _round(temperature),
        "confidence_threshold": threshold,
    }


def _clips(takes: list[Take], held_out: HeldOut, probabilities: np.ndarray, threshold: float) -> list[dict]:
    rows = []
    for number, take in enumerate(takes):
        chosen = held_out.windows.take == number
        if take.kind != "clip" or not chosen.any():
            continue
        confident = probabilities[chosen].max(axis=1) >= threshold
        guess = probabilities[chosen].argmax(axis=1)
        share = np.array([((guess == n) & confident).mean() for n in range(len(LABELS))])
        exercises = share[:-1]
        # A set is most of what an exercise clip shows; standing before and after it is not held against it.
        main = int(exercises.argmax()) if exercises.max() >= 0.25 else len(LABELS) - 1
        rows.append(
            {
                "clip": take.name,
                "exercise": take.exercise,
                "expected": _label(take),
                "certain": take.certain,
                "main": LABELS[main],
                "share": {label: _round(value) for label, value in zip(LABELS, share, strict=True)},
                "right": LABELS[main] == _label(take),
            }
        )
    return rows


def _bootstrap(y: np.ndarray, guess: np.ndarray, groups: np.ndarray, seed: int, times: int = 1000) -> dict:
    rng = np.random.default_rng(seed)
    names = sorted(set(groups))
    tables = np.array(
        [confusion_matrix(y[groups == g], guess[groups == g], labels=range(len(LABELS))) for g in names],
        float,
    )
    counts = np.array(
        [np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)) for _ in range(times)]
    )
    summed = np.einsum("bg,gij->bij", counts, tables)
    right = np.diagonal(summed, axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = right / summed.sum(axis=1)
        recall = right / summed.sum(axis=2)
        f1 = 2 * right / (summed.sum(axis=1) + summed.sum(axis=2))
    return {
        "precision": precision,
        "recall": recall,
        "macro_f1": np.nanmean(f1, axis=1),
    }


def _interval(values: np.ndarray) -> list[float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return [_round(low), _round(high)]


def _round(value: float) -> float:
    return round(float(value), 4)
