"""Markdown that is made of data: a table, and what stands between two marks of a page."""

from collections.abc import Iterable, Sequence

from fitness_core.errors import InputError


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """A table without a line end. numbers: all columns but the first are numbers, at the right."""
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines()[2:]]


def within(page: str, name: str) -> str:
    """What is between the lines `<!-- name -->` and `<!-- /name -->` of a page. InputError if it has none."""
    return _parts(page, name)[1]


def put(page: str, name: str, content: str) -> str:
    """The page with the content between its lines `<!-- name -->` and `<!-- /name -->`. InputError if it has none."""
    before, _, after = _parts(page, name)
    return f"{before}\n{content}\n{after}"


def _parts(page: str, name: str) -> tuple[str, str, str]:
    """Up to the first mark with it, between the marks, from the second on."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    content, ended, after = rest.partition(end)
    if not found or not ended:
        raise InputError(f"the page has no {begin} ... {end}")
    return before + begin, content, end + after
