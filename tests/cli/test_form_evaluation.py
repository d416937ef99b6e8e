"""Form rules on people: better than chance; and the figures that say so."""

import json

import numpy as np
import pytest

from fitness_bringup.evaluation import counts, form
from fitness_bringup.evaluation.form import JudgedSet, auc, balanced_accuracy, evaluate, refitted
from fitness_bringup.evaluation.motion_capture import read_motion_capture, seen_from
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.geometry import joint_angles
from fitness_core.skeleton import INDEX, JOINT_INDEX

POOR = np.array([True, True, False, False])


def test_auc_and_balanced_accuracy_of_what_is_known():
    assert auc(np.array([3.0, 4.0, 1.0, 2.0]), POOR) == 1.0
    assert auc(np.array([1.0, 2.0, 3.0, 4.0]), POOR) == 0.0
    assert auc(np.array([5.0, 5.0, 5.0, 5.0]), POOR) == 0.5
    assert np.isnan(auc(np.array([5.0, 5.0]), np.array([True, True])))
    assert balanced_accuracy(np.array([True, False, False, False]), POOR) == 0.75
    assert np.isnan(balanced_accuracy(np.array([True]), np.array([True])))


def test_a_refitted_limit_never_saw_the_person_it_judges():
    people = np.array(["a", "b", "a", "b"])
    # b's limit is 3, which misses a's poor repetition of 3; a's limit is 2, which is right for b.
    assert refitted(np.array([3.0, 4.0, 1.0, 2.0]), POOR, people) == 0.75
    # What separates one person the other way round than another does not pass for a good limit.
    assert refitted(np.array([9.0, 1.0, 1.0, 9.0]), POOR, people) == 0.5


@pytest.fixture(scope="module")
def squats(data):
    """Good and poor deep squats of three people, from the front and from the side."""
    made = []
    for person in ("s01", "s03", "s07"):
        for ending in ("", "_inc"):
            world, rate = read_motion_capture(data(f"mocap/m01_{person}{ending}.npz"))
            for camera, degrees in (("front", 0.0), ("side", 90.0)):
                poses = seen_from(world, rate, degrees)
                made.append(JudgedSet("UI-PRMD", "squat", camera, person, bool(ending), poses))
    return made


def test_rules_tell_poor_squats_better_than_chance_from_the_view_they_name(squats):
    rows = {(row.camera, row.rule): row for row in evaluate(squats, Catalogue.load())}
    assert set(rows) == {
        *(("front", rule) for rule in ("squat_knees_in", "squat_depth", "any")),
        *(("side", rule) for rule in ("squat_trunk_lean", "squat_depth", "any")),
    }
    for row in rows.values():
        assert (row.people, row.good, row.poor) == (3, 30, 30)
        assert row.auc_interval[0] > 0.5
        assert row.broken_good < row.broken_poor


def test_an_angle_is_the_same_from_any_camera(data):
    world, rate = read_motion_capture(data("mocap/m01_s01.npz"))
    knees = [
        [joint_angles(pose).angles[JOINT_INDEX["left_knee"]] for pose in seen_from(world, rate, degrees)[:100]]
        for degrees in (0, 45, 90)
    ]
    assert np.ptp(knees, axis=0).max() < 1e-4
    front, side = seen_from(world, rate, 0)[0], seen_from(world, rate, 90)[0]
    across = [pose.image[INDEX["left_hip"], 0] - pose.image[INDEX["right_hip"], 0] for pose in (front, side)]
    assert across[0] > 0.03
    assert abs(across[1]) < 0.01


def test_the_command_says_what_it_cannot_read_and_writes_json(tmp_path, fitness):
    for arguments in ((), ("--poses", tmp_path / "none.csv")):
        ended = fitness("evaluate", "form", *arguments)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
    wrong = tmp_path / "m01_s01.npz"
    np.savez(wrong, joints=np.zeros((3, 1, 3)), names=["root"], fps=30)
    with pytest.raises(InputError, match="only the skeletons of UI-PRMD and CMU"):
        read_motion_capture(wrong)
    table = tmp_path / "poses.csv"
    table.write_text("file,layout,frames,fps,exercise,reps,form,source\n")
    assert form.main(["--poses", str(table), "--json", str(tmp_path / "form.json")]) == 0
    assert json.loads((tmp_path / "form.json").read_text()) == []


@pytest.mark.parametrize("command", [form, counts])
def test_files_are_written_although_nobody_reads_the_screen(tmp_path, monkeypatch, command):
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(command, "_print", gone)
    table = tmp_path / "poses.csv"
    table.write_text("file,layout,frames,fps,exercise,reps,form,source\n")
    with pytest.raises(BrokenPipeError):
        command.main(["--poses", str(table), "--json", str(tmp_path / "figures.json")])
    json.loads((tmp_path / "figures.json").read_text())
