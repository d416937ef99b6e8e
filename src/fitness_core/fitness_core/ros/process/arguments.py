"""What is wrong with arguments of ROS 2 (`--ros-args ...`), in words for who typed them."""

import re
from pathlib import Path

import yaml

from fitness_core.yaml_text import parse

_REFUSED = re.compile(r"failed to initialize rcl: Couldn't parse (?P<what>.*?): '(?P<given>.*)'\. Error: (?P<why>.*)")
_ACCEPTED = {
    "parameter override rule": "give NAME:=VALUE, e.g. -p rate:=2.0; quotes of its own around a text with : or [",
    "remap rule": "give FROM:=TO, e.g. -r __ns:=/robot; a name is of letters, digits, _ and /",
    "log level": "accepted: debug, info, warn, error, fatal, or LOGGER:= before it",
}


def in_words(said: str) -> str:
    """What `rclpy.init` said of arguments that it refuses, as one sentence with what is accepted."""
    if said.startswith("["):  # a list and nothing else
        return f"ROS 2 does not know the arguments {said}"
    refused = _REFUSED.fullmatch(said)
    if refused is None:
        return said
    if refused["what"] == "params file":
        return f"{refused['given']}: {_wrong_in(refused['given'].removeprefix('--params-file '), refused['why'])}"
    return f"{refused['given']}: {_ACCEPTED.get(refused['what'], refused['why'])}"


def _wrong_in(file: str, why: str) -> str:
    try:
        parse(Path(file).read_text())
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        return f"it is not YAML ({error})"
    return f"it is not a parameter file of ROS 2 ({why})"
