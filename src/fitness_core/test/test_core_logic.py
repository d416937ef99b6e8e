"""Skeleton, geometry, filters, catalogue: the ROS-free layer."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from fitness_core.catalogue import SHIPPED, Catalogue, Exercise
from fitness_core.errors import InputError
from fitness_core.filters import OneEuro
from fitness_core.geometry import angle_at, angles_of, angles_of_planes, joint_angles, pixels_of
from fitness_core.skeleton import CONNECTIONS, INDEX, JOINT_INDEX, JOINTS, LANDMARKS, MIRROR, N_LANDMARKS
from fitness_core.types import Pose, nanoseconds, seconds


def test_mirror_swaps_sides_and_is_its_own_inverse():
    assert [MIRROR[MIRROR[index]] for index in range(N_LANDMARKS)] == list(range(N_LANDMARKS))
    assert LANDMARKS[MIRROR[INDEX["left_wrist"]]] == "right_wrist"
    assert MIRROR[INDEX["nose"]] == INDEX["nose"]
    assert all({MIRROR[a], MIRROR[b]} in [set(pair) for pair in CONNECTIONS] for a, b in CONNECTIONS if a > 10)


def test_angles_of_known_triangles():
    at = np.zeros(3)
    assert angle_at(np.array([1, 0, 0]), at, np.array([0, 2, 0])) == pytest.approx(np.pi / 2)
    assert angle_at(np.array([1, 0, 0]), at, np.array([-3, 0, 0])) == pytest.approx(np.pi)
    assert np.isnan(angle_at(np.array([np.nan, 0, 0]), at, np.array([0, 1, 0])))
    assert np.isnan(angle_at(at, at, np.array([0, 1, 0])))


def test_angles_hold_wherever_the_body_is_and_however_large():
    """Of three functions, each by the law of cosines."""
    points = 5.0 + np.random.default_rng(0).normal(0, [1.0, 3.0, 0.5], (4, N_LANDMARKS, 3))
    every = range(len(JOINTS))
    together, of_planes = angles_of(points), angles_of_planes(np.moveaxis(points, -1, 0), every)
    for joint, found, by_planes in zip(JOINTS, together.T, of_planes.T, strict=True):
        a, at, b = points[:, joint.a], points[:, joint.at], points[:, joint.b]
        left, right, across = (np.linalg.norm(line, axis=1) for line in (a - at, b - at, a - b))
        expected = np.arccos((left**2 + right**2 - across**2) / (2 * left * right))
        for angles in (angle_at(a, at, b), found, by_planes):
            np.testing.assert_allclose(angles, expected, atol=1e-9)


def test_poses_of_any_number_have_the_pixels_of_each():
    points = np.random.default_rng(0).random((3, N_LANDMARKS, 3)).astype(np.float32)
    sure = np.ones(N_LANDMARKS, np.float32)
    poses = [Pose(0, image, image, sure, sure, 640 + 10 * n, 480) for n, image in enumerate(points)]
    for some in (poses[:1], poses):
        np.testing.assert_allclose(pixels_of(some), np.stack([pose.pixels() for pose in some]))


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 854), (1920, 1080), (202, 360)])
def test_image_angles_do_not_depend_on_the_aspect_ratio(width, height):
    image = np.full((N_LANDMARKS, 3), np.nan, np.float32)
    # A right angle at the left elbow, in pixels.
    for name, point in (("shoulder", (100, 50)), ("elbow", (100, 150)), ("wrist", (180, 150))):
        image[INDEX[f"left_{name}"]] = [point[0] / width, point[1] / height, 0]
    sure = np.ones(N_LANDMARKS, np.float32)
    pose = Pose(0, image, np.full((N_LANDMARKS, 3), np.nan, np.float32), sure, sure, width, height)
    assert joint_angles(pose).angles[JOINT_INDEX["left_elbow"]] == pytest.approx(np.pi / 2, abs=1e-3)


def test_hidden_joints_are_not_measured():
    points = np.random.default_rng(0).random((N_LANDMARKS, 3)).astype(np.float32)
    visibility = np.ones(N_LANDMARKS, np.float32)
    visibility[INDEX["right_wrist"]] = 0.2
    pose = Pose(0, points, points, visibility, visibility, 640, 480)
    measured = joint_angles(pose, min_visibility=0.5)
    assert np.isnan(measured.angles[JOINT_INDEX["right_elbow"]])
    assert np.isfinite(np.delete(measured.angles, JOINT_INDEX["right_elbow"])).all()
    assert measured.confidences[JOINT_INDEX["right_elbow"]] == pytest.approx(0.2)
    assert len(JOINTS) == len(measured.angles)


def test_one_euro_calms_rest_and_follows_motion():
    stamps = [nanoseconds(frame / 30) for frame in range(150)]
    noise = np.random.default_rng(0).normal(0, 1, 150)
    calm = OneEuro(0.5, 0.05)
    rest = [float(calm.step(stamp, noise[i])) for i, stamp in enumerate(stamps)]
    assert np.std(rest[30:]) < 0.4 * np.std(noise[30:])
    fast = OneEuro(0.5, 5.0)
    wave = [100 * np.sin(2 * np.pi * seconds(stamp)) for stamp in stamps]
    followed = [float(fast.step(stamp, value)) for stamp, value in zip(stamps, wave, strict=True)]
    assert max(followed[30:]) > 97


def test_one_euro_smooths_two_objects_at_once_as_one_by_one():
    values = np.random.default_rng(0).normal(0, 50, (40, 2, 33, 3))
    values[10:20, 0, 5] = np.nan
    sizes = 300.0, 0.7
    together, apart = OneEuro(1.0, 40.0), (OneEuro(1.0, 40.0), OneEuro(1.0, 40.0))
    for frame, both in enumerate(values):
        stamp = nanoseconds(frame / 30)
        smooth = together.step(stamp, both, np.array(sizes)[:, None, None])
        for one, value, size, expected in zip(apart, both, sizes, smooth, strict=True):
            np.testing.assert_array_equal(one.step(stamp, value, size), expected)


def test_one_euro_smooths_an_object_of_any_size_alike():
    """As fast for its size: one that is twice as large and moves twice as far."""
    values, small, large = np.random.default_rng(0).normal(0, 50, (40, 3)), OneEuro(1.0, 40.0), OneEuro(1.0, 40.0)
    for frame, value in enumerate(values):
        stamp = nanoseconds(frame / 30)
        np.testing.assert_allclose(large.step(stamp, 2 * value, 600.0), 2 * small.step(stamp, value, 300.0))


def test_one_euro_starts_anew_after_nan_and_after_time_jumping_back():
    filtered = OneEuro(0.1, 0.0)
    filtered.step(0, np.array([1.0, np.nan]))
    assert filtered.step(nanoseconds(0.1), np.array([1.0, 7.0]))[1] == 7.0
    assert filtered.step(0, np.array([5.0, 5.0])).tolist() == [5.0, 5.0]


def test_shipped_catalogue():
    catalogue = Catalogue.load()
    assert {"curl", "press", "squat"} <= set(catalogue.names)
    assert "squat" in catalogue
    with pytest.raises(InputError, match="it has: "):
        catalogue["handstand"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "is not YAML"),
        ("name: jump\ntitle: x\nform: []\nposture: []\nform: []", "line 5, column 1: 'form' is given twice"),
        ("name: jump\nposture:\n  - {point: hip, is: above, of: knee, point: wrist}", "'point' is given twice"),
        ("jump high", "'jump high' given; an exercise is fields"),
        ("name: Big Jump\ntitle: x\njoint: knee\ndirection: flex\nminimum_range_deg: 3\nturn_deg: 9", "name: "),
        ("name: jump\ntitle: x\njoint: neck\ndirection: flex\nminimum_range_deg: 3\nturn_deg: 9", "joint: "),
        ("name: jump\ntitle: x\njoint: knee\ndirection: flex\nminimum_range_deg: 3\nturn_deg: 9\nspeed: 3", "speed: "),
        ("title: x\nname: jump\njoint: knee\ndirection: flex\nposture:\n  - hip", r"jump\.yaml: posture\.0: .*'hip'"),
        (
            "title: x\nname: jump\njoint: knee\ndirection: flex\ntravel:\n  - {point: hip, of: sky, by: 1}",
            r"travel\.0\.of: .*'foot_index', or 'picture' \(given",
        ),
        (
            "name: idle\ntitle: x\njoint: knee\ndirection: flex\nminimum_range_deg: 3\nturn_deg: 9",
            "'idle' means that no",
        ),
    ],
)
def test_catalogue_errors_name_the_file_and_the_field(tmp_path, text, says):
    file = tmp_path / "jump.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        Catalogue.load(file)
    assert "\n" not in str(error.value)


def test_two_exercises_of_one_name_are_told_by_their_files(tmp_path):
    for name in ("a", "b"):
        shutil.copy(SHIPPED / "squat.yaml", tmp_path / f"{name}.yaml")
    with pytest.raises(InputError, match=r"b\.yaml: name: 'squat' is taken by a\.yaml"):
        Catalogue.load(tmp_path)


def test_an_exercise_file_is_not_passed_over_for_its_ending(tmp_path):
    for name in ("squat.yaml", "curl.yml"):
        shutil.copy(SHIPPED / f"{name.partition('.')[0]}.yaml", tmp_path / name)
    with pytest.raises(InputError, match=r"curl\.yml: the files of a catalogue end in \.yaml; rename it"):
        Catalogue.load(tmp_path)
    assert Catalogue.load(tmp_path / "curl.yml").names == ("curl",)


def test_catalogue_of_a_folder_that_is_missing_or_empty(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Catalogue.load(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no \*.yaml"):
        Catalogue.load(tmp_path)


def test_every_field_of_an_exercise_is_in_the_guide():
    guide = (Path(__file__).resolve().parents[3] / "docs" / "add-an-exercise.md").read_text()
    for name, field in Exercise.model_fields.items():
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{name}` |"))
        default = row.split("|")[3].strip()
        if isinstance(field.default, float):
            assert float(default) == field.default, row
    example = guide.split("```yaml\n")[1].split("```")[0]
    assert Exercise.model_validate(yaml.safe_load(example)).name == "squat"


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\ndistance: {point: heel, of: foot_index}",
            "either `joint` or",
        ),
        ("minimum_range_deg: 3\nturn_deg: 9", "give either `joint` or `distance`"),
        ("joint: knee\nturn_deg: 9", "a `joint` needs `minimum_range_deg`"),
        ("distance: {point: heel, of: foot_index}\nminimum_range_deg: 3\nturn_deg: 9", "needs `minimum_range_torso`"),
        ("distance: {point: heel, of: moon}\nminimum_range_torso: 1\nturn_torso: 0", "distance.of: .*'moon'"),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\nshortest_s: 20",
            "shortest_s 20 is not below longest_s 15: no repetition would count",
        ),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\n"
            "form: [{code: jump_low, measure: knee, at: turn, view: any, above: .nan, say: x}]",
            "form.0.above: ",
        ),
        ("joint: knee\nplane: paper\nminimum_range_deg: 3\nturn_deg: 9", "plane: .*'space' or 'image'"),
        ("joint: knee\nminimum_range_deg: 3\nturn_deg: 9\ntravel: [{point: hip, of: ankle}]", "travel.0.by: "),
        (
            "distance: {point: heel, of: heel}\nminimum_range_torso: 1\nturn_torso: 0",
            "distance: from heel to itself there is nothing to measure; give two points",
        ),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\ntravel: [{point: hip, of: hip, by: 1}]",
            "travel.0: .*itself",
        ),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\nposture: [{point: hip, is: above, of: hip}]",
            "posture.0: .*itself",
        ),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\nposture: [{point: hip, is: above, of: knee, by: -100}]",
            "posture.0.by: .*-4",
        ),
        (
            "distance: {point: heel, of: hip}\nplane: image\nminimum_range_torso: 1\nturn_torso: 0",
            "leave `plane` out",
        ),
        (
            "distance: {point: heel, of: hip}\nminimum_range_torso: 1\nturn_torso: 0\n"
            "steady: [{joint: elbow, share: 1}]",
            "with a `distance`, leave it out",
        ),
        (
            "joint: knee\nminimum_range_deg: 3\nturn_deg: 9\nform:\n"
            "- {code: jump_low, measure: knee, at: turn, view: any, above: 9, say: x}\n"
            "- {code: jump_low, measure: hip, at: turn, view: any, above: 9, say: z}",
            "rule jump_low: there are 2 of this code; give each rule its own",
        ),
    ],
)
def test_signals_that_are_wrong_are_refused_in_one_line(tmp_path, signal, says):
    file = tmp_path / "jump.yaml"
    file.write_text(f"name: jump\ntitle: Jump\ndirection: flex\n{signal}\n")
    with pytest.raises(InputError, match=f"jump.yaml: .*{says}") as error:
        Catalogue.load(file)
    assert "\n" not in str(error.value)


def test_a_distance_has_its_range_in_torso_lengths(tmp_path):
    file = tmp_path / "heel_raise.yaml"
    file.write_text(
        "name: heel_raise\ntitle: Heel raise\ndistance: {point: heel, of: foot_index, along: up}\n"
        "direction: extend\nminimum_range_torso: 0.1\nturn_torso: 0.15\n"
    )
    exercise = Catalogue.load(file)["heel_raise"]
    assert (exercise.minimum_range, exercise.turn, exercise.joint) == (0.1, 0.15, None)
