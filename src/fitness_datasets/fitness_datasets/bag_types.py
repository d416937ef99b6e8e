"""What is known of message types: definitions, installed or brought along by a bag, and their QoS in bags of ours."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_share_directory,
)
from rosbags.interfaces import (
    Connection,
    MessageDefinitionFormat,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.typesys import (
    Stores,
    get_types_from_idl,
    get_types_from_msg,
    get_typestore,
)
from rosbags.typesys.store import Typestore

from fitness_core.errors import InputError

_LATCHED = {
    "fitness_msgs/msg/ClassifierInfo": 1,
    "fitness_msgs/msg/RepState": 10,
    "fitness_msgs/msg/SetSummary": 10,
    "fitness_msgs/msg/TakeLabel": 10,
}
_FOREVER = QosTime(9223372036, 854775807)


@cache
def installed_types() -> dict[str, Any]:
    """Field definitions of the installed fitness_msgs, as rosbags wants them; read once, for it takes a while."""
    try:
        folder = Path(get_package_share_directory("fitness_msgs")) / "msg"
    except (PackageNotFoundError, LookupError):
        raise InputError("fitness_msgs is not installed; build the workspace and source it") from None
    types: dict[str, Any] = {}
    for file in sorted(folder.glob("*.msg")):
        types.update(get_types_from_msg(file.read_text(), f"fitness_msgs/msg/{file.stem}"))
    return types


def definitions(connections: Sequence[Connection]) -> dict[str, Any]:
    """Field definitions of the types that a bag brings along."""
    types: dict[str, Any] = {}
    for connection in connections:
        definition = connection.msgdef
        if not definition.data.strip():
            continue
        if definition.format == MessageDefinitionFormat.MSG:
            types.update(get_types_from_msg(definition.data, connection.msgtype))
        elif definition.format == MessageDefinitionFormat.IDL:
            for part in definition.data.split("=" * 80 + "\n"):
                text = part.split("\n", 1)[1] if part.startswith("IDL: ") else part
                if text.strip():
                    types.update(get_types_from_idl(text))
    return types


def typestore(definitions: dict[str, Any]) -> Typestore:
    """Types of ROS 2 Jazzy and fitness_msgs; those in `definitions` replace ours of the same name."""
    types: dict[str, Any] = dict(get_typestore(Stores.ROS2_JAZZY).fielddefs)
    types.update(installed_types())
    types.update(definitions)
    store = get_typestore(Stores.EMPTY)
    store.register(types)
    return store


def qos_of(type_name: str) -> Qos:
    """The QoS that a stock player offers for a type of ours: reliable; facts, states and takes latched."""
    depth = _LATCHED.get(type_name)
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=depth or 10,
        reliability=QosReliability.RELIABLE,
        durability=QosDurability.TRANSIENT_LOCAL if depth else QosDurability.VOLATILE,
        deadline=_FOREVER,
        lifespan=_FOREVER,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=_FOREVER,
        avoid_ros_namespace_conventions=False,
    )
