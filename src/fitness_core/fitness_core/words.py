"""Sentences for people."""


def amount(number: int, thing: str) -> str:
    """`1 take`, `2 takes`."""
    return f"{number} {thing}" + "s" * (number != 1)


def words_of(name: str | None) -> str:
    """A name of the catalogue or of a message, as people write it: `lateral raise` of lateral_raise; "" of None."""
    return (name or "").replace("_", " ")
