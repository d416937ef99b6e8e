"""What each node publishes, hears, serves and calls, read from the nodes themselves.

Parameters come from the schemas, topics and services from the calls that create them.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

from fitness_core.ros import pictures
from fitness_core.ros.node import COMMON, FitnessNode
from fitness_core.ros.parameters import Parameter

PACKAGES = (
    "fitness_camera",
    "pose_estimator",
    "exercise_classifier",
    "rep_counter",
    "fitness_visualization",
    "fitness_datasets",
)
"""Packages with nodes, in the order of the graph."""


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
            for helper in _helpers(module, package_name):
                _find_endpoints(api, helper)
            yield api


def _helpers(module: ModuleType, package: str) -> list[ModuleType]:
    """The modules of the package's `ros/` folders whose classes a node module imports."""
    names = {value.__module__ for value in vars(module).values() if inspect.isclass(value)}
    return [sys.modules[name] for name in sorted(names) if name.startswith(f"{package}.") and ".ros." in name]


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
