"""A node as the program that colcon installs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = "import sys; from fitness_core.program import main; sys.argv[:] = sys.argv[1:]; sys.exit(main())"


def begun(folder: Path, module: str, *arguments: str) -> subprocess.Popen[str]:
    """The program lib/gym/lamp_node, whose module has this text."""
    (folder / "gym").mkdir()
    (folder / "gym/lamp_node.py").write_text(module)
    path = f"{folder}:{os.environ.get('PYTHONPATH', '')}"
    command = [sys.executable, "-c", BEGIN, str(folder / "lib/gym/lamp_node"), *(arguments or ["--ros-args"])]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, text=True, **pipes)


def test_a_program_is_the_node_that_it_is_named_after(tmp_path: Path) -> None:
    program = begun(tmp_path, "import sys\ndef main():\n    print(sys.argv[1:])\n    return 2\n")
    assert program.communicate(timeout=60) == ("['--ros-args']\n", "")
    assert program.returncode == 2


def test_who_is_told_to_end_while_importing_says_nothing(tmp_path: Path) -> None:
    # As NumPy and pydantic do with what interrupts them.
    module = """
import time
try:
    print("importing", flush=True)
    time.sleep(60)
except BaseException as error:
    raise ImportError("half imported") from error
"""
    program = begun(tmp_path, module)
    assert program.stdout is not None and program.stdout.readline() == "importing\n"
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=30) == ("", "")
    assert program.returncode == 0


def test_a_middleware_that_is_not_installed_is_told_before_ros_2_ends_the_process(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nobody_cpp")
    program = begun(tmp_path, "raise RuntimeError('loaded')")
    said, error = program.communicate(timeout=60)
    assert (program.returncode, said) == (2, "")
    assert error.startswith("error: RMW_IMPLEMENTATION is rmw_nobody_cpp, which is not installed; accepted: rmw_")


@pytest.mark.parametrize(
    "arguments", [("source:=a.mp4",), ("-p", "source:=a.mp4"), ("--help",), ("--ros-args", "-p", "a:=1", "--", "x")]
)
def test_what_ros_2_would_pass_over_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    program = begun(tmp_path, "raise RuntimeError('loaded')", *arguments)
    said, error = program.communicate(timeout=60)
    assert (program.returncode, said) == (2, "")
    assert error.startswith("error: '") and "--ros-args -p NAME:=VALUE" in error and len(error.splitlines()) == 1


def test_arguments_of_ros_2_are_not_refused(tmp_path: Path) -> None:
    given = ("--", "--ros-args", "-p", "rate:=1", "--", "--ros-args", "-r", "__ns:=/a")
    program = begun(tmp_path, "import sys\ndef main():\n    print(len(sys.argv))\n    return 0\n", *given)
    assert program.communicate(timeout=60) == (f"{1 + len(given)}\n", "")
