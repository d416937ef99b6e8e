"""YAML as people write it into files of this project: plain values, of a size and depth that nobody exceeds by hand."""

from typing import Any

import yaml

LARGEST = 1_000_000
"""Characters of a file; the largest that ships has 3000."""
DEEPEST = 30
"""Values within values."""


class _Plain(yaml.SafeLoader):
    """No aliases: ten lines of them can stand for more values than fit into a machine's memory."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As SafeLoader's, within the bounds."""
        if self.check_event(yaml.AliasEvent):
            raise self._refused("an alias (*name) is not accepted; write the value out")
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refused(f"values are nested deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refused(self, why: str) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=why, problem_mark=self.peek_event().start_mark)


def parse(text: str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError for whatever is wrong with it."""
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"{len(text)} characters; at most {LARGEST} are accepted")
    try:
        return yaml.load(text, Loader=_Plain)
    except (ValueError, OverflowError) as error:  # a date with a 13th month, a number with too many digits
        raise yaml.YAMLError(str(error)) from None
