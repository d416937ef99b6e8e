"""`./fitness doctor` on machines that are not this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fitness_bringup.commands import doctor, machine

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [str(ROOT / "src" / name) for name in ("fitness_bringup", "fitness_core")]
MIB = 1024**2


@pytest.mark.parametrize(
    ("check", "status", "words"),
    [
        (doctor.check_python((3, 11, 7), "python3", True, False), "ok", "3.11.7"),
        (doctor.check_python((3, 13, 0), "python3", True, False), "missing", "FITNESS_PYTHON"),
        (doctor.check_python((3, 12, 3), "python3", False, False), "missing", "apt install python3.12-venv"),
        (doctor.check_python((3, 12, 3), "python3", False, True), "ok", "3.12.3"),
        (doctor.check_disk(1e9, False), "missing", "2.5 GB"),
        (doctor.check_disk(1e9, True), "warning", "0.9 GB free"),
        (
            doctor.check_compiler({"g++": None, "make": "/usr/bin/make"}, False, False),
            "missing",
            "g++ python3-dev",
        ),
        (doctor.check_compiler({"g++": None, "make": None}, True, True), "warning", "apt install g++ make"),
        (doctor.check_ros("", {}), "missing", "PyPI"),
        (doctor.check_ros("", {}, machine="aarch64"), "missing", "with apt"),
        (doctor.check_ros("", {"ros-jazzy-rclpy": "7.1.6"}), "ok", "jazzy from PyPI, rclpy 7.1.6"),
        (doctor.check_ros("humble", {}), "missing", "jazzy or newer"),
        (doctor.check_ros("kilted", {}), "ok", "kilted, sourced"),
        (doctor.check_ros("", {"ros-jazzy-rclpy": "7.1.6"}, ros_version="1"), "missing", "ROS 1"),
        (doctor.check_packages(["a", "b"], {"a": "1", "b": "2"}, {}), "missing", "none yet"),
        (doctor.check_packages(["a", "b"], {"a": "1", "b": "2"}, {"a": "1"}), "missing", "without b"),
        (doctor.check_packages(["a"], {"a": "1"}, {"a": "3"}), "warning", "a 3 for 1"),
        (doctor.check_packages(["a"], {"a": "1"}, {"a": "1", "own": "9"}), "ok", "1 as locked"),
        (doctor.check_packages([], {"setuptools": "79"}, {"setuptools": "65"}, "jazzy"), "ok", "0 as locked"),
        (doctor.check_libraries(None), "ok", "once packages"),
        (doctor.check_libraries(["libGL.so.1"]), "missing", "apt install libgl1"),
        (doctor.check_libraries([]), "ok", "all"),
        (doctor.check_camera([]), "warning", "--demo"),
        (doctor.check_camera([("/dev/video0", "Webcam", True)]), "ok", "/dev/video0 Webcam"),
        (doctor.check_camera([("/dev/video0", "Webcam", False)]), "warning", "usermod -aG video"),
        (doctor.check_shared_memory(64 * MIB, 64 * MIB, True), "warning", "--shm-size=512m"),
        (doctor.check_shared_memory(None, 0, False), "warning", "UDP"),
        (doctor.check_shared_memory(512 * MIB, 500 * MIB, True), "ok", "500 of 512 MiB"),
        (doctor.check_middleware({}, ""), "ok", "this host only"),
        (doctor.check_middleware({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}, ""), "missing", "unset"),
        (
            doctor.check_middleware({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}, "jazzy"),
            "warning",
            "profile",
        ),
        (doctor.check_display({}), "ok", "not needed"),
    ],
    ids=lambda value: value.name if isinstance(value, doctor.Check) else None,
)
def test_checks(check, status: str, words: str) -> None:
    assert check.status == status
    assert words in f"{check.found} {check.remedy}"
    assert check.status == "ok" or check.remedy, "what is not right has a remedy"


def test_workspace(tmp_path: Path) -> None:
    assert doctor.check_workspace(tmp_path, "abc").status == "missing"
    (tmp_path / ".fitness").mkdir()
    (tmp_path / ".fitness" / "ready").write_text("abc")
    assert doctor.check_workspace(tmp_path, "abc").status == "ok"
    assert doctor.check_workspace(tmp_path, "abd").status == "warning"


def test_a_sourced_ros_is_seen_and_the_own_prefix_is_not(tmp_path: Path) -> None:
    for prefix in ("opt/jazzy", "checkout/.venv"):
        (tmp_path / prefix / "share/rclpy").mkdir(parents=True)
        (tmp_path / prefix / "share/rclpy/package.xml").write_text("")
    env = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": f"{tmp_path}/checkout/.venv"}
    assert machine.sourced_distro(env, tmp_path / "checkout") == ""
    env["AMENT_PREFIX_PATH"] += f":{tmp_path}/opt/jazzy"
    assert machine.sourced_distro(env, tmp_path / "checkout") == "jazzy"


def test_reads_the_projects_own_files() -> None:
    names = machine.runtime_names((ROOT / "pyproject.toml").read_text())
    locked = machine.locked_versions((ROOT / "requirements.lock").read_text())
    assert {"numpy", "mediapipe", "pyyaml"} <= set(names)
    assert set(names) <= set(locked), "every runtime package is in the lock"


def test_libraries_are_read_from_ldd() -> None:
    output = "cv2.so:\n\tlibGL.so.1 => not found\n\tlibm.so.6 => /lib/libm.so.6 (0x1)\n\tlibz.so => not found\n"
    assert machine.missing_libraries(output) == ["libGL.so.1", "libz.so"]


def test_table_and_verdict() -> None:
    good, bad = (
        doctor.Check("disk", "ok", "9 GB free"),
        doctor.Check("ROS 2", "missing", "none", "install it"),
    )
    assert "The graph can run." in doctor.table([good])
    text = doctor.table([good, bad])
    assert "-> install it" in text and "cannot run yet" in text
    assert not doctor.runs([good, bad])


def test_runs_where_nothing_is_installed_and_changes_nothing(tmp_path: Path) -> None:
    """With -s -S there is nothing but the standard library; the checkout is bare."""
    for name in ("fitness", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    command = [sys.executable, "-s", "-S", "-B", "-m", "fitness_bringup.commands.doctor", "--json"]
    env = {"PATH": "/usr/bin:/bin", "FITNESS_ROOT": str(tmp_path), "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"}
    env["PYTHONPATH"] = os.pathsep.join(PACKAGES)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is False
    status = {check["name"]: check["status"] for check in report["checks"]}
    assert status["packages"] == status["workspace"] == status["ROS 2"] == "missing"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
