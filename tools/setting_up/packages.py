"""The venv and what is installed in it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys

from setting_up.layout import UV_VERSION, Layout, SetupError, begun, packages_key, read, write
from setting_up.machine import apt, check_disk
from setting_up.running import Runner, clean_env, progress, say, works

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The PyPI wheels of ROS 2 were built in a container; their CMake files name its Python.
BUILD_NUMPY = re.compile(r"/opt/python/cp(\d+)-cp\1/lib/python[\d.]+/site-packages/numpy/_?core/include")
BUILD_INCLUDE = re.compile(r"/opt/python/cp(\d+)-cp\1/include/python[\d.]+")
BUILD_PREFIX = re.compile(r"/opt/python/cp(\d+)-cp\1(?!\w)")


def venv_key(layout: Layout) -> str:
    """A venv belongs to its place and to its Python."""
    return f"{layout.venv} {platform.python_version()}"


def ensure_venv(layout: Layout, runner: Runner) -> None:
    """A venv with pip. One made by hand is taken if it works; a half-made or moved one is made anew."""
    mark, stamp = begun(layout, "venv"), layout.stamps / "venv"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    same = f"import sys; sys.exit('{version}' != '%d.%d' % sys.version_info[:2])"
    recorded = read(stamp)
    whole = not mark.exists() and recorded in ("", venv_key(layout)) and works([str(layout.python), "-Sc", same])
    if whole and (recorded or works([str(layout.python), "-m", "pip", "--version"])):
        write(stamp, venv_key(layout))
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupError(f"this Python has no venv module.\n{apt(f'python{version}-venv')}")
    check_disk(layout, "runtime")
    write(mark, "")
    with progress(f"Python {version} environment"):
        options = ["--clear"] + (["--system-site-packages"] if layout.sourced else [])
        # Not sys.executable: inside `./fitness shell` that is the venv about to be cleared.
        base = getattr(sys, "_base_executable", None) or sys.executable
        command = [base, "-m", "venv", *options, str(layout.venv)]
        runner.run(command, "the Python environment could not be made", apt(f"python{version}-venv"), clean_env())
    write(stamp, venv_key(layout))
    mark.unlink()


def ensure_uv(layout: Layout, runner: Runner) -> None:
    stamp = layout.stamps / "uv"
    if read(stamp) == UV_VERSION and (layout.venv / "bin" / "uv").exists():
        return
    with progress(f"uv {UV_VERSION}"):
        pip = [
            str(layout.python),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--progress-bar=off",
        ]
        # Again even if it is said to be there: an interrupted pip leaves that impression.
        runner.run([*pip, "--force-reinstall", f"uv=={UV_VERSION}"], "uv could not be installed", env=clean_env())
    write(stamp, UV_VERSION)


def ensure_packages(layout: Layout, runner: Runner, groups: list[str]) -> None:
    """The packages of the lock: those of the runtime, and the groups asked for."""
    key = packages_key(layout)
    missing = [name for name in ("runtime", *groups) if read(layout.stamps / f"packages-{name}") != key]
    if not missing:
        return
    for name in missing:
        check_disk(layout, name)
    mark = begun(layout, "packages")
    interrupted = mark.exists()
    write(mark, "")
    what = {"runtime": "packages" if layout.sourced else "ROS 2 Jazzy and packages", "test": "test tools",
            "train": "TensorFlow", "foxglove": "the Foxglove server"}  # fmt: skip
    with progress(", ".join(what[name] for name in missing)):
        command = [str(layout.venv / "bin" / "uv"), "pip", "install", "--python", str(layout.python)]
        command += ["-r", "pyproject.toml", "-c", "requirements.lock"]
        for name in missing:
            if name != "runtime":
                command += ["--group", name]
            elif not layout.sourced:
                command += ["--group", "ros"]
        if interrupted:
            command.append("--reinstall")
        if layout.sourced and not works([sys.executable, "-c", "import colcon_core, colcon_ros, colcon_cmake"]):
            command.append("colcon-common-extensions")
        runner.run(command, "the packages could not be installed", env=clean_env())
    if not layout.sourced:
        mend(layout)
    for name in missing:
        write(layout.stamps / f"packages-{name}", key)
    mark.unlink()


def ensure_screens(runner: Runner) -> None:
    """A Chromium and a virtual screen for the tests: the distribution's, where this user may install them."""
    packages = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    packages += [] if shutil.which("Xvfb") else ["xvfb"]
    if not packages:
        return
    failed = f"the tests of pages and windows lack {' and '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"{failed}. {apt(*packages)}")
        return
    env = clean_env() | {"DEBIAN_FRONTEND": "noninteractive"}
    install = shlex.join(["apt-get", "install", "--yes", "--no-install-recommends", *packages])
    # The lists of a fresh container are empty.
    both = ["sh", "-c", f"{install} || (apt-get update && {install})"]
    try:
        with progress(" and ".join(packages)):
            runner.run(both, failed, apt(*packages), env)
    except SetupError as error:
        # All other tests run without them.
        say(str(error))


def mend(layout: Layout) -> int:
    """Put this machine's paths for those of the container that built the wheels; how many files it took."""
    places = [layout.venv / "share", layout.venv / "lib" / "cmake"]
    broken = {path: path.read_text() for place in places for path in sorted(place.rglob("*.cmake"))}
    broken = {path: text for path, text in broken.items() if BUILD_PREFIX.search(text)}
    if not broken:
        return 0
    ask = "import sysconfig, numpy; print(sysconfig.get_path('include'), numpy.get_include(), sep='\\n')"
    answer = subprocess.run(
        [str(layout.python), "-c", ask], capture_output=True, text=True, env=clean_env(layout), check=True
    )
    include, numpy_include = answer.stdout.splitlines()
    for path, text in broken.items():
        text = BUILD_NUMPY.sub(lambda _: numpy_include, text)
        text = BUILD_INCLUDE.sub(lambda _: include, text)
        text = BUILD_PREFIX.sub(lambda _: str(layout.venv), text)
        # A new file in its place: the old one may be a hard link into uv's cache.
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        shutil.copymode(path, new)
        new.replace(path)
    return len(broken)
