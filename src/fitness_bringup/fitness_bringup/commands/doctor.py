"""`./fitness doctor`: what this machine has and lacks to run the graph, and how to get it.

Standard library only, and of the project only `machine`: it runs on the system's Python before anything is installed,
and changes nothing. Every check is a function of what it is given, so that tests can show it other machines.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

from fitness_bringup.commands import machine

OK, WARNING, MISSING = "ok", "warning", "missing"
PYTHONS = ((3, 11), (3, 12))
GIB = 1024**3
SETUP_BYTES = 2.5 * GIB
SEGMENT_BYTES = 32 * 1024**2  # of shared memory for each process, config/fastdds.xml
PROCESSES = 10  # of a graph started by live.launch.py
# Debian's package for a library that a wheel asks of the system.
LIBRARY_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
}


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    name: str
    status: str
    found: str
    remedy: str = ""


def apt(*packages: str) -> str:
    """The command that installs Debian packages."""
    return f"sudo apt install {' '.join(packages)}"


def check_python(version: tuple[int, ...], executable: str, has_ensurepip: bool, has_venv: bool) -> Check:
    """The Python that sets up; `has_venv`: the project's environment is there already."""
    found = f"{'.'.join(map(str, version[:3]))} ({executable})"
    if tuple(version[:2]) not in PYTHONS:
        return Check(
            "Python",
            MISSING,
            found,
            f"needs 3.11 or 3.12: {apt('python3', 'python3-venv')}, or FITNESS_PYTHON",
        )
    if not has_ensurepip and not has_venv:
        return Check("Python", MISSING, f"{found}, without venv", apt(f"python{version[0]}.{version[1]}-venv"))
    return Check("Python", OK, found)


def check_disk(free: float, has_packages: bool) -> Check:
    """Whether there is room for the packages; free [bytes]."""
    found = f"{free / GIB:.1f} GB free"
    need = 0.2 * GIB if has_packages else SETUP_BYTES
    if free < need:
        return Check("disk", MISSING, found, f"setup needs {need / GIB:.1f} GB")
    if free < SETUP_BYTES:
        return Check("disk", WARNING, found, "training and recordings need more")
    return Check("disk", OK, found)


def check_compiler(have: dict[str, str | None], python_header: bool, has_build: bool) -> Check:
    """`have`: program -> path or None. Needed to build the messages, not to run what is built."""
    missing = [name for name, path in have.items() if not path] + ([] if python_header else ["python3-dev"])
    if missing:
        status = WARNING if has_build else MISSING
        return Check("compiler", status, f"without {', '.join(missing)}", apt(*missing))
    return Check("compiler", OK, ", ".join(str(path) for path in have.values()))


def check_ros(sourced: str, packages: dict[str, str], ros_version: str = "", machine: str = "x86_64") -> Check:
    """Which ROS 2 there is, sourced or from PyPI."""
    if sourced:
        if not sourced.startswith(("r", *"jklmno")):
            return Check(
                "ROS 2",
                MISSING,
                f"{sourced} is sourced",
                "needs jazzy or newer: source it, or none for PyPI's",
            )
        return Check("ROS 2", OK, f"{sourced}, sourced")
    if ros_version == "1":
        return Check("ROS 2", MISSING, "a ROS 1 is sourced", "start from a shell where it is not")
    version = packages.get("ros-jazzy-rclpy")
    if version:
        return Check("ROS 2", OK, f"jazzy from PyPI, rclpy {version}")
    if machine != "x86_64":
        return Check(
            "ROS 2",
            MISSING,
            f"none, on {machine}",
            "install ROS 2 Jazzy with apt and source it (PyPI's is x86-64)",
        )
    return Check("ROS 2", MISSING, "none", "any ./fitness command installs it from PyPI; or source an apt ROS 2 Jazzy")


def check_packages(
    needed: list[str],
    locked: dict[str, str],
    installed: dict[str, str],
    sourced: str = "",
    venv: str = ".venv",
) -> Check:
    """What runs the graph must be there, and what is there must be what the lock says."""
    absent = [name for name in needed if name not in installed]
    if absent:
        found = "none yet" if len(absent) == len(needed) else f"without {', '.join(absent)}"
        return Check("packages", MISSING, found, "any ./fitness command installs them (network, once)")
    # A venv brings setuptools; only the build of the ROS 2 from PyPI cares which.
    common = sorted((locked.keys() & installed.keys()) - ({"setuptools"} if sourced else set()))
    other = [f"{name} {installed[name]} for {locked[name]}" for name in common if installed[name] != locked[name]]
    if other:
        return Check(
            "packages",
            WARNING,
            "; ".join(other[:4]),
            f"remove {venv}; the next ./fitness command makes it anew",
        )
    return Check("packages", OK, f"{len(common)} as locked")


def check_groups(installed: dict[str, str]) -> Check:
    """Never a fault: they come when they are first needed."""
    groups = {"training": "tensorflow-cpu", "tests": "pytest"}
    have = [f"{label} {'there' if package in installed else 'not yet'}" for label, package in groups.items()]
    return Check("extras", OK, ", ".join(have) + " (come with first use)")


def check_workspace(install: Path, fingerprint: str) -> Check:
    """Whether the workspace is built from the present files."""
    try:
        stamp = (install / ".fitness" / "ready").read_text()
    except OSError:
        return Check("workspace", MISSING, "not built", "any ./fitness command builds it")
    if fingerprint and stamp != fingerprint:
        return Check("workspace", WARNING, "older than the sources", "the next ./fitness command brings it up to date")
    return Check("workspace", OK, f"built in {install}")


def check_libraries(absent: list[str] | None) -> Check:
    """`absent`: what the installed modules ask for and the system lacks; None: they are not installed."""
    if absent is None:
        return Check("GL, libraries", OK, "known once packages are there (the pinned ones bring their own GL)")
    if not absent:
        return Check("GL, libraries", OK, "all that OpenCV, MediaPipe and LiteRT ask for")
    packages = [LIBRARY_PACKAGES.get(name, name) for name in absent]
    return Check("GL, libraries", MISSING, f"without {', '.join(absent)}", apt(*packages))


def check_camera(devices: list[tuple[str, str, bool]]) -> Check:
    """`devices`: path, name, may this user open it. None is no fault: files and the demo run without."""
    if not devices:
        return Check("camera", WARNING, "none", "plug one in, or use --source FILE or URL, or --demo")
    found = ", ".join(f"{path} {name}".strip() for path, name, _ in devices)
    closed = [path for path, _, allowed in devices if not allowed]
    if closed:
        remedy = "sudo usermod -aG video $USER, then log in again"
        return Check("camera", WARNING, f"{found}; no permission for {', '.join(closed)}", remedy)
    return Check("camera", OK, found)


def check_shared_memory(total: int | None, free: int, writable: bool) -> Check:
    """Images travel through it; without room Fast DDS takes the loopback network and drops frames."""
    if total is None or not writable:
        found = "no /dev/shm" if total is None else "/dev/shm cannot be written"
        return Check(
            "DDS memory",
            WARNING,
            found,
            "mount it (tmpfs, mode 1777): images go over UDP and frames are lost",
        )
    found = f"/dev/shm {free / 1024**2:.0f} of {total / 1024**2:.0f} MiB free"
    need = PROCESSES * SEGMENT_BYTES
    if free < need:
        remedy = f"wants {need // 1024**2} MiB: docker run --shm-size=512m, or remount with size=512m"
        return Check("DDS memory", WARNING, found, remedy)
    return Check("DDS memory", OK, found)


def check_middleware(env: dict[str, str], sourced: str) -> Check:
    """Which DDS settings are in force."""
    rmw = env.get("RMW_IMPLEMENTATION") or "rmw_fastrtps_cpp"
    if env.get("ROS_AUTOMATIC_DISCOVERY_RANGE"):
        reach = f"discovery {env['ROS_AUTOMATIC_DISCOVERY_RANGE']}"
    elif env.get("ROS_LOCALHOST_ONLY"):
        reach = f"ROS_LOCALHOST_ONLY={env['ROS_LOCALHOST_ONLY']}"
    else:
        reach = "discovery on this host only"
    found = f"{rmw}, domain {env.get('ROS_DOMAIN_ID') or 0}, {reach}"
    if rmw != "rmw_fastrtps_cpp" and not sourced:
        return Check("DDS", MISSING, found, "ROS 2 from PyPI comes with rmw_fastrtps_cpp: unset RMW_IMPLEMENTATION")
    if rmw != "rmw_fastrtps_cpp":
        return Check("DDS", WARNING, found, "the profile for images is for rmw_fastrtps_cpp")
    return Check("DDS", OK, found)


def check_display(env: dict[str, str]) -> Check:
    """Whether a window could be shown."""
    display = env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")
    return Check("display", OK, display or "none: not needed, the dashboard is a web page (RViz would need one)")


def examine(env: dict[str, str]) -> list[Check]:
    """Every check, on this machine."""
    root = machine.find_root(env)
    sourced = machine.sourced_distro(env, root)
    home = (root / f".ros-{sourced}" if sourced else root) if root else None
    venv = home / ("venv" if sourced else ".venv") if home else Path(sys.prefix)
    site_packages = next(iter(sorted(venv.glob("lib/python3*/site-packages"))), venv / "none")
    installed = machine.installed_versions(site_packages)
    built = home is not None and (home / "install/.fitness/ready").exists()
    needed = machine.runtime_names(machine.read(root / "pyproject.toml")) if root else []
    locked = machine.locked_versions(machine.read(root / "requirements.lock")) if root else {}
    have_packages = bool(needed) and all(name in installed for name in needed)
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        has_ensurepip = False
    else:
        has_ensurepip = True
    programs = {"g++": shutil.which("g++") or shutil.which("c++"), "make": shutil.which("make")}
    if sourced:
        programs["cmake"] = shutil.which("cmake")  # otherwise it comes with the packages
    header = Path(sysconfig.get_path("include"), "Python.h").exists()
    try:
        memory = os.statvfs("/dev/shm")
    except OSError:
        total, free = None, 0
    else:
        total, free = memory.f_blocks * memory.f_frsize, memory.f_bavail * memory.f_frsize

    checks = [
        check_python(tuple(sys.version_info[:3]), sys.executable, has_ensurepip, machine.is_there(venv / "bin/python")),
        check_disk(shutil.disk_usage(root or Path.home()).free, have_packages),
        check_compiler(programs, header, built),
        check_ros(sourced, installed, env.get("ROS_VERSION", ""), platform.machine()),
    ]
    if root is not None and home is not None:
        checks += [
            check_packages(needed, locked, installed, sourced, str(venv)),
            check_groups(installed),
            check_workspace(home / "install", machine.fingerprint_of(root)),
        ]
    checks += [
        check_libraries(machine.absent_libraries(site_packages, env)),
        check_camera(machine.camera_devices()),
        check_shared_memory(total, free, os.access("/dev/shm", os.W_OK | os.X_OK)),
        check_middleware(env, sourced),
        check_display(env),
    ]
    return checks


def runs(checks: list[Check]) -> bool:
    """The graph can run: nothing is missing (a warning is something it can do without)."""
    return all(check.status != MISSING for check in checks)


def table(checks: list[Check], colour: bool = False) -> str:
    """The checks as aligned lines, the remedy under each."""
    width = max(len(check.name) for check in checks)
    colours = {OK: "32", WARNING: "33", MISSING: "31"}
    lines = []
    for check in checks:
        status = f"{check.status:<7}"
        if colour:
            status = f"\033[{colours[check.status]}m{status}\033[0m"
        lines.append(f"{check.name:<{width}}  {status}  {check.found}")
        if check.remedy:
            lines.append(f"{'':<{width}}           -> {check.remedy}")
    lines.append("The graph can run." if runs(checks) else "The graph cannot run yet: see what is missing.")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Print the checks; exit code 0 where the graph can run, else 1."""
    parser = argparse.ArgumentParser(prog="fitness doctor", description="What is missing here, and how to get it.")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    arguments = parser.parse_args(argv)
    checks = examine(dict(os.environ))
    if arguments.json:
        print(json.dumps({"ok": runs(checks), "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        print(table(checks, sys.stdout.isatty()))
    return 0 if runs(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
