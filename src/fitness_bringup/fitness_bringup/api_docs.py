"""Makes docs/ros-api.md from the nodes themselves: `python -m fitness_bringup.api_docs > docs/ros-api.md`.

Parameters come from the schemas, topics and services from the calls that create them, prose from the docstrings.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ament_index_python.packages import get_package_share_directory
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from fitness_core.ros import pictures, qos
from fitness_core.ros.node import COMMON, FitnessNode
from fitness_core.ros.parameters import Parameter

if TYPE_CHECKING:
    from fitness_bringup.policies import Access

PACKAGES = (
    "fitness_camera",
    "pose_estimator",
    "exercise_classifier",
    "rep_counter",
    "fitness_visualization",
    "fitness_datasets",
)
"""Packages with nodes, in the order of the graph."""

_RELIABILITY = {
    ReliabilityPolicy.RELIABLE: "reliable",
    ReliabilityPolicy.BEST_EFFORT: "best effort",
    ReliabilityPolicy.BEST_AVAILABLE: "best available",
}
HEADER = """\
# ROS API

Made by `python -m fitness_bringup.api_docs`; a test holds it equal to the code.

Names are relative: under the launch files the namespace is `fitness`, and every name can be remapped. Every node is a
managed (lifecycle) node with the usual services of one, and reports on `/diagnostics` (diagnostic_msgs/DiagnosticArray)
at 1 Hz. Messages carry stamp and frame of the picture they come from; [their fields](#messages) are at the end.

Where ROS 2 is PyPI's there is no `ros2`: a node runs by its file, here a player into a graph that
`./fitness live --source topic:/none` runs:

    ./fitness shell -- install/lib/fitness_datasets/player_node --ros-args -r __ns:=/fitness -p bag:=BAG -p rate:=2.0
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A topic or service of a node: its name, its type as `package/Type`, and the names of its QoS in fitness_core."""

    name: str
    type: str
    qos: str = ""


@dataclass(slots=True)
class NodeApi:
    """What a node offers: where it lives, its default name, its endpoints and its parameters."""

    package: str
    executable: str
    name: str
    node_class: type[FitnessNode]
    publishers: list[Endpoint] = field(default_factory=list)
    subscriptions: list[Endpoint] = field(default_factory=list)
    services: list[Endpoint] = field(default_factory=list)
    actions: list[Endpoint] = field(default_factory=list)
    clients: list[Endpoint] = field(default_factory=list)
    action_clients: list[Endpoint] = field(default_factory=list)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters and those of every node."""
        return self.node_class.PARAMETERS + COMMON


def nodes() -> list[NodeApi]:
    """Every node of the project."""
    return [api for package in PACKAGES for api in _nodes_of(package)]


def render() -> str:
    """The text of docs/ros-api.md."""
    from fitness_bringup.policies import AT_RUN_TIME  # which is made of what is found here

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


def _nodes_of(package_name: str) -> Iterator[NodeApi]:
    package = importlib.import_module(package_name)
    for found in pkgutil.iter_modules(package.__path__):
        if found.name.endswith("_node"):
            module = importlib.import_module(f"{package_name}.{found.name}")
            node_class = next(
                value
                for value in vars(module).values()
                if inspect.isclass(value) and issubclass(value, FitnessNode) and value.__module__ == module.__name__
            )
            name = inspect.signature(node_class).parameters["name"].default
            api = NodeApi(package_name, found.name, name, node_class)
            _find_endpoints(api, module)
            for helper in _helpers(module, f"{package_name}.ros."):
                _find_endpoints(api, helper)
            yield api


def _helpers(module: ModuleType, prefix: str) -> list[ModuleType]:
    """The modules of the package's ros/ whose classes a node module imports."""
    classes = [value for value in vars(module).values() if inspect.isclass(value)]
    return [sys.modules[name] for name in sorted({c.__module__ for c in classes}) if name.startswith(prefix)]


def _find_endpoints(api: NodeApi, module: ModuleType) -> None:
    # call -> list it goes to, position of type and name, position of the QoS
    calls = {
        "create_lifecycle_publisher": (api.publishers, 0, 2),
        "create_publisher": (api.publishers, 0, 2),
        "create_subscription": (api.subscriptions, 0, 3),
        "create_service": (api.services, 0, None),
        "HeldGoals": (api.actions, 1, None),
        "create_client": (api.clients, 0, None),
        "ActionClient": (api.action_clients, 1, None),
    }
    tree = ast.parse(inspect.getsource(module))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        if ast.unparse(call.func) == "pictures.subscribe":
            quality = " or ".join(_profiles(call.args[3], tree))
            kinds = pictures.TRANSPORTS.values()
            api.subscriptions += [Endpoint(pictures.TOPIC + added, _type_name(kind), quality) for kind, added in kinds]
            continue
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called not in calls:
            continue
        endpoints, first, qos_at = calls[called]
        type_node, name_node = call.args[first : first + 2]
        # A name made at run time (a recorder's topics) is told in the node's docstring.
        if isinstance(name_node, ast.Constant) and isinstance(name_node.value, str):
            message_type = _evaluate(type_node, module)
            quality = " or ".join(_profiles(call.args[qos_at], tree)) if qos_at is not None else ""
            endpoints.append(Endpoint(name_node.value, _type_name(message_type), quality))


def _evaluate(expression: ast.expr, module: ModuleType) -> type:
    value: object = module
    for name in ast.unparse(expression).split("."):
        value = getattr(value, name)
    assert isinstance(value, type)
    return value


def _profiles(expression: ast.expr, tree: ast.Module) -> list[str]:
    """Names of the profiles of fitness_core.ros.qos in an expression, or in what is assigned to its variable."""
    if isinstance(expression, ast.Name):
        assigned = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and _assigns(node, expression.id)
        ]
        return [name for value in assigned for name in _profiles(value, tree)]
    attributes = [node for node in ast.walk(expression) if isinstance(node, ast.Attribute)]
    return [node.attr for node in attributes if ast.unparse(node.value) == "qos"]


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _type_name(message_type: type) -> str:
    return f"{message_type.__module__.split('.')[0]}/{message_type.__name__}"


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


def _run_time_table(access: "Access") -> str:
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
