"""A sentence over the whole width of a picture: what the person is told."""

import numpy as np

from fitness_visualization.picture import drawing
from fitness_visualization.picture.drawing import Box, Colour

_GROUND = 2.4  # height of its ground, in heights of its letters
_TWO = 0.6  # height of the letters of two lines, in heights of those of one


def height_of(canvas: np.ndarray) -> float:
    """How high it is on a canvas [height, width, 3] [px]."""
    return _GROUND * _letters(canvas)


def draw(canvas: np.ndarray, words: str, ink: Colour, ground: Colour) -> None:
    """Draw it at the bottom, in a portrait picture above where the overlay's panel may be. canvas: BGR uint8."""
    height, width = canvas.shape[:2]
    letters = _letters(canvas)
    bottom = height if width >= height * 0.9 else 0.76 * height
    drawing.panel(canvas, Box(0, bottom - _GROUND * letters, width, _GROUND * letters), ground)
    fit = 0.95 * width
    if drawing.width_of(words, _TWO * letters) <= fit:
        drawing.text(canvas, words, (width / 2, bottom - 0.8 * letters), letters, ink, "middle", fit=fit)
        return
    # In one line its letters would be too small to read from where a person exercises.
    for line, base in zip(_halves(words), (1.5, 0.45), strict=True):
        drawing.text(canvas, line, (width / 2, bottom - base * letters), _TWO * letters, ink, "middle", fit=fit)


def _halves(words: str) -> tuple[str, str]:
    """Words in two lines that are about as long."""
    spaces = [place for place, letter in enumerate(words) if letter == " "]
    middle = min(spaces, key=lambda place: abs(2 * place - len(words)), default=len(words))
    return words[:middle], words[middle + 1 :]


def _letters(canvas: np.ndarray) -> float:
    """Height of its letters [px]."""
    height, width = canvas.shape[:2]
    return min(0.05 * height, 0.045 * width)
