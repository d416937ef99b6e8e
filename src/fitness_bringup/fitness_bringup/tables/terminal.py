"""Tables on a terminal."""

import math
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text


class _Plain(Table):
    """Of plain text: Rich would take "[s]", or a part of a file's name, for markup and leave it out."""

    def add_row(self, *cells: Any, **style: Any) -> None:
        super().add_row(*map(Text, cells), **style)


def table(*columns: str, names: bool = False) -> Table:
    """An empty table; the first column is text, the others are numbers. Where the terminal is too narrow, cells have
    more lines, and nothing is cut off.

    names: the first column has names of exercises, which stay in one line.
    """
    made = _Plain(box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        made.add_column(Text(column), justify="right" if number else "left", overflow="fold")
    if names:
        made.columns[0].no_wrap = True
    return made


def reach(degrees: float, torso: float) -> str:
    """A range of motion with its unit: the one of the two [deg, torso lengths] that is no NaN; "" of two NaN."""
    if not math.isnan(torso):
        return f"{torso:.2f} torso"
    return "" if math.isnan(degrees) else f"{degrees:.0f}\N{DEGREE SIGN}"
