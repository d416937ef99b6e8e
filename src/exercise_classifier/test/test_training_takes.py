"""What is fitted to: the features that the node sees, synthetic takes that move as they should, no leaks."""

from dataclasses import replace

import numpy as np
import pytest
import training_packages
from exercise_clips import EXERCISES, START, poses_of
from exercise_takes import take_of, takes_of_groups

from exercise_classifier.features import FEATURE_SETS, N_FEATURES, features
from exercise_classifier.training.data import folds as splits
from exercise_classifier.training.data.folds import refuse_shared
from exercise_classifier.training.data.windows import LABELS, Shape, all_windows, random_windows
from exercise_classifier.training.runs import cross_validation
from exercise_classifier.training.synthetic import takes as synthetic
from exercise_classifier.training.synthetic.as_seen import as_seen
from exercise_classifier.training.takes.checks import range_of
from exercise_classifier.training.takes.extras import extra_take
from exercise_classifier.training.takes.readers import find_sources
from exercise_classifier.training.takes.takes import groups_of
from exercise_classifier.training.takes.takes import take_of as made_take
from exercise_classifier.window import PoseWindow
from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX
from fitness_core.types import DEPTH_OF_IMAGE, Pose, nanoseconds, seconds

training_packages.prepare()


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_training_and_node_see_the_same_features(name):
    take = take_of("squat")
    chosen = FEATURE_SETS[name]
    windows = all_windows([take], Shape(), feature_set=chosen)
    assert windows.x.shape[2] == chosen.count
    for number in (0, len(windows.y) // 2, len(windows.y) - 1):
        window = PoseWindow(2.0, 15.0)
        for pose in poses_of("squat"):
            if pose.stamp <= START + nanoseconds(windows.end[number]):
                window.add(pose)
        np.testing.assert_allclose(chosen.compute(window.sequence()), windows.x[number], atol=2e-3)


@pytest.mark.parametrize("changes", ["a phone is turned", "nobody first, without a size"])
@pytest.mark.parametrize("in_metres", [True, False])
def test_training_and_node_see_the_same_where_the_size_of_the_pictures_changes(changes, in_metres):
    poses = poses_of("squat")
    if changes == "a phone is turned":
        later = [(pose, np.array([pose.height, pose.width, pose.height], np.float32)) for pose in poses[30:]]
        turned = [replace(pose, width=pose.height, height=pose.width, image=pose.pixels() / to) for pose, to in later]
        poses = [*poses[:30], *turned]
    else:
        poses = [Pose.nobody(START - nanoseconds(0.04), 0, 0), *poses]
    if not in_metres:
        poses = [replace(pose, world=np.full_like(pose.world, np.nan)) for pose in poses]
    take = made_take("squat", "squat", "", np.array([seconds(pose.stamp - poses[0].stamp) for pose in poses]), poses)
    windows = all_windows([take], Shape())
    for number in (0, 10, 20, len(windows.y) - 1):
        window = PoseWindow(2.0, 15.0)
        for pose in poses:
            if pose.stamp <= poses[0].stamp + nanoseconds(windows.end[number]):
                window.add(pose)
        np.testing.assert_allclose(features(window.sequence()), windows.x[number], atol=2e-3)


def test_same_seed_same_windows():
    takes = [take_of(exercise) for exercise in EXERCISES]
    amounts = {"curl": 5, "press": 5, "squat": 5}
    first, again, other = (random_windows(takes, Shape(), amounts, np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    # Where somebody rests, windows of `idle` come on top.
    asked = first.y != LABELS.index("idle")
    assert np.bincount(first.y[asked]).tolist() == np.bincount([LABELS.index(name) for name in amounts] * 5).tolist()
    assert first.x.shape == (len(first.y), 30, N_FEATURES) and np.isfinite(first.x).all()


def drawn(world: np.ndarray) -> np.ndarray:
    """Where a level camera would have drawn these metres, 160 pixels each, in the middle of 640 x 480."""
    return (world * 160 + [320, 240, 0]) / [640, 480, 640 * DEPTH_OF_IMAGE]


def test_synthetic_takes_move_as_their_exercise_does():
    takes = synthetic.takes(4, seed=2)
    assert {take.exercise for take in takes} == set(LABELS)
    assert all(take.kind == "synthetic" for take in takes)
    windows = all_windows(takes, Shape())
    assert np.isfinite(windows.x).all() and (windows.x[:, -1, -1] == 1).all()
    for label in set(LABELS) - {"other", "idle"}:
        of = np.array([takes[n].exercise == label for n in windows.take])
        assert (windows.y[of & ~windows.still] == LABELS.index(label)).mean() > 0.7, label


def test_the_same_seed_gives_the_synthetic_takes_that_it_always_gave():
    # What the shipped model was fitted to: a function that draws once more than it did moves all that come after it.
    weight = np.arange(1, 34)[None, :, None]
    takes = synthetic.takes(1, seed=7)
    again = synthetic.takes(1, seed=7)
    for take, same in zip(takes, again, strict=True):
        np.testing.assert_array_equal(take.image, same.image)
        np.testing.assert_array_equal(take.world, same.world)
    assert [take.exercise for take in takes] == [*synthetic.MOTIONS, "other"]
    found = [float((take.world * weight).mean()) for take in takes]
    kept = [0.94118, 0.937, -0.35482, 0.65038, -0.8142, 0.56742, 0.75372, 0.02607, 0.68917, 0.52902, 1.43841, 1.14268]
    np.testing.assert_allclose(found, [*kept, 1.54461, -0.05525], atol=1e-4)


def test_motion_capture_is_seen_from_a_side_with_errors_and_hidden_limbs():
    squat = take_of("squat")
    hips = squat.world[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    world, visible = squat.world - hips, np.full(squat.visibility.shape, 0.95)
    plain = replace(squat, kind="mocap", world=world, image=drawn(world), visibility=visible, width=640, height=480)
    seen = [as_seen(replace(plain, name=f"{n}"), seed=1) for n in range(24)]
    np.testing.assert_array_equal(seen[3].world, as_seen(replace(plain, name="3"), seed=1).world)
    left, right = INDEX["left_shoulder"], INDEX["right_shoulder"]
    across = np.array([np.median(take.world[:, left] - take.world[:, right], axis=0) for take in seen])
    turned = np.abs(across[:, 2]) / np.linalg.norm(across[:, [0, 2]], axis=1)
    assert turned.min() < 0.3 and turned.max() > 0.9
    wrists = np.array(
        [[take.visibility[:, INDEX[f"{side}_wrist"]].mean() for side in ("left", "right")] for take in seen]
    )
    assert wrists[turned > 0.9].min(axis=1).mean() < 0.5 < 0.7 < wrists[turned < 0.5].min(axis=1).mean()
    # From the side it is the limb behind the body that is hidden.
    assert all((across[n, 2] > 0) == (wrists[n, 0] < wrists[n, 1]) for n in np.flatnonzero(turned > 0.9))
    trunk = np.linalg.norm(plain.world[:, left] - plain.world[:, INDEX["left_hip"]], axis=-1)
    for take in seen:
        found = np.linalg.norm(take.world[:, left] - take.world[:, INDEX["left_hip"]], axis=-1)
        error = np.abs(found - trunk) / np.median(trunk)
        assert 0.001 < error.mean() < 0.05
        np.testing.assert_allclose(take.image, drawn(take.world), atol=1e-3)


def test_one_owner_and_one_footage_are_one_group():
    def row(file: str, source: str, licence: str = "none") -> dict[str, str]:
        return {"file": file, "source": source, "license": licence}

    groups = groups_of(
        [
            row("a", "ann/one:x.mp4"),
            row("b", "ann/two:y.mp4"),
            row("c", "bob/one:x.mp4", "MIT (footage: CrossFit)"),
            row("d", "cat/one", "none (footage: CrossFit)"),
            row("e", "dan/one"),
        ]
    )
    assert groups["a"] == groups["b"] and groups["c"] == groups["d"]
    assert len(set(groups.values())) == 3


@pytest.mark.parametrize("number", [3, 0])
def test_a_group_is_tested_once_and_never_fitted_to_then(number):
    takes = takes_of_groups(12, 6)
    groups = np.array([take.group for take in takes])
    folds = splits.folds_of(takes, number)
    assert len(folds) == (number or 6)
    assert sorted(group for fold in folds for group in fold.tested) == sorted(set(groups))
    for fold in folds:
        assert fold.stopping and not fold.tested & fold.stopping
        fitted = set(groups[fold.fitted(groups)])
        assert fitted == set(groups) - fold.tested - fold.stopping
    assert not any(fold.stopping for fold in splits.folds_of(takes, number, stopping=False))


def test_extra_takes_of_a_tested_source_are_not_fitted_to():
    fold = splits.Fold(frozenset({"ann"}), frozenset({"bob"}))
    assert fold.fitted(np.array(["ann", "bob", "cat", "ann"])).tolist() == [False, False, True, False]


def test_a_split_that_leaks_is_refused_in_one_line():
    takes = takes_of_groups(4, 4)
    one_subject = [replace(take, subject="P01") if n < 2 else take for n, take in enumerate(takes)]
    with pytest.raises(InputError, match=r"subject P01 is in 2 sources \(group 0, group 1\).*leak"):
        splits.folds_of(one_subject, 2)
    two_spellings = [replace(take, subject="P01" if n else "p01") for n, take in enumerate(takes[:2])]
    with pytest.raises(InputError, match=r"subject P01 or p01 is in 2 sources \(group 0, group 1\)"):
        splits.folds_of([*two_spellings, *takes[2:]], 2)
    with pytest.raises(InputError, match="subject P01 or p01"):
        refuse_shared(two_spellings[:1], two_spellings[1:])
    same_footage = [*takes, replace(takes[0], name="copy", group="another")]
    with pytest.raises(InputError, match="copy of source another, 0 of source group 0"):
        splits.folds_of(same_footage, 2)
    with pytest.raises(InputError, match="ann would be both fitted to and tested on"):
        splits.refuse_leak(["ann", "bob"], [], ["ann"])
    leaking = cross_validation.Split([splits.Fold(frozenset({"a"}), frozenset({"a"}))], *[np.array(["a", "b"])] * 2)
    with pytest.raises(InputError, match="leaks"):
        leaking.rows(0, all_windows([take_of("curl")], Shape()).of(np.arange(2)))


def test_a_pose_file_of_somebody_who_is_tested_is_no_leak(tmp_path):
    take = replace(take_of("curl"), subject="P1", group="room A")
    other = replace(take_of("press"), subject="P2", group="room B")
    pose_file = replace(take, name="p", kind="pose file", group="subject P1", image=take.image + 1)
    with pytest.raises(InputError, match=r"subject P1 is in 2 sources \(room A, subject P1\)"):
        refuse_shared([take, other], [pose_file])
    refuse_shared([take, other], [replace(pose_file, group="room A"), replace(pose_file, subject="P9", group="x")])
    (tmp_path / "clips.csv").write_text("file,exercise,subject,group\na.mp4,curl,P1,room A\n")
    (tmp_path / "poses.csv").write_text("file,exercise,subject,layout\np.npz,curl,P1,blazepose33_xyzv\n")
    sources, _ = find_sources([], tmp_path / "clips.csv", (tmp_path / "poses.csv",))
    assert {source.row["group"] for source in sources} <= {"room A"}


def test_a_take_is_seen_whichever_landmarks_are():
    """From behind the nose is not measured; an elbow that shows in a tenth of the poses is not said to rest."""
    take = take_of("curl")
    image, visibility = take.image.copy(), take.visibility.copy()
    image[:, INDEX["nose"]] = np.nan
    image[-30:] = np.nan
    visibility[np.arange(len(image)) % 10 > 0] = 0.0
    take = replace(take, image=image, visibility=visibility)
    assert take.seen.tolist() == [True] * (len(image) - 30) + [False] * 30
    assert range_of(take, "elbow") == np.inf


def test_motion_capture_of_another_skeleton_is_refused(tmp_path):
    np.savez(tmp_path / "one.npz", joints=np.zeros((30, 2, 3)), names=["Hips", "LeftUpLeg"], fps=30)
    with pytest.raises(InputError, match=r"without left_shoulder, .*it has the joints Hips, LeftUpLeg"):
        extra_take(tmp_path / "one.npz", {"file": "one.npz", "exercise": "squat", "source": "x"})


def test_one_subject_one_group_wherever_it_is_filmed():
    rows = [{"file": "a", "group": "G"}, {"file": "b", "subject": "P1", "source": "ann/x"}, {"file": "c"}]
    rows += [{"file": "d", "subject": "P1", "source": "bob/y", "license": ""}, {"file": "e", "source": "ann/x"}]
    assert groups_of(rows) == {"a": "G", "b": "subject P1", "c": "file c", "d": "subject P1", "e": "ann"}


def test_names_that_differ_in_capitals_are_of_one_source(tmp_path):
    rows = [{"group": "Gym"}, {"group": "gym"}, {"subject": "P1"}, {"subject": "p1"}]
    rows += [{"source": "Ann/x"}, {"source": "ann/y"}, {}, {}]
    rows = [row | {"file": name} for row, name in zip(rows, "abcdefgG", strict=True)]
    assert list(groups_of(rows).values()) == [
        "Gym",
        "Gym",
        "subject P1",
        "subject P1",
        "file g",
        "file G",
        "Ann",
        "Ann",
    ]
    (tmp_path / "clips.csv").write_text("file,exercise,subject,source\na.mp4,curl,P1,\nb.mp4,curl,,Ann/x\n")
    (tmp_path / "poses.csv").write_text(
        "file,exercise,subject,source,layout\np.npz,curl,p1,,blazepose33_xyzv\nq.npz,curl,,ann/y,blazepose33_xyzv\n"
    )
    for file in ("p.npz", "q.npz"):
        (tmp_path / file).touch()
    sources, _ = find_sources([], tmp_path / "clips.csv", (tmp_path / "poses.csv",))
    assert {source.name: source.row["group"] for source in sources} == {"p.npz": "subject P1", "q.npz": "Ann"}
