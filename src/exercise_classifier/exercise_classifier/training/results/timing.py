"""What somebody in front of the camera notices of a classifier: the wait for a label, flicker, false labels."""

from collections.abc import Callable

import numpy as np

from exercise_classifier.label_hold import LabelHold
from exercise_classifier.training.data.windows import Windows, exercises_of, label_of
from exercise_classifier.training.takes.takes import Take

_GAP = 0.45
"""Windows that end further apart than this [s] have one between them that holds too little of a body."""

Saying = Callable[[np.ndarray, np.ndarray], list[int]]
"""What is said of a take: ends [n, s], probabilities [n, labels] -> index of the label of each window, -1 = none."""


def plainly(threshold: float) -> Saying:
    """Each window for itself: its best label where that is as probable as this."""

    def said(ends: np.ndarray, probabilities: np.ndarray) -> list[int]:
        return [int(of.argmax()) if of.max() >= threshold else -1 for of in probabilities]

    return said


def held(threshold: float) -> Saying:
    """As the node says it, with its LabelHold: the held label where its average is as probable as this."""

    def said(ends: np.ndarray, probabilities: np.ndarray) -> list[int]:
        hold, results, before = LabelHold(), [], -np.inf
        for end, of in zip(ends, probabilities, strict=True):
            if end - before > _GAP:
                hold.reset()
            before = end
            averaged, label = hold.step(float(end), of)
            results.append(label if averaged[label] >= threshold else -1)
        return results

    return said


def timing(takes: list[Take], windows: Windows, probabilities: np.ndarray, saying: Saying) -> dict:
    """Figures of the labels that are said of held-out takes.

    A false label is a run of windows that are named after one exercise. The wait is to the first right label, from
    where the exercise begins: by the take's stretches, else at its first moving window (at the start of the take where
    that is the first one). Flicker: changes of the label between the first and the last right one; where none is said
    the label stays.
    """
    labels = np.array(windows.labels)
    exercises = exercises_of(windows.labels)
    false = {"idle": [0, 0.0], "other": [0, 0.0]}
    waits: list[float] = []
    sources: list[str] = []  # of each wait
    changes, minutes, unnamed = 0, 0.0, 0
    for number, take in enumerate(takes):
        rows = np.flatnonzero(windows.take == number)
        if not len(rows):
            continue
        ends, true = windows.end[rows], labels[windows.y[rows]]
        said = np.append(labels, "")[saying(ends, probabilities[rows])]
        step = float(np.median(np.diff(ends))) if len(rows) > 1 else 0.2
        for kind, tally in false.items():
            here = np.where((true == kind) & np.isin(said, exercises), said, "")
            tally[0] += int(np.count_nonzero((here != "") & (here != np.concatenate([[""], here[:-1]]))))
            tally[1] += np.count_nonzero(true == kind) * step / 60
        label = label_of(take.exercise, windows.labels)
        moving = np.flatnonzero((true == label) & ~windows.still[rows])
        if label not in exercises or not len(moving):
            continue
        begun = _begun(take, label, windows.labels)
        if begun is None:
            begun = float(take.stamps[0] if moving[0] == 0 else ends[moving[0]])
        right = np.flatnonzero((said == label) & (ends >= begun))
        if not len(right):
            unnamed += 1
            continue
        waits.append(float(ends[right[0]] - begun))
        sources.append(take.group)
        inside = said[right[0] : right[-1] + 1]
        inside = inside[inside != ""]
        changes += int(np.count_nonzero(inside[1:] != inside[:-1]))
        minutes += float(ends[right[-1]] - ends[right[0]]) / 60
    return {
        **{f"{kind}_false_per_10min": _per(10 * runs, of) for kind, (runs, of) in false.items()},
        **{f"{kind}_minutes": round(of, 2) for kind, (_, of) in false.items()},
        "time_to_first_label_s": _percentile(waits, 50),
        "time_to_first_label_p90_s": _percentile(waits, 90),
        "time_to_first_label_s_95": _interval(waits, sources),
        "takes_named": len(waits),
        "exercise_takes_never_named": unnamed,
        "flicker_per_min": _per(changes, minutes),
        "flicker_minutes": round(minutes, 2),
    }


def _begun(take: Take, label: str, labels: tuple[str, ...]) -> float | None:
    """When a take begins to show a label [s]; None where nobody has looked."""
    starts = (stretch.start for stretch in take.stretches if label_of(stretch.exercise, labels) == label)
    first = next(starts, None)
    return None if first is None else max(first, float(take.stamps[0]))


def _per(events: float, minutes: float) -> float | None:
    return round(events / minutes, 3) if minutes else None


def _percentile(values: list[float], at: float) -> float | None:
    return round(float(np.percentile(values, at)), 3) if values else None


def _interval(values: list[float], sources: list[str]) -> list[float] | None:
    """95 % of the medians of the takes of resampled sources."""
    if not values:
        return None
    of = [
        np.array([value for value, source in zip(values, sources, strict=True) if source == name])
        for name in sorted(set(sources))
    ]
    rng = np.random.default_rng(0)
    medians = [np.median(np.concatenate([of[n] for n in rng.integers(0, len(of), len(of))])) for _ in range(1000)]
    return [round(float(value), 3) for value in np.percentile(medians, [2.5, 97.5])]
