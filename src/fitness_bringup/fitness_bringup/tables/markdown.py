"""Markdown that is made of data: a table, and what stands between two marks of a page."""

from collections.abc import Iterable, Sequence

from fitness_core.errors import InputError


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """A table without a line end. numbers: all columns but the first are numbers, at the right."""
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def put(page: str, name: str, content: str) -> str:
    """The page with the content between its lines `<!-- name -->` and `<!-- /name -->`. InputError if it has none."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise InputError(f"the page has no {begin} ... {end}")
    return f"{before}{begin}\n{content}\n{end}{after}"
