"""What bags a dataset is made of: compressed ones, of several cameras and robots, with clocks that were set."""

from dataclasses import replace
from pathlib import Path

import pytest
from exercise_clips import poses_of
from rclpy.serialization import serialize_message
from recorded_takes import GO, LABELS, POSES, STOP, TYPES, Recording, files_of, good, nobody, still
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from exercise_classifier.training.data.dataset import Config, NothingUsable, build
from fitness_core.types import nanoseconds
from fitness_datasets.bag_types import typestore
from fitness_datasets.bags import BagWriter
from fitness_datasets.collection.session import Session, TakeRecord


def test_bags_whose_files_are_compressed_are_each_their_own(tmp_path: Path) -> None:
    for exercise in ("squat", "curl", "press"):
        recording = Recording()
        recording.take(exercise, poses_of(exercise))
        recording.write_compressed(tmp_path / "all" / exercise)
    # As where the recorder died.
    (tmp_path / "all/press/metadata.yaml").unlink()
    built = build(Config((tmp_path / "all",), tmp_path / "set"))
    assert [take["exercise"] for take in built.manifest["takes"]] == ["curl", "squat"]
    ((source, says),) = [(problem.source, problem.says) for problem in built.problems]
    assert source == "all/press" and "press.mcap.zstd but no metadata.yaml" in says and "zstd -d" in says


def test_a_bag_of_two_robots_is_two_recordings(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag", {f"/{robot}{t}": name for robot in "abc" for t, name in TYPES.items()}) as writer:
        for robot, exercise in zip("ab", ("squat", "curl"), strict=True):
            recording = Recording()
            recording.take(exercise, poses_of(exercise), subject=robot)
            for topic, stamp, message in recording.entries:
                writer.write(f"/{robot}{topic}", stamp, serialize_message(message))
    built = build(Config((tmp_path / "bag",), tmp_path / "set"))
    assert [(take["name"], take["exercise"], take["group"]) for take in built.manifest["takes"]] == [
        ("bag/a/fitness/a_s1_001", "squat", "subject a"),
        ("bag/b/fitness/b_s1_001", "curl", "subject b"),
    ]
    assert not built.problems


def test_two_cameras_share_the_labels_of_their_bag_and_nobody_guesses_between_two(tmp_path: Path) -> None:
    def write(path: Path, labels: tuple[str, ...]) -> None:
        cameras = {f"/{side}/body_pose": TYPES[POSES] for side in ("left", "right")}
        with BagWriter(path, cameras | dict.fromkeys(labels, TYPES[LABELS])) as writer:
            recording = Recording()
            recording.take("squat", poses_of("squat"), subject="")
            for topic, stamp, message in recording.entries:
                for there in cameras if topic == POSES else labels:
                    writer.write(there, stamp, serialize_message(message))

    write(tmp_path / "one", ("/take_label",))
    takes = build(Config((tmp_path / "one",), tmp_path / "set")).manifest["takes"]
    assert [(take["name"], take["group"]) for take in takes] == [
        ("one/left/s1_001", "bag one"),
        ("one/right/s1_001", "bag one"),
    ]
    write(tmp_path / "two", ("/left/take_label", "/take_label"))
    built = build(Config((tmp_path / "two",), tmp_path / "set"))
    assert [take["name"] for take in built.manifest["takes"]] == ["two/left/s1_001"]
    assert [(problem.source, problem.says) for problem in built.problems] == [
        ("two", "no body poses are beside /take_label"),
        ("two/right", "no take labels are beside /right/body_pose"),
    ]


def test_takes_that_the_session_does_not_call_kept_are_reported_and_left_out(tmp_path: Path) -> None:
    recording = Recording()
    for exercise in ("squat", "curl", "press"):
        recording.take(exercise, poses_of(exercise))
    rows = [
        TakeRecord(number, exercise, "bag_001", status)
        for number, exercise, status in (
            (1, "squat", "kept"),
            (2, "curl", "discarded"),
            (2, "curl", "kept"),
            (3, "press", "unfinished"),
        )
    ]
    Session(tmp_path / "s", "p", "s", takes=rows).write()
    recording.write(tmp_path / "s/bag_001")
    built = build(Config((tmp_path / "s",), tmp_path / "set"))
    assert [take["exercise"] for take in built.manifest["takes"]] == ["squat", "curl"]
    (problem,) = built.problems
    assert (problem.problem, problem.exercise) == ("not_kept", "press")
    assert "session.yaml says that it is unfinished; set its status to kept there" in problem.says


@pytest.mark.parametrize(("seconds", "problem"), [(-2, "backwards"), (0.5, ""), (7200, "gap")])
def test_a_clock_that_was_set_during_a_take_is_reported(tmp_path: Path, seconds: float, problem: str) -> None:
    recording = Recording()
    recording.take("curl", poses_of("curl"))
    recording.number += 1
    recording.label(GO, "squat")
    recording.play(poses_of("squat"))
    recording.now += nanoseconds(seconds)
    recording.play(poses_of("squat"))
    recording.label(STOP, "squat")
    # Messages are received in their order, whatever their stamps say.
    first = recording.entries[0][1]
    recording.entries = [(topic, first + n, message) for n, (topic, _, message) in enumerate(recording.entries)]
    built = build(Config((recording.write(tmp_path / "bag"),), tmp_path / "set"))
    assert [take["exercise"] for take in built.manifest["takes"]] == ["curl", *([] if problem else ["squat"])]
    assert [found.problem for found in built.problems] == ([problem] if problem else [])


def test_no_window_is_of_two_people(tmp_path: Path) -> None:
    recording = Recording()
    recording.number = 1
    recording.label(GO, "squat")
    squats = poses_of("squat")
    for body_id, poses in (("b1", squats), ("", nobody(0.3)), ("b2", squats), ("", nobody(0.3)), ("b3", still(0.5))):
        recording.now += nanoseconds(0.1)
        recording.play([replace(pose, body_id=body_id) for pose in poses])
    recording.label(STOP, "squat")
    built = build(Config((recording.write(tmp_path / "bag"),), tmp_path / "set"))
    first, second = built.manifest["takes"]
    assert [first["name"], second["name"]] == ["bag/P01_s1_001", "bag/P01_s1_001 body 2"]
    assert first["poses"] == second["poses"] == len(squats) + 3  # those of nobody belong to the body before
    assert first["group"] == second["group"] == "subject P01"
    (passer_by,) = built.problems
    assert (passer_by.take, passer_by.problem) == ("bag/P01_s1_001 body 3", "short")


@pytest.mark.parametrize(("back", "taken"), [(3600, ["001", "002", "003"]), (6, ["001"])])
def test_takes_after_the_clock_was_set_back_are_takes(tmp_path: Path, back: float, taken: list[str]) -> None:
    """Only where poses of both times have the stamps of a take is it unknown which of them are meant."""
    recording = Recording()
    for number, exercise in enumerate(("squat", "curl", "press")):
        if number == 2:
            recording.now -= nanoseconds(back)
        recording.take(exercise, poses_of(exercise))
    # The recorder's own time goes on.
    recording.entries = [(topic, place, message) for place, (topic, _, message) in enumerate(recording.entries, 1)]
    built = build(Config((recording.write(tmp_path / "bag"),), tmp_path / "set"))
    assert [take["name"][-3:] for take in built.manifest["takes"]] == taken
    assert {problem.problem for problem in built.problems} <= {"backwards", "overlap"}


def test_a_pose_that_cannot_be_used_is_reported_and_left_out(tmp_path: Path) -> None:
    recording = good()
    place = next(n for n, (topic, _, _) in enumerate(recording.entries) if topic == POSES) + 20
    recording.entries[place][2].image_width = 0
    built = build(Config((recording.write(tmp_path / "bag"),), tmp_path / "set"))
    assert built.manifest["takes"]
    (problem,) = built.problems
    assert problem.problem == "refused" and "1 of " in problem.says and "picture of 0x" in problem.says


def test_a_dataset_among_the_recordings_is_no_recording(tmp_path: Path) -> None:
    good().write(tmp_path / "all/bag")
    config = Config((tmp_path / "all",), tmp_path / "all/set")
    build(config)
    before = files_of(tmp_path / "all/set")
    assert not build(config).problems
    assert files_of(tmp_path / "all/set") == before


def test_a_recording_that_is_given_twice_is_one(tmp_path: Path) -> None:
    bag = good().write(tmp_path / "all/bag")
    built = build(Config((bag, tmp_path / "all", tmp_path / "all/../all/bag"), tmp_path / "set"))
    assert not built.problems
    assert [source["source"] for source in built.manifest["sources"]] == ["bag"]


def test_a_link_to_nowhere_is_a_problem_of_its_own(tmp_path: Path) -> None:
    good().write(tmp_path / "day/bag")
    (tmp_path / "day/gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    built = build(Config((tmp_path / "day",), tmp_path / "set"))
    assert [(problem.source, problem.problem) for problem in built.problems] == [("day/gone.mp4", "missing")]


@pytest.mark.parametrize("content", ["", "takes: [\n", "- 1\n", "takes: [{exercise: squat}]\n"])
def test_a_session_that_cannot_be_read_makes_no_take_of_what_it_may_call_discarded(
    tmp_path: Path, content: str
) -> None:
    good().write(tmp_path / "s/bag_001")
    good("P02").write(tmp_path / "other/bag_001")
    (tmp_path / "s/session.yaml").write_text(content)
    built = build(Config((tmp_path / "s", tmp_path / "other"), tmp_path / "set"))
    assert {take["subject"] for take in built.manifest["takes"]} == {"P02"}
    (problem,) = built.problems
    assert (problem.source, problem.problem) == ("s/bag_001", "unreadable")
    assert "session.yaml cannot be read (" in problem.says and "mend it, or remove it" in problem.says


def test_bags_whose_folders_are_named_like_files_are_each_their_own(tmp_path: Path) -> None:
    for number, subject in enumerate(("P01", "P02")):
        good(subject).write(tmp_path / f"all/bag_{number}.mcap")
    built = build(Config((tmp_path / "all",), tmp_path / "set"))
    assert not built.problems
    assert {take["source"] for take in built.manifest["takes"]} == {"all/bag_0.mcap", "all/bag_1.mcap"}


def test_a_subject_in_capitals_is_the_same_subject(tmp_path: Path) -> None:
    for subject in ("P01", "p01", "P02"):
        good(subject).write(tmp_path / f"all/of_{'lower_' * subject.islower()}{subject}")
    takes = build(Config((tmp_path / "all",), tmp_path / "set")).manifest["takes"]
    assert {take["group"] for take in takes if take["subject"].lower() == "p01"} == {takes[0]["group"]}
    assert len({take["group"] for take in takes}) == 2


def test_takes_of_a_version_that_lacks_a_field_are_left_out_with_that_reason(tmp_path: Path) -> None:
    older = get_typestore(Stores.ROS2_JAZZY)
    text = "std_msgs/Header header\nuint8 event\nstring subject\nstring session\nuint32 take\n"
    older.register(get_types_from_msg(text, TYPES[LABELS]))
    label = older.types[TYPES[LABELS]](
        older.types["std_msgs/msg/Header"](older.types["builtin_interfaces/msg/Time"](1, 0), ""), 0, "P01", "S01", 1
    )
    with Writer(tmp_path / "all/bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, written in ((LABELS, older), (POSES, typestore({}))):
            connection = writer.add_connection(topic, TYPES[topic], typestore=written)
            if topic == LABELS:
                writer.write(connection, 1, older.serialize_cdr(label, TYPES[topic]))
    with pytest.raises(NothingUsable) as refused:
        build(Config((tmp_path / "all",), tmp_path / "set"))
    (problem,) = refused.value.problems
    assert problem.problem == "unreadable"
    assert "another version of fitness_msgs/msg/TakeLabel" in problem.says and "'exercise'" in problem.says
