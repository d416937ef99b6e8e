"""What the machine must have: it is said before minutes have gone."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setting_up.layout import Layout, SetupError
from setting_up.running import GIB

# Room that a step needs, cache of downloads included (measured, rounded up).
DISK = {"runtime": 2.5 * GIB, "train": 2.5 * GIB, "test": 0.3 * GIB, "foxglove": 0.1 * GIB, "workspace": 0.2 * GIB}


def check_machine(layout: Layout) -> None:
    """What cannot be mended from here: say it before minutes have gone."""
    if not (3, 11) <= sys.version_info[:2] < (3, 13):
        raise SetupError(f"needs Python 3.11 or 3.12, this is {platform.python_version()}. Name one in FITNESS_PYTHON.")
    if os.pathsep in str(layout.root) or re.search(r"\s", str(layout.root)):
        raise SetupError(
            f"colcon and CMake cannot build under this path: {layout.root}\nMove it to one without spaces."
        )
    if layout.sourced:
        if not layout.sourced.startswith(("r", *"jklmno")):  # distributions go by the alphabet, and rolling
            raise SetupError(
                f"ROS 2 {layout.sourced} is sourced; this needs jazzy or newer.\n"
                "Source a newer one, or start from a shell where none is: then ROS 2 comes from PyPI."
            )
        probe = subprocess.run([sys.executable, "-c", "import rclpy"], capture_output=True, text=True)
        if probe.returncode:
            raise SetupError(
                f"ROS 2 {layout.sourced} is sourced, but {sys.executable} cannot import its rclpy.\n"
                "Name the Python it was built for in FITNESS_PYTHON, or start from a shell without it."
            )
    else:
        if os.environ.get("ROS_VERSION") == "1":
            raise SetupError("a ROS 1 is sourced; start from a shell where it is not.")
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise SetupError(
                f"ROS 2 from PyPI is for Linux on x86-64, not {platform.system()} on {platform.machine()}.\n"
                "Install ROS 2 Jazzy with apt, source it, and start again."
            )


def check_compiler(layout: Layout) -> None:
    """The message package is compiled on this machine."""
    missing = [] if shutil.which("c++") or shutil.which("g++") else ["g++"]
    missing += [] if shutil.which("make") else ["make"]
    missing += ["cmake"] if layout.sourced and not shutil.which("cmake") else []
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("python3-dev")
    if missing:
        raise SetupError(f"the messages cannot be built without {', '.join(missing)}.\n{apt(*missing)}")


def check_disk(layout: Layout, step: str) -> None:
    free = shutil.disk_usage(layout.root).free
    if free < DISK[step]:
        raise SetupError(
            f"needs {DISK[step] / GIB:.1f} GB of disk, {free / GIB:.1f} GB are free at {layout.root}.\n"
            "Make room and start again."
        )


def apt(*packages: str) -> str:
    return f"Debian, Ubuntu: sudo apt install {' '.join(packages)}"
