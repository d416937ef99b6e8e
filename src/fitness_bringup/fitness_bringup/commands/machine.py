"""What `./fitness doctor` looks at on a machine: packages, devices, libraries, the ROS 2 that is sourced.

Standard library only, and nothing is changed: see `doctor`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

# Compiled modules that ask the system for libraries: decode and draw, pose, inference.
COMPILED = ("cv2/cv2*.so", "mediapipe/python/_framework_bindings*.so", "ai_edge_litert/_pywrap*.so")


def find_root(env: dict[str, str]) -> Path | None:
    """The checkout; None where the package is installed without one (an apt ROS 2 workspace)."""
    here = Path(__file__).resolve()
    for folder in [Path(env["FITNESS_ROOT"])] if env.get("FITNESS_ROOT") else here.parents:
        if (folder / "requirements.lock").exists() and (folder / "fitness").exists():
            return folder
    return None


def sourced_distro(env: dict[str, str], root: Path | None) -> str:
    """The ROS 2 that this shell has sourced, as ./fitness sees it; empty where there is none."""
    for prefix in env.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        own = root is not None and prefix.startswith(f"{root}/")
        if prefix and not own and Path(prefix, "share/rclpy/package.xml").exists():
            return env.get("ROS_DISTRO", "")
    return ""


def installed_versions(site_packages: Path) -> dict[str, str]:
    """name -> version, from the names of the *.dist-info folders: quick, and of any Python's environment."""
    versions = {}
    for path in site_packages.glob("*.dist-info") if site_packages.is_dir() else ():
        name, _, version = path.name[: -len(".dist-info")].rpartition("-")
        versions[normal(name)] = version
    return versions


def locked_versions(text: str) -> dict[str, str]:
    """name -> version in a requirements.lock."""
    pairs = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {normal(name): version for name, version in pairs}


def runtime_names(pyproject: str) -> list[str]:
    """The packages in pyproject.toml's `dependencies` (read without tomllib, which Python 3.10 lacks)."""
    block = re.search(r"^dependencies\s*=\s*\[(.*?)^\]", pyproject, re.MULTILINE | re.DOTALL)
    return [
        normal(name) for name in re.findall(r'^\s*"([A-Za-z0-9._-]+)', block.group(1) if block else "", re.MULTILINE)
    ]


def normal(name: str) -> str:
    """A package name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fingerprint_of(root: Path) -> str:
    """What ./fitness compares to know whether to set up again."""
    script = root / "tools" / "fingerprint.sh"
    command = ["bash", "-c", '. "$0"; fingerprint "$@"', str(script), str(root)]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def camera_devices() -> list[tuple[str, str, bool]]:
    """Capture devices; a webcam's second node carries metadata only (its `index` is not 0)."""
    devices = []
    for path in sorted(Path("/dev").glob("video[0-9]*")):
        about = Path("/sys/class/video4linux", path.name)
        name, index = read(about / "name"), read(about / "index")
        if index in ("", "0"):
            devices.append((str(path), name, os.access(path, os.R_OK | os.W_OK)))
    return devices


def absent_libraries(site_packages: Path, env: dict[str, str]) -> list[str] | None:
    """Libraries that compiled packages ask for and the system lacks."""
    modules = [path for pattern in COMPILED for path in sorted(site_packages.glob(pattern))]
    if not modules or not shutil.which("ldd"):
        return None
    output = subprocess.run(["ldd", *map(str, modules)], capture_output=True, text=True, env=env, check=False).stdout
    # The modules' own neighbours (libpywrap_*) are found when Python loads them in order.
    return sorted({name for name in missing_libraries(output) if not name.startswith("libpywrap")})


def missing_libraries(ldd_output: str) -> list[str]:
    """Libraries that ldd did not find."""
    return re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)


def is_there(path: Path) -> bool:
    """Whether a file is there, for this user: a link into somebody else's home is not."""
    try:
        return path.exists()
    except OSError:
        return False


def read(path: Path) -> str:
    """Text of a file; empty where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
