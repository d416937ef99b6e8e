"""`./fitness record`: takes from a clip that is played as a camera, into bags that other readers open too."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from mcap_ros2.reader import read_ros2_messages

from fitness_bringup import cli
from fitness_bringup.composition import live, record
from fitness_core.errors import InputError
from fitness_core.ros.messages import from_time
from fitness_datasets.bags import BagReader

CLIP = "videos/squat/nowva_squats.mp4"
RECORD = [sys.executable, "-m", "fitness_bringup.cli", "record"]
# The machine that runs the tests may be busy with others; how bad a take may be is tested elsewhere.
FAST = [
    *("--no-overlay", "-p", "record_take.countdown:=0.2"),
    *("-p", "record_take.max_gap:=5.0", "-p", "record_take.max_dropped:=1.0"),
]
DEADLINE = 90.0
START, STOP, DISCARD = 0, 1, 2


def session_of(out: Path) -> dict:
    return yaml.safe_load((out / "P01_S01" / "session.yaml").read_text())


def test_two_takes_in_one_bag_and_the_session_says_so(data: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = ["--subject", "P01", "--exercise", "squat,idle", "--reps", "1", "--seconds", "5", "--consent", *FAST]
    command = [*RECORD, *arguments, "--source", str(data(CLIP)), "--out", str(tmp_path)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for sentence in ("Take 1, squat: ", "Go: squat, 0 of 1.", "Take 1 is done", "Go: idle.", "Take 2 is done"):
        assert sentence in done.stdout
    written = session_of(tmp_path)
    assert (written["subject"], written["session"], written["consent"]) == ("P01", "S01", True)
    assert (written["camera"]["width"], written["camera"]["height"]) == (854, 480)
    assert {"fitness", "mediapipe"} <= written["versions"].keys()
    assert written["pose"] == {"backend": "mediapipe", "model": "full"}
    takes = [(take["exercise"], take["take"], take["status"], take["bag"]) for take in written["takes"]]
    assert takes == [("squat", 1, "kept", "bag_001"), ("idle", 2, "kept", "bag_001")]
    assert written["takes"][0]["repetitions"] == 1

    bag = tmp_path / "P01_S01" / "bag_001"
    with BagReader(bag) as recorded:
        assert not recorded.recovered
        assert "/fitness/camera/image_raw" not in recorded.topics
        assert recorded.counts["/fitness/camera/camera_info"] > 0
        labels = [message for _, _, message in recorded.messages(["/fitness/take_label"])]
        stamps = [pose.stamp for pose in recorded.poses()]
    assert [(label.event, label.exercise) for label in labels] == [
        (START, "squat"),
        (STOP, "squat"),
        (START, "idle"),
        (STOP, "idle"),
    ]
    for label in labels:
        assert from_time(label.header.stamp) in stamps, "a label bears the stamp of a pose"
    (file,) = bag.glob("*.mcap")
    read = [message for message in read_ros2_messages(file) if message.channel.topic == "/fitness/take_label"]
    assert [message.ros_msg.subject for message in read] == ["P01"] * 4
    poses = [message for message in read_ros2_messages(file) if message.channel.topic == "/fitness/body_pose"]
    assert len(poses) == len(stamps)

    again = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0
    assert "has every take already" in again.stdout
    assert not (tmp_path / "P01_S01" / "bag_002").exists()


def test_who_reads_no_more_of_what_is_said_loses_no_take(data: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = ["--subject", "P01", "--exercise", "squat", "--reps", "1", "--consent", *FAST]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*RECORD, *arguments, "--source", str(data(CLIP)), "--out", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert [take["status"] for take in session_of(tmp_path)["takes"]] == ["kept"]


def test_killed_it_is_readable_to_the_last_second_and_goes_on(data: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = ["--subject", "P01", "--exercise", "other", "--source", str(data(CLIP)), "--out", str(tmp_path)]
    command = [*RECORD, *arguments, "--consent", *FAST]
    process = subprocess.Popen(
        [*command, "--seconds", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    bag = tmp_path / "P01_S01" / "bag_001"
    try:
        await_line(process, "Go: other.")
        (file,) = bag.glob("*.mcap")
        sizes = {file.stat().st_size}
        until = time.monotonic() + DEADLINE
        while len(sizes) < 4:
            assert time.monotonic() < until, "the bag does not grow"
            sizes.add(file.stat().st_size)
            time.sleep(0.01)
        killed = time.time_ns()
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with BagReader(bag) as recorded:
        assert recorded.recovered
        received = [stamp for _, _, stamp, _ in recorded.raw()]
        labels = [message for _, _, message in recorded.messages(["/fitness/take_label"])]
    assert killed - max(received) < 1.5e9, "more than the last second is lost"
    assert [label.event for label in labels] == [START]
    assert [take["status"] for take in session_of(tmp_path)["takes"]] == ["unfinished"]

    done = subprocess.run(
        [*command, "--seconds", "1.5"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    takes = [(take["take"], take["status"], take["bag"]) for take in session_of(tmp_path)["takes"]]
    assert takes == [(1, "unfinished", "bag_001"), (2, "kept", "bag_002")]


def test_keyboard_decides_and_ctrl_c_discards(data: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = ["--subject", "P01", "--exercise", "other", "--takes", "2", "--seconds", "1.5", "--consent", *FAST]
    command = [*RECORD, *arguments, "--source", str(data(CLIP)), "--out", str(tmp_path)]
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, text=True)
    try:
        for said, typed in (("is done", "x"), ("type k", "r"), ("is done", "k")):
            await_line(process, said)
            os.write(keyboard, f"{typed}\n".encode())
        await_line(process, "Take 2")
        await_line(process, "Go: other.")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=DEADLINE)
    finally:
        process.kill()
        os.close(keyboard)
        os.close(terminal)
    assert process.returncode == 0
    assert "takes still to do: 1" in printed
    became = [(take["take"], take["status"], take["reasons"]) for take in session_of(tmp_path)["takes"]]
    assert became == [(1, "discarded", ["repeated"]), (1, "kept", []), (2, "discarded", ["interrupted"])]
    with BagReader(tmp_path / "P01_S01" / "bag_001") as recorded:
        assert not recorded.recovered
        labels = [message.event for _, _, message in recorded.messages(["/fitness/take_label"])]
    assert labels == [START, STOP, DISCARD, START, STOP, START, DISCARD]


def await_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    until = time.monotonic() + DEADLINE
    while select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
        line = process.stdout.readline()
        assert line, "it ended"
        if text in line:
            return
    raise AssertionError(f"no {text!r}")


def test_the_password_of_a_camera_is_in_no_session(tmp_path: Path) -> None:
    options = record.Options("P01", ("squat",), source="rtsp://me:s3cret@eye/live", out=tmp_path)
    assert record._parameters(options)["camera"] == "rtsp://eye/live"


def test_who_never_stands_well_ends_it_with_one_message(tmp_path: Path) -> None:
    pictures = tmp_path / "empty_room"
    pictures.mkdir()
    for number in range(3):
        cv2.imwrite(str(pictures / f"{number}.png"), np.full((240, 320, 3), 128, np.uint8))
    arguments = ["--subject", "P01", "--exercise", "squat,idle", "--seconds", "2", "--consent", "--auto", *FAST]
    deadline = ["-p", "record_take.placement_timeout:=0.3"]
    command = [*RECORD, *arguments, *deadline, "--source", str(pictures), "--out", str(tmp_path / "out [old]")]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if "not recorded" in line]
    assert told == [
        "Take 1: not recorded: nobody stood well for 0.3 s (step into the picture: the camera does not see you)."
    ]
    assert f"{tmp_path / 'out [old]' / 'P01_S01'}; takes still to do: 2" in done.stdout


def test_a_source_that_breaks_off_is_told(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(5):
        cv2.imwrite(str(pictures / f"{number}.png"), np.full((240, 320, 3), 128, np.uint8))
    (pictures / "9.png").write_bytes(b"no picture")
    arguments = ["--subject", "P01", "--exercise", "idle", "--seconds", "2", "--consent", "--auto", *FAST]
    command = [*RECORD, *arguments, "--source", str(pictures), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "9.png" in done.stderr.splitlines()[-1] and "takes still to do: 1" in done.stdout


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--consent": None}, "--consent"),
        ({"--subject": "Jane Doe"}, "pseudonym"),
        ({"--exercise": "squat,juggling"}, "juggling"),
        ({"--exercise": "idle"}, "no repetitions"),
        ({"--reps": "0"}, "needs an end"),
        ({"-p": "record_take.session:=S02"}, "--session"),
        ({"--source": "/nowhere/clip.mp4"}, "/nowhere/clip.mp4"),
    ],
)
def test_refused_with_one_line_and_nothing_is_written(changes, said, tmp_path, monkeypatch, capfd) -> None:
    given = {"--subject": "P01", "--exercise": "squat", "--reps": "3", "--source": "x", "--consent": ""}
    given = {name: value for name, value in (given | changes).items() if value is not None}
    arguments = [word for pair in given.items() for word in pair if word]
    monkeypatch.setattr(sys, "argv", ["fitness", "record", *arguments, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ending:
        cli.main()
    assert ending.value.code == 2
    errors = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("INFO: ")]
    assert len(errors) == 1 and said in errors[0]
    assert not (tmp_path / "out").exists()


@pytest.fixture
def composed(monkeypatch) -> dict:
    """What the guide is told, and the bag, where the command goes as far as making the nodes; then it ends: enough."""
    heard = {}

    def compose(graph: live.Options, takes: dict, at_once: bool) -> None:
        heard.update(takes, recorded=graph.record)
        raise InputError("enough")

    monkeypatch.setattr(live, "compose", compose)
    return heard


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"session": "S01", "takes": 1, "repetitions": 5, "seconds": 0.0}),
        ({"seconds": 20.0}, {"repetitions": 0, "seconds": 20.0}),
        ({"file": "session: S07, takes: 3, seconds: 30"}, {"session": "S07", "takes": 3, "seconds": 30.0}),
        ({"file": "session: S07, takes: 3, repetitions: 8", "takes": 2, "session": "S02"}, {"takes": 2}),
        ({"file": "session: S07, repetitions: 8", "session": "S02"}, {"session": "S02", "repetitions": 8}),
    ],
)
def test_what_no_option_says_is_the_parameter_files(given, told, tmp_path, composed) -> None:
    file = None
    if "file" in given:
        file = tmp_path / "mine.yaml"
        file.write_text(f"/**/record_take: {{ros__parameters: {{{given.pop('file')}}}}}")
    options = record.Options("P01", ("squat",), source="0", out=tmp_path, consent=True, params=file, **given)
    with pytest.raises(InputError, match="enough"):
        record.run(options)
    assert {name: composed[name] for name in told} == told
    assert composed["recorded"] == tmp_path / f"P01_{composed['session']}" / "bag_001", "beside its session.yaml"


def test_every_exercise_that_is_asked_for_is_recorded(tmp_path, monkeypatch, composed) -> None:
    """Of two options the second was: the person had gone when somebody saw that the first was missing."""
    given = [
        "--exercise",
        "squat",
        "--exercise",
        "curl,idle",
        "--seconds",
        "5",
        "--source",
        "0",
        "--out",
        str(tmp_path),
    ]
    monkeypatch.setattr(sys, "argv", ["fitness", "record", "--subject", "P01", "--consent", *given])
    with pytest.raises(SystemExit):
        cli.main()
    assert composed["exercise"] == "squat,curl,idle"


def test_exercises_of_a_parameter_files_catalogue_are_known(tmp_path, composed) -> None:
    own = Path(__file__).resolve().parents[2] / "docs" / "examples" / "side_lunge.yaml"
    file = tmp_path / "mine.yaml"
    options = record.Options("P01", ("side_lunge",), source="0", out=tmp_path, consent=True, params=file)
    for pattern, said in (("/**", "enough"), ("/**/record_take", "have different catalogues")):
        file.write_text(f"{pattern}: {{ros__parameters: {{catalogue: {own}}}}}")
        with pytest.raises(InputError, match=said):
            record.run(options)


@pytest.mark.parametrize("wrong", ["takes: three", "takes: 0", "repetitions: 1.5"])
def test_a_parameter_file_of_another_type_is_one_line(wrong, tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"/**/record_take: {{ros__parameters: {{{wrong}}}}}")
    with pytest.raises(InputError, match=f"'{wrong.partition(':')[0]}' is .*; it takes a int"):
        record.run(record.Options("P01", ("squat",), source="0", out=tmp_path, consent=True, params=file))
