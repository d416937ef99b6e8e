"""Into the middleware: how a process starts ROS 2, and what that refuses, as InputError."""

import contextlib
import sys
from collections.abc import Iterator

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.logging import LoggingSeverity, get_logger_effective_level, set_logger_level
from rclpy.signals import SignalHandlerOptions

from fitness_core.errors import InputError
from fitness_core.heaps import bound_heaps
from fitness_core.ros.process import shared_memory
from fitness_core.ros.process.arguments import in_words
from fitness_core.ros.process.environment import check_environment
from fitness_core.ros.process.native import RCLError

SWITCH_INTERVAL = 0.0005
"""How long another Python thread may keep one waiting that has something to do [s]; Python's own 5 ms are a quarter of
a picture's time, several times per picture."""


@contextlib.contextmanager
def permitted() -> Iterator[None]:
    """Where nodes, topics and services are made: InputError for what the middleware refuses, as SROS 2 may.

    And for what a parameter of ROS's own (use_sim_time, qos_overrides) does not take.
    """
    try:
        yield
    except (RuntimeError, InvalidParameterTypeException, InvalidParameterValueException) as error:
        if isinstance(error, RuntimeError) and not (isinstance(error, RCLError) or "QoS override" in str(error)):
            raise  # for the word of a policy rclpy has no error of its own
        raise InputError(said_in(error)) from None


def init(args: list[str] | None = None) -> None:
    """`rclpy.init` with signals left to `on_signal`; raises InputError for arguments or files that ROS 2 refuses.

    Python's threads take turns of `SWITCH_INTERVAL`. Shared memory of who was killed before is removed.
    """
    check_environment()
    sys.setswitchinterval(SWITCH_INTERVAL)
    bound_heaps()
    shared_memory.sweep()
    # What it logs of arguments that it refuses is in its error, too.
    set_logger_level("rcl", LoggingSeverity.FATAL)
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise InputError(in_words(said_in(error))) from None
    finally:
        if get_logger_effective_level("rcl") == LoggingSeverity.FATAL:  # no argument has set another one
            set_logger_level("rcl", LoggingSeverity.UNSET)


def said_in(error: Exception) -> str:
    """What an error of rclpy says, in one line, without where in the code of rcl it was noticed."""
    return " ".join(str(error).split(", at ")[0].split())
