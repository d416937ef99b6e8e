"""What pose files a dataset is made of: their layouts, their rates, their labels."""

from pathlib import Path

import numpy as np
import pytest
from exercise_clips import poses_of

from exercise_classifier.training.data.dataset import Config, build, load
from exercise_classifier.training.takes.extras import extra_take


@pytest.mark.parametrize(("column", "rate"), [("", 30), ("10", 10)])
def test_pose_files_have_the_frames_a_second_that_their_table_tells_or_30(
    tmp_path: Path, column: str, rate: float
) -> None:
    poses = [np.column_stack([pose.image, pose.visibility]) for pose in poses_of("squat")]
    landmarks = np.array(poses, np.float64)
    np.savez(tmp_path / "a.npz", landmarks=landmarks)
    np.savez(tmp_path / "b.npz", landmarks=landmarks[..., :3])
    np.savez(tmp_path / "c.npz", landmarks=landmarks[:, 11:29, [0, 1, 3]] * [1280, 720, 1])
    layouts = {"a": "blazepose33_xyzv", "b": "blazepose33_minmax_xyz", "c": "coco18_px_xyc"}
    for name, layout in layouts.items():
        row = {"file": f"{name}.npz", "exercise": "squat", "layout": layout, "fps": column}
        take = extra_take(tmp_path / row["file"], row)
        assert take is not None and take.stamps[1] == pytest.approx(1 / rate), layout


@pytest.mark.parametrize("fps", ["0", "-5", "nan", "inf", "fast"])
def test_pose_files_without_a_rate_that_can_be_are_a_problem(tmp_path: Path, fps: str) -> None:
    landmarks = np.array([np.column_stack([pose.image, pose.visibility]) for pose in poses_of("squat")])
    np.savez(tmp_path / "a.npz", landmarks=landmarks)
    np.savez(tmp_path / "b.npz", landmarks=landmarks[::-1])
    rows = f"a.npz,squat,blazepose33_xyzv,{fps}\nb.npz,squat,blazepose33_xyzv,30\n"
    (tmp_path / "poses.csv").write_text("file,exercise,layout,fps\n" + rows)
    built = build(Config((), tmp_path / "set", poses=(tmp_path / "poses.csv",)))
    ((source, says),) = [(problem.source, problem.says) for problem in built.problems]
    assert source == "a.npz" and f"fps is '{fps}'; give a number above 0" in says
    assert [take.name for take in load(tmp_path / "set")] == ["b.npz"]


def test_pose_files_are_labelled_by_their_table(tmp_path: Path) -> None:
    poses = poses_of("squat")
    landmarks = np.array([np.column_stack([pose.image, pose.visibility]) for pose in poses])
    np.savez(tmp_path / "a.npz", landmarks=landmarks)
    np.savez(tmp_path / "b.npz", other=landmarks)
    np.savez(tmp_path / "c.npz", landmarks=landmarks[::-1])
    table = "file,exercise,layout,fps,source,subject\n"
    table += "a.npz,squat,blazepose33_xyzv,25,lab,P07\nb.npz,squat,blazepose33_xyzv,25,lab,\nd.npz,squat,,,,\n"
    (tmp_path / "poses.csv").write_text(table)
    built = build(Config((), tmp_path / "set", poses=(tmp_path / "poses.csv",)))
    (take,) = load(tmp_path / "set")
    assert (take.exercise, take.subject, take.kind, take.group) == ("squat", "P07", "pose file", "subject P07")
    assert take.stamps[1] == pytest.approx(1 / 25)
    assert {problem.source: problem.problem for problem in built.problems} == {
        "b.npz": "unreadable",
        "d.npz": "missing",
    }
    built = build(Config((tmp_path / "c.npz", tmp_path / "a.npz"), tmp_path / "set", poses=(tmp_path / "poses.csv",)))
    assert {problem.source: problem.problem for problem in built.problems} == {"c.npz": "unlabelled"}
