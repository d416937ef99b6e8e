"""Makes docs/ros-api.md from the nodes themselves: `python -m fitness_bringup.interfaces.api_docs > docs/ros-api.md`.

Parameters come from the schemas, topics and services from `node_apis`, prose from the docstrings.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from fitness_bringup.interfaces.access import AT_RUN_TIME, Access
from fitness_bringup.interfaces.node_apis import NodeApi, nodes
from fitness_core.ros import qos
from fitness_core.ros.node import COMMON
from fitness_core.ros.parameters import Parameter

_RELIABILITY = {
    ReliabilityPolicy.RELIABLE: "reliable",
    ReliabilityPolicy.BEST_EFFORT: "best effort",
    ReliabilityPolicy.BEST_AVAILABLE: "best available",
}
HEADER = """\
# ROS API

Made by `python -m fitness_bringup.interfaces.api_docs`; a test holds it equal to the code.

Names are relative: under the launch files the namespace is `fitness`, and every name can be remapped. Every node is a
managed (lifecycle) node with the usual services of one, and reports on `/diagnostics` (diagnostic_msgs/DiagnosticArray)
at 1 Hz. Messages carry stamp and frame of the picture they come from; [their fields](#messages) are at the end.

Where ROS 2 is PyPI's there is no `ros2`: a node runs by its file, here a player into a graph that
`./fitness live --source topic:/none` runs:

    ./fitness shell -- install/lib/fitness_datasets/player_node --ros-args -r __ns:=/fitness -p bag:=BAG -p rate:=2.0
"""


def render() -> str:
    """The text of docs/ros-api.md."""
    parts = [HEADER, "## Quality of service\n", _table(("name", "reliability", "durability", "depth"), _qos_rows())]
    parts += ["## Parameters of every node\n", _parameter_table(COMMON)]
    for api in nodes():
        parts.append(f"## {api.name}\n")
        parts.append(f"`ros2 run {api.package} {api.executable}`\n")
        parts.append(_prose(api))
        for title, endpoints in (
            ("Publishes", api.publishers),
            ("Subscribes to", api.subscriptions),
            ("Services", api.services),
            ("Actions", api.actions),
            ("Calls services", api.clients),
            ("Calls actions", api.action_clients),
        ):
            if endpoints:
                columns = ("name", "type", "QoS") if any(endpoint.qos for endpoint in endpoints) else ("name", "type")
                rows = [(f"`{end.name}`", end.type, end.qos)[: len(columns)] for end in endpoints]
                parts += [f"### {title}\n", _table(columns, rows)]
        if api.name in AT_RUN_TIME:
            parts += ["### Named while it runs\n", _run_time_table(AT_RUN_TIME[api.name])]
        if api.node_class.PARAMETERS:
            parts += ["### Parameters\n", _parameter_table(api.node_class.PARAMETERS)]
    return "\n".join([*parts, *_interfaces()])


def _interfaces() -> Iterator[str]:
    """Messages, services and actions as they are defined."""
    share = Path(get_package_share_directory("fitness_msgs"))
    yield "## Messages\n"
    for file in sorted(file for kind in ("msg", "srv", "action") for file in (share / kind).glob(f"*.{kind}")):
        yield f"### fitness_msgs/{file.stem}\n\n```\n{file.read_text().rstrip()}\n```\n"


def _prose(api: NodeApi) -> str:
    return inspect.cleandoc(api.node_class.__doc__ or "") + "\n"


def _qos_rows() -> Iterator[tuple[str, ...]]:
    for name, profile in vars(qos).items():
        if isinstance(profile, QoSProfile):
            yield (
                name,
                _RELIABILITY[profile.reliability],
                "transient local" if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL else "volatile",
                str(profile.depth),
            )


def _run_time_table(access: Access) -> str:
    ways = (
        ("publishes", access.publish),
        ("subscribes to", access.subscribe),
        ("calls services", access.request),
        ("calls actions", access.call),
    )
    return _table(
        ("", "names"), [(way, ", ".join(f"`{name}`" for name in sorted(names))) for way, names in ways if names]
    )


def _parameter_table(parameters: Iterable[Parameter]) -> str:
    rows = []
    for parameter in parameters:
        default = parameter.default
        text = str(default).lower() if isinstance(default, bool) else repr(default).replace("'", '"')
        description = parameter.description + (
            " Read-only." if parameter.read_only else " Taken at configure." if parameter.at_configure else ""
        )
        rows.append((f"`{parameter.name}`", parameter.type_name, f"`{text}`", parameter.accepted, description))
    return _table(("name", "type", "default", "accepted", "description"), rows)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def main() -> int:
    """Print the text."""
    sys.stdout.write(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
