"""What fits the model: no leaks, the same result for the same seed, the network in LiteRT as it is in Keras."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
from exercise_clips import EXERCISES, START, poses_of

from exercise_classifier import model_file
from exercise_classifier.classifier import Network
from exercise_classifier.window import PoseWindow
from fitness_core.types import nanoseconds, seconds

if missing := [name for name in ("tensorflow", "keras", "sklearn") if importlib.util.find_spec(name) is None]:
    if os.environ.get("CI") == "true":
        raise ModuleNotFoundError(f"{', '.join(missing)} of the dependency group `train`")
    pytest.skip(f"{', '.join(missing)} not installed (dependency group `train`)", allow_module_level=True)

from exercise_classifier.features import N_FEATURES, features
from exercise_classifier.training import evaluation, synthetic
from exercise_classifier.training.card import card
from exercise_classifier.training.takes import Take, counts, groups_of
from exercise_classifier.training.windows import LABELS, Shape, Windows, all_windows, random_windows

CLIPS = Path(__file__).parents[3].parent / "shared/data/clips.csv"


def take_of(exercise: str) -> Take:
    poses = poses_of(exercise)
    return Take(
        exercise,
        exercise,
        f"person of {exercise}",
        True,
        np.array([seconds(pose.stamp - START) for pose in poses]),
        np.array([pose.image for pose in poses]),
        np.array([pose.world for pose in poses]),
        np.array([pose.visibility for pose in poses]),
        poses[0].width,
        poses[0].height,
    )


def test_training_and_node_see_the_same_features():
    take = take_of("squat")
    windows = all_windows([take], Shape())
    for number in (0, len(windows.y) // 2, len(windows.y) - 1):
        window = PoseWindow(2.0, 15.0)
        for pose in poses_of("squat"):
            if pose.stamp <= START + nanoseconds(windows.end[number]):
                window.add(pose)
        np.testing.assert_allclose(features(window.sequence()), windows.x[number], atol=2e-3)


def test_same_seed_same_windows():
    takes = [take_of(exercise) for exercise in EXERCISES]
    amounts = {"curl": 5, "press": 5, "squat": 5}
    first, again, other = (random_windows(takes, Shape(), amounts, np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    assert first.x.shape == (15, 30, N_FEATURES) and np.isfinite(first.x).all()


def test_synthetic_takes_move_as_their_exercise_does():
    takes = synthetic.takes(4, seed=2)
    assert {take.exercise for take in takes} == set(LABELS)
    assert all(take.kind == "synthetic" for take in takes)
    windows = all_windows(takes, Shape())
    assert np.isfinite(windows.x).all() and (windows.x[:, -1, -1] == 1).all()
    positive = windows.y != LABELS.index("other")
    assert windows.still[positive].mean() < 0.3


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


def test_folds_split_no_group():
    takes = [take_of(EXERCISES[n % 3]) for n in range(12)]
    takes = [
        Take(f"{n}", take.exercise, f"group {n // 2}", *(getattr(take, name) for name in Take.__slots__[3:]))
        for n, take in enumerate(takes)
    ]
    fold_of = evaluation.folds(takes, 3)
    assert set(fold_of) == {0, 1, 2}
    for n in range(0, 12, 2):
        assert fold_of[n] == fold_of[n + 1]


def test_takes_of_a_tested_owner_are_in_its_fold():
    clip, same, alone = take_of("curl"), take_of("press"), take_of("squat")
    same = Take("x", "press", clip.group, *(getattr(same, name) for name in Take.__slots__[3:]))
    assert evaluation.folds_of_all([clip], np.array([3]), [same, alone]).tolist() == [3, 3, -1]


def test_report_of_a_perfect_and_of_a_wrong_model():
    y = np.repeat(np.arange(4), 10)
    windows = Windows(np.zeros((40, 1, 1)), y, y, np.zeros(40), np.zeros(40, bool))
    takes = [take_of(exercise) for exercise in EXERCISES] + [take_of("curl")]
    groups = np.array([f"g{n % 8}" for n in range(40)])
    perfect = evaluation.report(takes, evaluation.HeldOut(windows, np.eye(4)[y] * 9, groups), 1.0, 0.5)
    assert perfect["macro_f1"] == 1.0 and perfect["accuracy"] == 1.0
    about = {"name": "m", "model": "m-1", "parameters": 1, "units": 64, "window": {"duration": 2.0, "rate": 15.0}}
    about |= {"folds": 3, "epochs": 2, "seed": 1, "command": "c", "minutes": 1.0, "data": {"clips": counts(takes)}}
    assert "Macro F1 **1.000** [1.00, 1.00]" in card(perfect | about)
    wrong = evaluation.report(takes, evaluation.HeldOut(windows, np.eye(4)[(y + 1) % 4] * 9, groups), 1.0, 0.5)
    assert wrong["macro_f1"] == 0.0
    assert evaluation.fit_temperature(evaluation.HeldOut(windows, np.eye(4)[(y + 1) % 4] * 9, groups)) > 2


def test_litert_is_keras(tmp_path):
    from exercise_classifier.training import fit, networks

    model = networks.build_lstm(30, 4)
    path = tmp_path / "parity.tflite"
    temperature = 1.7
    model_file.write(path, fit.export(model, temperature), model_file.describe("parity", LABELS, 2.0, 15.0, 0.5))
    network = Network(path)
    windows = all_windows([take_of("curl")], Shape()).x[:10]
    expected = evaluation.softmax(fit.logits_of(model, windows), temperature)
    np.testing.assert_allclose([network(window) for window in windows], expected, atol=1e-4)


@pytest.mark.skipif(not CLIPS.is_file(), reason="../shared/data is not there")
def test_groups_of_the_clips():
    from exercise_classifier.training.takes import read_clips

    rows = read_clips(CLIPS)
    groups = groups_of(rows)
    assert len(rows) == len(groups)
    owners = {}
    for row in rows:
        owner = row["source"].split("/")[0]
        assert owners.setdefault(owner, groups[row["file"]]) == groups[row["file"]]
