"""What is drawn on the live page's canvases is readable in both themes; axe-core does not look into them."""

import re
from importlib.resources import files

import pytest

LEAST = 4.5
"""Contrast of words, WCAG 2.2 AA (1.4.3)."""
SHEET = files("fitness_visualization.dashboard").joinpath("static/style.css").read_text()
COLOURS = {name: themes for name, *themes in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", SHEET)}


def luminance(colour: str) -> float:
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *((name, "stage") for name in ("left", "right", "muted")),  # angles beside the joints
        *((name, "card") for name in ("left", "right", "muted", "accent", "bad")),  # signals
    ],
)
def test_words_on_a_canvas_stand_out(words: str, ground: str, theme: int):
    dark, bright = sorted(luminance(COLOURS[name][theme]) for name in (words, ground))
    assert (bright + 0.05) / (dark + 0.05) >= LEAST
