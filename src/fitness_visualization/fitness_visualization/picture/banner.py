"""A sentence over the whole width of a picture: what the person is told."""

import numpy as np

from fitness_visualization.picture import drawing
from fitness_visualization.picture.drawing import Box, Colour

_GROUND = 2.4  # height of its ground, in heights of its letters


def height_of(canvas: np.ndarray) -> float:
    """How high it is on a canvas [height, width, 3] [px]."""
    return _GROUND * _letters(canvas)


def draw(canvas: np.ndarray, words: str, ink: Colour, ground: Colour) -> None:
    """Draw it at the bottom, in a portrait picture above where the overlay's panel may be. canvas: BGR uint8."""
    height, width = canvas.shape[:2]
    letters = _letters(canvas)
    bottom = height if width >= height * 0.9 else 0.76 * height
    drawing.panel(canvas, Box(0, bottom - _GROUND * letters, width, _GROUND * letters), ground)
    drawing.text(canvas, words, (width / 2, bottom - 0.8 * letters), letters, ink, "middle", fit=0.95 * width)


def _letters(canvas: np.ndarray) -> float:
    """Height of its letters [px]."""
    height, width = canvas.shape[:2]
    return min(0.05 * height, 0.045 * width)
