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
# In C where PyYAML was built with libyaml, as its wheels and Debian's are: a tenth of the time.
_PLAIN: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_EXPONENT = "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z", re.ASCII), [*"-+.0123456789"]
"""Numbers for ROS 2, also without the point or the sign that PyYAML asks for."""

_IN_WORDS = {
    "mapping values are not allowed": "a colon too many; put a text with a colon in quotes, or mend the indentation of "
    "this line or the one above",
    "did not find expected key": "something stands behind a text in quotes or a list; put all of a text in one pair of "
    'quotes, one with \' in it in "..."',
    "found character": "a text cannot begin so; put it in quotes, and indent with spaces, not with tabs",
    "found a tab character": "a tab; indent with spaces",
    "found unexpected end of stream": "a quote is not closed",
    "found unknown escape character": "a \\ within \"...\"; put the text in '...'",
    "could not find expected ':'": "the line lacks its colon, as in `name: value`",
    "could not determine a constructor": "a text that begins with ! must be in quotes",
}
"""How the words of YAML's reader begin -> what is wrong, and what to do."""


class Loader(_PLAIN):
    """PyYAML's own, but as for ROS 2 1e1 is a number, and a date a text: a session or a model may be named after its
    day.
    """


Loader.yaml_implicit_resolvers = {
    first: [(tag, looks) for tag, looks in kinds if tag != "tag:yaml.org,2002:timestamp"]
    for first, kinds in _PLAIN.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(*_EXPONENT)


class _Dumper(yaml.SafeDumper):
    """PyYAML's own, but a text that reads as a number to ROS 2 is in quotes."""


_Dumper.add_implicit_resolver(*_EXPONENT)


def dump(values: Any, **how: Any) -> str:
    """The YAML text of plain values in their order, which `parse` and ROS 2 read as the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, **how)


def parse(text: str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError, one line that says where, for whatever is wrong with it."""
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"{len(text)} characters; at most {LARGEST} are accepted")
    try:
        _check(text)
        return yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        said = error.problem or error.context or ""
        why = next((words for begin, words in _IN_WORDS.items() if said.startswith(begin)), said)
        # A quote that is open, or a line without a colon, is noticed further down.
        begins = (error.context or "").endswith(("a simple key", "quoted scalar"))
        raise _refused(why, error.context_mark if begins else error.problem_mark) from None
    except yaml.reader.ReaderError as error:
        raise yaml.YAMLError(str(error).splitlines()[0]) from None
    except (ValueError, OverflowError) as error:  # a number with too many digits
        raise yaml.YAMLError(str(error)) from None


def _check(text: str) -> None:
    """Refuse endless depth, aliases, and what is given twice.

    Ten lines of aliases are more values than fit into a machine's memory; of two values YAML's reader keeps the last.
    """
    # Of every list and mapping that is open: its names so far, and whether its next node is one.
    around: list[tuple[set[str], Iterator[bool]]] = []
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias (*name) is not accepted; write the value out", event.start_mark)
        if isinstance(event, yaml.CollectionEndEvent):
            around.pop()
        elif isinstance(event, yaml.NodeEvent):
            if len(around) >= DEEPEST:
                raise _refused(f"values are nested deeper than {DEEPEST} levels", event.start_mark)
            if around:
                names, is_name = around[-1]
                if next(is_name) and isinstance(event, yaml.ScalarEvent):
                    if event.value in names:
                        raise _refused(f"{event.value!r} is given twice; leave one of them out", event.start_mark)
                    names.add(event.value)
            if isinstance(event, yaml.CollectionStartEvent):
                around.append((set(), cycle((True, False) if isinstance(event, yaml.MappingStartEvent) else (False,))))


def _refused(why: str, place: Any) -> yaml.YAMLError:
    return yaml.YAMLError(f"line {place.line + 1}, column {place.column + 1}: {why}" if place else why)
