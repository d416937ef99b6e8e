"""YAML as people write it into files of this project: plain values, of a size and depth that nobody exceeds by hand."""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import yaml

LARGEST = 1_000_000
"""Characters of a file; the largest that ships has 3000."""
DEEPEST = 30
"""Values within values."""
_PLAIN: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# In C where PyYAML was built with libyaml, as its wheels and Debian's are: a tenth of the time.


_EXPONENT = "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z", re.ASCII), [*"-+.0123456789"]
"""Numbers for ROS 2, also without the point or the sign that PyYAML asks for."""


class LOADER(_PLAIN):
    """PyYAML's own, but as for ROS 2 1e1 is a number, and a date a text: a session or a model may be named after its
    day.
    """


LOADER.yaml_implicit_resolvers = {
    first: [(tag, looks) for tag, looks in kinds if tag != "tag:yaml.org,2002:timestamp"]
    for first, kinds in _PLAIN.yaml_implicit_resolvers.items()
}
LOADER.add_implicit_resolver(*_EXPONENT)


class _Dumper(yaml.SafeDumper):
    """PyYAML's own, but a text that reads as a number to ROS 2 is in quotes."""


_Dumper.add_implicit_resolver(*_EXPONENT)


def dump(values: Any, **how: Any) -> str:
    """The YAML text of plain values in their order, which `parse` and ROS 2 read as the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, **how)


def parse(text: str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError for whatever is wrong with it."""
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"{len(text)} characters; at most {LARGEST} are accepted")
    try:
        _check(text)
        return yaml.load(text, Loader=LOADER)
    except (ValueError, OverflowError) as error:  # a number with too many digits
        raise yaml.YAMLError(str(error)) from None


def _check(text: str) -> None:
    """Refuse endless depth, aliases, and what is given twice.

    Ten lines of aliases are more values than fit into a machine's memory; of two values YAML's reader keeps the last.
    """
    # Of every list and mapping that is open: its names so far, and whether its next node is one.
    around: list[tuple[set[str], Iterator[bool]]] = []
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias (*name) is not accepted; write the value out", event)
        if isinstance(event, yaml.CollectionEndEvent):
            around.pop()
        elif isinstance(event, yaml.NodeEvent):
            if len(around) >= DEEPEST:
                raise _refused(f"values are nested deeper than {DEEPEST} levels", event)
            if around:
                names, is_name = around[-1]
                if next(is_name) and isinstance(event, yaml.ScalarEvent):
                    if event.value in names:
                        raise _refused(f"{event.value!r} is given twice; leave one of them out", event)
                    names.add(event.value)
            if isinstance(event, yaml.CollectionStartEvent):
                around.append((set(), cycle((True, False) if isinstance(event, yaml.MappingStartEvent) else (False,))))


def _refused(why: str, event: yaml.Event) -> yaml.YAMLError:
    place = event.start_mark
    return yaml.YAMLError(f"{why}, line {place.line + 1}, column {place.column + 1}" if place else why)
