"""What is wrong with a file that a pydantic model refuses, in words for who wrote the file and knows no pydantic."""

import difflib
import reprlib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_NOT_A_LIST = "Input should be a list: `[a, b]`, or a line with a dash for each"
_NOT_FIELDS = "Input should be fields and their values: `{a: 1, b: 2}`, or an indented line for each"
_SAYS = {
    "missing": "it is missing",
    "string_type": "Input should be text; put quotes around it",
    "tuple_type": _NOT_A_LIST,
    "list_type": _NOT_A_LIST,
    "model_type": _NOT_FIELDS,
    "dict_type": _NOT_FIELDS,
}
"""Instead of pydantic's words, which are of Python's types."""


def first_of(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault of what was given for a model, in one line: the field, what is accepted, what was given."""
    first, *others = error.errors()
    place, says = first["loc"], _in_words(first, model)
    # Where a point or the picture is taken each complains, behind the name of the field.
    if others and others[0]["type"] == "literal_error" and others[0]["loc"][:-1] == place[:-1]:
        place, says = place[:-1], f"{says}, or {others[0]['msg'].removeprefix('Input should be ')}"
    if place:
        says = f"{'.'.join(map(str, place))}: {says}"
    if not place or first["type"] == "missing":  # what was given is then all that is there
        return says
    return f"{says} (given: {reprlib.repr(first['input'])})"


def _in_words(fault: Any, model: type[BaseModel]) -> str:
    if fault["type"] == "extra_forbidden":
        *above, name = fault["loc"]
        there = _fields_at(model, above)
        close = difflib.get_close_matches(str(name), there, n=1)
        return f"there is no such field; {f'did you mean {close[0]!r}?' if close else 'there are: ' + ', '.join(there)}"
    if fault["type"] == "string_pattern_mismatch":  # the patterns here are all of names
        first = ", a letter first" if fault["ctx"]["pattern"].startswith("^[a-z][") else ""
        return f"Input should be of small letters, digits and _{first}, as `side_lunge`"
    return _SAYS.get(fault["type"], fault["msg"].removeprefix("Value error, "))


def _fields_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The fields there are at a place in a model, by the names that a file gives them."""
    for part in place:
        field = next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)
        if field is not None:  # else a number in a list, or a name that is free
            model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in the type of a field, be it within a list or optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
