"""Plots of the report as SVG inside the page: no script, no picture file, coloured by the page's style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

WIDTH = 900
"""Width of a plot in its own units; the page scales it."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 22, 26
_LETTER = 7.5
"""Width of a letter of the axis, at most."""
_MOST_POINTS = 1500
"""A line is thinned to about so many points: more than pixels."""
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600, 900, 1800, 3600)
"""Distances of grid lines, in seconds or degrees."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the timeline [s]. kind: number of its colour. note: shown where the pointer rests."""

    start: float
    end: float
    label: str
    kind: int
    note: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A repetition [s]: shaded from start to end, its turning point marked by a number or, rejected, by a cross."""

    start: float
    turn: float
    end: float
    label: str
    counted: bool
    note: str


def timeline(rows: Sequence[tuple[str, Sequence[Bar]]], marks: Sequence[Mark], duration: float) -> Markup:
    """Rows of bars over the whole recording, with a tick for each repetition. duration [s]."""
    height = _TOP + 34 * len(rows) + 30 + _BOTTOM
    scale = _Scale(0.0, max(duration, 0.1), 84, WIDTH - _RIGHT)
    parts = [_time_axis(scale, height)]
    for number, (name, bars) in enumerate(rows):
        y = _TOP + 34 * number
        parts.append(_text(80, y + 17, name, "axis", "end"))
        for bar in bars:
            x, width = scale(bar.start), max(scale(bar.end) - scale(bar.start), 2.0)
            parts.append(
                f'<g class="bar k{bar.kind}"><title>{escape(bar.note)}</title>'
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="26" rx="4"/>'
            )
            if width > 7.5 * len(bar.label) + 8:
                parts.append(_text(x + width / 2, y + 17, bar.label, "on-bar", "middle"))
            parts.append("</g>")
    y = _TOP + 34 * len(rows)
    parts.append(_text(80, y + 15, "repetitions", "axis", "end"))
    for mark in marks:
        kind = "tick" if mark.counted else "tick rejected"
        parts.append(
            f'<g><title>{escape(mark.note)}</title><line class="{kind}" x1="{scale(mark.turn):.1f}" '
            f'x2="{scale(mark.turn):.1f}" y1="{y}" y2="{y + 22}"/></g>'
        )
    return _svg(height, "Timeline of the recording", parts)


def signal(
    name: str, times: np.ndarray, values: np.ndarray, unit: str, marks: Sequence[Mark], start: float, end: float
) -> Markup:
    """What drives an exercise over time, with its repetitions marked.

    times [n, s]; values: left and right [n, 2] in `unit`, NaN = not measured; start, end [s] of what is shown.
    """
    height = 230
    within = (times >= start) & (times <= end)
    measured = values[within][np.isfinite(values[within])]
    low, high = (float(measured.min()), float(measured.max())) if len(measured) else (0.0, 1.0)
    room = max(0.05 * (high - low), 1e-3)
    across = _Scale(start, max(end, start + 0.1), _LEFT, WIDTH - _RIGHT)
    up = _Scale(low - room, high + room, height - _BOTTOM, _TOP)
    parts = []
    for mark in marks:
        kind = "repetition" if mark.counted else "repetition rejected"
        x, width = across(mark.start), across(mark.end) - across(mark.start)
        parts.append(
            f'<g><title>{escape(mark.note)}</title><rect class="{kind}" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" '
            f'height="{height - _TOP - _BOTTOM}"/>'
        )
        parts.append(_text(across(mark.turn), _TOP - 6, mark.label, "number", "middle") + "</g>")
    parts.append(_time_axis(across, height))
    for value in _grid(up.low, up.high, 5):
        y = up(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(_LEFT - 6, y + 4, f"{value:g}{unit}", "axis", "end"))
    for side, angle in zip(("left", "right"), values.T, strict=True):
        parts += [
            f'<polyline class="{side}" points="{points}"/>' for points in _lines(times, angle, within, across, up)
        ]
    return _svg(height, name, parts)


class _Scale:
    """From values to places, linear."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high = low, high
        self._first = first
        self._factor = (last - first) / (high - low)

    def __call__(self, value: float) -> float:
        return self._first + (value - self.low) * self._factor


def _lines(times: np.ndarray, angle: np.ndarray, within: np.ndarray, across: _Scale, up: _Scale) -> list[str]:
    """The points of each stretch without a gap."""
    rows = np.flatnonzero(within & np.isfinite(angle))
    if not len(rows):
        return []
    stretches = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    step = max(1, len(rows) // _MOST_POINTS)
    return [" ".join(f"{across(times[row]):.1f},{up(angle[row]):.1f}" for row in part[::step]) for part in stretches]


def _time_axis(scale: _Scale, height: int) -> str:
    parts = []
    for value in _grid(scale.low, scale.high, 10):
        x = scale(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - _BOTTOM}"/>')
        label = f"{value:g} s"
        # The last one may stand at the edge of the plot, where half of it would be cut off.
        middle = min(x, WIDTH - _LETTER * len(label) / 2)
        parts.append(_text(middle, height - 8, label, "axis", "middle"))
    return "".join(parts)


def _grid(low: float, high: float, most: int) -> np.ndarray:
    """Round values from low to high, at most about `most`."""
    step = next((step for step in _STEPS if (high - low) / step <= most), (high - low) / most)
    return np.round(np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step, 6)


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: int, name: str, parts: Sequence[str]) -> Markup:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">'
    return Markup(head + "".join(parts) + "</svg>")
