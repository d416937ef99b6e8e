"""Tables on a terminal."""

from rich import box
from rich.table import Table
from rich.text import Text


def table(*columns: str) -> Table:
    """An empty table; the first column is text, the others are numbers."""
    made = Table(box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        # As Text, because Rich would take "[s]" for markup.
        made.add_column(Text(column), justify="right" if number else "left")
    return made
