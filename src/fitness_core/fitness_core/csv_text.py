"""CSV files as people and spreadsheets write them: commas, semicolons or tabs, spaces, capitals, a byte order mark."""

import csv
import io
from pathlib import Path

from fitness_core.errors import InputError

_DELIMITERS = ",;\t"


def read_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table by the names in its first row, these in lower case; rows without a value are left out.

    Raises InputError for what cannot be read as text.
    """
    try:
        text = _text(table.read_bytes())
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except OSError as error:
        raise InputError(f"table {table} cannot be read ({error.strerror}); give a CSV file") from None
    except UnicodeDecodeError:
        raise InputError(f"table {table} cannot be read (it is not UTF-8); save it as CSV, UTF-8") from None
    except csv.Error:
        raise InputError(f"table {table} cannot be read (not a CSV file); give a CSV file") from None
    head, *others = [row for row in rows if any(map(str.strip, row))] or [[]]
    names = [name.strip().lower() for name in head]
    # A short row lacks values; what is beyond the named columns is nothing.
    filled = (row + [""] * len(names) for row in others)
    named = [{name: value.strip() for name, value in zip(names, row, strict=False) if name} for row in filled]
    return [row for row in named if any(row.values())]


def _text(content: bytes) -> str:
    # "Unicode text" of a spreadsheet is UTF-16, and says so.
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _delimiter(text: str) -> str:
    """What parts the names of the columns."""
    head = text.lstrip().partition("\n")[0]
    return max(_DELIMITERS, key=head.count)
