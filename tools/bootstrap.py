"""Sets up what `./fitness` needs, step by step, and repairs what an interruption left behind.

Standard library only: it runs on the system's Python before anything is installed. Each step is recorded only
after it succeeded, and marked as begun before it starts; a step found begun but not done is done again from
scratch. The full output of pip, uv and colcon is in log/setup.log; here one line per step.

    python3 tools/bootstrap.py [--with test] [--with train] [--sourced DISTRO]
    python3 tools/bootstrap.py --lock [-- --upgrade]
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

from setting_up.layout import Layout, SetupError, fingerprint, packages_key, read, write
from setting_up.machine import check_compiler, check_machine
from setting_up.packages import ensure_packages, ensure_screens, ensure_uv, ensure_venv
from setting_up.running import NO_SPACE, Runner, clean_env, progress, say
from setting_up.workspace import ensure_workspace, write_environment

GROUPS = ("test", "train", "foxglove")


def set_up(layout: Layout, groups: list[str]) -> None:
    """Everything, in order; what is there already costs a few hundredths of a second."""
    check_machine(layout)
    runner = Runner(layout)
    with runner.lock():
        stamp = fingerprint(layout)
        first = not layout.venv.exists()
        if layout.sourced:
            say(f"using the sourced ROS 2 {layout.sourced}")
        if first:
            # No venv, so this takes minutes: ask for the compiler now and not at the end of them.
            check_compiler(layout)
            say(f"first use: setting up in {layout.venv}; details in {layout.log}")
        with contextlib.suppress(OSError):
            layout.log.unlink()
        started = time.monotonic()
        ensure_venv(layout, runner)
        ensure_uv(layout, runner)
        ensure_packages(layout, runner, groups)
        ensure_workspace(layout, runner)
        write_environment(layout)
        if "test" in groups:
            ensure_screens(runner)
        key = packages_key(layout)
        for group in GROUPS:
            path = layout.ready / f"ready-{group}"
            if read(layout.stamps / f"packages-{group}") == key:
                write(path, stamp)
            else:
                path.unlink(missing_ok=True)
        write(layout.ready / "ready", stamp)
        if first:
            say(f"set up in {time.monotonic() - started:.0f} s")


def resolve(layout: Layout, options: list[str]) -> None:
    """Write requirements.lock anew from pyproject.toml, for every group and both Pythons."""
    check_machine(layout)
    runner = Runner(layout)
    with runner.lock():
        ensure_venv(layout, runner)
        ensure_uv(layout, runner)
        command = [str(layout.venv / "bin" / "uv"), "pip", "compile", "pyproject.toml", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        for group in ("ros", *GROUPS):
            command += ["--group", group]
        with progress("resolving pyproject.toml"):
            command += ["-o", "requirements.lock", *options]
            runner.run(command, "the requirements could not be resolved", env=clean_env())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--with", dest="groups", action="append", choices=GROUPS, default=[])
    parser.add_argument("--sourced", default="", metavar="DISTRO", help="use this sourced ROS 2")
    parser.add_argument("--lock", action="store_true", help="resolve the requirements, install nothing else")
    parser.add_argument("options", nargs="*", help="for --lock: options of uv pip compile")
    arguments = parser.parse_args(argv)
    if arguments.options and not arguments.lock:
        parser.error(f"unknown argument: {arguments.options[0]}")
    layout = Layout(Path(__file__).resolve().parent.parent, arguments.sourced)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        if arguments.lock:
            resolve(layout, arguments.options)
        else:
            set_up(layout, arguments.groups)
    except SetupError as error:
        for line in str(error).splitlines():
            say(line)
        return 1
    except KeyboardInterrupt:
        say("setup interrupted; the next start carries on from here.")
        return 130
    except (OSError, subprocess.SubprocessError) as error:
        detail = str(error)
        if isinstance(error, PermissionError):
            detail += f". This checkout is {_owner()}'s: run it as they, or make a checkout of your own."
        elif NO_SPACE.search(detail):
            detail = "the disk is full. Make room and start again."
        say(f"setup failed: {detail}")
        return 1
    return 0


def _owner() -> str:
    """Whose this checkout is; a number where no account has it, as in a container."""
    try:
        return Path(__file__).owner()
    except KeyError:
        return f"user {Path(__file__).stat().st_uid}"


if __name__ == "__main__":
    sys.exit(main())
