"""Recordings of every kind go through the real stages; what comes out is right, documented and repeatable."""

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rclpy.serialization import serialize_message

from fitness_bringup import cli
from fitness_bringup.analysis.analyze import analyze, examine, nothing_of, to_text
from fitness_bringup.analysis.html_report import to_html
from fitness_bringup.analysis.report import schema
from fitness_bringup.composition.live import DEMO
from fitness_camera.sources import open_source
from fitness_core.catalogue import SHIPPED, Catalogue
from fitness_core.quiet_opencv import cv2
from fitness_core.ros.images import to_image
from fitness_core.ros.messages import header, to_body_pose
from fitness_core.types import SET_BACK, Pose, nanoseconds, seconds
from fitness_datasets.bags import BagReader, BagWriter

BODY_POSE = "fitness_msgs/msg/BodyPose"
SQUAT = "videos/squat/term7_computervision_pro_squat_1.mp4"
SIDEWAYS = "videos/press/shoulderpressexcercise_c_back.mp4"
FIT3D = "poses/fit3d/s03_squat_bl.npz"


def test_clip_as_a_user_does_it(fitness, data: Callable[[str], Path], tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = fitness("analyze", data(SQUAT), "--exercise", "squat", "--json", file)
    assert done.returncode == 0, done.stderr
    assert "squat" in done.stdout
    report = json.loads(file.read_text())
    jsonschema.validate(report, schema())
    assert report["totals"] == {"squat": 1}
    assert report["frames"] == report["frames_with_body"] == 65
    assert report["duration_s"] == pytest.approx(64 / 30, abs=0.01)
    assert report["fps"] == pytest.approx(30, abs=0.1)
    (repetition,) = report["reps"]
    assert repetition["counted"] and 60 < repetition["rom_deg"] < 150


def test_frames_of_a_damaged_video_are_told_where_they_do_not_decode(
    fitness, data: Callable[[str], Path], tmp_path: Path
) -> None:
    video = bytearray(data(SQUAT).read_bytes())
    middle, hole = (video.index(b"mdat") + len(video)) // 2, len(video) // 5
    video[middle : middle + hole] = bytes(hole)
    (tmp_path / "damaged.mp4").write_bytes(video)
    page = tmp_path / "report.html"
    done = fitness("analyze", tmp_path / "damaged.mp4", "--json", "-", "--html", page)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 30 < report["frames"] < 65 and report["frames"] + report["frames_undecoded"] == 65
    said = f"{report['frames_undecoded']} more are damaged or missing"
    assert said in page.read_text()
    assert said in fitness("analyze", tmp_path / "damaged.mp4").stdout


def test_standard_output_is_json_only_and_the_same_twice(fitness, data: Callable[[str], Path]) -> None:
    first, second = (fitness("analyze", data(SQUAT), "--json", "-") for _ in range(2))
    assert first.returncode == 0, first.stderr
    jsonschema.validate(json.loads(first.stdout), schema())
    assert first.stdout == second.stdout


def test_demo_bag_holds_three_exercises() -> None:
    report = analyze(str(DEMO))
    assert report.totals == {"squat": 5, "curl": 3, "press": 2}
    assert [segment.exercise for segment in report.segments] == ["curl", "press", "squat"]
    assert 0 < report.frames_with_body < report.frames
    jsonschema.validate(report.to_json(), schema())


def test_the_example_in_the_module_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    example = str(sys.modules[analyze.__module__].__doc__).partition("\n\n")[2]
    exec(example.replace('"squats.mp4"', repr(str(DEMO))), {})
    assert "'squat': 5" in capsys.readouterr().out


def test_a_bag_that_breaks_off_is_read_up_to_there_and_says_so(fitness, tmp_path: Path) -> None:
    [mcap] = [DEMO] if DEMO.is_file() else DEMO.glob("*.mcap")
    content = mcap.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(content[: len(content) // 2])
    done = fitness(
        "analyze", tmp_path / "cut.mcap", "--html", tmp_path / "report.html", "--json", tmp_path / "report.json"
    )
    assert done.returncode == 0, done.stderr
    assert "read up to where it breaks off" in done.stdout.replace("\n", " ")
    assert "the recording breaks off" in (tmp_path / "report.html").read_text()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["unfinished"] and 0 < report["frames"] < 900
    assert not analyze(str(DEMO)).unfinished


def test_an_exercise_of_ones_own_needs_no_other_file(fitness, tmp_path: Path) -> None:
    mine = (SHIPPED / "squat.yaml").read_text().replace("name: squat", "name: my_squat")
    (tmp_path / "my_squat.yaml").write_text(mine.replace(": squat_", ": my_squat_"))
    done = fitness("analyze", DEMO, "--catalogue", tmp_path, "--exercise", "my_squat", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"] == {"my_squat": 5}


def test_rotated_clip_is_upright_in_the_annotated_video(data: Callable[[str], Path], tmp_path: Path) -> None:
    video = tmp_path / "annotated.mp4"
    report = analyze(str(data(SIDEWAYS)), exercise="press", video=video)
    assert report.frames_with_body > 0.9 * report.frames
    assert abs(report.totals["press"] - 3) <= 1
    made = cv2.VideoCapture(str(video))
    assert made.get(cv2.CAP_PROP_FRAME_WIDTH) == 352
    assert made.get(cv2.CAP_PROP_FRAME_HEIGHT) == 640
    assert made.get(cv2.CAP_PROP_FRAME_COUNT) == pytest.approx(report.frames, abs=1)


def test_video_of_poses_is_drawn_on_a_plain_background(tmp_path: Path) -> None:
    video = tmp_path / "annotated.mp4"
    report = analyze(str(DEMO), exercise="squat", video=video)
    made = cv2.VideoCapture(str(video))
    length = made.get(cv2.CAP_PROP_FRAME_COUNT) / made.get(cv2.CAP_PROP_FPS)
    assert length == pytest.approx(report.duration_s, abs=0.2)


def test_of_a_bag_of_two_cameras_the_topic_that_is_named_is_analysed(fitness, tmp_path: Path) -> None:
    with (
        BagReader(DEMO) as bag,
        BagWriter(tmp_path / "bag", dict.fromkeys(("/left/body_pose", "/right/body_pose"), BODY_POSE)) as writer,
    ):
        for number, (_, _, stamp, cdr) in enumerate(bag.raw([bag.find("body_pose")])):
            writer.write("/left/body_pose", stamp, cdr)
            if number < 10:
                writer.write("/right/body_pose", stamp, cdr)
    both = fitness("analyze", tmp_path / "bag")
    assert both.returncode == 2 and "/left/body_pose, /right/body_pose" in both.stderr and "--topic" in both.stderr
    assert analyze(str(tmp_path / "bag"), topic="/left/body_pose").totals == analyze(str(DEMO)).totals
    done = fitness("analyze", tmp_path / "bag", "--topic", "right/body_pose", "--json", "-")
    assert json.loads(done.stdout)["frames"] == 10
    other = fitness("analyze", tmp_path / "bag", "--topic", "/middle/body_pose")
    assert other.returncode == 2 and "/left/body_pose, /right/body_pose" in other.stderr


def test_pose_file_counts_as_the_bag_it_was_made_from(tmp_path: Path) -> None:
    with BagReader(DEMO) as bag:
        poses = list(bag.poses())
    landmarks = np.array([np.column_stack((pose.image, pose.visibility)) for pose in poses], np.float32)
    np.savez(tmp_path / "poses.npz", landmarks=landmarks)
    size = poses[-1].width, poses[-1].height
    squats = analyze(str(tmp_path / "poses.npz"), fps=15.0, size=size, exercise="squat").totals
    assert squats == analyze(str(DEMO), exercise="squat").totals


def test_public_pose_file(data: Callable[[str], Path]) -> None:
    report = analyze(str(data(FIT3D)), fps=50.0, size=(900, 900), exercise="squat")
    assert report.totals["squat"] == 5
    assert report.frames == 1398
    assert report.versions["pose"] is None


def test_without_a_repetition_it_says_what_the_signal_did(fitness: Callable) -> None:
    done = fitness("analyze", DEMO, "--exercise", "push_up")
    said = " ".join(done.stdout.split())
    assert "no exercise found push_up: elbow went from" in said
    assert "a repetition turns below 135 and moves by" in said and "measured in " in said


DIP = """
name: dip
title: Dip
joint: knee
direction: flex
minimum_range_deg: 35
turn_deg: 130
longest_s: 9
"""


def test_without_a_repetition_it_names_every_condition_and_the_range_of_what_is_counted(tmp_path: Path) -> None:
    """Of the demo's squats, in which one knee stays straight, the mean of both bends half as far."""
    file = tmp_path / "dip.yaml"
    file.write_text(DIP)
    examined = examine(str(DEMO), exercise="dip", catalogue=file)
    assert examined.report.totals == {"dip": 5}
    for repetition in examined.report.reps:
        assert 40 < repetition.turn_deg < 130 and math.isnan(repetition.turn_torso)
    bent = examined.readings["dip"].copy()
    bent[np.isfinite(bent[:, 0]), 1:] = 0.9, np.radians(170), 0.9
    low, high = np.nanpercentile((np.degrees(bent[:, 0]) + 170) / 2, [2, 98])
    uneven = replace(examined, readings={"dip": bent})
    said = nothing_of(uneven, examined.catalogue["dip"])
    assert f"dip: knee went from {low:.3g} to {high:.3g}\N{DEGREE SIGN} (mean of both sides), measured" in said
    assert said.endswith("a repetition turns below 130 and moves by 35, takes 0.4 to 9 s")
    file.write_text(DIP + "even: 0.9\nbounce: 2\njump: false\nstill: [{point: hip, within: 0.1}]\n")
    strict = Catalogue.load(file)["dip"]
    assert nothing_of(uneven, strict).endswith("what else its file asks: `still`, `even`, `bounce`, `jump: false`")


def bag_of(poses: Iterable[Pose], path: Path) -> str:
    """A bag of poses, and its name."""
    topic = "/fitness/body_pose"
    with BagWriter(path, {topic: BODY_POSE}) as bag:
        for number, pose in enumerate(poses):
            bag.write(topic, number * 66_000_000, serialize_message(to_body_pose(pose)))
    return str(path)


@pytest.mark.parametrize("set_to", [-20.0, 1.7e9])
def test_a_clock_that_was_set_in_between(tmp_path: Path, set_to: float) -> None:
    with BagReader(DEMO) as bag:
        poses = list(bag.poses())
    half, end = poses[: len(poses) // 2], poses[-1].stamp
    late = [replace(pose, stamp=pose.stamp + end + nanoseconds(set_to)) for pose in half]
    report = analyze(bag_of([*poses, *late], tmp_path / "bag"))
    assert report.frames == len(poses) + len(half)
    assert report.fps == pytest.approx(analyze(str(DEMO)).fps, rel=0.05)
    assert sum(report.totals.values()) >= sum(analyze(str(DEMO)).totals.values())
    jsonschema.validate(report.to_json(), schema())


@pytest.mark.parametrize(("back", "step"), [(5.0, 5.0), (3600.0, 3600.0), (60.0, 0.15)])
def test_where_a_clock_was_set_back_time_goes_on(tmp_path: Path, back: float, step: float) -> None:
    """Between two sets: the same report as if nobody had touched the clock, but for the one step between two frames.

    step: of those in which it is set back [s]; small ones are each like a message that was overtaken.
    """
    with BagReader(DEMO) as bag:
        poses = [replace(pose, stamp=pose.stamp + nanoseconds(1e6)) for pose in bag.poses()]
    usual = examine(str(DEMO))
    second_set = usual.summaries[1]
    after = sum(seconds(pose.stamp - poses[0].stamp) <= seconds(second_set.end - usual.origin) + 1 for pose in poses)
    slowly = [replace(poses[after], stamp=poses[after].stamp - nanoseconds(by)) for by in np.arange(step, back, step)]
    rest = [replace(pose, stamp=pose.stamp - nanoseconds(back)) for pose in poses[after:]]
    examined = examine(bag_of([*poses[:after], *slowly, *rest], tmp_path / "bag"))
    assert (np.diff(examined.stamps) >= -SET_BACK).all()
    for found, wanted in ((examined.report.segments, usual.report.segments), (examined.report.reps, usual.report.reps)):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert asdict(one) == pytest.approx(asdict(other), abs=0.1, nan_ok=True)
    for event, other in zip(examined.events, usual.events, strict=True):
        assert event.tempo == pytest.approx(other.tempo, abs=1e-3)
        assert examined.origin <= event.start <= event.turn <= event.end <= event.stamp <= examined.stamps[-1]
    jsonschema.validate(examined.report.to_json(), schema())


def test_a_name_that_is_no_text_is_told_as_far_as_it_is(tmp_path: Path) -> None:
    """Of an old archive, in Latin 1: strict readers of JSON refuse what stands for such a byte."""
    source = str(tmp_path / os.fsdecode(b"\xfcbung 1"))
    shutil.copytree(DEMO, source)
    examined = examine(source)
    assert examined.report.source == str(tmp_path / "\N{REPLACEMENT CHARACTER}bung 1")
    assert to_text(examined.report).isascii() and "\\udc" not in to_text(examined.report)
    assert "\N{REPLACEMENT CHARACTER}bung 1" in to_html(examined).encode().decode()


def test_a_number_may_be_the_name_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a folder for each day."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DEMO, "20260601")
    assert analyze("20260601", exercise="squat").totals == {"squat": 5}
    Path("20260602").mkdir()
    cv2.imwrite("20260602/1.png", np.zeros((48, 64, 3), np.uint8))
    assert analyze("20260602", exercise="squat").frames == 1


def test_nobody_is_seen(tmp_path: Path) -> None:
    np.savez(tmp_path / "empty.npz", landmarks=np.full((90, 33, 4), np.nan, np.float32))
    report = analyze(str(tmp_path / "empty.npz"), fps=30.0)
    assert (report.frames, report.frames_with_body) == (90, 0)
    assert report.segments == report.reps == ()
    jsonschema.validate(report.to_json(), schema())


def test_bag_of_pictures_is_seen_as_the_clip(data: Callable[[str], Path], tmp_path: Path) -> None:
    topic = "/robot/camera/image_raw"
    with (
        open_source(str(data(SQUAT))) as clip,
        BagWriter(tmp_path / "bag", {topic: "sensor_msgs/msg/Image"}) as bag,
    ):
        for frame in clip:
            message = to_image(frame.image)
            message.header = header(frame.stamp, frame.frame_id)
            bag.write(topic, frame.stamp, serialize_message(message))
    from_bag = analyze(str(tmp_path / "bag"), exercise="squat")
    from_clip = analyze(str(data(SQUAT)), exercise="squat")
    assert from_bag.reps == from_clip.reps
    assert from_bag.segments == from_clip.segments


def test_folder_of_pictures(data: Callable[[str], Path], tmp_path: Path) -> None:
    with open_source(str(data(SQUAT))) as clip:
        for number, frame in enumerate(clip):
            cv2.imwrite(str(tmp_path / f"{number}.jpg"), frame.image)
    report = analyze(str(tmp_path), exercise="squat")
    assert report.frames == 65
    assert report.totals == {"squat": 1}


@pytest.mark.parametrize("format", ["--json", "--csv", "--html"])
def test_files_are_written_although_nobody_reads_the_screen(tmp_path: Path, format: str) -> None:
    """As in a script: `./fitness analyze clip.mp4 --json report.json | grep -q squat`."""
    file = tmp_path / "report"
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "fitness_bringup.cli", "analyze", str(DEMO), format, str(file)]
    with os.fdopen(write) as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "squat" in file.read_text()


def test_what_cannot_be_written_is_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fitness_core.command_line.replace_file", full)
    monkeypatch.setattr(sys, "argv", ["fitness", "analyze", str(DEMO), "--csv", str(tmp_path / "table.csv")])
    with pytest.raises(SystemExit) as ending:
        cli.main()
    said = capsys.readouterr()
    assert ending.value.code == 2 and "table.csv cannot be written" in said.err
    assert "squat" in said.out


def test_progress_is_told_to_its_end() -> None:
    told: list[tuple[int, int]] = []
    report = analyze(str(DEMO), exercise="squat", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (report.frames, report.frames)
    assert len(told) == report.frames
