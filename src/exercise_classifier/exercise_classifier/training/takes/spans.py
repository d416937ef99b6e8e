"""Takes of a bag by its labels: what lies between START and STOP, and what is wrong with the labels."""

from dataclasses import asdict, dataclass
from typing import Any

from fitness_core.ros.messages import from_time
from fitness_datasets.collection.collector import LabelEvent


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a source that cannot be used as it is.

    source, take: which. exercise: its label. problem: one word for its kind. says: what is wrong, in a sentence.
    """

    source: str
    take: str
    exercise: str
    problem: str
    says: str

    def __str__(self) -> str:
        where = f"{self.source}: take {self.take}" if self.take and self.take != self.source else self.source
        return f"{where}{f' ({self.exercise})' if self.exercise else ''}: {self.says}"

    def as_dict(self) -> dict[str, str]:
        """As the manifest has it."""
        return asdict(self)


@dataclass(slots=True)
class Span:
    """Everything between a START and its STOP [ns]."""

    label: Any
    start: int
    stop: int = -1

    @property
    def name(self) -> str:
        """Subject, session and number of the take."""
        parts = [self.label.subject, self.label.session, f"{self.label.take:03d}"]
        return "_".join(part for part in parts if part)


def problem_of(span: Span, source: str, problem: str, says: str) -> Problem:
    """What is wrong with a take of a bag."""
    return Problem(source, span.name, span.label.exercise, problem, says)


def spans_of(labels: list[Any], source: str) -> tuple[list[Span], list[Problem], int]:
    """Finished takes in the order of their start, what is wrong with the others, and how many were withdrawn."""
    started: dict[tuple, Span] = {}
    finished: list[Span] = []
    problems = []
    seen = set()
    withdrawn = 0
    for label in labels:
        key = (label.subject, label.session, label.take)
        stamp = from_time(label.header.stamp)
        # A latched label reaches a recorder once per publisher that it matches; once is meant.
        if (key, label.event, stamp) in seen:
            continue
        seen.add((key, label.event, stamp))
        span = Span(label, stamp)
        if label.event == LabelEvent.START:
            if key in started:
                problems.append(
                    problem_of(started[key], source, "no_stop", "START without STOP before it starts again")
                )
            started[key] = span
        elif label.event == LabelEvent.STOP:
            if key not in started:
                problems.append(problem_of(span, source, "no_start", "STOP without START"))
                continue
            span = started.pop(key)
            span.stop = stamp
            if stamp < span.start:
                problems.append(problem_of(span, source, "backwards", "STOP is stamped before START"))
            else:
                finished.append(span)
        elif label.event == LabelEvent.DISCARD:
            same = [held for held in finished if (held.label.subject, held.label.session, held.label.take) == key]
            if key in started:
                del started[key]
            elif same:
                finished.remove(same[-1])
            else:
                problems.append(problem_of(span, source, "no_take", "DISCARD of a take that is not there"))
                continue
            withdrawn += 1
        else:
            problems.append(problem_of(span, source, "unknown_event", f"label of an unknown event ({label.event})"))
    problems += [problem_of(span, source, "no_stop", "START without STOP") for span in started.values()]
    return sorted(finished, key=lambda span: (span.start, span.stop)), problems, withdrawn


def apart(spans: list[Span], source: str, problems: list[Problem]) -> list[Span]:
    """The spans that overlap no other; for the others a problem each: nobody knows which label holds."""
    kept = []
    for span in spans:
        others = [other.name for other in spans if other is not span and _overlap(span, other)]
        if others:
            problems.append(problem_of(span, source, "overlap", f"overlaps {', '.join(others)}"))
        else:
            kept.append(span)
    return kept


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.stop and b.start < a.stop
