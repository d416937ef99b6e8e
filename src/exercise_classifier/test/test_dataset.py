"""Recordings to datasets: what is in them gets in, what is wrong is told, the same input gives the same bytes."""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from exercise_clips import START, poses_of
from exercise_takes import Extracted
from rclpy.serialization import serialize_message
from recorded_takes import POSES, TYPES, everything, files_of, good, still

from exercise_classifier.features import N_FEATURES
from exercise_classifier.training.data import dataset
from exercise_classifier.training.data.dataset import Config, NothingUsable, build, load
from exercise_classifier.training.takes import takes
from exercise_classifier.training.takes.readers import find_sources
from fitness_core.errors import InputError
from fitness_core.ros.messages import to_body_pose
from fitness_datasets.bags import BagWriter

PROBLEMS = {
    "P01_s1_004": ("not_moving", "labelled squat, but the knee moves 0 deg only; one repetition takes 35"),
    "P01_s1_005": ("empty", "no pose between START and STOP"),
    "P01_s1_006": ("nobody", "nobody is seen in it"),
    "P01_s1_007": ("unknown_exercise", "exercise 'juggling' is not known"),
    "P01_s1_008": ("short", "0.5 s of poses hold no window"),
    "P01_s1_020": ("overlap", "overlaps P01_s1_021"),
    "P01_s1_021": ("overlap", "overlaps P01_s1_020"),
    "P01_s1_030": ("no_start", "STOP without START"),
    "P01_s1_031": ("no_take", "DISCARD of a take that is not there"),
    "P01_s1_032": ("backwards", "STOP is stamped before START"),
    "P01_s1_034": ("no_stop", "START without STOP"),
}


@pytest.fixture(scope="module")
def bags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same recording twice, as our recorder and as a stock one writes it."""
    folder = tmp_path_factory.mktemp("bags")
    recording = everything()
    recording.write(folder / "ours")
    recording.write_stock(folder / "stock")
    yield folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two takes."""
    folder = tmp_path_factory.mktemp("made")
    build(Config((good().write(folder / "bag"),), folder / "set"))
    return folder / "set"


@pytest.mark.parametrize("bag", ["ours", "stock"])
def test_takes_of_a_bag_and_every_problem(tmp_path: Path, bags: Path, bag: str) -> None:
    built = build(Config((bags / bag,), tmp_path / "set"))
    assert {problem.take.rpartition("/")[2]: problem.problem for problem in built.problems} == {
        name: kind for name, (kind, _) in PROBLEMS.items()
    }
    for problem in built.problems:
        assert problem.says.startswith(PROBLEMS[problem.take.rpartition("/")[2]][1])
        assert problem.says.endswith("give the files of others with --catalogue") == (
            problem.problem == "unknown_exercise"
        )
        assert problem.source == bag
    manifest = json.loads((tmp_path / "set/manifest.json").read_text())
    assert [problem["problem"] for problem in manifest["problems"]] == [p.problem for p in built.problems]
    assert manifest["sources"][0]["withdrawn"] == 1 and manifest["sources"][0]["takes"] == 3
    card = (tmp_path / "set/README.md").read_text()
    assert all(says in card for _, says in PROBLEMS.values())
    assert (tmp_path / "set/dataset.png").read_bytes().startswith(b"\x89PNG")

    takes = load(tmp_path / "set")
    assert [(take.exercise, take.subject, take.kind) for take in takes] == [
        ("squat", "P01", "bag"),
        ("curl", "P01", "bag"),
        ("idle", "P01", "bag"),
    ]
    sent = poses_of("squat", 10)
    np.testing.assert_array_equal(takes[0].world, [pose.world for pose in sent])
    np.testing.assert_allclose(takes[0].stamps, [(pose.stamp - START) / 1e9 for pose in sent], atol=1e-9)
    assert (takes[0].width, takes[0].height) == (sent[0].width, sent[0].height)
    assert len({take.group for take in takes}) == 1 and not any(take.synthetic for take in takes)


def test_windows_and_hashes_are_what_the_manifest_says(tmp_path: Path, bags: Path) -> None:
    build(Config((bags / "ours",), tmp_path, duration=1.0, rate=10.0))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["window"]["duration"] == 1.0 and manifest["window"]["rate"] == 10.0
    with np.load(tmp_path / "windows.npz", allow_pickle=False) as windows:
        x, y, take, end = (windows[name] for name in ("x", "y", "take", "end"))
        assert windows["labels"].tolist() == manifest["labels"] == ["curl", "idle", "squat"]
    assert x.shape == (manifest["windows"]["n"], 10, N_FEATURES) and x.dtype == np.float32
    assert len(y) == len(take) == len(end) == len(x)
    for number, entry in enumerate(manifest["takes"]):
        assert (take == number).sum() == entry["windows"] > 0
        assert {manifest["labels"][label] for label in y[take == number]} == {entry["exercise"]}
        assert end[take == number].max() <= entry["seconds"] + 1e-3
        assert hashlib.sha256((tmp_path / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        bag = next((bags / "ours").glob("*.mcap"))
        assert entry["source_sha256"] == hashlib.sha256(bag.read_bytes()).hexdigest()
    of_windows = hashlib.sha256((tmp_path / "windows.npz").read_bytes()).hexdigest()
    assert manifest["windows"]["sha256"] == of_windows
    counts = manifest["counts"]["squat"]
    assert counts["takes"] == counts["subjects"] == 1 and counts["windows"] == manifest["takes"][0]["windows"]


def test_the_same_recordings_give_the_same_bytes(tmp_path: Path, bags: Path, monkeypatch) -> None:
    build(Config((bags,), tmp_path / "first"))
    monkeypatch.chdir(bags)
    build(Config((Path("stock"), Path("ours")), tmp_path / "again"))
    first, again = files_of(tmp_path / "first"), files_of(tmp_path / "again")
    # Only the names differ, by the folder that was given.
    assert first.keys() != again.keys() and len(first) == len(again)
    build(Config((bags / "ours", bags / "stock"), tmp_path / "first"))
    assert files_of(tmp_path / "first") == again


def test_rebuilding_leaves_nothing_of_before(tmp_path: Path, bags: Path) -> None:
    build(Config((bags / "ours",), tmp_path / "set"))
    build(Config((good().write(tmp_path / "bag"),), tmp_path / "set"))
    names = {str(path.relative_to(tmp_path / "set")) for path in (tmp_path / "set/takes").iterdir()}
    assert names == {entry["file"] for entry in json.loads((tmp_path / "set/manifest.json").read_text())["takes"]}
    assert len(load(tmp_path / "set")) == 2


def test_the_same_subject_in_two_bags_is_never_split_and_a_copy_is_left_out(tmp_path: Path) -> None:
    good("P01").write(tmp_path / "day/one")
    again = good("P01")
    again.take("idle", still(3))
    again.write(tmp_path / "day/two")
    good("P02").write(tmp_path / "day/three")
    (tmp_path / "day/copy").mkdir()
    for file in (tmp_path / "day/three").glob("*.mcap"):
        (tmp_path / "day/copy/other.mcap").write_bytes(file.read_bytes())
    built = build(Config((tmp_path / "day",), tmp_path / "set"))
    groups = {(take.source, take.group) for take in load(tmp_path / "set")}
    assert groups == {
        ("day/copy", "subject P02"),
        ("day/one", "subject P01"),
        ("day/two", "subject P01"),
    }
    assert [(problem.source, problem.problem) for problem in built.problems] == [("day/three", "duplicate")]


def test_videos_are_labelled_by_table_or_folder(tmp_path: Path) -> None:
    for name in ("squat/a.mp4", "Front Raise/b.mov", "squat/c.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    sources, problems = find_sources([tmp_path])
    assert [(source.name, source.row["exercise"]) for source in sources] == [
        (f"{tmp_path.name}/Front Raise/b.mov", "front_raise"),
        (f"{tmp_path.name}/squat/a.mp4", "squat"),
        (f"{tmp_path.name}/squat/c.mp4", "squat"),
    ]
    assert problems == []
    (tmp_path / "clips.csv").write_text("file,exercise,subject\nsquat/a.mp4,lunge,P01\nsquat/x.mp4,squat,P01\n")
    sources, problems = find_sources([tmp_path / "squat"], tmp_path / "clips.csv")
    assert [(source.name, source.row["exercise"]) for source in sources] == [("squat/a.mp4", "lunge")]
    assert [(problem.source, problem.problem) for problem in problems] == [("squat/c.mp4", "unlabelled")]
    assert sources[0].row["group"] == "subject P01"
    (tmp_path / "owners.csv").write_text(
        "file,exercise,source\nsquat/a.mp4,lunge,ann/x:a.mp4\nsquat/c.mp4,squat,ann/y\n"
    )
    sources, _ = find_sources([], tmp_path / "owners.csv")
    assert [source.row["group"] for source in sources] == ["ann", "ann"]
    sources, problems = find_sources([], tmp_path / "clips.csv")
    assert [source.name for source in sources] == ["squat/a.mp4"]
    assert [problem.problem for problem in problems] == ["missing"]


def test_a_link_is_labelled_by_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.mp4").touch()
    (tmp_path / "set/curl").mkdir(parents=True)
    (tmp_path / "set/curl/b.mp4").symlink_to(tmp_path / "raw/a.mp4")
    [source], problems = find_sources([tmp_path / "set"])
    assert source.row == {"exercise": "curl"} and problems == []


def test_a_table_that_names_nothing_of_what_is_given_says_where_it_looks(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/a.mp4").touch()
    table = tmp_path / "elsewhere" / "clips.csv"
    table.parent.mkdir()
    table.write_text("file,exercise\nvideos/a.mp4,squat\n")
    _, problems = find_sources([tmp_path / "videos"], clips=table)
    assert [(problem.source, problem.problem) for problem in problems] == [
        ("clips.csv", "unlabelled"),
        ("a.mp4", "unlabelled"),
    ]
    assert str(tmp_path / "elsewhere/videos/a.mp4") in problems[0].says


def test_a_bag_without_a_take_is_a_problem_beside_others_that_have_some(tmp_path: Path) -> None:
    good().write(tmp_path / "good")
    with BagWriter(tmp_path / "live", {POSES: TYPES[POSES], "/take_label": "fitness_msgs/msg/TakeLabel"}) as bag:
        for pose in poses_of("squat", 2):
            bag.write(POSES, pose.stamp, serialize_message(to_body_pose(pose)))
    built = build(Config((tmp_path / "good", tmp_path / "live"), tmp_path / "set"))
    [problem] = built.problems
    assert (problem.source, problem.problem) == ("live", "unlabelled")


def test_what_cannot_be_read_is_a_problem_of_its_source_only(tmp_path: Path) -> None:
    good().write(tmp_path / "all/bag")
    with BagWriter(tmp_path / "all/unlabelled", {POSES: TYPES[POSES]}) as writer:
        writer.write(POSES, START, serialize_message(to_body_pose(poses_of("curl")[0])))
    (tmp_path / "all/squat").mkdir()
    (tmp_path / "all/squat/broken.mp4").write_bytes(b"not a video")
    (tmp_path / "all/broken.mcap").write_bytes(b"")
    build_all = Config((tmp_path / "all/bag", tmp_path / "all/squat", tmp_path / "all/unlabelled"), tmp_path / "set")
    built = build(build_all)
    assert {problem.source: problem.problem for problem in built.problems} == {
        "squat/broken.mp4": "unreadable",
        "unlabelled": "unlabelled",
    }
    assert all(str(tmp_path) not in problem.says for problem in built.problems)
    with pytest.raises(NothingUsable, match="1 unreadable") as error:
        build(Config((tmp_path / "all/broken.mcap",), tmp_path / "none"))
    assert error.value.problems[0].source == "broken.mcap"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("take", "SHA-256"),
        ("gone", "cannot be read"),
        ("manifest", "damaged"),
        ("other", "something else"),
        ("version", "format 9"),
        ("none", "not a dataset"),
        ("unfinished", "interrupted"),
        ("no version", "format None"),
        ("no takes", "is damaged .*takes"),
        ("no file", "is damaged .*file"),
    ],
)
def test_what_is_not_the_dataset_that_was_written_is_refused(
    tmp_path: Path, made: Path, damage: str, said: str
) -> None:
    shutil.copytree(made, tmp_path / "set")
    file, manifest = next((tmp_path / "set/takes").iterdir()), tmp_path / "set/manifest.json"
    match damage:
        case "take":
            file.write_bytes(file.read_bytes()[:-1])
        case "gone":
            file.unlink()
        case "manifest":
            manifest.write_text("{")
        case "other":
            manifest.write_text("{}")
        case "version":
            manifest.write_text(manifest.read_text().replace('"format_version": 1', '"format_version": 9'))
        case "none":
            manifest.unlink()
        case "no version":
            manifest.write_text('{"format": "fitness_dataset"}')
        case "no takes":
            manifest.write_text('{"format": "fitness_dataset", "format_version": 1}')
        case "no file":
            manifest.write_text('{"format": "fitness_dataset", "format_version": 1, "takes": [{"sha256": ""}]}')
        case "unfinished":
            manifest.write_text('{"format": "fitness_dataset", "format_version": 1, "unfinished": true}')
    with pytest.raises(InputError, match=said) as error:
        load(tmp_path / "set")
    assert "\n" not in str(error.value)


def test_an_interrupted_build_can_be_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = good().write(tmp_path / "bag")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dataset.dataset_card, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(Config((bag,), tmp_path / "set"))
    with pytest.raises(InputError, match="interrupted"):
        load(tmp_path / "set")
    build(Config((bag,), tmp_path / "set"))
    assert len(load(tmp_path / "set")) == 2


@pytest.mark.parametrize(
    "now", ['{"format": "fitness_dataset", "format_ver', '{"format": "fitness_dataset", "format_version": 0}']
)
def test_a_damaged_or_older_dataset_can_be_built_again(tmp_path: Path, made: Path, now: str) -> None:
    shutil.copytree(made, tmp_path / "set")
    (tmp_path / "set/manifest.json").write_text(now)
    with pytest.raises(InputError, match=r"build .* again"):
        load(tmp_path / "set")
    build(Config((good().write(tmp_path / "bag"),), tmp_path / "set"))
    assert [take.exercise for take in load(tmp_path / "set")] == ["squat", "curl"]


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="something else"):
        build(Config((good().write(tmp_path / "bag"),), tmp_path / "set"))
    assert files_of(tmp_path / "set") == {"thesis.txt": b"precious"}


def test_training_from_clips_and_from_their_dataset_sees_the_same(tmp_path: Path, monkeypatch, needed) -> None:
    needed(importlib.util.find_spec("tensorflow"), "tensorflow (dependency group `train`)")
    from exercise_classifier.training.models.config import TrainingConfig
    from exercise_classifier.training.runs import experiment
    from exercise_classifier.training.runs.inputs import Inputs, load

    monkeypatch.setattr(takes, "extract", Extracted())
    rows = ["file,exercise,certainty,source,license"]
    for number, exercise in enumerate(("squat", "curl", "press")):
        for owner in ("ann", "bob"):
            video = tmp_path / exercise / f"{owner}.mp4"
            video.parent.mkdir(exist_ok=True)
            video.write_text(f"{number} {owner}")
            rows.append(f"{exercise}/{owner}.mp4,{exercise},certain,{owner}/{exercise}:{number},MIT")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    poses = poses_of("squat")
    np.savez(tmp_path / "a.npz", landmarks=np.array([np.column_stack([pose.image, pose.visibility]) for pose in poses]))
    table = "file,exercise,layout,fps,source\na.npz,squat,blazepose33_xyzv,25,ann/poses\n"
    (tmp_path / "poses.csv").write_text(table)
    cache = tmp_path / "cache"
    built = build(Config((), tmp_path / "set", clips=tmp_path / "clips.csv", cache=cache))
    assert {take["kind"] for take in built.manifest["takes"]} == {"clip", "pose file"}
    config = TrainingConfig(synthetic=1, windows=40, labels=("squat", "curl", "press", "other"))
    given = (Inputs(cache, tmp_path, clips=tmp_path / "clips.csv"),)
    given += (Inputs(cache, tmp_path, data=tmp_path / "set"),)
    first, second = (load(config, inputs) for inputs in given)
    assert [take.name for take in first.fitted] == [take.name for take in second.fitted]
    assert {take.group for take in first.takes} == {"ann", "bob"}
    assert first.left_out == second.left_out
    pools = [experiment.training_windows(config, found) for found in (first, second)]
    np.testing.assert_array_equal(pools[0].x, pools[1].x)
    np.testing.assert_array_equal(pools[0].y, pools[1].y)
