"""Runs the programs of the steps, and says what goes on and what failed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from setting_up.layout import Layout, SetupError

GIB = 1024**3
NO_NETWORK = re.compile(
    r"error sending request|dns error|failed to lookup|name resolution|connection refused"
    r"|network is unreachable|newconnectionerror|no route to host|proxyerror|failed to fetch"
    r"|could not connect|from versions: none|timed? ?out|tunnel",
    re.IGNORECASE,
)
NO_SPACE = re.compile(r"no space left|disk quota exceeded|os error 28", re.IGNORECASE)


class Runner:
    """Runs the programs of the steps, with their output in the log."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.lock_fd: int | None = None
        self.number = 0

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One setup at a time. What it starts inherits the lock: if it is killed, the next waits for that."""
        self.layout.log.parent.mkdir(parents=True, exist_ok=True)
        # colcon must not look for packages here, and finds this file in its own log folders too.
        (self.layout.log.parent / "COLCON_IGNORE").touch()
        descriptor = os.open(self.layout.log.parent / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another setup is at work here; waiting for it")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.lock_fd = descriptor
            yield
        finally:
            self.lock_fd = None
            os.close(descriptor)

    def run(self, command: list[str], failed: str, remedy: str = "", env: dict[str, str] | None = None) -> None:
        """Run one program; SetupError says what failed, from what it wrote."""
        log = self.layout.log
        with log.open("ab") as out:
            out.write(f"\n$ {shlex.join(command)}\n".encode())
            out.flush()
            start = out.tell()
            fds = () if self.lock_fd is None else (self.lock_fd,)
            child = subprocess.Popen(
                command, cwd=self.layout.root, env=env, pass_fds=fds,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                code = child.wait()
            except BaseException:
                child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=10)
                child.kill()
                raise
        if code:
            with log.open("rb") as out:
                out.seek(start)
                raise explain(failed, out.read().decode(errors="replace"), remedy, self.layout)


def explain(failed: str, output: str, remedy: str, layout: Layout) -> SetupError:
    """The error for what a program wrote before it gave up."""
    if NO_SPACE.search(output):
        free = shutil.disk_usage(layout.root).free / GIB
        return SetupError(f"{failed}: the disk is full ({free:.1f} GB free).\nMake room and start again.")
    if NO_NETWORK.search(output):
        return SetupError(
            f"{failed}: no connection to the package index.\nCheck the network and start again. uv reads no pip.conf: "
            "it has a mirror by UV_DEFAULT_INDEX, a proxy by HTTPS_PROXY."
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if re.search("is not an installable package|no matching distribution|no solution found", output, re.IGNORECASE):
        remedy = remedy or "a package index or mirror without these releases? Check its settings (pip, uv)."
    last = "".join(f"\n    {line[:160]}" for line in lines[-6:])
    return SetupError(f"{failed}: {remedy or 'start again, or see the log.'} Full output: {layout.log}{last}")


def say(text: str, end: str = "\n") -> None:
    """A line for the person who waits; not on stdout, which belongs to the command."""
    print(f"fitness: {text}", end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(text: str) -> Iterator[None]:
    """`text ... 12 s`."""
    started = time.monotonic()
    say(f"{text} ... ", end="")
    try:
        yield
    except BaseException:
        print("failed", file=sys.stderr, flush=True)
        raise
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def clean_env(layout: Layout | None = None) -> dict[str, str]:
    """The environment of the steps: nobody else's venv or PYTHONPATH (but that of a sourced ROS 2), pip's
    settings for uv as well, and with a layout the paths that its wheels and colcon need."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_TARGET", "PIP_PREFIX"):
        env.pop(name, None)
    env["PIP_USER"] = "0"  # pip.conf may say otherwise, and pip then refuses to install into a venv
    if layout is None or not layout.sourced:
        for name in (
            "PYTHONPATH",
            "AMENT_PREFIX_PATH",
            "CMAKE_PREFIX_PATH",
            "COLCON_PREFIX_PATH",
            "LD_LIBRARY_PATH",
        ):
            env.pop(name, None)
    if not env.keys() & {"UV_INDEX_URL", "UV_DEFAULT_INDEX"} and env.get("PIP_INDEX_URL"):
        env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
    if layout is not None:
        env["VIRTUAL_ENV"] = str(layout.venv)
        env["PATH"] = f"{layout.venv / 'bin'}:{env.get('PATH', os.defpath)}"
        # Without it colcon adds a load limit to make: one compiler at a time on a busy machine.
        env.setdefault("MAKEFLAGS", f"-j{os.cpu_count() or 1}")
        if not layout.sourced:
            env["AMENT_PREFIX_PATH"] = env["CMAKE_PREFIX_PATH"] = str(layout.venv)
            env["LD_LIBRARY_PATH"] = ":".join(wheel_libraries(layout))
            env["_ROS_WHEELS_BOOTSTRAP_COMPLETE"] = "1"
    return env


def wheel_libraries(layout: Layout) -> list[str]:
    """Where the wheels of ROS 2 keep shared libraries. Their .pth file finds them by starting every Python
    twice; with these in LD_LIBRARY_PATH and its guard variable set it does nothing."""
    return [
        str(layout.venv / "lib"),
        *map(str, sorted(layout.venv.glob("lib/python3*/site-packages/ros_*.libs"))),
    ]
