"""Strokes, words and boxes in fractions of a pixel, anti-aliased, with OpenCV's own fonts."""

import unicodedata
from typing import NamedTuple

import cv2
import numpy as np

Colour = tuple[int, int, int]
"""BGR."""

FONT = cv2.FONT_HERSHEY_SIMPLEX
CAPITAL = 21.0
"""Height of a capital letter of FONT at scale 1 [px]."""
DARK = (20, 16, 14)

# OpenCV takes coordinates with so many fractional bits: lines glide instead of jumping from pixel to pixel.
_SHIFT = 4


class Box(NamedTuple):
    """A rectangle [px]."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which of the points [n, 2] are inside."""
        return (
            (points[:, 0] >= self.x)
            & (points[:, 0] < self.x + self.width)
            & (points[:, 1] >= self.y)
            & (points[:, 1] < self.y + self.height)
        )

    def overlaps(self, other: "Box") -> bool:
        """Whether they share anything."""
        beside = other.x >= self.x + self.width or self.x >= other.x + other.width
        return not (beside or other.y >= self.y + self.height or self.y >= other.y + other.height)


def _fixed(*values: float) -> tuple[int, ...]:
    return tuple(round(value * (1 << _SHIFT)) for value in values)


def _thickness(width: float) -> int:
    return max(1, round(width))


def line(canvas: np.ndarray, a: np.ndarray, b: np.ndarray, colour: Colour, width: float) -> None:
    """A stroke from a to b."""
    cv2.line(canvas, _fixed(*a), _fixed(*b), colour, _thickness(width), cv2.LINE_AA, _SHIFT)


def dot(canvas: np.ndarray, at: np.ndarray, radius: float, colour: Colour) -> None:
    """A filled circle."""
    cv2.circle(canvas, _fixed(*at), _fixed(radius)[0], colour, -1, cv2.LINE_AA, _SHIFT)


def arc(
    canvas: np.ndarray, centre: tuple[float, float], radius: float, share: float, colour: Colour, width: float
) -> None:
    """A share 0..1 of a circle's line, clockwise from the top."""
    if share <= 0:
        return
    axes = _fixed(radius, radius)
    cv2.ellipse(canvas, _fixed(*centre), axes, -90, 0, 360 * share, colour, _thickness(width), cv2.LINE_AA, _SHIFT)


def text(
    canvas: np.ndarray,
    words: str,
    at: tuple[float, float],
    height: float,
    colour: Colour,
    anchor: str = "left",
    *,
    fit: float = 0.0,
    weight: float = 1.0,
    edge: bool = False,
    degrees: bool = False,
) -> None:
    """Words. at: x of the anchor (left, middle or right) and y of the base line, or the centre of all [px].

    height: of a capital letter [px]. fit: make it smaller so that it is no wider [px]; 0 = any width. weight: of the
    strokes. edge: dark rim, for words without a panel. degrees: a degree sign after the last digit (the fonts have
    none). The fonts have the letters of English; others are written without their accents, or as a question mark.
    """
    words = _in_letters(words)
    if not words or height < 1:
        return
    width = width_of(words, height)
    sign = 0.45 * height if degrees else 0.0
    if fit and width + sign > fit:
        height *= fit / (width + sign)
        width, sign = width * fit / (width + sign), sign * fit / (width + sign)
    x = at[0] - {"left": 0.0, "middle": 0.5, "centre": 0.5, "right": 1.0}[anchor] * (width + sign)
    y = at[1] + (height / 2 if anchor == "centre" else 0.0)
    thickness = height / 8.5 * weight
    passes = [(DARK, thickness + max(2.0, height / 5))] if edge else []
    for paint, stroke in [*passes, (colour, thickness)]:
        cv2.putText(canvas, words, (round(x), round(y)), FONT, height / CAPITAL, paint, _thickness(stroke), cv2.LINE_AA)
        if degrees:
            centre = (x + width + 0.2 * height, y - 0.85 * height)
            arc(canvas, centre, 0.16 * height, 1.0, paint, stroke * 0.8)


def width_of(words: str, height: float) -> float:
    """How wide words are whose capital letters are so high [px]."""
    return float(cv2.getTextSize(_in_letters(words), FONT, height / CAPITAL, 1)[0][0])


def _in_letters(words: str) -> str:
    """Words in what the fonts have, ASCII."""
    apart = unicodedata.normalize("NFKD", words)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


def panel(canvas: np.ndarray, box: Box, colour: Colour, opacity: float = 0.78) -> None:
    """A translucent rectangle with round corners; nothing of it outside the canvas."""
    height, width = canvas.shape[:2]
    left, top = max(0, round(box.x)), max(0, round(box.y))
    right, bottom = min(width, round(box.x + box.width)), min(height, round(box.y + box.height))
    if right <= left or bottom <= top:
        return
    under = canvas[top:bottom, left:right]
    over = under.copy()
    radius = min(under.shape[0], under.shape[1]) // 12
    w, h = right - left - 1, bottom - top - 1
    cv2.rectangle(over, (radius, 0), (w - radius, h), colour, -1)
    cv2.rectangle(over, (0, radius), (w, h - radius), colour, -1)
    for x in (radius, w - radius):
        for y in (radius, h - radius):
            cv2.circle(over, (x, y), radius, colour, -1, cv2.LINE_AA)
    cv2.addWeighted(over, opacity, under, 1 - opacity, 0, dst=under)


def bar(canvas: np.ndarray, box: Box, label: str, value: float, colour: Colour, track: Colour) -> None:
    """A labelled bar: the words above, percent at the right, below a track filled by the share `value` 0..1."""
    value = min(1.0, max(0.0, value)) if np.isfinite(value) else 0.0
    size = box.height * 0.46
    base = box.y + size * 1.15
    text(canvas, f"{100 * value:.0f} %", (box.x + box.width, base), size, colour, "right")
    text(canvas, label, (box.x, base), size, colour, fit=box.width - width_of("100 % ", size))
    thick = max(2.0, box.height * 0.16)
    y = box.y + box.height - thick / 2
    left, right = box.x + thick / 2, box.x + box.width - thick / 2
    line(canvas, np.array((left, y)), np.array((right, y)), track, thick)
    if value > 0:
        line(canvas, np.array((left, y)), np.array((left + (right - left) * value, y)), colour, thick)
