"""Nodes that are killed while somebody exercises: exact counts, or a loss that is told."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray

from fitness_bringup.composition.live import DEMO
from fitness_bringup.faults.book import Book, Given, Kill, Loss, beside
from fitness_bringup.faults.command import Options, run
from fitness_bringup.faults.feed import Clip
from fitness_bringup.replays.landmarks import landmarks_of
from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_msgs.msg import RepState

PATIENCE = 120.0  # [s]
SQUAT = "videos/squat/term7_computervision_pro_squat_1.mp4"
GIVEN = {"--source": Given("monday.mcap", "1f"), "--model": Given("mine.tflite", "2e")}
KEYS = ["name", "injected", "recovered", "p50_s", "max_s", "reps_lost", "declared"]


def test_kills_lose_nothing_silently(tmp_path):
    file = tmp_path / "faults.json"
    assert run(Options(kills=2, json=str(file), kills_only=True, seed=5, pace=2.0)) == 0
    content = json.loads(file.read_text())
    assert list(content) == ["faults"]
    assert len(json.loads((tmp_path / "faults.kills.json").read_text())["kills"]) == 2
    assert all(list(row) == KEYS for row in content["faults"])
    assert sum(row["injected"] for row in content["faults"]) == 2
    assert all(row["recovered"] == row["injected"] == row["declared"] for row in content["faults"])


def test_a_run_that_was_broken_off_is_gone_on_with(tmp_path):
    file = tmp_path / "faults.kills.json"
    book = Book(7, GIVEN, file)
    book.kills = [Kill("rep_counter", 1.0, 0.8, True), Kill("exercise_classifier", 4.0, None, True)]
    book.settle([Loss("rep_counter", "squat", 12.0, silent=False), Loss("rep_counter", "squat", 14.0, silent=True)])
    book.settle([Loss("rep_counter", "squat", 12.0, silent=False)])
    again = Book.opened(file, GIVEN)
    again.kills.append(Kill("rep_counter", 2.0, 1.2, True))
    again.settle([Loss("exercise_classifier", "curl", 3.0, silent=True)])
    counter, classifier = Book.opened(file, GIVEN).faults()
    assert again.seed == 7
    assert (counter.injected, counter.times, counter.reps_lost, counter.silent) == (2, [0.8, 1.2], 1, 0)
    assert (classifier.injected, classifier.times, classifier.silent, classifier.survived) == (1, [], 1, False)
    file.write_text("{}")
    with pytest.raises(InputError, match="--resume"):
        Book.opened(file, GIVEN)


@pytest.mark.parametrize("option", ["--source", "--model"])
def test_a_run_is_not_gone_on_with_in_something_else(tmp_path, option):
    file = tmp_path / "faults.kills.json"
    Book(7, GIVEN, file).settle([])
    moved = GIVEN | {option: Given("elsewhere", GIVEN[option].sha256)}
    assert Book.opened(file, moved).seed == 7, "the same content is the same, wherever it lies"
    with pytest.raises(
        InputError, match=f"--resume: the run of .* had {option} {GIVEN[option].name} and not this other"
    ):
        Book.opened(file, GIVEN | {option: Given("other", "3d")})


def test_another_model_is_refused_before_anything_is_killed(fitness, tmp_path):
    table = tmp_path / "faults.json"
    Book(7, {"--source": Given.of(DEMO), "--model": Given("mine.tflite", "2e")}, beside(table)).settle([])
    refused = fitness("faults", "--json", table, "--resume")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --resume: the run of") and refused.stderr.count("\n") == 1
    assert "--model mine.tflite" in refused.stderr


def test_a_run_in_which_nothing_would_happen_is_refused(fitness):
    refused = fitness("faults", "--kills", "0", "--kills-only")
    assert refused.returncode == 2 and refused.stderr.startswith("error: --kills-only with --kills 0: ")


def test_repetitions_of_a_video_are_what_is_counted_in(data, tmp_path):
    clip = Clip(landmarks_of(data(SQUAT), tmp_path))
    assert {event.exercise for event in clip.repetitions(1)} == {"squat"}
    assert landmarks_of(DEMO, tmp_path) == DEMO


def test_a_process_per_node_outlives_the_death_of_one(tmp_path):
    namespace = f"one_each_{os.getpid()}"
    quiet = ["--no-dashboard", "--no-overlay", "--no-markers"]
    command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--demo", "--loop", "--processes", *quiet]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([*command, "--namespace", namespace], stderr=output, stdout=output)
    states: list[float] = []
    pids: list[int] = []
    rclpy.init()
    try:
        node = rclpy.create_node("listener")
        topic = f"/{namespace}/rep_state"
        node.create_subscription(RepState, topic, lambda _: states.append(time.monotonic()), qos.STREAM)

        def look(message):
            for status in message.status:
                if status.name == f"/{namespace}/supervisor: rep_counter":
                    pid = int({value.key: value.value for value in status.values}["pid"])
                    pids.extend([pid] if pid else [])

        node.create_subscription(DiagnosticArray, "/diagnostics", look, qos.DIAGNOSTICS)

        def until(true):
            end = time.monotonic() + PATIENCE
            while not true():
                assert time.monotonic() < end and process.poll() is None, log.read_text()
                rclpy.spin_once(node, timeout_sec=0.1)

        until(lambda: states and pids)
        first = pids[-1]
        os.kill(first, signal.SIGKILL)
        until(lambda: pids[-1] != first)
        again = time.monotonic()
        until(lambda: states[-1] > again)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
    assert code == 0, log.read_text()
    assert "rep_counter was killed by SIGKILL" in log.read_text()


def test_a_missing_precondition_is_one_line(fitness, tmp_path):
    refused = fitness("faults", "--source", tmp_path / "none")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --source") and refused.stderr.count("\n") == 1
