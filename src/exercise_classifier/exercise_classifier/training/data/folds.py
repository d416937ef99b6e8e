"""Which sources are fitted to, stop a fit, and are tested on. A source (a take's group) is one person or footage."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from exercise_classifier.training.data.windows import LABELS, label_of
from exercise_classifier.training.takes.takes import Take
from fitness_core.errors import InputError

LEAVE_ONE_OUT = 0
"""Number of folds that means: each source is a fold of its own."""

_STOPPING_FOLDS = 5  # with leave-one-source-out a fifth of the other sources stops a fit


@dataclass(frozen=True, slots=True)
class Fold:
    """Groups that are tested on, and groups that tell when to stop; all others are fitted to."""

    tested: frozenset[str]
    stopping: frozenset[str] = frozenset()

    def fitted(self, groups: np.ndarray) -> np.ndarray:
        """Mask: windows of these groups [n] that may be fitted to."""
        return ~np.isin(groups, [*self.tested, *self.stopping])


def folds_of(
    takes: list[Take], number: int, seed: int = 0, labels: tuple[str, ...] = LABELS, stopping: bool = True
) -> list[Fold]:
    """The folds: each group is tested in exactly one. number: of folds, 0 = leave-one-source-out.

    stopping: the sources of the next fold stop a fit early (of two folds none is left for that); with
    leave-one-source-out a fifth of the others. Raises InputError for takes that no split can keep apart.
    """
    refuse_shared(takes)
    groups = sorted({take.group for take in takes})
    if number != LEAVE_ONE_OUT:
        parts = _spread(takes, min(number, len(groups)), seed, labels)
        count = len(parts) if stopping and len(parts) > 2 else 0
        return [Fold(part, parts[(n + 1) % count] if count else frozenset()) for n, part in enumerate(parts)]
    parts = _spread(takes, min(_STOPPING_FOLDS, len(groups)), seed, labels) if stopping and len(groups) > 2 else []
    following = {group: parts[(n + 1) % len(parts)] for n, part in enumerate(parts) for group in part}
    return [Fold(frozenset([group]), following.get(group, frozenset())) for group in groups]


def _spread(takes: list[Take], number: int, seed: int, labels: tuple[str, ...]) -> list[frozenset[str]]:
    """Groups in so many parts: groups stay whole, every class is spread evenly (greedy, largest groups first)."""
    groups: dict[str, Counter] = {}
    for take in takes:
        groups.setdefault(take.group, Counter())[label_of(take.exercise, labels)] += 1
    totals = Counter[str]()
    for counts in groups.values():
        totals.update(counts)
    order = np.random.default_rng(seed).permutation(len(groups))
    names = [sorted(groups)[n] for n in order]
    names.sort(key=lambda name: -sum(groups[name][label] / totals[label] for label in totals))
    load: list[Counter] = [Counter() for _ in range(number)]
    parts: list[set[str]] = [set() for _ in range(number)]
    for name in names:
        cost = [
            sum(((load[n][label] + groups[name][label]) / totals[label]) ** 2 for label in totals)
            - sum((load[n][label] / totals[label]) ** 2 for label in totals)
            for n in range(number)
        ]
        chosen = min(range(number), key=lambda n: (round(cost[n], 9), load[n].total()))
        parts[chosen].add(name)
        load[chosen].update(groups[name])
    return [frozenset(part) for part in parts if part]


def refuse_shared(takes: Iterable[Take], fitted: Iterable[Take] = ()) -> None:
    """Raise InputError where two groups have a subject or the same landmarks in common: a split would leak.

    takes: that are tested on. fitted: others, which have nothing in common with those but their group. P01 and p01 are
    one subject.
    """
    subjects, contents = defaultdict(set), defaultdict(set)
    for take in takes:
        if take.subject:
            subjects[take.subject.casefold()].add((take.group, take.subject))
        contents[_content_of(take)].add((take.group, take.name))
    for take in fitted:
        if take.subject.casefold() in subjects:
            subjects[take.subject.casefold()].add((take.group, take.subject))
        if (content := _content_of(take)) in contents:
            contents[content].add((take.group, take.name))
    for subject in sorted(subjects):
        groups, names = ({pair[n] for pair in subjects[subject]} for n in (0, 1))
        if len(groups) > 1:
            raise InputError(
                f"subject {' or '.join(sorted(names))} is in {len(groups)} sources ({', '.join(sorted(groups))}), so a "
                "split would leak; give all takes of a subject one group"
            )
    for same in contents.values():
        if len({group for group, _ in same}) > 1:
            named = ", ".join(f"{name} of source {group}" for group, name in sorted(same))
            raise InputError(f"the same footage is in several sources ({named}), so a split would leak; keep one of it")


def _content_of(take: Take) -> bytes:
    return hashlib.sha256(take.image.tobytes()).digest()


def refuse_leak(fitted: Iterable[str], stopping: Iterable[str], tested: Iterable[str]) -> None:
    """Raise InputError where a source is on both sides of a split."""
    tested = set(tested)
    if both := sorted(tested & (set(fitted) | set(stopping))):
        raise InputError(f"the split leaks: {', '.join(both)} would be both fitted to and tested on; split by source")
