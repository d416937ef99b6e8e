"""YAML as people write it into files of this project: plain values, of a size and depth that nobody exceeds by hand."""

from typing import Any

import yaml

LARGEST = 1_000_000
"""Characters of a file; the largest that ships has 3000."""
DEEPEST = 30
"""Values within values."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's own, in C where it was built with libyaml, as its wheels and Debian's are: a tenth of the time."""


def parse(text: str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError for whatever is wrong with it."""
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"{len(text)} characters; at most {LARGEST} are accepted")
    try:
        _check(text)
        return yaml.load(text, Loader=LOADER)
    except (ValueError, OverflowError) as error:  # a date with a 13th month, a number with too many digits
        raise yaml.YAMLError(str(error)) from None


def _check(text: str) -> None:
    """Refuse endless depth, and aliases: ten lines of them are more values than fit into a machine's memory."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias (*name) is not accepted; write the value out", event)
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent) and depth >= DEEPEST:
            raise _refused(f"values are nested deeper than {DEEPEST} levels", event)
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1


def _refused(why: str, event: yaml.Event) -> yaml.YAMLError:
    place = event.start_mark
    return yaml.YAMLError(f"{why}, line {place.line + 1}, column {place.column + 1}" if place else why)
