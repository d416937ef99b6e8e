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
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

UV_VERSION = "0.13.9"
GROUPS = ("test", "train", "foxglove")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GIB = 1024**3
# Room that a step needs, cache of downloads included (measured, rounded up).
DISK = {"runtime": 2.5 * GIB, "train": 2.5 * GIB, "test": 0.3 * GIB, "foxglove": 0.1 * GIB, "workspace": 0.2 * GIB}

# The PyPI wheels of ROS 2 were built in a container; their CMake files name its Python.
BUILD_NUMPY = re.compile(r"/opt/python/cp(\d+)-cp\1/lib/python[\d.]+/site-packages/numpy/_?core/include")
BUILD_INCLUDE = re.compile(r"/opt/python/cp(\d+)-cp\1/include/python[\d.]+")
BUILD_PREFIX = re.compile(r"/opt/python/cp(\d+)-cp\1(?!\w)")

NO_NETWORK = re.compile(
    r"error sending request|dns error|failed to lookup|name resolution|connection refused"
    r"|network is unreachable|newconnectionerror|no route to host|proxyerror|failed to fetch"
    r"|could not connect|from versions: none|timed? ?out|tunnel",
    re.IGNORECASE,
)
NO_SPACE = re.compile(r"no space left|disk quota exceeded|os error 28", re.IGNORECASE)


class SetupError(Exception):
    """What failed and what to do about it, in one or two lines."""


@dataclass(frozen=True)
class Layout:
    """Where things are. A sourced ROS 2 has a home of its own beside the one with ROS 2 from PyPI."""

    root: Path
    sourced: str = ""

    @property
    def home(self) -> Path:
        return self.root / f".ros-{self.sourced}" if self.sourced else self.root

    @property
    def venv(self) -> Path:
        return self.home / ("venv" if self.sourced else ".venv")

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def build(self) -> Path:
        return self.home / "build"

    @property
    def install(self) -> Path:
        return self.home / "install"

    @property
    def stamps(self) -> Path:
        """What was done to the venv; inside it, so that it goes when the venv goes."""
        return self.venv / "fitness"

    @property
    def ready(self) -> Path:
        """What `./fitness` looks at; inside install/, for the same reason."""
        return self.install / ".fitness"

    @property
    def log(self) -> Path:
        return self.root / "log" / "setup.log"


# ---- stamps


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def begun(layout: Layout, step: str) -> Path:
    """The mark of a step under way; outside the venv and install/, which the step may have to clear."""
    return layout.log.parent / f"{layout.home.name if layout.sourced else 'pypi'}-{step}.begun"


def packages_key(layout: Layout) -> str:
    """Changes when the installed packages have to: with the lock, the requirements, the kind of ROS 2."""
    import tomllib

    project = tomllib.loads((layout.root / "pyproject.toml").read_text())
    asked = [
        project["project"]["dependencies"],
        project.get("dependency-groups"),
        project.get("tool", {}).get("uv"),
    ]
    digest = hashlib.sha256((layout.root / "requirements.lock").read_bytes())
    digest.update(json.dumps([asked, layout.sourced, UV_VERSION], sort_keys=True).encode())
    return digest.hexdigest()


def fingerprint(layout: Layout, *part: str) -> str:
    """The hash that `./fitness` compares (tools/fingerprint.sh: one rule for both)."""
    script = layout.root / "tools" / "fingerprint.sh"
    command = ["bash", "-c", '. "$0"; fingerprint "$@"', str(script), str(layout.root), *part]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# ---- running programs


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
        return SetupError(f"{failed}: no connection to the package index.\nCheck the network and start again.")
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


# ---- conditions


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


# ---- steps


def venv_key(layout: Layout) -> str:
    """A venv belongs to its place and to its Python."""
    return f"{layout.venv} {platform.python_version()}"


def works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


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


def clean_env(layout: Layout | None = None) -> dict[str, str]:
    """The environment of the steps: nobody else's venv or PYTHONPATH (but that of a sourced ROS 2), pip's
    settings for uv as well, and with a layout the paths that its wheels and colcon need."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"):
        env.pop(name, None)
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


def ensure_workspace(layout: Layout, runner: Runner) -> None:
    """The packages under src/, built as symbolic links into one prefix."""
    stamp = layout.ready / "workspace"
    mark = begun(layout, "workspace")
    place = f"{layout.root} {platform.python_version()} {packages_key(layout)}"
    key = f"{place}\n{fingerprint(layout, 'src')}"
    if read(stamp) == key and layout.build.is_dir() and not mark.exists():
        return
    check_compiler(layout)
    check_disk(layout, "workspace")
    # Killed while it wrote, or made elsewhere or for other packages: what is there may be wrong in any way.
    if mark.exists() or (read(stamp) and read(stamp).splitlines()[0] != place):
        for folder in (layout.build, layout.install):
            shutil.rmtree(folder, ignore_errors=True)
    if read(layout.install / ".colcon_install_layout").strip() not in ("", "merged"):
        raise SetupError(
            "install/ was built by a plain `colcon build`; this needs --merge-install.\n"
            f"Remove it (cd {layout.home}; rm -r build install) and start again."
        )
    write(mark, "")
    stamp.unlink(missing_ok=True)
    with progress("the workspace (colcon)"):
        command = [str(layout.python), "-m", "colcon", "--log-base", str(layout.log.parent), "build"]
        command += [
            "--base-paths",
            "src",
            "--build-base",
            str(layout.build),
            "--install-base",
            str(layout.install),
        ]
        command += [
            "--merge-install",
            "--symlink-install",
            "--event-handlers",
            "console_direct+",
            "console_cohesion-",
        ]
        # The linters that BUILD_TESTING asks for are not in the wheels; tests run under pytest.
        command += ["--cmake-args", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={layout.python}"]
        try:
            runner.run(command, "the workspace could not be built", "mend the package named last.", clean_env(layout))
        except SetupError as error:
            if "disk is full" not in str(error):
                mark.unlink()  # an error in a package: what was built before it is good
            raise
    drop_dangling(layout.install)
    write(stamp, key)
    mark.unlink()


def drop_dangling(folder: Path) -> None:
    """Links to data files that are gone: colcon leaves them, and globs over share/ would find them."""
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            if path.is_symlink() and not path.exists():
                path.unlink()


def write_environment(layout: Layout) -> None:
    """What colcon's setup.bash would set, in one small file: that one costs a second at every start."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    # Packages linked by `setup.py develop` are found in build/, the generated message modules in install/.
    python = sorted(path.parent for path in layout.build.glob("*/*.egg-info") if (path.parent / "setup.py").exists())
    python += [
        layout.install / sub
        for sub in (f"lib/{version}/site-packages", f"local/lib/{version}/dist-packages")
        if (layout.install / sub).is_dir()
    ]
    own = [] if layout.sourced else [layout.venv]
    paths: dict[str, Sequence[Path | str]] = {
        "AMENT_PREFIX_PATH": [layout.install, *own],
        "CMAKE_PREFIX_PATH": [layout.install, *own],
        "PYTHONPATH": python,
        "LD_LIBRARY_PATH": [layout.install / "lib", *([] if layout.sourced else wheel_libraries(layout))],
        "PATH": [layout.venv / "bin"],
    }
    lines = ["# Written by tools/bootstrap.py; read by ./fitness."]
    for name, values in paths.items():
        joined = shlex.quote(":".join(map(str, values)))
        lines.append(f'export {name}={joined}"${{{name}:+:${name}}}"')
    lines.append(f"export VIRTUAL_ENV={shlex.quote(str(layout.venv))}")
    lines.append("# Bytecode is kept, whatever the shell says: without it every start compiles 700 files anew, 0.7 s.")
    lines.append("unset PYTHONHOME PYTHONDONTWRITEBYTECODE")
    if not layout.sourced:
        lines.append("export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1")
    profile = layout.install / "share" / "fitness_bringup" / "config" / "fastdds.xml"
    if profile.exists():
        lines.append(f': "${{FASTRTPS_DEFAULT_PROFILES_FILE:={profile}}}"')
        lines.append("export FASTRTPS_DEFAULT_PROFILES_FILE")
    lines.append('export RMW_IMPLEMENTATION="${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}"')
    lines.append("# Memory in pages of 2 MB, where the kernel has them; read when a process starts. Some 5 % less CPU.")
    lines.append('export GLIBC_TUNABLES="${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}"')
    lines.append("# Only this host hears the graph, unless the user has said otherwise.")
    lines.append('if [ -z "${ROS_AUTOMATIC_DISCOVERY_RANGE:-}${ROS_LOCALHOST_ONLY:-}" ]; then')
    lines.append("    export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST")
    lines.append("fi")
    write(layout.ready / "env.sh", "\n".join(lines) + "\n")


# ---- main


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
        if NO_SPACE.search(detail):
            detail = "the disk is full. Make room and start again."
        say(f"setup failed: {detail}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
