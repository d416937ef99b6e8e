"""Whatever is wrong with what the user gave: one line that says what to do, exit code 2, no traceback."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from fitness_bringup import cli
from fitness_bringup.composition import live
from fitness_bringup.composition.node_parameters import overrides_of, parameters
from fitness_core.catalogue import SHIPPED
from fitness_core.errors import InputError

SQUAT = "videos/squat/term7_computervision_pro_squat_1.mp4"
DEMO = str(live.DEMO)
RECORD = ("--subject", "P01", "--exercise", "squat", "--reps", "1", "--consent")


@pytest.mark.parametrize("pattern", ["/**", "/**/rep_counter", "/gym/rep_counter", "/gym/*"])
def test_a_parameter_file_overrules_the_shipped_one_whatever_its_pattern(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({pattern: {"ros__parameters": {"exercise": "squat"}}}))
    merged = parameters(file, "gym")
    counting = [values for name, values in merged.items() if name != "/**/record_take"]
    said = [values["ros__parameters"].get("exercise") for values in counting]
    assert [exercise for exercise in said if exercise is not None] == ["squat"]
    assert merged["/**/camera"] == parameters(None, "gym")["/**/camera"]


@pytest.fixture
def mistake(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Call the command line in this process; returns the one line that it prints before it ends with 2."""

    def call(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["fitness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            cli.main()
        assert ending.value.code == 2
        printed = capfd.readouterr()
        assert printed.out == ""
        return one_line(printed.err)

    return call


def one_line(text: str) -> str:
    """The only line of an output, but for what the inference library says of itself."""
    lines = [line for line in text.splitlines() if line and not line.startswith("INFO: ")]
    assert len(lines) == 1, text
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bogus"], "bogus"),
        (["analyze"], "SOURCE"),
        (["analyze", "x.mp4", "--bogus"], "--bogus"),
        (["analyze", "/nowhere/x.mp4"], "/nowhere/x.mp4"),
        (["analyze", "x.npz", "--fps", "abc"], "--fps"),
        (["analyze", "x.npz"], "x.npz is not there"),
        (["analyze", "/nowhere/x.npz", "--fps", "30"], "/nowhere/x.npz"),
        (["analyze", "x.npz", "--fps", "30", "--size", "640"], "--size"),
        (["analyze", DEMO, "--json", "/nowhere/report.json"], "/nowhere"),
        (["analyze", DEMO, "--json", "/"], "folder"),
        (["analyze", DEMO, "--video", "film.avi"], "MP4"),
        (["analyze", DEMO, "--exercise", "juggling"], "juggling"),
        (["analyze", DEMO, "--exercise", "squat", "--model", "x.tflite"], "--model"),
        (["analyze", DEMO, "--model", "/nowhere/x.tflite"], "/nowhere/x.tflite"),
        (["analyze", ""], "source is empty; accepted: an address"),
        (["analyze", "0"], "0 has no end and analyze takes recordings"),
        (["analyze", "/dev/video0"], "/dev/video0 has no end"),
        (["live", "--source", ""], "source is empty; accepted: a device (0, /dev/video0)"),
        (["record", *RECORD, "--source", " "], "source is empty; accepted: a device (0, /dev/video0)"),
        (["analyze", DEMO, "--fps", "30"], "--fps"),
        (["live", "--demo", "--source", "0"], "--source"),
        (["live", "--unpaced"], "what comes from 0 is as it comes"),
        (["live", "--source", "rtsp://camera/1", "--unpaced"], "what comes from rtsp://camera/1 is as it comes"),
        (["live", "--source", "browser", "--unpaced"], "--unpaced"),
        (["live", "--source", DEMO, "--backend", "litert"], "--backend: landmarks are replayed"),
        (["live", "--demo", "--record-images"], "--record-images"),
        (["live", "--record-images"], "--record"),
        (["live", "--demo", "--another-bag"], "--record BAG"),
        (["live", "--params", "/nowhere/params.yaml"], "/nowhere/params.yaml"),
        (["live", "--namespace", "a b"], "--namespace"),
        (["live", "--namespace", "robot/1x"], "--namespace"),
        (["live", "--record", "/tmp"], "exists"),
        (["record", *RECORD, "-p", f"record_take.catalogue:={SHIPPED}"], "--catalogue"),
        (["analyze", DEMO, "--catalogue", "/nowhere"], "/nowhere"),
        (["soak", "--json", "/nowhere/soak.json"], "/nowhere"),
        (["faults", "--json", "/nowhere/faults.json"], "/nowhere"),
        (["bench", "--quick", "--json", "/nowhere/bench.json"], "/nowhere"),
        (["train", "data", "--bogus"], "--bogus"),
        (["train", "data", "--out", __file__], "--out"),
        (["train", "data", "--tune", "2", "--tuned", "/nowhere/tuned.yaml"], "/nowhere"),
        (["train", "data", "--held-out", "/nowhere/labels.npz"], "/nowhere"),
        (["evaluate", "data", "--jobs", "many"], "--jobs"),
        (["evaluate", "data", "--json", "/nowhere/evaluation.json"], "/nowhere"),
        (["evaluate", "data", "--held-out", "/nowhere/labels.npz"], "/nowhere"),
        (["evaluate", "counts", "--bogus"], "--bogus"),
        (["evaluate", "counts", "--html", "/nowhere/counts.html"], "/nowhere"),
        (["evaluate", "form", "--bogus"], "--bogus"),
        (["evaluate", "form", "--poses", "poses.csv", "--json", "/nowhere/form.json"], "/nowhere"),
    ],
)
def test_mistake_on_the_command_line_is_one_line(mistake, arguments: list[str], said: str) -> None:
    assert said in mistake(*arguments)


def test_text_file_named_mp4(mistake, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a video")
    assert "notes.mp4" in mistake("analyze", tmp_path / "notes.mp4")


def test_corrupt_bag(mistake, tmp_path: Path) -> None:
    (tmp_path / "broken.mcap").write_bytes(b"\x89MCAP0\r\n" + bytes(100))
    assert "broken.mcap" in mistake("analyze", tmp_path / "broken.mcap")


def test_bag_cut_short_in_its_metadata(mistake, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information:\n  version: ")
    assert str(tmp_path) in mistake("analyze", tmp_path)


def test_npz_of_something_else(mistake, tmp_path: Path) -> None:
    np.savez(tmp_path / "poses.npz", landmarks=np.zeros((10, 17, 3)))
    assert "33" in mistake("analyze", tmp_path / "poses.npz", "--fps", 30)
    assert "--fps" in mistake("analyze", tmp_path / "poses.npz")


@pytest.mark.parametrize("command", [["bench"], ["soak", "--source"]])
def test_no_result_is_written_over_the_clip(mistake, data, tmp_path: Path, command: list[str]) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data(SQUAT).read_bytes())
    assert "the recording itself" in mistake(*command, clip, "--json", clip)
    assert clip.read_bytes() == data(SQUAT).read_bytes()


def test_recording_is_not_overwritten(mistake, data, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data(SQUAT).read_bytes())
    assert "the recording itself" in mistake("analyze", clip, "--video", clip)
    assert clip.read_bytes() == data(SQUAT).read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--clips", "{kept}", "--json", "{kept}"],
        ["evaluate", "--clips", "clips.csv", "--config", "{kept}", "--html", "{kept}"],
        ["evaluate", "--data", "{folder}", "--held-out", "{kept}"],
        ["train", "--clips", "clips.csv", "--config", "{kept}", "--tune", "2", "--tuned", "{kept}"],
        ["train", "--data", "{folder}", "--held-out", "{kept}"],
        ["evaluate", "counts", "--clips", "{kept}", "--json", "{kept}"],
        ["evaluate", "counts", "--clips", "clips.csv", "--held-out", "{kept}", "--html", "{kept}"],
        ["evaluate", "form", "--poses", "{kept}", "--json", "{kept}"],
    ],
)
def test_what_is_read_is_not_written_over(mistake, tmp_path: Path, arguments: list[str]) -> None:
    kept = tmp_path / "kept"
    kept.write_text("name: mine\n")
    assert "written over what is read" in mistake(*(a.format(kept=kept, folder=tmp_path) for a in arguments))
    assert kept.read_text() == "name: mine\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("camera: [", "not YAML"),
        ("a text", "no parameter file"),
        ("camera: {source: x}", "ros__parameters"),
        ("camera: {ros__parameters: {loop: true}}", "/**/camera"),
        ("/**/kamera: {ros__parameters: {loop: true}}", "'camera'"),
        ("/other/camera: {ros__parameters: {loop: true}}", "/fitness"),
        (
            "/**/rep_counter: {ros__parameters: {execise_name: squat}}",
            "rep_counter.execise_name: there is no such parameter; did you mean 'exercise'? rep_counter has: 'auto",
        ),
        ("/fitness/player: {ros__parameters: {color: {skin: 1}}}", "player.color.skin: there is no such parameter"),
    ],
)
def test_parameter_file_that_would_do_nothing(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(content)
    with pytest.raises(InputError) as error:
        live.check(live.Options(params=file))
    assert said in str(error.value)


@pytest.mark.parametrize("pattern", ["/**", "/**/camera", "/fitness/camera", "/*/camera"])
def test_parameter_file_that_names_a_node(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(f"{pattern}: {{ros__parameters: {{loop: true}}}}")
    live.check(live.Options(params=file))


@pytest.mark.parametrize(
    "content",
    [
        "/**/camera: {ros__parameters: {use_sim_time: true, start_type_description_service: false, autostart: true}}",
        "/**/camera: {ros__parameters: {qos_overrides: {/fitness/camera/image_raw: {publisher: {depth: 3}}}}}",
        "/**: {ros__parameters: {robot_description_file: robot.urdf}}",
        "/**/*: {ros__parameters: {robot_description_file: robot.urdf}}",
    ],
)
def test_what_ros_declares_itself_or_many_nodes_are_given_is_accepted(tmp_path: Path, content: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(content)
    live.check(live.Options(params=file))


def test_a_parameter_file_loads_only_the_nodes_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("/**/rep_counter: {ros__parameters: {exercise: squat}}")
    check = (
        "import sys; from pathlib import Path; from fitness_bringup.composition import live; "
        "before = set(sys.modules); "
        f"live.check(live.Options(params=Path({str(file)!r}))); "
        "print(*[name for name in set(sys.modules) - before if name.endswith('_node')])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rep_counter.rep_counter_node"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("camera", "NODE.NAME:=VALUE"),
        ("camera.width=3", "NODE.NAME:=VALUE"),
        ("kamera.width:=3", "'camera'"),
        ("camera.width:=[", "YAML"),
        ("camera.width:={a: 1}", "value"),
    ],
)
def test_malformed_parameter(given: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        overrides_of((given,))
    assert said in str(error.value)


def test_parameters_keep_their_types() -> None:
    given = ("camera.width:=640", "camera.rate:=15.0", "camera.source:='0'", "camera.loop:=true")
    overrides = overrides_of(given)
    assert overrides == {"camera": {"width": 640, "rate": 15.0, "source": "0", "loop": True}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "/dev/video97"], "/dev/video97"),
        (["--source", "/nowhere/clip.mp4"], "/nowhere/clip.mp4"),
        (["--demo", "-p", "rep_counter.exercize:=squat"], "'exercise'"),
        (["--demo", "-p", "rep_counter.colour:=red"], "no such parameter; rep_counter has: 'autostart', 'catalogue'"),
        (["--demo", "--processes", "-p", "rep_counter.colour:=red"], "rep_counter.colour: there is no such parameter"),
        (["--demo", "-p", "camera.width:=640"], "'camera'"),
        (["--demo", "--params", "MISSPELT"], "rep_counter.execise_name: there is no such parameter; did you mean"),
        (["--demo", "--params", "WRONG_TYPE"], "parameter 'rate' is True (bool); it takes a float (0.1 .. 100)"),
        (
            ["--demo", "-p", "exercise_classifier.catalogue:=CATALOGUE", "-p", "rep_counter.catalogue:=CATALOGUE"],
            "which the catalogue does not have (it has: hop)",
        ),
        (["--demo", "-p", "rep_counter.catalogue:=CATALOGUE"], "--catalogue"),
    ],
)
def test_live_refuses(fitness, tmp_path: Path, arguments: list[str], said: str) -> None:
    wrong_type = tmp_path / "params.yaml"
    # One that the shipped file has too: of two types for one value ROS 2 itself keeps one without a word.
    wrong_type.write_text("/**/exercise_classifier: {ros__parameters: {rate: true}}")
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text("/**/rep_counter: {ros__parameters: {execise_name: squat}}")
    catalogue = tmp_path / "exercises"
    catalogue.mkdir()
    (catalogue / "hop.yaml").write_text(
        "{name: hop, title: Hop, joint: knee, direction: flex, minimum_range_deg: 10, turn_deg: 170}"
    )
    places = {"WRONG_TYPE": str(wrong_type), "MISSPELT": str(misspelt), "CATALOGUE": str(catalogue)}
    for name, place in places.items():
        arguments = [argument.replace(name, place) for argument in arguments]
    done = fitness("live", *arguments, "--port", "0", "--record", tmp_path / "bag")
    assert done.returncode == 2, done.stderr
    assert said in one_line(done.stderr)
    assert not (tmp_path / "bag").exists(), "an empty bag is left behind"


def test_help_and_mistakes_are_answered_at_once() -> None:
    heavy = ("cv2", "mediapipe", "rclpy", "rosbags", "numpy", "tensorflow")
    check = f"import sys, fitness_bringup.cli; print(*[name for name in {heavy!r} if name in sys.modules])"
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert time.monotonic() - start < 10


def test_help_names_every_command(fitness) -> None:
    done = fitness()
    assert done.returncode == 0
    for command in ("analyze", "live", "doctor", "version"):
        assert command in done.stdout
    assert fitness("version").stdout.startswith("fitness ")


def test_an_output_that_would_replace_a_part_of_the_recording_is_refused(mistake, tmp_path: Path) -> None:
    bag, pictures = tmp_path / "bag", tmp_path / "pictures"
    shutil.copytree(DEMO, bag)
    pictures.mkdir()
    (pictures / "1.png").touch()
    (file,) = bag.glob("*.mcap")
    content = file.read_bytes()
    inside = (
        (bag, file),
        (bag, bag / "new.csv"),
        (file, bag / "metadata.yaml"),
        (pictures, pictures / "1.png"),
    )
    for source, output in inside:
        said = mistake("analyze", str(source), "--csv", str(output))
        assert "among the files of the recording" in said, said
    assert "recording itself" in mistake("analyze", str(file), "--json", str(file))
    assert file.read_bytes() == content and (bag / "metadata.yaml").stat().st_size


@pytest.mark.parametrize(
    "command", [["analyze", DEMO, "--model"], ["analyze", DEMO, "--catalogue"], ["faults", "--model"]]
)
def test_an_output_that_would_replace_what_else_is_read_is_refused(mistake, tmp_path: Path, command: list) -> None:
    read = tmp_path / "read"
    read.write_text("mine")
    assert "written over what is read" in mistake(*command, read, "--json", read)
    assert read.read_text() == "mine"


def test_outputs_of_one_name_are_refused(mistake, tmp_path: Path) -> None:
    same = str(tmp_path / "same")
    assert "asked for twice" in mistake("analyze", str(DEMO), "--csv", same, "--json", f"{tmp_path}/./same")


def test_what_a_full_disk_refuses_is_one_line_and_the_table_is_on_the_screen(fitness) -> None:
    done = fitness("analyze", DEMO, "--csv", "/dev/full")
    assert done.returncode == 2 and "squat" in done.stdout
    assert "/dev/full cannot be written (No space left on device); make room" in one_line(done.stderr)


def test_what_is_not_there_is_told_with_all_that_analyze_takes(mistake) -> None:
    for missing in ("nowhere.mp4", "nowhere.npz", "nowhere"):
        said = mistake("analyze", missing)
        assert "is not there" in said and "bag" in said and ".npz" in said


def test_a_video_that_is_there_is_not_replaced_while_recording(fitness, tmp_path: Path) -> None:
    video = tmp_path / "monday.mp4"
    video.write_bytes(b"mine")
    done = fitness("live", "--demo", "--port", "0", "--record-video", video)
    assert done.returncode == 2 and "never overwritten" in done.stderr
    assert video.read_bytes() == b"mine"


@pytest.mark.parametrize("command", ["live --demo", "soak", "faults", "bench", "policies --out policies"])
def test_a_middleware_that_is_not_installed_is_named(fitness, tmp_path: Path, monkeypatch, command: str) -> None:
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nobody_cpp")
    monkeypatch.chdir(tmp_path)
    done = fitness(*command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: RMW_IMPLEMENTATION is rmw_nobody_cpp, which is not installed; accepted: ")
    assert len(done.stderr.splitlines()) == 1
