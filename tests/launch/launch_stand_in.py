"""The part of `launch` and `launch_ros` that our launch files use, for machines without them (only apt has them).

Names, signatures and meaning are those of Jazzy's, so that a launch file that asks for something else fails here too.
Nothing is started: a `Node` is a record of what would be.
"""

import os
import types
from collections.abc import Callable, Iterable

import yaml


class LaunchContext:
    """What actions see: values of arguments and the environment."""

    def __init__(self) -> None:
        self.launch_configurations: dict[str, str] = {}
        self.environment = os.environ
        self.is_shutdown = False


class LaunchDescription:
    """A list of actions."""

    def __init__(self, initial_entities: Iterable = ()) -> None:
        self.entities = list(initial_entities)


def perform(value, context: LaunchContext) -> str:
    """A text or substitution as text."""
    return value.perform(context) if hasattr(value, "perform") else str(value)


class LaunchConfiguration:
    def __init__(self, variable_name: str) -> None:
        self.name = variable_name

    def perform(self, context: LaunchContext) -> str:
        if self.name not in context.launch_configurations:
            raise RuntimeError(f"launch configuration '{self.name}' does not exist")
        return context.launch_configurations[self.name]


class NotEqualsSubstitution:
    def __init__(self, left, right) -> None:
        self.left, self.right = left, right

    def perform(self, context: LaunchContext) -> str:
        return str(perform(self.left, context) != perform(self.right, context)).lower()


class IfCondition:
    def __init__(self, predicate_expression) -> None:
        self.expression = predicate_expression

    def evaluate(self, context: LaunchContext) -> bool:
        text = perform(self.expression, context).lower()
        if text not in ("true", "1", "false", "0"):
            raise RuntimeError(f"{text!r} is not a condition")
        return text in ("true", "1")


class Action:
    def __init__(self, *, condition: IfCondition | None = None) -> None:
        self.condition = condition

    def visit(self, context: LaunchContext):
        if self.condition is None or self.condition.evaluate(context):
            return self.execute(context)
        return None

    def execute(self, context: LaunchContext):
        return None


class DeclareLaunchArgument(Action):
    def __init__(
        self, name: str, *, default_value=None, description: str = "", choices: list[str] | None = None
    ) -> None:
        super().__init__()
        self.name, self.default_value, self.description, self.choices = name, default_value, description, choices

    def execute(self, context: LaunchContext) -> None:
        if self.name not in context.launch_configurations:
            if self.default_value is None:
                raise RuntimeError(f"argument {self.name!r} is required")
            context.launch_configurations[self.name] = perform(self.default_value, context)
        value = context.launch_configurations[self.name]
        if self.choices and value not in self.choices:
            raise RuntimeError(f"argument {self.name!r}: {value!r} is not one of {self.choices}")


class OpaqueFunction(Action):
    def __init__(self, *, function: Callable, condition: IfCondition | None = None) -> None:
        super().__init__(condition=condition)
        self.function = function

    def execute(self, context: LaunchContext):
        return self.function(context)


class Shutdown(Action):
    def __init__(self, *, reason: str = "reason not given") -> None:
        super().__init__()


class TimerAction(Action):
    def __init__(self, *, period: float, actions: Iterable[Action]) -> None:
        super().__init__()
        self.period, self.actions = period, list(actions)


class EmitEvent(Action):
    def __init__(self, *, event) -> None:
        super().__init__()
        self.event = event


class ProcessExited:
    pass


class ShutdownProcess:
    def __init__(self, *, process_matcher: Callable[[Action], bool]) -> None:
        self.process_matcher = process_matcher


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Whether an action is that one."""
    return lambda action: action is target_action


class ParameterValue:
    def __init__(self, value, *, value_type: type) -> None:
        self.value, self.value_type = value, value_type

    def evaluate(self, context: LaunchContext):
        text = perform(self.value, context)
        value = text if self.value_type is str else yaml.safe_load(text)
        if self.value_type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.value_type:
            raise ValueError(f"{text!r} is not a {self.value_type.__name__}")
        return value


class Node(Action):
    def __init__(
        self,
        *,
        executable,
        package,
        name=None,
        namespace=None,
        parameters=None,
        remappings=None,
        ros_arguments=None,
        arguments=None,
        additional_env=None,
        output="log",
        respawn=False,
        respawn_delay=None,
        on_exit=None,
        condition=None,
    ) -> None:
        super().__init__(condition=condition)


def modules() -> dict[str, types.ModuleType]:
    """What stands in for each module, by name."""
    contents = {
        "launch": (Action, LaunchContext, LaunchDescription),
        "launch.actions": (DeclareLaunchArgument, EmitEvent, OpaqueFunction, Shutdown, TimerAction),
        "launch.conditions": (IfCondition,),
        "launch.events": (matches_action,),
        "launch.events.process": (ProcessExited, ShutdownProcess),
        "launch.substitutions": (LaunchConfiguration, NotEqualsSubstitution),
        "launch_ros": (),
        "launch_ros.actions": (Node,),
        "launch_ros.parameter_descriptions": (ParameterValue,),
    }
    made = {}
    for name, members in contents.items():
        made[name] = types.ModuleType(name)
        vars(made[name]).update({member.__name__: member for member in members})
    return made
