"""What fits the model: no leaks, the same result for the same seed, the network in LiteRT as it is in Keras."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import training_packages
from exercise_clips import EXERCISES, poses_of
from exercise_takes import given_to_collect, take_of, takes_of_groups

from exercise_classifier import model_file
from exercise_classifier.classifier import LoadedModel
from exercise_classifier.features import N_FEATURES
from exercise_classifier.training.data.windows import LABELS, Shape, all_windows, random_windows
from exercise_classifier.training.models import fitting
from exercise_classifier.training.models.config import CONFIGS, Kind, NetworkConfig, TrainingConfig, load_config
from exercise_classifier.training.results import evaluation
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.runs.inputs import Inputs, load
from exercise_classifier.training.takes.readers import read_table
from exercise_classifier.training.takes.takes import groups_of
from fitness_core.errors import InputError

training_packages.prepare()


_CONVOLUTION = {"kind": "temporal_convolution", "sizes": (4,)}


@pytest.mark.parametrize(
    ("schedule", "ensemble", "dies_after"), [("cosine", (), 2), ("plateau", (), 2), ("cosine", (_CONVOLUTION,), 6)]
)
def test_same_seed_same_network_also_where_it_was_interrupted(tmp_path, monkeypatch, schedule, ensemble, dies_after):
    takes = takes_of_groups(6, 3)
    of_config = {
        "network": _CONVOLUTION,
        "ensemble": ensemble,
        "windows": 60,
        "epochs": 4,
        "patience": 9 if ensemble else 2,
    }
    config = TrainingConfig(**of_config, schedule=schedule, learning_rate=0.01)
    windows = random_windows(takes, Shape(), dict.fromkeys(EXERCISES, 20), np.random.default_rng(1))
    checked = all_windows(takes[:1], Shape())
    rows = np.arange(len(windows.y))

    def fit(checkpoint=None, seed=1):
        how = fitting.Fit(checkpoint=checkpoint)
        model, best, _ = fitting.fit_network(config, windows, rows, checked, seed, 4, how)
        return model.get_weights(), best

    class Killed(Exception):
        pass

    def interrupted(path):
        calls, replace = [], Path.replace

        def dying(part, target):
            replace(part, target)
            calls.append(target)
            if len(calls) == dies_after:
                raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Path, "replace", dying)
            fit(path)
        assert len(list(path.parent.iterdir())) == len(config.networks)

    whole, best = fit()
    interrupted(tmp_path / "broken")
    resumed, best_resumed = fit(tmp_path / "broken")
    assert best == best_resumed
    for a, b in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(a, b)
    if ensemble:
        assert not np.array_equal(whole[0], whole[len(whole) // 2]), "two networks of one kind are the same"
    fitting.Fit(checkpoint=tmp_path / "broken").forget()
    assert not list(tmp_path.iterdir())
    if schedule == "plateau":
        other, _ = fit(seed=2)
        assert any(not np.array_equal(a, b) for a, b in zip(whole, other, strict=True))


def test_litert_is_keras(tmp_path):
    from exercise_classifier.training.models import litert, networks

    model = networks.build_lstm(30, len(LABELS))
    path = tmp_path / "parity.tflite"
    temperature = 1.7
    description = model_file.describe("parity", LABELS, 2.0, 15.0, 0.5)
    model_file.write(path, litert.export(model, temperature), description)
    network = LoadedModel(path)
    windows = all_windows([take_of("curl")], Shape()).x[:10]
    expected = evaluation.softmax(fitting.logits_of(model, windows), temperature)
    np.testing.assert_allclose([network(window) for window in windows], expected, atol=1e-4)
    model_file.write(path, litert.export(model, temperature, quantized=True), description)
    np.testing.assert_allclose([LoadedModel(path)(window) for window in windows], expected, atol=0.05)


def test_a_network_of_long_windows_is_written_in_seconds(tmp_path):
    """Step by step, as one of short windows, it took minutes, in which a training said nothing."""
    from exercise_classifier.training.models import litert, networks

    model = networks.build_lstm_stack(540, len(LABELS), sizes=(8, 8, 8))
    network = litert.export(model, 1.0)
    assert len(network) < 100_000, "one step, not 1620"
    path = tmp_path / "long.tflite"
    model_file.write(path, network, model_file.describe("long", LABELS, 9.0, 60.0, 0.5))
    windows = all_windows([take_of("curl")], Shape(9.0, 60.0)).x[:3]
    expected = evaluation.softmax(fitting.logits_of(model, windows), 1.0)
    np.testing.assert_allclose(LoadedModel(path)(windows), expected, atol=1e-4)


def test_an_ensemble_in_litert_is_the_mean_of_its_networks(tmp_path):
    from exercise_classifier.training.models import litert, networks

    members = [build(30, len(LABELS)) for build in (networks.build_attention_lstm, networks.build_temporal_convolution)]
    windows = all_windows([take_of("squat")], Shape()).x[:10]
    mean = np.mean([fitting.logits_of(member, windows) for member in members], axis=0)
    ensemble = networks.joined(members)
    np.testing.assert_allclose(fitting.logits_of(ensemble, windows), mean, atol=1e-5)
    path = tmp_path / "ensemble.tflite"
    model_file.write(path, litert.export(ensemble, 1.7), model_file.describe("ensemble", LABELS, 2.0, 15.0, 0.5))
    expected = evaluation.softmax(mean, 1.7)
    np.testing.assert_allclose(LoadedModel(path)(windows), expected, atol=1e-4)
    np.testing.assert_allclose([LoadedModel(path)(window) for window in windows], expected, atol=1e-4)


def test_networks_have_the_sizes_they_say():
    from exercise_classifier.training.models import networks

    builders = {name.removeprefix("build_"): build for name, build in vars(networks).items() if "build_" in name}
    assert set(builders) == set(get_args(Kind))
    for name, build in builders.items():
        says = " ".join(build.__doc__.split())
        told = re.search(r"([\d.]+) ([kM]) parameters", says)
        assert told, f"the docstring of build_{name} says how large it is: `34 k parameters`"
        number, unit = told.groups()
        model = build(30, 13, 132 if "with 132 features" in says else N_FEATURES)
        assert model.count_params() == pytest.approx(float(number) * {"k": 1e3, "M": 1e6}[unit], rel=0.02), name
        assert model.output_shape == (None, 13)
    assert networks.build_attention_lstm(30, 13).count_params() < 300_000


@pytest.mark.parametrize("sizes", [(64,), (64, 96, 32, 16)])
def test_sizes_that_a_network_does_not_have_are_refused(sizes):
    network = NetworkConfig(kind="attention_lstm", sizes=sizes)
    with pytest.raises(InputError, match=r"network attention_lstm of sizes .* cannot be built"):
        fitting.build(network, 30, 13, N_FEATURES)


def test_a_configuration_says_which_take_is_of_which_source(tmp_path, monkeypatch):
    takes = takes_of_groups(6, 2)
    pose_file = replace(takes[0], name="poses/a", kind="pose file", image=takes[0].image + 1)
    other_file = replace(pose_file, name="poses/b", group="group 1", image=takes[0].image + 2)
    given_to_collect(monkeypatch, [*takes, pose_file, other_file])
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")

    def groups(**sources):
        found = load(TrainingConfig(synthetic=0, sources=sources), inputs)
        return {take.name: take.group for take in found.fitted}, found.left_out.get("ambiguous", 0)

    plain, _ = groups()
    assert plain["0"] == plain["poses/a"] == "group 0" and plain["1"] == plain["poses/b"] == "group 1"
    named, left_out = groups(**{"0": "gym", "2": "own", "[24]": "gym"})
    assert (named["0"], named["2"], named["4"]) == ("gym", "take 2", "gym")
    assert "poses/a" not in named and named["poses/b"] == "group 1" and left_out == 1
    named, left_out = groups(**{"[024]": "gym"})
    assert named["poses/a"] == "gym" and not left_out
    with pytest.raises(InputError, match="sources: nothing_like_this"):
        groups(**{"0": "gym", "nothing_like_this": "own"})


def test_every_configuration_that_ships_is_valid():
    names = [path.stem for path in CONFIGS.glob("*.yaml")]
    assert "exercise_lstm" in names
    for name in names:
        assert load_config(name).folds >= 2
    assert load_config(None, epochs=3).epochs == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epochs: many", "epochs"),
        ("network: {kind: transformer}", "network.kind"),
        ("unknown_word: 1", "unknown_word"),
        ("labels: [curl]", "other"),
        ("duration: 0.5", "duration"),
        ("stretches: nowhere.csv", "nowhere.csv is not there"),
        ("- a", "list"),
        ("a: [", "not YAML"),
    ],
)
def test_a_bad_configuration_is_refused_in_one_line(tmp_path, text, says):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        load_config(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rejected": ("sqaut",)}, "rejected: label 'sqaut' is shown by no take; did you mean 'squat'"),
        ({"rejected": ("curl", "press", "squat")}, "rejected: every exercise of the data is"),
        ({"shares": {"clips": {"sqaut": 0.5}}}, "shares: label 'sqaut'"),
        ({"shares": {"clips": {"squat": 0.5, "curl": 0.5}}}, "shares: none for idle, other, press"),
    ],
)
def test_names_that_nobody_has_are_refused_before_the_fit(tmp_path, monkeypatch, values, says):
    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    config = TrainingConfig(synthetic=0, windows=20, **values)
    with pytest.raises(InputError, match=says) as error:
        experiment.training_windows(config, load(config, inputs))
    assert "\n" not in str(error.value)


def test_who_has_other_exercises_than_the_shipped_model_is_told_that_a_configuration_is_missing(tmp_path, monkeypatch):
    hops = [replace(take, exercise="hop") for take in takes_of_groups(6, 2) if take.exercise == "press"]
    given_to_collect(monkeypatch, hops)
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    with pytest.raises(InputError, match=r"\(hop: not among the configuration's labels; give yours, --config; squat: "):
        load(load_config(None), inputs)


def test_what_tables_call_an_exercise_is_a_class_by_its_name(tmp_path, monkeypatch):
    takes = [replace(take, exercise="pull_ups") if take.exercise == "press" else take for take in takes_of_groups(6, 2)]
    given_to_collect(monkeypatch, takes)
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    assert load(TrainingConfig(synthetic=0), inputs).labels == ("curl", "pull_up", "squat", "other", "idle")


def test_windows_to_fit_to_are_as_many_as_asked_for(tmp_path, monkeypatch):
    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    inputs = Inputs(tmp_path, tmp_path, clips=tmp_path / "clips.csv")
    config = TrainingConfig(synthetic=0, windows=100, labels=("curl", "press", "squat", "other"))
    data = load(config, inputs)
    shares = {"clips": dict.fromkeys(("curl", "press", "squat"), 0.33) | {"other": 0.01}}
    pool = experiment.training_windows(config.model_copy(update={"shares": shares}), data)
    assert 95 <= len(pool.y) <= 100


def test_an_exercise_of_ones_own_rests_too():
    curl = take_of("curl")
    still = {name: np.repeat(getattr(curl, name)[:1], 60, axis=0) for name in ("image", "world", "visibility")}
    take = replace(curl, exercise="side_lunge", stamps=np.arange(60) / 20, **still)
    labels = ("side_lunge", "other", "idle")
    assert {labels[n] for n in all_windows([take], Shape(), labels=labels).y} == {"idle"}


def test_standing_still_before_a_set_is_idle():
    curl = take_of("curl")
    still = {name: np.repeat(getattr(curl, name)[:1], 60, axis=0) for name in ("image", "world", "visibility")}
    take = replace(curl, stamps=np.arange(60) / 20, **still)
    assert {LABELS[n] for n in all_windows([take], Shape()).y} == {"idle"}
    four = all_windows([take], Shape(), labels=("curl", "press", "squat", "other"))
    assert four.still.all() and {four.labels[n] for n in four.y} == {"curl"}
    negative = replace(take, exercise="other")
    assert {LABELS[n] for n in all_windows([negative], Shape()).y} == {"idle"}
    assert {four.labels[n] for n in all_windows([negative], Shape(), labels=four.labels).y} == {"other"}


def test_train_then_evaluate_then_the_node_loads_it(tmp_path, monkeypatch):
    from exercise_classifier import held_out
    from exercise_classifier.classifier import ExerciseClassifier
    from exercise_classifier.training import command

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    forget, held_out_report = experiment.forget, experiment.held_out_report
    # As if the training had been interrupted just before its end.
    monkeypatch.setattr(experiment, "forget", lambda _: None)
    config = tmp_path / "tiny.yaml"
    config.write_text(
        "name: tiny\nfeatures: raw132\nnetwork: {kind: temporal_convolution, sizes: [8]}\nwindows: 300\nsynthetic: 2\n"
        "folds: 2\nepochs: 1\nschedule: plateau\nlearning_rate: 0.01\n"
        "baseline: {systems: {small: {kind: temporal_convolution, sizes: [4]}}, epochs: 1}\n"
    )
    given = ["--clips", "clips.csv", "--config", str(config), "--jobs", "1"]
    given.append("--leave-one-source-out")
    out = ["--out", str(tmp_path), "--held-out", str(tmp_path / "at_once.npz")]
    assert command.train([*given, *out, "--logs", str(tmp_path / "logs")]) == 0
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))
    info = ExerciseClassifier(tmp_path / "tiny.tflite").info
    assert info.labels == ("curl", "press", "squat", "other", "idle") and info.features == "raw132"
    classifier = ExerciseClassifier(tmp_path / "tiny.tflite")
    found = [result for pose in poses_of("squat") if (result := classifier.step(pose)) is not None]
    assert found[-1].label in info.labels
    monkeypatch.setattr(experiment, "forget", forget)
    # The folds are not fitted again where their evaluation is there; the model is the same, bit for bit.
    again, figures = tmp_path / "again", tmp_path / "tiny.evaluation.json"
    monkeypatch.setattr(experiment, "held_out_report", None)
    assert command.train([*given, "--out", str(again), "--evaluated", str(figures)]) == 0
    assert (again / "tiny.tflite").read_bytes() == (tmp_path / "tiny.tflite").read_bytes()
    kept = json.loads((again / "tiny.evaluation.json").read_text())
    assert kept["macro_f1"] == json.loads(figures.read_text())["macro_f1"] and "--evaluated" in kept["fitted_by"]
    told = (again / "tiny.card.md").read_text()
    assert f"Made by `{kept['fitted_by']}`" in told and f"tells those of\n`{kept['command']}`" in told
    for option, value, name in (("--seed", "2", "seed"), ("--windows", "20", "windows"), ("--epochs", "2", "epochs")):
        with pytest.raises(InputError, match=f": {name} differ"):
            command.train([*given, "--out", str(again), "--evaluated", str(figures), option, value])
    lacks = json.dumps({name: value for name, value in kept.items() if name != "network_alone"})
    damaged = json.dumps(kept | {"macro_f1": "good"})
    for content, says in (
        *(("[1]", "has no classes"), ("{", "cannot be read")),
        *((lacks, "has no 'network_alone'; leave"), (damaged, r"is damaged \(.*\); leave")),
    ):
        (again / "bad.json").write_text(content)
        with pytest.raises(InputError, match=says):
            command.train([*given, "--out", str(again), "--evaluated", str(again / "bad.json")])
    monkeypatch.setattr(experiment, "held_out_report", held_out_report)
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    labels = tmp_path / "labels.npz"
    assert command.evaluate([*given, "--json", str(figures), "--html", str(page), "--held-out", str(labels)]) == 0
    assert labels.read_bytes() == (tmp_path / "at_once.npz").read_bytes()
    said = held_out.read(labels)
    assert said.labels == info.labels and len(said.of(said.clips[0])) == np.count_nonzero(said.clip == 0) > 0
    result, trained = json.loads(figures.read_text()), json.loads((tmp_path / "tiny.evaluation.json").read_text())
    for key in ("macro_f1", "accuracy", "ece", "per_class", "baseline_macro_f1", "idle_false_per_10min", "n_windows"):
        assert result[key] == trained[key], key
    assert result["command"].startswith("./fitness evaluate --clips") and "http" not in page.read_text()
    assert "<svg" in page.read_text()
    assert (result["split"], result["folds"], result["n_sources"]) == ("leave-one-source-out", 2, 2)
    assert result["latency_ms"]["features"] > 0 and "--leave-one-source-out" in result["command"]
    assert (trained["folds_of_an_interrupted_run"], result["folds_of_an_interrupted_run"]) == (0, 2)
    assert not list((tmp_path / "cache/training").glob("*"))


def test_one_person_is_not_enough_to_test_on(tmp_path, monkeypatch):
    from exercise_classifier.training import command

    given_to_collect(monkeypatch, [take_of("curl")])
    with pytest.raises(InputError, match="2 or more"):
        command.train(["--clips", "clips.csv", "--out", str(tmp_path)])
    with pytest.raises(InputError, match="folder of a dataset, or --clips"):
        command.train(["--out", str(tmp_path)])


def test_groups_of_the_clips(data):
    rows = read_table(data("clips.csv"))
    groups = groups_of(rows)
    assert len(rows) == len(groups)
    owners = {}
    for row in rows:
        owner = row["source"].split("/")[0]
        assert owners.setdefault(owner, groups[row["file"]]) == groups[row["file"]]


def test_tuning_writes_a_configuration_that_train_takes(tmp_path, monkeypatch, capsys):
    from exercise_classifier.training import command
    from exercise_classifier.training.runs import tune

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(tune, "SIZES", {"temporal_convolution": (0.25,)})
    config, tuned = tmp_path / "tiny.yaml", tmp_path / "tuned.yaml"
    config.write_text("name: tiny\nfeatures: raw132\nwindows: 60\nsynthetic: 0\nfolds: 2\nepochs: 1\n")
    given = ["--clips", "clips.csv", "--config", str(config), "--jobs", "1"]
    assert command.train([*given, "--tune", "2", "--tuned", str(tuned)]) == 0
    result = json.loads(capsys.readouterr().out)
    found = load_config(str(tuned))
    assert found.network.kind == "temporal_convolution" and found.network.sizes[0] in {4, 8, 12, 16, 24}
    assert 5e-4 <= found.learning_rate <= 1e-2 and found.windows == 60 and found.name == "tiny"
    assert result["trials"] == 2 and result["loss"] > 0
    assert "--tune 2" in tuned.read_text() and found.folds == 2
    assert found.about.startswith("Chosen by held-out loss among 2 settings on folds of its own data")
    # What it names lies beside what it was found for, not beside what it found.
    (tmp_path / "seen.csv").write_text("take,start,end,exercise\n0,0,60,curl\n")
    config.write_text(config.read_text() + "stretches: seen.csv\n")
    (tmp_path / "out").mkdir()
    beside = tmp_path / "out" / "tuned.yaml"
    assert command.train([*given, "--leave-one-source-out", "--tune", "1", "--tuned", str(beside)]) == 0
    assert load_config(str(beside)).stretches.is_file() and load_config(str(beside)).folds == 0
    config.write_text("features: raw132\nwindows: 1\nsynthetic: 0\nfolds: 2\nepochs: 1\n")
    with pytest.raises(InputError, match="fold 1 of 2 has no window to fit to"):
        command.train([*given, "--tune", "1", "--tuned", str(tmp_path / "tuned.yaml")])
    with pytest.raises(InputError, match="--tune 0"):
        command.train([*given, "--tune", "0"])
    for folds_are_not_fitted in (["--tune", "1"], ["--evaluated", "any.json"]):
        with pytest.raises(InputError, match="--held-out is of folds"):
            command.train([*given, *folds_are_not_fitted, "--held-out", str(tmp_path / "labels.npz")])
    with pytest.raises(InputError, match="--tune fits no model"):
        command.train([*given, "--tune", "1", "--evaluated", "any.json"])
