"""From the name of a message type to its Python class."""

from importlib import import_module

from fitness_core.errors import InputError


def message_class(type_name: str) -> type:
    """The class of a type such as "fitness_msgs/msg/BodyPose". Raises InputError where it is not installed."""
    package, _, name = type_name.partition("/msg/")
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        raise InputError(f"message type {type_name} is not installed; install or build {package}") from None
