"""Sentences for people."""


def amount(number: int, thing: str) -> str:
    """`1 take`, `2 takes`."""
    return f"{number} {thing}" + "s" * (number != 1)
