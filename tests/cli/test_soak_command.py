"""`./fitness soak`: what it looks at, and what it calls a leak."""

import json
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import rclpy

from fitness_bringup.composition import live
from fitness_bringup.soak import command as soak
from fitness_bringup.soak.stamps import Stamps
from fitness_core.ros import qos
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import RepEvent, SetSummary

PATIENCE = 60.0  # [s]


def report_of(samples: list[soak.Sample], minutes: float = 10.0) -> soak.SoakReport:
    report = soak.SoakReport("", minutes, 1.0, 9000, {}, [], 0.0, [], [], [], 0, 0)
    soak.judge(report, samples)
    return report


def test_what_grows_is_told() -> None:
    flat = [soak.Sample(minute, 200.0 + 0.3 * (minute % 2), 19, 30, 20.0) for minute in range(12)]
    assert report_of(flat).problems == []
    growing = [soak.Sample(minute, 200.0 + 0.2 * minute, 19 + minute, 30, 20.0) for minute in range(12)]
    grows = report_of(growing)
    assert grows.memory_slope == 2.0
    assert [problem.split()[0] for problem in grows.problems] == ["memory", "threads"]
    assert report_of(growing, minutes=5.0).problems == [], "all of it is warm-up"


def test_a_stamp_that_nothing_had_is_told_from_one_that_was_missed() -> None:
    stamps = Stamps()
    for number in (*range(100), *range(105, 200)):
        stamps.add(number * 40)
    assert stamps.has(50 * 40) is True
    assert stamps.has(50 * 40 + 1) is False
    assert stamps.has(102 * 40) is None, "five were not heard here"
    assert stamps.has(200 * 40) is None, "it may come yet"


def test_landmarks_are_repeated_with_stamps_that_go_on(tmp_path: Path) -> None:
    soak.repeated(live.DEMO, 1.2, tmp_path / "bag")
    with BagReader(tmp_path / "bag") as bag:
        stamps = [pose.stamp for pose in bag.poses()]
    assert all(later > earlier for earlier, later in pairwise(stamps))
    assert stamps[-1] - stamps[0] > 1.2 * 60e9


def test_a_short_run(fitness, tmp_path: Path) -> None:
    done = fitness("soak", "--minutes", 0.5, "--json", tmp_path / "soak.json", "-p", "markers.max_rate:=5.0")
    assert done.returncode == 0, done.stderr
    assert "all warm-up" in done.stdout
    report = json.loads((tmp_path / "soak.json").read_text())
    assert report["stamps_off"] == 0
    assert report["poses"] > 300
    assert sum(report["repetitions"].values()) > 0
    assert report["threads"][0] == report["threads"][1]
    minutes = [sample["minute"] for sample in report["samples"]]
    assert minutes == sorted(minutes)
    # By the stream's own time, however fast it went.
    assert len(minutes) > 100
    assert minutes[0] == 0.0
    assert minutes[-1] > 0.48
    assert report["stamps_unseen"] == 0


def test_a_video_is_not_played_four_times_as_fast(fitness) -> None:
    done = fitness("soak", "--speed", 4, "--source", "squats.mp4")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--speed 4" in done.stderr


@pytest.mark.parametrize("option", ["--minutes", "--speed"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_is_refused(fitness, option: str, value: str) -> None:
    done = fitness("soak", option, value)
    assert (done.returncode, done.stdout) == (2, "") and "Traceback" not in done.stderr


def test_ctrl_c_before_there_is_anything_to_judge_ends_it_in_order(ros) -> None:
    command = [sys.executable, "-m", "fitness_bringup.cli", "soak", "--speed", "4"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events: list[RepEvent] = []
    summaries: list[SetSummary] = []
    node = rclpy.create_node("listener", namespace=f"/soak_{process.pid}/fitness")
    node.create_subscription(RepEvent, "rep_event", events.append, qos.EVENTS)
    node.create_subscription(SetSummary, "set_summary", summaries.append, qos.EVENTS)

    def hear(heard: list) -> None:
        deadline = time.monotonic() + PATIENCE
        while not heard:
            assert time.monotonic() < deadline, "it did not come"
            rclpy.spin_once(node, timeout_sec=0.1)

    try:
        hear(events)
        assert not summaries
        process.send_signal(signal.SIGINT)
        hear(summaries)
        printed, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        node.destroy_node()
    assert (process.returncode, printed, errors) == (130, "", "")
