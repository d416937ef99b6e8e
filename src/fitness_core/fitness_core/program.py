"""How a node begins as a program: `entry_points` of every package name `main`."""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from fitness_core.errors import InputError
from fitness_core.ros.process.environment import check_middleware


def main() -> int:
    """Run the node that this program is named after: `lib/PACKAGE/MODULE` is the `main` of PACKAGE.MODULE.

    Who is told to end (SIGINT) while still importing has nothing to say: no traceback, exit code 0.
    """
    # Not KeyboardInterrupt: what is being imported makes other errors of it. A node has handlers of its own, once run.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    try:
        _check(sys.argv[1:])
        check_middleware()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    program = Path(sys.argv[0])
    return import_module(f"{program.parent.name}.{program.name}").main()


def _check(arguments: list[str]) -> None:
    """Raise InputError for what ROS 2 would pass over, as `source:=squats.mp4` without `--ros-args -p` before it."""
    of_ros = False
    for argument in arguments:
        if argument in ("--ros-args", "--"):
            of_ros = argument == "--ros-args"
        elif not of_ros:
            raise InputError(f"{argument!r} is no argument of a node; give parameters as --ros-args -p NAME:=VALUE")
