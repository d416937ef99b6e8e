"""What an evaluation says: of right and wrong models, of what somebody saw in the takes, of what one notices."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import training_packages
from exercise_clips import EXERCISES, START, poses_of
from exercise_takes import given_to_collect, take_of, takes_of_groups

from exercise_classifier.classifier import ExerciseClassifier
from exercise_classifier.training.data.folds import Fold
from exercise_classifier.training.data.windows import LABELS, Shape, Windows, all_windows
from exercise_classifier.training.models.config import load_config
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.results.model_card import card
from exercise_classifier.training.results.page import page
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.runs.inputs import Inputs, load
from exercise_classifier.training.takes.takes import SKIPPED, Stretch, Take, counts, owner_of, read_stretches
from fitness_core.errors import InputError
from fitness_core.types import seconds

training_packages.prepare()


def test_report_of_a_perfect_and_of_a_wrong_model():
    y = np.repeat(np.arange(4), 10)
    labels = ("curl", "press", "squat", "other")
    windows = Windows(np.zeros((40, 1, 1)), y, y, np.tile(np.arange(10) / 5 + 1, 4), *np.zeros((2, 40), bool), labels)
    takes = [take_of(exercise) for exercise in EXERCISES] + [take_of("curl")]
    groups = np.array([f"g{n % 8}" for n in range(40)])
    perfect = evaluation.report(takes, evaluation.HeldOut(windows, np.eye(4)[y] * 9, groups), 1.0, 0.5)
    assert perfect["macro_f1"] == 1.0 and perfect["accuracy"] == 1.0
    assert perfect["time_to_first_label_s"] == pytest.approx(1.0) and perfect["flicker_per_min"] == 0
    about = {"name": "m", "model": "m-1", "parameters": 1, "window": {"duration": 2.0, "rate": 15.0}, "format": "int8"}
    about |= {
        "split": "grouped folds",
        "folds": 3,
        "epochs": 2,
        "seed": 1,
        "command": "c",
        "minutes": 1.0,
        "data": {"clips": counts(takes)},
    }
    about |= {"features": "body_frame", "network": {"kind": "lstm"}, "not_shipped": {"lunge": "1 source"}, "ms": 0.1}
    about |= {"formats": {}, "baseline": "left out", "baseline_macro_f1": None}
    about |= {"network_alone": {"macro_f1": 1.0, "n_windows_at_rest": 0}}
    assert "Macro F1 **1.000** [1.00, 1.00]" in card(perfect | about)
    small = {"macro_f1": 0.5, "macro_f1_95": [0.4, 0.6], "accuracy": 0.5, "accuracy_95": [0.4, 0.6], "ece": 0.1}
    small |= {"ours_above": {"macro_f1": 0.5, "macro_f1_95": [0.4, 0.6]}}
    beside = {"baseline": {"what": "w", "cap": "c"}, "baselines": {"existing_lstm": small}, "name": "m"}
    html = page(perfect | about | beside)
    assert "existing_lstm" in html and html.count("<svg") == 2 and "http" not in html and "src=" not in html
    assert "existing_lstm macro F1 0.500" in card(perfect | about | beside)
    wrong = evaluation.report(takes, evaluation.HeldOut(windows, np.eye(4)[(y + 1) % 4] * 9, groups), 1.0, 0.5)
    assert wrong["macro_f1"] == 0.0
    assert "of the 10 of `other` 0.00 are told as no exercise" in card(wrong | about)
    assert evaluation.fit_temperature(evaluation.HeldOut(windows, np.eye(4)[(y + 1) % 4] * 9, groups)) > 2
    # Of a fold that is always right, the other is always wrong, and the reverse.
    folds = [Fold(frozenset(f"g{n}" for n in range(8) if n % 2 == fold)) for fold in (0, 1)]
    half = np.array([int(group[1:]) % 2 for group in groups])
    logits = np.eye(4)[(y + half) % 4] * 9
    of_others = evaluation.temperatures_of_others(evaluation.HeldOut(windows, logits, groups), folds)
    assert (of_others[half == 0] > 2).all() and (of_others[half == 1] < 1).all()
    alone = evaluation.temperatures_of_others(evaluation.HeldOut(windows, logits, groups), [Fold(frozenset(groups))])
    assert (alone == 1).all()
    assert perfect["named_classes"]["n_windows"] == 30 and perfect["named_classes"]["n_other_windows"] == 10


def test_named_classes_are_judged_apart_from_other():
    labels = ("squat", "other", "idle")
    y = np.array([0, 0, 0, 2, 2, 2, 1, 1, 1, 1])
    told = np.array([0, 0, 1, 2, 2, 2, 0, 0, 1, 2])
    found = evaluation.named_classes(y, told, np.arange(10) % 5, labels, 0)
    # Two of three squats, as precise as can be; an exercise that is told where `other` is done lowers the second only.
    assert found["macro_f1"] == pytest.approx((0.8 + 1.0) / 2)
    low, high = found["macro_f1_95"]
    assert 0.4 <= low <= 0.9 <= high <= 1.0
    assert (found["n_windows"], found["n_other_windows"], found["other_told_as_no_exercise"]) == (6, 4, 0.5)


def test_an_interval_is_of_the_figure_beside_it():
    # Twenty people; the second exercise is of one of them, whom most resamples do not show.
    labels = ("squat", "curl", "other")
    groups = np.repeat(np.arange(20), 20)
    y = np.where(groups == 0, 1, np.where(np.arange(400) % 2, 0, 2))
    told = y.copy()
    told[[50, 150, 250, 350]] = 1
    windows = Windows(np.zeros((400, 1, 1)), y, y, np.arange(400) / 5, *np.zeros((2, 400), bool), labels)
    takes = [replace(take_of("squat"), group=str(n)) for n in range(3)]
    found = evaluation.report(takes, evaluation.HeldOut(windows, np.eye(3)[told] * 9, groups), 1.0, 0.5)
    low, high = found["macro_f1_95"]
    assert 0.9 < low <= found["macro_f1"] <= high
    assert min(found["per_class"]["curl"]["precision_95"]) > 0
    # Nobody stands idle: a class that no window shows is none of those that the mean is of.
    idle = evaluation.named_classes(y, y, groups, (*labels, "idle"), 0)
    assert idle["macro_f1"] == 1.0 and idle["macro_f1_95"] == [1.0, 1.0]


def test_what_was_not_measured_is_said_so_on_the_card():
    models = Path(__file__).parents[1] / "models"
    shipped = json.loads((models / "exercise_lstm.evaluation.json").read_text())
    text = card(shipped | {"idle_false_per_10min": None, "flicker_per_min": None})
    assert "while idle not measured (" in text and "None" not in text


def test_the_page_says_what_is_left_out_and_what_is_calibrated():
    models = Path(__file__).parents[1] / "models"
    shipped = json.loads((models / "exercise_lstm.evaluation.json").read_text())
    html = page(shipped)
    left_out, alone = shipped["n_still_windows_left_out"], shipped["network_alone"]
    assert left_out > 0 and alone["n_windows_at_rest"] > 0 and alone["macro_f1"] < shipped["macro_f1"]
    assert f"{left_out} more, in which an exercise is named but its joints do not move, are left out" in html
    assert f"{alone['n_windows_at_rest']} are of who stands still by the node" in html
    assert f"without it macro F1 is {alone['macro_f1']:.3f}" in html
    assert "each fold has the temperature that fits the other folds best" in html


def looked_at() -> Take:
    """A squat of which somebody saw: getting ready until 2 s, a fade from 4.5 s on."""
    take = take_of("squat")
    last = float(take.stamps[-1])
    shown = (Stretch(0.0, 2.0, "idle"), Stretch(2.0, 4.5, "squat"), Stretch(4.5, last + 1, SKIPPED))
    return replace(take, stretches=shown)


def test_a_window_is_what_most_of_it_shows():
    take = looked_at()
    assert take.times() == pytest.approx({"idle": 2.0, "squat": 2.5, SKIPPED: float(take.stamps[-1]) - 4.5})
    windows = all_windows([take], Shape())
    for end, label in zip(windows.end, windows.y, strict=True):
        assert LABELS[label] == ("idle" if end < 3.0 else "squat"), end
    assert windows.end[-1] == pytest.approx(5.5, abs=0.25), "what is skipped has no label"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_windows_are_judged_from_where_the_node_says_something(exercise):
    poses = poses_of(exercise)
    judged = all_windows([take_of(exercise)], Shape(), hop=0.01)
    said = [one.stamp for one in ExerciseClassifier(rate=60.0).steps(poses) if one and one.probabilities]
    assert judged.end == pytest.approx([seconds(stamp - START) for stamp in said])


def test_the_wait_for_a_label_is_from_where_the_exercise_begins():
    from exercise_classifier.training.results.timing import plainly, timing

    take = replace(looked_at(), stretches=(Stretch(0.0, 2.0, "idle"), Stretch(2.0, 9.0, "squat")))
    labels = ("squat", "curl", "other", "idle")
    ends = np.arange(0.8, 6.0, 0.2)
    windows = all_windows([take], Shape(), labels=labels)
    y = np.where(ends < 3.0, labels.index("idle"), labels.index("squat"))
    windows = Windows(windows.x, y, np.zeros(len(y), int), ends, *np.zeros((2, len(y)), bool), labels)
    # A curl is seen while the person gets ready; the squat is named 0.8 s after it began.
    said = np.where(ends < 1.5, 1, np.where(ends < 2.75, 3, 0))
    found = timing([take], windows, np.eye(4)[said], plainly(0.5))
    assert found["time_to_first_label_s"] == pytest.approx(0.8) and found["takes_named"] == 1
    assert found["idle_false_per_10min"] == pytest.approx(20 / found["idle_minutes"], rel=0.1)


def test_stretches_come_from_a_table_beside_the_configuration(tmp_path, monkeypatch):
    table = tmp_path / "seen.csv"
    table.write_text("take,start,end,exercise\n0,0,2,idle\n0,2,60,curl\n")
    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    (tmp_path / "own.yaml").write_text("synthetic: 0\nstretches: seen.csv\n")
    config = load_config(str(tmp_path / "own.yaml"))
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    takes = load(config, inputs).takes
    assert [bool(take.stretches) for take in takes] == [take.name == "0" for take in takes]
    table.write_text("take,start,end,exercise\n0,0,2,dancing\n")
    with pytest.raises(InputError, match="dancing is not known"):
        load(config, inputs)
    table.write_text("take,start,end,exercise\nvideos/0,0,2,idle\n7up,0,2,idle\n")
    with pytest.raises(InputError, match=r"7up: no take of the data has this name; it has e\.g\. 0"):
        load(config, inputs)


def test_a_take_is_not_given_an_exercise_that_nobody_knows(tmp_path, monkeypatch):
    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    (tmp_path / "own.yaml").write_text("synthetic: 0\nrelabel: {'0': crul, '1': curl}\n")
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    with pytest.raises(InputError, match="relabel: label 'crul' is shown by no take; did you mean 'curl'"):
        load(load_config(str(tmp_path / "own.yaml")), inputs)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no rows"),
        ("take,start,end,exercise\n", "has no rows"),
        ("take,start,end\na,0,1\n", "exercise"),
        ("take,start,end,exercise\na,zero,1,idle\n", "zero"),
        ("take,start,end,exercise\na,0,2,idle\na,1,3,squat\n", "one after the other"),
        ("take,start,end,exercise\na,9,2,squat\n", "no stretch of time"),
        ("take,start,end,exercise\na,nan,2,squat\n", "no stretch of time"),
    ],
)
def test_a_table_that_tells_no_stretches_is_refused_in_one_line(tmp_path, text, says):
    (tmp_path / "seen.csv").write_text(text)
    with pytest.raises(InputError, match=says) as error:
        read_stretches(tmp_path / "seen.csv")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=r"^table .*nothing\.csv cannot be read \(No such file or directory\)"):
        read_stretches(tmp_path / "nothing.csv")


def test_what_no_stretch_tells_of_is_not_judged():
    take = takes_of_groups(1, 1)[0]
    take = replace(take, stretches=(Stretch(0.0, 0.5, "curl"), Stretch(0.5, 1.0, "squat")))
    assert [take.shown(*span) for span in ((0.0, 0.5), (0.6, 0.9), (1.1, 2.0))] == ["curl", "squat", SKIPPED]
    assert [take.shown(0.5, until) for until in (1.4, 1.6)] == ["squat", SKIPPED], "more of it is not told of"


@pytest.mark.parametrize(
    ("source", "owner"),
    [
        ("owner/name:clips/a.mp4", "owner"),
        ("owner/name (MIT)", "owner"),
        ("https://example.org/watch?v=1", "https://example.org/watch?v=1"),
        ("/data/a.mp4", "/data/a.mp4"),
        (r"C:\clips\a.mp4", r"C:\clips\a.mp4"),
    ],
)
def test_the_owner_of_a_source_is_that_of_its_repository(source, owner):
    assert owner_of(source) == owner


def test_what_is_noticed_of_labels_that_are_held_and_not():
    from exercise_classifier.training.results.timing import held, plainly, timing

    take = take_of("curl")
    ends = take.stamps[0] + 0.8 + np.arange(15) / 5
    labels = ("curl", "press", "other")
    windows = Windows(
        np.zeros((15, 1, 1)), np.zeros(15, int), np.zeros(15, int), ends, *np.zeros((2, 15), bool), labels
    )
    sure = np.tile([0.9, 0.05, 0.05], (15, 1))
    sure[7] = [0.2, 0.7, 0.1]
    alone = timing([take], windows, sure, plainly(0.5))
    assert alone["time_to_first_label_s"] == pytest.approx(0.8) and alone["takes_named"] == 1
    assert alone["flicker_per_min"] == pytest.approx(2 / alone["flicker_minutes"], rel=0.1)
    assert timing([take], windows, sure, held(0.5))["flicker_per_min"] == 0
    assert plainly(0.95)(ends, sure) == [-1] * 15


def test_baselines_beside_every_source_left_out_are_compared_on_grouped_folds(tmp_path, monkeypatch):
    given_to_collect(monkeypatch, takes_of_groups(12, 4))
    config_file = tmp_path / "tiny.yaml"
    config_file.write_text(
        "name: tiny\nfeatures: raw132\nnetwork: {kind: temporal_convolution, sizes: [4]}\nwindows: 120\nsynthetic: 0\n"
        "folds: 0\nepochs: 1\n"
        "baseline: {systems: {small: {kind: temporal_convolution, sizes: [4]}}, epochs: 1, folds: 2, windows: 60}\n"
    )
    config = load_config(str(config_file))
    inputs = Inputs(tmp_path, tmp_path / "kept", clips=tmp_path / "clips.csv")
    data = load(config, inputs)
    pool, checked = experiment.training_windows(config, data), experiment.checked_windows(config, data)
    result, _ = experiment.held_out_report(config, data, inputs, pool, checked)
    grouped = result["on_folds_of_baselines"]
    assert (result["split"], result["folds"], grouped["folds"]) == ("leave-one-source-out", 4, 2)
    above = result["baselines"]["small"]["ours_above"]["macro_f1"]
    assert above == pytest.approx(grouped["macro_f1"] - result["baseline_macro_f1"], abs=2e-4)
    about = {"name": "tiny", "command": "c", "model": "tiny-1", "parameters": 1, "minutes": 1.0, "ms": 0.1}
    about |= {"format": "int8", "data": {"clips": counts(data.takes)}}
    assert "ours, on the 2 grouped folds of those below" in page(result | about)
    assert "ours, fitted once more on 2 grouped folds" in card(result | about)


def test_a_model_without_idle_is_not_told_to_know_it():
    models = Path(__file__).parents[1] / "models"
    shipped = json.loads((models / "exercise_lstm.evaluation.json").read_text())
    known = [label for label in shipped["classes"] if label != "idle"]
    windows = [row[:-1] for row in shipped["confusion"]["windows"][:-1]]
    text = card(shipped | {"classes": known, "confusion": {"windows": windows}})
    assert "standing still, talking and walking: it has no class for them" in text
    assert "`idle`" not in text


def test_the_shipped_card_is_made_of_the_shipped_evaluation():
    models = Path(__file__).parents[1] / "models"
    result = json.loads((models / "exercise_lstm.evaluation.json").read_text())
    assert (models / "exercise_lstm.card.md").read_text() == card(result)
    assert result["about"] == load_config(None).about
