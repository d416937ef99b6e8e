"""A port that somebody else has is told in one line, and nothing goes on running."""

import socket
import subprocess
from collections.abc import Callable


def test_a_port_in_use_ends_the_command(fitness: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fitness("live", "--demo", "--headless", "--no-overlay", "--no-markers", "--port", port)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert f"127.0.0.1:{port}" in line and "--port" in line and "--no-dashboard" in line
    assert "Traceback" not in done.stderr


def test_a_window_and_none_exclude_each_other(fitness: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = fitness("live", "--demo", "--headless", "--window")
    assert done.returncode == 2 and "--headless and --window exclude each other" in done.stderr
