"""What speaks for an exercise in a stretch of time: what the classifier said, and whose movement was found in it.

Every exercise's machine runs all the time. A single label says little (its window reaches back two seconds, and one
frame may flip it); the mean over a repetition says more, and the mean over the repetitions of a set says what it was.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from fitness_core.catalogue import NON_EXERCISES
from fitness_core.types import Classification, nanoseconds

LABEL_LAG = nanoseconds(0.1)
"""Labels count from this long after their stamp, so that the order in which poses and labels arrive does not matter."""
WAIT = nanoseconds(2.0)
"""How long after its end a repetition waits for the classifier: one window [ns]."""
_KEEP = nanoseconds(60.0)
# Worth of a label that the movement contradicts: one that names an exercise of which no repetition was found, or says
# that nothing moves while something does. Not nothing: the machine may have missed the repetition.
_CONTRADICTED = 0.35


class Evidence:
    """What the classifier said, by stamp."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._stamps: list[int] = []
        self._labels: list[Classification] = []
        self._sums: list[dict[str, float]] = []  # of all probabilities before each label
        self._nobody = -1  # stamp of the newest that had none: nobody is seen, or not for long enough

    def add(self, classification: Classification) -> None:
        """One classification: without probabilities it ends what the one before showed; one told before says nothing.

        A classifier that was started again tells what it can anew: what comes late has its place between the others.
        """
        if not classification.probabilities:
            self._nobody = max(self._nobody, classification.stamp)
            return
        if self._stamps and self._stamps[-1] - classification.stamp >= _KEEP:
            self.reset()  # time jumped back
        place = bisect_left(self._stamps, classification.stamp)
        if self._stamps[place : place + 1] == [classification.stamp]:
            return
        self._stamps.insert(place, classification.stamp)
        self._labels.insert(place, classification)
        if not self._sums:
            self._sums.append({})
        del self._sums[place + 1 :]
        for label in self._labels[place:]:
            # Labels may differ from each other in what they name: until the classifier's names are known.
            after = dict(self._sums[-1])
            for name, probability in label.probabilities.items():
                after[name] = after.get(name, 0.0) + probability
            self._sums.append(after)
        if self._stamps[-1] - self._stamps[0] > 2 * _KEEP:
            old = bisect_left(self._stamps, self._stamps[-1] - _KEEP)
            del self._stamps[:old], self._labels[:old], self._sums[:old]

    def newest(self, until: int) -> int:
        """Stamp of the newest label not after `until` [ns]; -1 for none."""
        last = bisect_right(self._stamps, until)
        return self._stamps[last - 1] if last else -1

    def means(self, since: int, until: int) -> dict[str, float]:
        """Mean probability of each label over those with stamps in [since, until] ns; empty without any."""
        first, end = bisect_left(self._stamps, since), bisect_right(self._stamps, until)
        if first >= end:
            return {}
        before, after = self._sums[first], self._sums[end]
        return {name: (total - before.get(name, 0.0)) / (end - first) for name, total in after.items()}

    def latest(self, until: int) -> str:
        """The exercise that the newest label not after `until` [ns] trusts most; empty for none, and once it is old."""
        last = bisect_right(self._stamps, until)
        if not last or until - self._stamps[last - 1] > WAIT or self._stamps[last - 1] < self._nobody <= until:
            return ""
        probabilities = self._labels[last - 1].probabilities
        best = max(probabilities, key=lambda name: probabilities[name])
        return "" if best in NON_EXERCISES or probabilities[best] < 0.5 else best


@dataclass(frozen=True, slots=True)
class Found:
    """What an exercise's own machine found in a stretch of time.

    good: share of its movement that was good repetitions, by time, 0..1. filled: share of the stretch that they fill.
    """

    good: float
    filled: float


@dataclass(frozen=True, slots=True)
class Case:
    """What speaks for each exercise in a stretch of time, and for none of them; the sum is at most one.

    An exercise's weight is its mean probability times the share of its movement that was good repetitions, times how
    much of the stretch they fill beside the one that fills most: a classifier's posterior times a likelihood that is
    nought where the exercise's own machine saw nothing, and small where it leaves most of the stretch unexplained (a
    push press is not the squat that its knees make in a quarter of the time). So of two exercises that a classifier
    takes for each other, the one counts whose rules hold; and the number of classes a model has does not matter, for
    those that nobody does add nothing.
    """

    weights: dict[str, float]
    none: float
    said: dict[str, float]
    """Mean probability of each label, whatever was found."""

    @classmethod
    def weigh(cls, means: dict[str, float], found: dict[str, Found]) -> "Case":
        """From mean probabilities of labels, and what was found of each exercise."""
        weights, none = {}, 0.0
        fullest = max((what.filled for what in found.values()), default=0.0)
        for name, probability in means.items():
            if name in found:
                what = found[name]
                explained = what.good * what.filled / fullest if what.filled else 0.0
                weights[name] = probability * explained
                none += _CONTRADICTED * probability * (1 - explained)
            else:
                none += probability * (_CONTRADICTED if name == "idle" else 1.0)
        return cls(weights, none, means)

    def share(self, exercise: str) -> float:
        """Probability that this exercise was done."""
        weight = self.weights.get(exercise, 0.0)
        return weight / (sum(self.weights.values()) + self.none) if weight > 0 else 0.0

    def over_rival(self, exercise: str) -> float:
        """Probability that it was this exercise rather than the next best, 0..1; above a half: it is the best."""
        weight = self.weights.get(exercise, 0.0)
        rival = max((other for name, other in self.weights.items() if name != exercise), default=0.0)
        return weight / (weight + rival) if weight > 0 else 0.0
