"""The build of the packages under src/, and the environment that finds them."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from setting_up.layout import Layout, SetupError, begun, fingerprint, packages_key, read, write
from setting_up.machine import check_compiler, check_disk
from setting_up.running import Runner, clean_env, progress, wheel_libraries


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
