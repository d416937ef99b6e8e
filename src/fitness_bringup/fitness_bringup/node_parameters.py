"""The parameters that a command line gives nodes: the file that ships, the user's file over it, and each `-p`."""

import difflib
import fnmatch
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from fitness_bringup.graph_nodes import NODES
from fitness_core.errors import InputError
from fitness_core.yaml_text import parse


def parameters(file: Path | None, namespace: str) -> dict[str, Any]:
    """The parameter file that ships, overruled by the user's, of a graph in this namespace.

    What the user's says of many nodes at once (`/**:`) overrules what the shipped one says of one.
    """
    shipped: dict[str, Any] = parse(shared("params", "fitness.yaml").read_text())
    if file is None:
        return shipped
    given: dict[str, Any] = parse(file.read_text())
    for pattern, values in _nodes_of(shipped).items():
        node = f"/{namespace.strip('/')}/{pattern.rsplit('/', 1)[-1]}"
        for name in [name for name in values if _value_in(given, node, name) is not None]:
            del values[name]
    return _merged(shipped, given)


def overrides_of(arguments: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Node -> parameter -> value of every -p. Raises InputError."""
    overrides: dict[str, dict[str, Any]] = {}
    for given in arguments:
        name, assigned, text = given.partition(":=")
        node, dot, parameter = name.partition(".")
        if not (assigned and dot and parameter):
            raise InputError(f"-p {given!r}: give NODE.NAME:=VALUE, e.g. -p camera.width:=1280")
        if node not in NODES:
            raise InputError(f"-p {given!r}: unknown node {node!r}{_hint(node)}")
        try:
            value = parse(text)
        except yaml.YAMLError:
            raise InputError(f"-p {given!r}: {text!r} is not a YAML value") from None
        if not isinstance(value, (bool, int, float, str, list)):
            raise InputError(f"-p {given!r}: {text!r} is not a value of a parameter")
        overrides.setdefault(node, {})[parameter] = value
    return overrides


def check_namespace(namespace: str) -> None:
    """Raise InputError for what is no name of ROS 2: https://design.ros2.org/articles/topic_and_service_names.html."""
    if not re.fullmatch(r"(/[A-Za-z_]\w*)+", "/" + namespace.strip("/"), re.ASCII):
        raise InputError(
            f"--namespace {namespace!r}: letters, digits, _ and / are accepted, a digit not in front, e.g. robot1/gym"
        )


def value_of(file: Path, node: str, parameter: str) -> Any:
    """What a parameter file gives a node, by its full name; None where it gives nothing or cannot be read."""
    try:
        content = parse(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return _value_in(content if isinstance(content, dict) else {}, node, parameter)


def _value_in(content: dict, node: str, parameter: str) -> Any:
    found = None
    for pattern, values in _nodes_of(content).items():
        if isinstance(values, dict) and fnmatch.fnmatchcase(node, pattern):
            found = values.get(parameter, found)
    return found


def shared(*parts: str) -> Path:
    """A file of this package: of the source tree this code lies in, else installed."""
    in_source = Path(__file__).resolve().parent.parent.joinpath(*parts)
    if in_source.exists():
        return in_source
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("fitness_bringup"), *parts)


def check(path: Path, namespace: str) -> None:
    """Raise InputError for what is no parameter file, and for one that speaks of no node of the namespace.

    ROS 2 passes over what matches no node; its own message for what is no parameter file is two lines.
    """
    try:
        content = parse(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--params {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise InputError(f"--params {path} is not YAML{f' (line {where.line + 1})' if where else ''}") from None
    if not isinstance(content, dict):
        raise InputError(f"--params {path} is no parameter file; it starts with a node, e.g. /**/camera:")
    for pattern, values in _nodes_of(content).items():
        if not isinstance(values, dict):
            below = pattern.strip("/") or pattern
            raise InputError(f"--params {path}: {below!r} needs ros__parameters: with the parameters in it")
        if not any(fnmatch.fnmatchcase(f"{namespace}/{node}", pattern) for node in NODES):
            node = pattern.rsplit("/", 1)[-1]
            hint = f"; for the node {node!r} write /**/{node}" if node in NODES else _hint(node)
            raise InputError(f"--params {path}: {pattern!r} is no node of {namespace}{hint}")


def _nodes_of(content: dict, prefix: str = "") -> dict[str, Any]:
    """Pattern of a node's full name -> its parameters, of a file's content; or what else stands in their place."""
    nodes: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}/{str(key).strip('/')}"
        if isinstance(value, dict) and "ros__parameters" not in value:
            nodes |= _nodes_of(value, name)
        else:
            nodes[name] = value["ros__parameters"] if isinstance(value, dict) else None
    return nodes


def _merged(below: dict, above: dict) -> dict:
    """Both, and of what both have `above`, level by level."""
    both = below | above
    nested = {
        key: _merged(below[key], above[key])
        for key in below.keys() & above.keys()
        if isinstance(below[key], dict) and isinstance(above[key], dict)
    }
    return both | nested


def _hint(node: str) -> str:
    close = difflib.get_close_matches(node, NODES, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(NODES)}"
