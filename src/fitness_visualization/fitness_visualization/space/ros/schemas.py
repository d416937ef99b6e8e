"""The definition of a message type as one text with those of its fields, as Foxglove and MCAP want it (`ros2msg`).

Format: https://mcap.dev/spec/registry#ros2msg.
"""

import re
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from fitness_core.errors import InputError

_SEPARATOR = "=" * 80
_PRIMITIVES = {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_PRIMITIVES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FIELD = re.compile(r"^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[a-z]\w*", re.MULTILINE)


def definition_of(type_name: str) -> str:
    """The definition of "package/msg/Type" and, after it, of every type that it contains, each once.

    Raises InputError where the package is not installed or has no such message.
    """
    parts = [_text(type_name)]
    known = {type_name}
    for text in parts:  # grows on the way
        package = type_name.split("/")[0] if text is parts[0] else text.split("MSG: ", 1)[1].split("/")[0]
        for field in _FIELD.findall(text):
            name = _full_name(field, package)
            if name and name not in known:
                known.add(name)
                parts.append(f"{_SEPARATOR}\nMSG: {name.replace('/msg/', '/')}\n{_text(name)}")
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _full_name(field: str, package: str) -> str:
    """The type of a field as "package/msg/Type"; "" of a primitive one."""
    if field in _PRIMITIVES:
        return ""
    *owner, name = field.split("/")
    return f"{owner[0] if owner else package}/msg/{name}"


def _text(type_name: str) -> str:
    package, _, name = type_name.split("/")
    try:
        return Path(get_package_share_directory(package), "msg", f"{name}.msg").read_text()
    except (PackageNotFoundError, LookupError, OSError):
        raise InputError(f"message type {type_name} is not installed; build the workspace and source it") from None
