"""The parameters that a command line gives nodes: the file that ships, the user's file over it, and each `-p`."""

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from fitness_bringup.composition.graph_nodes import NODES
from fitness_core.errors import InputError
from fitness_core.yaml_text import parse


def parameters(file: Path | None, namespace: str) -> dict[str, Any]:
    """The parameter file that ships, overruled by the user's, of a graph in this namespace.

    What the user's says of many nodes at once (`/**:`) overrules what the shipped one says of one.
    """
    shipped: dict[str, Any] = parse(package_file("params", "fitness.yaml").read_text())
    if file is None:
        return shipped
    given: dict[str, Any] = parse(file.read_text())
    for pattern, values in _nodes_of(shipped).items():
        node = f"{absolute(namespace)}/{pattern.rsplit('/', 1)[-1]}"
        for name in [name for name in values if _value_in(given, node, name) is not None]:
            del values[name]
    return _merged(shipped, given)


def of_node(file: Path | None, namespace: str, node: str) -> dict[str, Any]:
    """What both files give one node, by its name."""
    return _of_node(parameters(file, namespace), f"{absolute(namespace)}/{node}")


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
        _check_list(value, f"-p {given!r}")
        overrides.setdefault(node, {})[parameter] = value
    return overrides


def absolute(namespace: str) -> str:
    """A namespace from the root on."""
    return "/" + namespace.strip("/")


def check_namespace(namespace: str) -> None:
    """Raise InputError for what is no name of ROS 2: https://design.ros2.org/articles/topic_and_service_names.html."""
    if not re.fullmatch(r"(/[A-Za-z_]\w*)+", absolute(namespace), re.ASCII):
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
    return _of_node(content, node).get(parameter)


def _of_node(content: dict, node: str) -> dict[str, Any]:
    """The parameters of a node by its full name; of those that several sections give the last one holds."""
    found: dict[str, Any] = {}
    for pattern, values in _nodes_of(content).items():
        if isinstance(values, dict) and _matches(node, pattern):
            found |= values
    return found


def _matches(node: str, pattern: str) -> bool:
    """Whether a section is of a node by its full name, as ROS 2 has it: `*` is one name, `**` any number, none too."""
    wild = {"*": r"/\w+", "**": r"(/\w+)*"}
    names = (wild.get(name, "/" + re.escape(name)) for name in pattern.strip("/").split("/"))
    return re.fullmatch("".join(names), node, re.ASCII) is not None


def package_file(*parts: str) -> Path:
    """A file of this package: of the source tree this code lies in, else installed."""
    in_source = Path(__file__).resolve().parents[2].joinpath(*parts)
    if in_source.exists():
        return in_source
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("fitness_bringup"), *parts)


def check(path: Path, namespace: str, option: str = "--params", whole_robot: bool = False) -> None:
    """Raise InputError for what is no parameter file, for a node that is not in the namespace, and for a name that a
    node does not have.

    ROS 2 passes over what matches no node; its own message for what is no parameter file is two lines.
    A section of one node imports that node; what a section of many (`/**`) gives may be for others, a node warns of it.

    option: how the file was given. whole_robot: it may have sections of other nodes.
    """
    given = f"{option} {path}"
    try:
        content = parse(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{given} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{given} is not YAML ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{given} is no parameter file; it starts with a node, e.g. /**/camera:")
    for pattern, values in _nodes_of(content).items():
        node = pattern.rsplit("/", 1)[-1]
        here = any(_matches(f"{namespace.rstrip('/')}/{name}", pattern) for name in NODES)
        if not here and whole_robot:
            continue
        if not isinstance(values, dict):
            below = pattern.strip("/") or pattern
            raise InputError(f"{given}: {below!r} needs ros__parameters: with the parameters in it")
        if not here:
            hint = f"; for the node {node!r} write /**/{node}" if node in NODES else _hint(node)
            raise InputError(f"{given}: {pattern!r} is no node of {namespace}{hint}")
        contents = dict(_values_in(values))
        for name, value in contents.items():
            if value is None:
                raise InputError(f"{given}: {pattern}: {name} has no value; give one, or leave the line out")
            _check_list(value, f"{given}: {pattern}: {name}")
        if node in NODES:
            check_names(node, contents, f"{given}: ")


def check_names(node: str, names: Iterable[str], given: str) -> None:
    """Raise InputError for a parameter that a node does not have, led in by how it was given. Imports the node."""
    from fitness_core.ros.node import COMMON
    from fitness_core.ros.parameters import DECLARED_BY_ROS

    there = sorted(parameter.name for parameter in NODES[node].load().PARAMETERS + COMMON)
    for name in names:
        if name not in there and not name.startswith(DECLARED_BY_ROS):
            close = difflib.get_close_matches(name, there, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise InputError(
                f"{given}{node}.{name}: there is no such parameter; {meant}{node} has: {', '.join(map(repr, there))}"
            )


def _check_list(value: Any, given: str) -> None:
    """Raise InputError for a list such as ROS 2 knows none, led in by how it was given."""
    if not isinstance(value, list):
        return
    kinds = {type(one) for one in value}
    if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
        raise InputError(
            f"{given}: {value} is no list of one type; give true and false only, or whole numbers, numbers with a "
            "point, or texts, e.g. [a, b]"
        )


def _values_in(values: dict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Full names of the parameters in a section, each with its value: `a: {b: 1}` is `a.b`."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _values_in(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


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
    """Both, and of what both have `above`, level by level; that comes last, in its own order: the last one holds."""
    both = {key: value for key, value in below.items() if key not in above}
    for key, value in above.items():
        under = below.get(key)
        both[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return both


def _hint(node: str) -> str:
    close = difflib.get_close_matches(node, NODES, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(NODES)}"
