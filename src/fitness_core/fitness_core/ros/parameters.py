"""A parameter is a schema: type, default, description, bounds. The tables in docs/ros-api.md are made from these."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from fitness_core.errors import InputError

Value = bool | int | float | str | list[str]

_TYPE_NAMES = {bool: "bool", int: "int", float: "float", str: "string", list: "string list"}

DECLARED_BY_ROS = ("use_sim_time", "start_type_description_service", "qos_overrides")
"""How names begin that rclpy or the launch system declare on their own."""

# Names that are so alike differ by a slip: 0 = in every letter, 1 = in none.
_MISSPELT = 0.75


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a node.

    default: its type is the parameter's type. minimum, maximum: bounds of a number, both included. least: the smallest
    number but for 0, which means something else.
    choices: accepted values of a string. read_only: can be set at start only. at_configure: taken when the node is
    configured, and refused from then on until it is cleaned up. description: one sentence, with units.
    """

    name: str
    default: Value
    description: str
    minimum: float | None = None
    maximum: float | None = None
    least: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    at_configure: bool = False

    @property
    def type_name(self) -> str:
        """The type, as users know it."""
        return _TYPE_NAMES[type(self.default)]

    @property
    def accepted(self) -> str:
        """The accepted values, in words."""
        if self.choices:
            return ", ".join(repr(choice) for choice in self.choices)
        if self.minimum is not None and self.maximum is not None:
            least = "" if self.least is None else f" or {self.least:g}"
            return f"{self.minimum:g}{least} .. {self.maximum:g}"
        if self.minimum is not None:
            return f">= {self.minimum:g}"
        return "any"

    def descriptor(self) -> ParameterDescriptor:
        """As ROS 2 wants it."""
        descriptor = ParameterDescriptor(
            description=self.description,
            read_only=self.read_only,
            additional_constraints=f"one of {self.accepted}" if self.choices else "",
        )
        if self.minimum is not None:
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(self.minimum), to_value=int(self.top))]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.minimum), to_value=float(self.top))
                ]
        return descriptor

    @property
    def top(self) -> float:
        """The largest value of a number that has a minimum: ROS 2 has no bound on one side only."""
        if self.maximum is not None:
            return self.maximum
        return 2**31 if isinstance(self.default, int) else 1e9

    def coerced(self, value: Value) -> Value:
        """A value as it is meant: YAML writes 10 for 10.0, and `-p source:=0` is a device by its number."""
        if type(value) is int and isinstance(self.default, float | str):
            return type(self.default)(value)
        return value

    def problem(self, value: Value) -> str:
        """Why a value is not accepted; empty where it is."""
        too_small = self.least is not None and isinstance(value, float | int) and 0 < value < self.least
        if too_small or (self.choices and value not in self.choices):
            return f"parameter {self.name!r}: {value!r} given; accepted: {self.accepted}"
        return ""


def declare(
    node: Node,
    schema: Iterable[Parameter],
    changed: Callable[[set[str]], None] = lambda names: None,
    check_value: Callable[[str, Value], None] = lambda name, value: None,
    configured: Callable[[], bool] = lambda: False,
) -> SimpleNamespace:
    """Declare parameters on a node and return their values as attributes, which follow later changes.

    changed: called with the names that were set, after they were set. check_value: raises InputError for what shall not
    be set while the node runs. configured: whether the node is, and keeps to what it has taken.
    Raises InputError where an override is of a misspelt parameter, of a wrong type or out of bounds.
    """
    by_name = {parameter.name: parameter for parameter in schema}
    _look_at_unknown(node, by_name)
    values = SimpleNamespace()
    for name, parameter in by_name.items():
        setattr(values, name, _declared(node, parameter))

    def check(parameters: list[RosParameter]) -> SetParametersResult:
        for given in parameters:
            if given.name not in by_name:
                continue
            parameter = by_name[given.name]
            problem = parameter.problem(given.value)
            if parameter.at_configure and configured() and given.value != getattr(values, given.name):
                problem = f"{given.name!r} is taken at configure; clean up the node, set it, and configure it again"
            try:
                check_value(given.name, given.value)
            except InputError as error:
                problem = problem or str(error)
            if problem:
                return SetParametersResult(successful=False, reason=problem)
        return SetParametersResult(successful=True)

    def take_over(parameters: list[RosParameter]) -> None:
        ours = [given for given in parameters if given.name in by_name]
        for given in ours:
            setattr(values, given.name, given.value)
        if ours:
            changed({given.name for given in ours})

    node.add_on_set_parameters_callback(check)
    node.add_post_set_parameters_callback(take_over)
    return values


def _declared(node: Node, parameter: Parameter) -> Value:
    """Declare a parameter; its value, an override or the default. Raises InputError for an override it cannot take."""
    name = parameter.name
    override = node._parameter_overrides.get(name)  # rclpy has no public way to read it
    given: Any = None if override is None else parameter.coerced(override.value)
    if override is not None and given is not override.value:
        node._parameter_overrides[name] = RosParameter(name, value=given)
    try:
        value = node.declare_parameter(name, parameter.default, parameter.descriptor()).value
    except InvalidParameterTypeException:
        raise InputError(
            f"{node.get_name()}: parameter {name!r} is {given!r} ({type(given).__name__}); "
            f"it takes a {parameter.type_name}" + (f" ({parameter.accepted})" if parameter.accepted != "any" else "")
        ) from None
    except InvalidParameterValueException:
        most = f", at most {parameter.top:.10g}" if parameter.maximum is None and given > parameter.top else ""
        raise InputError(
            f"{node.get_name()}: parameter {name!r} is {given!r}; accepted: {parameter.accepted}{most}"
        ) from None
    if problem := parameter.problem(value):
        raise InputError(f"{node.get_name()}: {problem}")
    # An empty list has no type in YAML: ROS 2 takes `[]` for a parameter that is not set.
    return [] if value is None else value


def _look_at_unknown(node: Node, known: dict[str, Parameter]) -> None:
    """Raise InputError for a misspelt name, which ROS 2 would pass over, so that the default would be kept silently.

    A name that is like none is somebody else's: a file or a launch that gives a parameter to every node.
    """
    for name in node._parameter_overrides:
        if name in known or name.startswith(DECLARED_BY_ROS):
            continue
        if close := difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT):
            raise InputError(f"{node.get_name()}: unknown parameter {name!r}; did you mean {close[0]!r}?")
        node.get_logger().warning(f"there is no parameter {name!r} here; there are: {', '.join(sorted(known))}")
