"""What killed processes left in shared memory is removed, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fitness_core.ros.process.shared_memory import FOLDER, sweep

PARTICIPANT = """
import rclpy
from rclpy.node import Node
rclpy.init()
node = Node("left_behind")
print("up", flush=True)
input()
"""


def made(folder: Path, name: str, age: float = 60.0) -> tuple[Path, Path]:
    """A segment and the file of its lock, of such an age [s]."""
    files = folder / name, folder / f"{name}_el"
    for file in files:
        file.write_bytes(b"1")
        os.utime(file, (time.time() - age, time.time() - age))
    return files


def test_only_what_nobody_holds_goes(tmp_path: Path) -> None:
    dead = made(tmp_path, "fastrtps_00da288392ca4652")
    new = made(tmp_path, "fastrtps_11da288392ca4652", age=0.0)
    port, other = made(tmp_path, "fastrtps_port7411"), made(tmp_path, "somebody_else")
    held = made(tmp_path, "fastrtps_22da288392ca4652")
    hold = "import fcntl, sys\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_EX)\nprint(flush=True)\ninput()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, held[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline()
    assert sweep(tmp_path) == 1
    assert not any(file.exists() for file in dead)
    assert all(file.exists() for file in (*new, *port, *other, *held))
    holder.communicate("")
    assert sweep(tmp_path) == 1
    assert not any(file.exists() for file in held)


def test_what_fast_dds_leaves_when_it_is_killed_goes(needed) -> None:
    needed(FOLDER.is_dir(), "/dev/shm")

    def segments() -> set[str]:
        return {file.name for file in FOLDER.glob("fastrtps_*_el") if "port" not in file.name}

    before = segments()
    process = subprocess.Popen(
        [sys.executable, "-c", PARTICIPANT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "up\n"
    maps = Path(f"/proc/{process.pid}/maps").read_text()
    own = {name for name in segments() - before if name.removesuffix("_el") in maps}
    assert own, "Fast DDS made no segment"
    sweep()
    assert own <= segments(), "a living process lost its memory"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 60.0
    # A file that is not a second old is left alone.
    while own & segments():
        assert time.monotonic() < deadline
        sweep()
    assert not any((FOLDER / name.removesuffix("_el")).exists() for name in own)
