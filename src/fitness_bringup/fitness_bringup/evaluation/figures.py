"""How figures are written on the pages that are made of committed evaluations, and the shipped model's own figures."""

import json
from typing import Any

from exercise_classifier.classifier import default_model


def short(share: float) -> str:
    """Two digits without the zero before the point: .83, and 1.0."""
    return f"{share:.2f}".removeprefix("0").replace("1.00", "1.0")


def with_interval(value: float, interval: tuple[float, float]) -> str:
    """A figure and its interval: .85 [.82 .88]."""
    low, high = interval
    return f"{short(value)} [{short(low)} {short(high)}]"


def interval(found: dict[str, Any], figure: str) -> str:
    """A figure and its 95 % interval, as `scores` and the evaluation of a model hold them."""
    return with_interval(found[figure], found[f"{figure}_95"])


def shipped_evaluation() -> dict[str, Any]:
    """The evaluation that the model that ships carries beside it."""
    evaluation: dict[str, Any] = json.loads(default_model().with_suffix(".evaluation.json").read_text())
    return evaluation
