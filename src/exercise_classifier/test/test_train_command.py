"""`./fitness train` and `evaluate` as a lab calls them: two at once, mistakes, and what is told of them afterwards."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import training_packages
from exercise_takes import given_to_collect, takes_of_groups

from exercise_classifier.training.results.summary import NOT_ASKED_FOR, summary
from exercise_classifier.training.runs import experiment
from exercise_classifier.training.takes.takes import Stretch
from fitness_core.errors import InputError

training_packages.prepare()
EVALUATION = json.loads((Path(__file__).parents[1] / "models/exercise_lstm.evaluation.json").read_text())


def test_the_same_training_twice_at_once_is_refused(tmp_path, monkeypatch):
    from exercise_classifier.training import command
    from exercise_classifier.training.runs import evaluate, train
    from exercise_classifier.training.runs import tune as tuning

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    begun = []

    def never_ends(config, inputs, *_):
        begun.append(inputs.resume)
        with pytest.raises(InputError, match="being fitted to this data already"):
            again()
        raise KeyboardInterrupt

    shared = ["--clips", "clips.csv"]
    ways = {
        (train, "fit"): lambda: command.train([*shared, "--out", str(tmp_path)]),
        (evaluate, "evaluate"): lambda: command.evaluate(shared),
        (tuning, "tune"): lambda: command.train([*shared, "--tune", "1", "--tuned", str(tmp_path / "tuned.yaml")]),
    }
    for module, name in ways:
        monkeypatch.setattr(module, name, never_ends)
    for again in ways.values():
        for _ in ("killed", "goes on"):
            with pytest.raises(KeyboardInterrupt):
                again()
    assert begun[0] == begun[2] != begun[4], "train and evaluate keep the same folds"


def test_the_command_that_is_told_makes_the_same_model_in_the_same_place(tmp_path, monkeypatch):
    from exercise_classifier.training import command
    from exercise_classifier.training.runs import train

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    told = []

    def fitted(config, inputs, out, line, evaluated, held_out):
        told.append((config, inputs.clips, out, line))
        return EVALUATION

    monkeypatch.setattr(train, "fit", fitted)
    Path("my lab.yaml").write_text("name: mine\nseed: 7\n")
    command.train(["--clips", "my clips.csv", "--config", "my lab.yaml", "--out", "my models"])
    program, name, *arguments = shlex.split(told[0][-1])
    assert (program, name) == ("./fitness", "train")
    command.train(arguments)
    assert told[0] == told[1]
    command.train(["--clips", "clips.csv"])
    assert told[2][-1] == "./fitness train --clips clips.csv --out models"


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_a_folder_of_logs_that_cannot_be_is_refused_before_anything_is_fitted(tmp_path, name):
    from exercise_classifier.training import command

    (tmp_path / "file").touch()
    (tmp_path / "clips.csv").write_text("file,exercise\na.mp4,squat\n")
    arguments = ["--clips", str(tmp_path / "clips.csv"), "--logs", str(tmp_path / "file")]
    with pytest.raises(InputError, match=r"--logs .*/file cannot be made \(File exists\)"):
        getattr(command, name)(arguments + (["--out", str(tmp_path / "out")] if name == "train" else []))


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_a_table_of_stretches_that_is_none_is_refused_before_any_video_is_looked_at(tmp_path, monkeypatch, name):
    from exercise_classifier.training import command
    from exercise_classifier.training.data import dataset

    monkeypatch.setattr(dataset, "collect", lambda _: pytest.fail("looked at the videos"))
    (tmp_path / "clips.csv").write_text("file,exercise\na.mp4,squat\n")
    arguments = ["--clips", str(tmp_path / "clips.csv"), "--stretches", str(tmp_path / "nowhere.csv")]
    with pytest.raises(InputError, match=r"nowhere\.csv cannot be read"):
        getattr(command, name)(arguments + (["--out", str(tmp_path / "out")] if name == "train" else []))


def test_a_training_ends_with_a_screenful_and_the_files(tmp_path):
    said = summary(
        EVALUATION | {"not_shipped": {"curl": "0 sources to test on", "press": NOT_ASKED_FOR}}, [tmp_path / "a"]
    )
    assert len(said.splitlines()) < 24 and max(map(len, said.splitlines())) < 120
    assert f"macro F1 {EVALUATION['macro_f1']:.2f} [" in said
    assert f"squat{EVALUATION['per_class']['squat']['precision']:>21.2f}" in said
    assert "told as `other`: curl (0 sources to test on)" in said and "press (" not in said
    assert said.endswith(f"written: {tmp_path / 'a'}") and "one class only" not in said


def test_a_model_that_was_tested_on_one_class_is_not_called_perfect():
    lone = {"squat": EVALUATION["per_class"]["squat"], "other": EVALUATION["per_class"]["other"] | {"n_windows": 0}}
    assert "these figures say nothing" in summary(EVALUATION | {"per_class": lone}, [])
    assert "no take shows other or idle: the model names an exercise whatever" in summary(
        EVALUATION | {"per_class": lone}, []
    )
    assert "no take shows" not in summary(EVALUATION, [])


def test_a_network_is_timed_without_the_chatter_of_its_library():
    """Which comes once in a process, so that this is one of its own."""
    code = (
        "import numpy as np\n"
        "from exercise_classifier.classifier import default_model\n"
        "from exercise_classifier.features import N_FEATURES\n"
        "from exercise_classifier.training.models import litert\n"
        "litert.run(default_model().read_bytes(), np.zeros((1, 30, N_FEATURES)))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "INFO: Created" not in ran.stderr


def test_a_home_that_cannot_be_written_is_told_before_a_fold_is_fitted(tmp_path, monkeypatch):
    """No option names the folder of finished folds, which it was said to give."""
    from exercise_classifier.training import command

    (tmp_path / "home").touch()
    (tmp_path / "clips.csv").write_text("file,exercise\na.mp4,squat\n")
    monkeypatch.setattr(command, "_CACHE", tmp_path / "home" / ".cache")
    with pytest.raises(InputError, match=r"home/\.cache/.*finished folds .* cannot be made .*; give a home"):
        command.train(["--clips", str(tmp_path / "clips.csv"), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize("seed", ["-1", str(2**31)])
def test_a_seed_that_cannot_be_is_refused(tmp_path, seed):
    from exercise_classifier.training import command

    with pytest.raises(InputError, match="seed: Input should be"):
        command.train(["--clips", "clips.csv", "--out", str(tmp_path), f"--seed={seed}"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("min_source: 1", "min_source: there is no such field; did you mean 'min_sources'?"),
        ("labels: squat, other", "labels: Input should be a list: `[a, b]`"),
        ("network: {kinds: lstm}", "network.kinds: there is no such field; did you mean 'kind'?"),
        (
            "baseline: {systems: {old: {size: [3]}}}",
            "baseline.systems.old.size: there is no such field; did you mean 'sizes'?",
        ),
        ("network: gru", "network: Input should be fields and their values"),
        ("name: my-model", "name: Input should be of small letters, digits and _, as "),
    ],
)
def test_who_mistypes_a_configuration_is_told_what_to_write(tmp_path, line, says):
    from exercise_classifier.training.models.config import load_config

    (tmp_path / "my.yaml").write_text(f"{line}\n")
    with pytest.raises(InputError) as refused:
        load_config(str(tmp_path / "my.yaml"))
    assert str(refused.value).startswith(f"configuration {tmp_path / 'my.yaml'}: {says}")


def test_the_configuration_in_the_guide_for_a_new_exercise_is_one(tmp_path):
    from exercise_classifier.training.models.config import load_config

    guide = (Path(__file__).resolve().parents[3] / "docs" / "add-an-exercise.md").read_text()
    shown = guide.split("`my.yaml` is\n\n")[1].split("\n\n   and then:")[0]
    (tmp_path / "my.yaml").write_text(dedent(shown))
    config = load_config(str(tmp_path / "my.yaml"))
    assert (config.name, config.labels) == ("my", ("my_exercise", "other"))
    people = {line.split("--subject ")[1].split()[0] for line in guide.splitlines() if "--subject" in line}
    assert len(people) >= config.folds and "--exercise other,idle" in guide


def test_a_fold_with_nothing_to_fit_to_is_told(tmp_path, monkeypatch):
    from exercise_classifier.training import command

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    (tmp_path / "tiny.yaml").write_text("synthetic: 0\nfolds: 2\nwindows: 1\n")
    with pytest.raises(InputError, match="fold 1 of 2 has no window to fit to"):
        command.train(["--clips", "clips.csv", "--config", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path)])


@pytest.mark.parametrize("shows", ["too little of a body", "nobody who moves", "no exercise"])
def test_takes_that_cannot_be_tested_on_are_refused_before_a_fold_is_fitted(tmp_path, monkeypatch, capsys, shows):
    from exercise_classifier.training import command

    takes = takes_of_groups(6, 2)
    of = ("image", "world", "visibility")
    if shows == "too little of a body":
        short = [{name: getattr(take, name)[take.stamps < 0.5] for name in ("stamps", *of)} for take in takes]
        takes = [replace(take, **half) for take, half in zip(takes, short, strict=True)]
    elif shows == "no exercise":
        takes = [replace(take, stretches=(Stretch(0.0, 60.0, "other"),)) for take in takes]
    else:
        held = [{name: np.repeat(getattr(take, name)[:1], len(take.stamps), axis=0) for name in of} for take in takes]
        takes = [replace(take, **still) for take, still in zip(takes, held, strict=True)]
    given_to_collect(monkeypatch, takes)
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    (tmp_path / "tiny.yaml").write_text("synthetic: 2\nfolds: 2\nwindows: 60\nlabels: [curl, press, squat, other]\n")
    with pytest.raises(InputError, match=r"no window of an exercise can be tested on: none of 2 s holds 0\.6 s"):
        command.train(["--clips", "clips.csv", "--config", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path)])
    assert "fold" not in capsys.readouterr().err


def test_what_to_ask_for_of_few_people_is_told(tmp_path, monkeypatch):
    from exercise_classifier.training import command

    takes = [replace(take, exercise="squat" if take.group == "group 0" else "curl") for take in takes_of_groups(6, 2)]
    given_to_collect(monkeypatch, takes)
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    with pytest.raises(InputError, match=r"squat: 1 source to test on, 2 needed.*`min_test_sources` and `min_sources`"):
        command.train(["--clips", "clips.csv", "--out", str(tmp_path)])


def test_a_search_does_not_go_on_with_what_was_found_on_other_data(tmp_path, monkeypatch):
    from exercise_classifier.training import command
    from exercise_classifier.training.runs import tune

    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(tune, "SIZES", {"temporal_convolution": (0.25,)})
    # As if each were interrupted just before its end.
    monkeypatch.setattr(experiment, "forget", lambda _: None)
    tried, cross_validate = [], tune.cross_validate
    monkeypatch.setattr(tune, "cross_validate", lambda *given: tried.append(given) or cross_validate(*given))
    (tmp_path / "tiny.yaml").write_text("features: raw132\nwindows: 60\nsynthetic: 0\nfolds: 2\nepochs: 1\n")
    given = ["--clips", "clips.csv", "--config", str(tmp_path / "tiny.yaml"), "--jobs", "1", "--tune", "1"]
    takes = takes_of_groups(6, 2)
    for data, trials in ((takes, 1), (takes, 1), ([replace(take, image=take.image * 0.9) for take in takes], 2)):
        given_to_collect(monkeypatch, data)
        command.train([*given, "--tuned", str(tmp_path / "tuned.yaml")])
        assert len(tried) == trials


def test_what_was_fitted_is_kept_until_the_evaluation_is_written(tmp_path, monkeypatch):
    from exercise_classifier.training import command

    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    monkeypatch.setattr(command, "_CACHE", tmp_path / "cache")
    (tmp_path / "tiny.yaml").write_text(
        "features: raw132\nnetwork: {kind: temporal_convolution, sizes: [4]}\nwindows: 60\nsynthetic: 0\nfolds: 2\n"
        "epochs: 1\n"
    )
    given = ["--clips", "clips.csv", "--config", str(tmp_path / "tiny.yaml"), "--jobs", "1"]
    with pytest.raises(InputError, match="/dev/full cannot be written"):
        command.evaluate([*given, "--json", "/dev/full"])
    assert command.evaluate([*given, "--json", str(tmp_path / "evaluation.json")]) == 0
    assert json.loads((tmp_path / "evaluation.json").read_text())["folds_of_an_interrupted_run"] == 2
    assert not list((tmp_path / "cache/training").glob("*"))


def test_a_training_that_is_refused_leaves_no_folder(tmp_path):
    from exercise_classifier.training import command

    for out in (tmp_path / "new/models", tmp_path):
        with pytest.raises(InputError, match="is not a dataset"):
            command.train([str(tmp_path), "--out", str(out)])
    assert list(tmp_path.iterdir()) == []
