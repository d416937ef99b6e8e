"""How good a classifier is on people and footage that it was not fitted to."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from exercise_classifier.rest import with_rest
from exercise_classifier.training.data.folds import Fold
from exercise_classifier.training.data.windows import Windows, exercises_of, label_of
from exercise_classifier.training.results.timing import held, plainly, timing
from exercise_classifier.training.takes.takes import Take


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Windows with the logits [n, classes] of a model that saw no window of their groups; groups: [n]."""

    windows: Windows
    logits: np.ndarray
    groups: np.ndarray


def softmax(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """Probabilities [n, classes]; temperature: one, or of each row [n]."""
    scaled = logits / np.reshape(temperature, (-1, 1))
    exponent = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return exponent / exponent.sum(axis=1, keepdims=True)


def merging(labels: tuple[str, ...], rejected: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """The labels that stay, and the matrix [labels, labels that stay] that adds the rejected ones to `other`."""
    kept = tuple(label for label in labels if label not in rejected)
    matrix = np.zeros((len(labels), len(kept)), np.float32)
    for number, label in enumerate(labels):
        matrix[number, kept.index(label if label in kept else "other")] = 1.0
    return kept, matrix


def without(held_out: HeldOut, rejected: tuple[str, ...], temperature: float | np.ndarray) -> HeldOut:
    """The same windows, the rejected labels as `other`; logits: logarithms of the calibrated probabilities."""
    kept, matrix = merging(held_out.windows.labels, rejected)
    probabilities = softmax(held_out.logits, temperature) @ matrix
    windows = replace(held_out.windows, y=matrix.argmax(axis=1)[held_out.windows.y], labels=kept)
    return replace(held_out, windows=windows, logits=np.log(probabilities + 1e-9))


def as_told(held_out: HeldOut) -> HeldOut:
    """The same windows with what the node makes of their probabilities, see `rest`; logits: their logarithms."""
    windows = held_out.windows
    told = with_rest(softmax(held_out.logits), windows.rests, windows.labels)
    return replace(held_out, logits=np.log(told + 1e-9))


def macro_f1(held_out: HeldOut) -> float:
    """Of the most probable labels of windows that move, and of the classes that such a window is of."""
    moving = ~held_out.windows.still
    y, guess = held_out.windows.y[moving], held_out.logits[moving].argmax(axis=1)
    return _round(f1_score(y, guess, labels=np.unique(y), average="macro", zero_division=0))


def log_loss(held_out: HeldOut, temperature: float) -> float:
    """Mean negative log-probability of the true class of moving windows, every source weighing the same."""
    moving = ~held_out.windows.still
    y, groups = held_out.windows.y[moving], held_out.groups[moving]
    size = Counter(groups)
    weight = np.array([1.0 / size[group] for group in groups])
    right = softmax(held_out.logits[moving], temperature)[np.arange(len(y)), y]
    return float(-(weight * np.log(right + 1e-9)).sum() / weight.sum())


def fit_temperature(held_out: HeldOut) -> float:
    """The temperature of the smallest held-out log-loss.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    grid = np.exp(np.linspace(np.log(0.3), np.log(5.0), 57))
    return float(grid[int(np.argmin([log_loss(held_out, temperature) for temperature in grid]))])


def temperatures_of_others(held_out: HeldOut, folds: list[Fold]) -> np.ndarray:
    """Of each window the temperature that fits the sources of the other folds best [n].

    A temperature that was fitted to the windows it is then judged by would flatter the calibration.
    """
    windows = held_out.windows
    found = np.ones(len(held_out.groups))
    for fold in folds:
        tested = np.isin(held_out.groups, [*fold.tested])
        others = np.flatnonzero(~tested & ~windows.still)
        if len(others):
            found[tested] = fit_temperature(
                HeldOut(windows.of(others), held_out.logits[others], held_out.groups[others])
            )
    return found


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
    windows, labels = held_out.windows, held_out.windows.labels
    moving = ~windows.still
    probabilities = softmax(held_out.logits, temperature)
    y, guess, groups = windows.y[moving], probabilities[moving].argmax(axis=1), held_out.groups[moving]
    precision, recall, f1, support = precision_recall_fscore_support(
        y, guess, labels=range(len(labels)), zero_division=0
    )
    draws = _bootstrap(y, guess, groups, len(labels), seed)
    per_class = {}
    for number, label in enumerate(labels):
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
    positive = [clip for clip in clips if clip["expected"] in exercises_of(labels)]
    certain = [clip for clip in positive if clip["certain"]]
    negative = [clip for clip in clips if clip["expected"] not in exercises_of(labels)]
    return {
        "macro_f1": macro_f1(held_out),
        "macro_f1_95": _interval(draws["macro_f1"]),
        "named_classes": named_classes(y, guess, groups, labels, seed),
        "accuracy": _round((y == guess).mean()),
        "accuracy_95": _interval(draws["accuracy"]),
        "ece": _round(expected_calibration_error(probabilities[moving], y)),
        "reliability": _reliability(probabilities[moving], y),
        "classes": list(labels),
        "n_sources": len(set(groups)),
        "n_windows": len(y),
        "n_still_windows_left_out": int(windows.still.sum()),
        "per_class": per_class,
        "confusion": {
            "rows": "true, columns: predicted, order: classes",
            "windows": confusion_matrix(y, guess, labels=range(len(labels))).tolist(),
        },
        "clips": {
            "what": "main label of a clip: its most frequent confident exercise if that fills a quarter of its "
            "windows, else `other`; a clip of no exercise is right where it is named after none",
            "by_exercise": {label: _right_of(positive, label) for label in exercises_of(labels)},
            "exercise_right": f"{sum(clip['right'] for clip in positive)} of {len(positive)}",
            "certain_exercise_right": f"{sum(clip['right'] for clip in certain)} of {len(certain)}",
            "negative_right": f"{sum(clip['right'] for clip in negative)} of {len(negative)}",
            "wrong": [clip for clip in clips if not clip["right"]],
        },
        # As the node says it, and for comparison each window for itself.
        **timing(takes, windows, probabilities, held(threshold)),
        "without_holding": timing(takes, windows, probabilities, plainly(threshold)),
        "temperature": _round(temperature),
        "confidence_threshold": threshold,
    }


def named_classes(y: np.ndarray, guess: np.ndarray, groups: np.ndarray, labels: tuple[str, ...], seed: int) -> dict:
    """The figures of open-set recognition: of windows of a class with a name, and apart from them of `other`.

    y, guess [n]: true and told class. A named window that is told `other` is a miss; how many of `other` are told as no
    exercise says how well the unknown is kept out (Scheirer et al. 2013, https://doi.org/10.1109/TPAMI.2012.256).
    """
    named = [number for number, label in enumerate(labels) if label != "other" and (y == number).any()]
    none = [number for number, label in enumerate(labels) if label not in exercises_of(labels)]
    known = np.isin(y, named)
    draws = _bootstrap(y[known], guess[known], groups[known], len(labels), seed, named)
    other = guess[~known]
    return {
        "macro_f1": _round(f1_score(y[known], guess[known], labels=named, average="macro", zero_division=0)),
        "macro_f1_95": _interval(draws["macro_f1"]),
        "n_windows": int(known.sum()),
        "n_other_windows": len(other),
        "other_told_as_no_exercise": _round(np.isin(other, none).mean()) if len(other) else None,
    }


def _clips(takes: list[Take], held_out: HeldOut, probabilities: np.ndarray, threshold: float) -> list[dict]:
    labels = held_out.windows.labels
    exercises = exercises_of(labels)
    rows = []
    for number, take in enumerate(takes):
        chosen = held_out.windows.take == number
        if not chosen.any():
            continue
        confident = probabilities[chosen].max(axis=1) >= threshold
        guess = probabilities[chosen].argmax(axis=1)
        share = {label: float(((guess == n) & confident).mean()) for n, label in enumerate(labels)}
        most = max(exercises, key=lambda label: share[label])
        # A set is most of what an exercise clip shows; standing before and after it is not held against it.
        main = most if share[most] >= 0.25 else "other"
        expected = label_of(take.exercise, labels)
        rows.append(
            {
                "clip": take.name,
                "exercise": take.exercise,
                "expected": expected,
                "certain": take.certain,
                "main": main,
                "share": {label: _round(value) for label, value in share.items() if value > 0},
                "right": main == (expected if expected in exercises else "other"),
            }
        )
    return rows


def _right_of(clips: list[dict], label: str) -> str:
    of = [clip for clip in clips if clip["expected"] == label]
    certain = [clip for clip in of if clip["certain"]]
    return (
        f"{sum(clip['right'] for clip in of)} of {len(of)}, "
        f"of certain label {sum(clip['right'] for clip in certain)} of {len(certain)}"
    )


def _reliability(probabilities: np.ndarray, y: np.ndarray, bins: int = 10) -> list[dict]:
    """Per bin of confidence: mean confidence, accuracy, windows."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {"confidence": _round(confidence[bin_of == b].mean()), "accuracy": _round(right[bin_of == b].mean())}
        | {"n_windows": int((bin_of == b).sum())}
        for b in range(bins)
        if (bin_of == b).any()
    ]


def difference(ours: HeldOut, theirs: HeldOut, seed: int = 0) -> dict:
    """Macro F1 of ours less that of theirs on the same windows, with its interval from the same resampled sources."""
    moving = ~ours.windows.still
    y, groups, classes = ours.windows.y[moving], ours.groups[moving], len(ours.windows.labels)
    guesses = [held_out.logits[moving].argmax(axis=1) for held_out in (ours, theirs)]
    draws = [_bootstrap(y, guess, groups, classes, seed)["macro_f1"] for guess in guesses]
    return {"macro_f1": _round(macro_f1(ours) - macro_f1(theirs)), "macro_f1_95": _interval(draws[0] - draws[1])}


def _bootstrap(
    y: np.ndarray, guess: np.ndarray, groups: np.ndarray, classes: int, seed: int, of: list[int] | None = None
) -> dict:
    """Figures of resampled sources. of: the classes that macro F1 is the mean of, default all that y has."""
    times = 1000
    rng = np.random.default_rng(seed)
    names = sorted(set(groups))
    tables = np.array(
        [confusion_matrix(y[groups == g], guess[groups == g], labels=range(classes)) for g in names],
        float,
    )
    counts = np.array(
        [np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)) for _ in range(times)]
    )
    summed = np.einsum("bg,gij->bij", counts, tables)
    right = np.diagonal(summed, axis1=1, axis2=2)
    # A class that a resample does not show has no figure in it, as one that the windows do not show has none at all.
    shown = np.where(summed.sum(axis=2) > 0, 1.0, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = shown * right / summed.sum(axis=1)
        recall = right / summed.sum(axis=2)
        f1 = shown * 2 * right / (summed.sum(axis=1) + summed.sum(axis=2))
    return {
        "precision": precision,
        "recall": recall,
        "macro_f1": np.nanmean(f1[:, np.unique(y) if of is None else of], axis=1),
        "accuracy": right.sum(axis=1) / summed.sum(axis=(1, 2)),
    }


def _interval(values: np.ndarray) -> list[float]:
    if np.isnan(values).all():
        return [0.0, 1.0]  # nothing was measured
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return [_round(low), _round(high)]


def _round(value: float | np.floating) -> float:
    return round(float(value), 4)
