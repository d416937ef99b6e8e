"""The setup from nothing: what it repairs, what it says, what it leaves alone. Installs nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bootstrap
from setting_up import layout as layouts
from setting_up import machine, packages, running, workspace

ROOT = Path(__file__).resolve().parents[2]
PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["numpy==1.26.4"]\n[dependency-groups]\ntest = []\n'
BROKEN = (
    'INTERFACE_INCLUDE_DIRECTORIES "/opt/python/cp311-cp311/include/python3.11;'
    '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"\n'
    'set(_p "/opt/python/cp311-cp311/lib/libx.so")\n'
)


def outside() -> dict[str, str]:
    """The environment of a shell that knows nothing of this checkout's venv."""
    drop = ("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE", "ROS_DISTRO")
    env = {k: v for k, v in os.environ.items() if k not in drop and not k.startswith(("AMENT_", "CMAKE_", "FITNESS_"))}
    env["PATH"] = ":".join(p for p in env["PATH"].split(":") if not p.startswith(str(ROOT)))
    return env


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the script and its tools, and next to nothing to install."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "fitness", root)
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "requirements.lock").write_text("numpy==1.26.4\n")
    package = root / "src" / "pack"
    (package / "pack").mkdir(parents=True)
    (package / "launch").mkdir()
    (package / "package.xml").write_text("<package/>")
    (package / "pack" / "node.py").write_text("a = 1\n")
    (package / "launch" / "live.launch.py").write_text("b = 1\n")
    return root


def fake_venv(layout, uv: str = "exit 0") -> None:
    """A venv of the running Python without pip, and a uv that writes down what it is asked."""
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", str(layout.venv)], check=True, env=outside())
    script = layout.venv / "bin" / "uv"
    script.write_text(f'#!/bin/bash\necho "$@" >> {layout.root}/asked\n{uv}\n')
    script.chmod(0o755)
    layouts.write(layout.stamps / "venv", packages.venv_key(layout))
    layouts.write(layout.stamps / "uv", layouts.UV_VERSION)
    layout.log.parent.mkdir(exist_ok=True)


# ---- fingerprints


def test_stamp_follows_lock_and_files_but_not_modules(project: Path) -> None:
    layout = layouts.Layout(project)
    first = layouts.fingerprint(layout)
    (project / "src/pack/pack/node.py").write_text("a = 2\n")
    (project / "src/pack/pack/new.py").write_text("")
    (project / "src/pack/test").mkdir()
    (project / "src/pack/test/test_node.py").write_text("")
    assert layouts.fingerprint(layout) == first, "modules are linked: they need no build"

    seen = {first}
    for path, text in {
        "requirements.lock": "numpy==1.26.4\nscipy==1\n",
        "pyproject.toml": PROJECT + "#\n",
        "src/pack/package.xml": "<package format='3'/>",
        "src/pack/launch/replay.launch.py": "",
        "src/pack/config/live.yaml": "",
        "src/pack/msg/A.msg": "int32 a",
        "tools/bootstrap.py": "#",
    }.items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)
        new = layouts.fingerprint(layout)
        assert new not in seen, path
        seen.add(new)


def test_build_does_not_depend_on_lock_text_alone(project: Path) -> None:
    layout = layouts.Layout(project)
    built, packages = layouts.fingerprint(layout, "src"), layouts.packages_key(layout)
    (project / "pyproject.toml").write_text(PROJECT + "[tool.ruff]\nline-length = 110\n")
    assert (layouts.fingerprint(layout, "src"), layouts.packages_key(layout)) == (built, packages)
    (project / "requirements.lock").write_text("numpy==1.26.3\n")
    assert layouts.fingerprint(layout, "src") == built
    assert layouts.packages_key(layout) != packages


# ---- mend


def test_mend_is_idempotent_and_spares_the_cache(project: Path) -> None:
    layout = layouts.Layout(project)
    fake_venv(layout)
    site = next(layout.venv.glob("lib/python3*/site-packages"))
    (site / "numpy").mkdir()
    (site / "numpy" / "__init__.py").write_text("def get_include(): return '/numpy/include'\n")
    cached = project / "cached.cmake"
    cached.write_text(BROKEN)
    broken = layout.venv / "share" / "std_msgs" / "cmake" / "export.cmake"
    broken.parent.mkdir(parents=True)
    os.link(cached, broken)

    assert packages.mend(layout) == 1
    text = broken.read_text()
    assert "/opt/python" not in text
    assert ";/numpy/include" in text and f'"{layout.venv}/lib/libx.so"' in text
    assert packages.mend(layout) == 0
    assert broken.read_text() == text
    assert cached.read_text() == BROKEN, "uv's cache shares the file by a hard link"


# ---- interruptions


def test_killed_installation_is_done_again(project: Path) -> None:
    layout = layouts.Layout(project)
    fake_venv(layout, uv=f"[[ -e {project}/second ]] || {{ touch {project}/second; exec sleep 30; }}")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1] + '/tools');"
        "from pathlib import Path; from setting_up import layout, machine, packages, running;"
        "l = layout.Layout(Path(sys.argv[1])); machine.DISK.clear(); machine.DISK.update(runtime=0, test=0);"
        "packages.ensure_packages(l, running.Runner(l), ['test'])"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(project)], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (project / "second").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not list(layout.stamps.glob("packages-*"))

    packages.ensure_packages(layout, running.Runner(layout), ["test"])
    first, again = (project / "asked").read_text().splitlines()
    assert "--reinstall" not in first and "--reinstall" in again
    assert sorted(path.name for path in layout.stamps.glob("packages-*")) == [
        "packages-runtime",
        "packages-test",
    ]

    packages.ensure_packages(layout, running.Runner(layout), ["test"])
    assert len((project / "asked").read_text().splitlines()) == 2, "nothing to do the third time"


def test_half_made_venv_is_made_anew_and_a_handmade_one_kept(project: Path, monkeypatch) -> None:
    layout = layouts.Layout(project)
    fake_venv(layout)
    runs = []
    monkeypatch.setattr(running.Runner, "run", lambda self, command, *rest, **more: runs.append(command))
    packages.ensure_venv(layout, running.Runner(layout))
    assert not runs

    (layout.stamps / "venv").unlink()  # made by hand: no stamp; it works, so it is kept
    monkeypatch.setattr(packages, "works", lambda command: True)
    packages.ensure_venv(layout, running.Runner(layout))
    assert not runs

    layouts.write(layouts.begun(layout, "venv"), "")  # killed in the middle
    packages.ensure_venv(layout, running.Runner(layout))
    assert "--clear" in runs[0]
    assert not layouts.begun(layout, "venv").exists()

    layouts.write(layout.stamps / "venv", "/elsewhere/.venv 3.11.7")  # the checkout was moved
    packages.ensure_venv(layout, running.Runner(layout))
    assert len(runs) == 2


def test_two_setups_take_turns(project: Path, capfd) -> None:
    layout = layouts.Layout(project)
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1] + '/tools')\n"
        "from pathlib import Path; from setting_up import layout, running\n"
        "with running.Runner(layout.Layout(Path(sys.argv[1]))).lock(): print('held', flush=True); time.sleep(0.7)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(project)], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "held\n"
    with running.Runner(layout).lock():
        assert other.wait(timeout=30) == 0
    assert "another setup is at work" in capfd.readouterr().err


def test_links_to_data_files_that_are_gone_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    (tmp_path / "good").symlink_to(tmp_path / "there")
    (tmp_path / "stale").symlink_to(tmp_path / "gone")
    workspace.drop_dangling(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "there"]


# ---- messages


def test_offline_is_one_clear_message(project: Path) -> None:
    env = outside() | {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0",
    }  # fmt: skip
    done = subprocess.run(["./fitness", "live"], cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Check the network and start again" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert "127.0.0.1" in (project / "log" / "setup.log").read_text()


def test_pip_installs_into_the_venv_whatever_its_settings_say(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", "pip"]
    done = subprocess.run(command, env=running.clean_env(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "already satisfied" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: client error (Connect)\n dns error: failed to lookup address information", "no connection"),
        ("NewConnectionError: Temporary failure in name resolution", "no connection"),
        ("error: Failed to fetch: `https://pypi.org/simple/numpy/`", "a mirror by UV_DEFAULT_INDEX"),
        ("one\ntwo\nerror: expected ';'", "setup.log\n    one\n    two\n    error: expected ';'"),
    ],
)
def test_messages_name_cause_and_remedy(tmp_path: Path, output: str, expected: str) -> None:
    error = running.explain("the packages could not be installed", output, "", layouts.Layout(tmp_path))
    assert expected in str(error)


def test_conditions_are_checked_first(project: Path, monkeypatch, capsys) -> None:
    layout = layouts.Layout(project)
    usage = shutil.disk_usage(project)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**9))
    with pytest.raises(layouts.SetupError, match=r"needs 2.5 GB of disk, 0.9 GB are free"):
        machine.check_disk(layout, "runtime")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(layouts.SetupError, match=r"apt install g\+\+ make"):
        machine.check_compiler(layout)
    with pytest.raises(layouts.SetupError, match="humble is sourced; this needs jazzy"):
        machine.check_machine(layouts.Layout(project, "humble"))
    with pytest.raises(layouts.SetupError, match="without spaces"):
        machine.check_machine(layouts.Layout(project / "my robot"))
    with pytest.raises(SystemExit) as usage_error:
        bootstrap.main(["--with", "nonsense"])
    assert usage_error.value.code == 2


@pytest.mark.parametrize("command", ["shell", "lock", "test"])
def test_help_of_what_is_of_a_checkout_installs_nothing(project: Path, command: str) -> None:
    before = (project / "requirements.lock").read_text()
    done = subprocess.run(
        ["./fitness", command, "--help"], cwd=project, env=outside(), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: ./fitness {command} ") and done.stderr == ""
    assert not (project / ".venv").exists() and (project / "requirements.lock").read_text() == before


def test_a_sourced_ros_has_a_home_of_its_own(project: Path) -> None:
    prefix = project.parent / "opt" / "humble"
    (prefix / "share/rclpy").mkdir(parents=True)
    (prefix / "share/rclpy/package.xml").write_text("")
    env = outside() | {
        "ROS_DISTRO": "humble",
        "AMENT_PREFIX_PATH": str(prefix),
        "FITNESS_PYTHON": sys.executable,
    }
    done = subprocess.run(["./fitness", "live"], cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ROS 2 humble is sourced; this needs jazzy or newer" in done.stderr
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("home", [{}, {"HOME": ""}, {"HOME": "/somewhere"}])
def test_who_has_no_home_has_that_of_the_account(project: Path, home: dict[str, str]) -> None:
    layout = layouts.Layout(project)
    fake_venv(layout)
    layout.build.mkdir()
    workspace.write_environment(layout)
    layouts.write(layout.ready / "ready", layouts.fingerprint(layout))
    env = {name: value for name, value in outside().items() if name != "HOME"} | home
    command = ["./fitness", "shell", "--", "printenv", "HOME"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.stdout == f"{home.get('HOME') or pwd.getpwuid(os.getuid()).pw_dir}\n", done.stderr


def test_environment_file_leaves_the_users_choices_alone(project: Path) -> None:
    layout = layouts.Layout(project)
    fake_venv(layout)
    (layout.install / "share/fitness_bringup/config").mkdir(parents=True)
    (layout.install / "share/fitness_bringup/config/fastdds.xml").write_text("")
    workspace.write_environment(layout)
    names = [
        "AMENT_PREFIX_PATH",
        "FASTRTPS_DEFAULT_PROFILES_FILE",
        "RMW_IMPLEMENTATION",
        "ROS_AUTOMATIC_DISCOVERY_RANGE",
        "GLIBC_TUNABLES",
    ]
    show = '. "$0"; ' + "; ".join(f'echo "${{{name}:-}}"' for name in names)

    def source(**env: str) -> list[str]:
        command = ["bash", "-euc", show, str(layout.ready / "env.sh")]
        env = {"PATH": os.environ["PATH"], **env}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split("\n")[:5]

    prefix, profile, rmw, discovery, tunables = source()
    assert prefix == f"{layout.install}:{layout.venv}"
    assert profile == str(layout.install / "share/fitness_bringup/config/fastdds.xml")
    assert (rmw, discovery, tunables) == ("rmw_fastrtps_cpp", "LOCALHOST", "glibc.malloc.hugetlb=1")
    mine = {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml", "ROS_LOCALHOST_ONLY": "0", "AMENT_PREFIX_PATH": "/other"}
    chosen = source(**mine, GLIBC_TUNABLES="glibc.malloc.arena_max=1")
    paths = f"{layout.install}:{layout.venv}:/other"
    assert chosen == [paths, "/mine.xml", "rmw_fastrtps_cpp", "", "glibc.malloc.arena_max=1"]


@pytest.mark.parametrize(
    ("there", "root", "works", "runs", "said"),
    [
        (("chromium", "Xvfb"), True, True, 0, ""),
        (("apt-get",), True, True, 1, ""),
        (("apt-get",), False, True, 0, "sudo apt install chromium xvfb"),
        (("Xvfb",), True, True, 0, "sudo apt install chromium"),
        (("chromium",), True, True, 0, "sudo apt install xvfb"),
        (("apt-get",), True, False, 1, "no network"),
    ],
)
def test_the_screens_for_the_tests_are_fetched_or_asked_for_in_one_line(
    monkeypatch, capsys, there, root, works, runs, said
):
    ran = []

    class Runner:
        def run(self, command, *_):
            ran.append(command)
            if not works:
                raise layouts.SetupError("no network")

    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    packages.ensure_screens(Runner())
    assert len(ran) == runs
    told = ("chromium", "xvfb", "network")
    lines = [line for line in capsys.readouterr().err.splitlines() if any(word in line for word in told)]
    assert said in "".join(lines)
    assert len([line for line in lines if "..." not in line]) == bool(said)
