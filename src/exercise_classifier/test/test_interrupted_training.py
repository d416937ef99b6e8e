"""What an interrupted training kept is taken up by the same training only."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import training_packages
from exercise_clips import EXERCISES
from exercise_takes import given_to_collect, takes_of_groups

from exercise_classifier.training.data.folds import folds_of
from exercise_classifier.training.data.windows import Shape, all_windows, random_windows
from exercise_classifier.training.models import litert
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.runs import cross_validation, train
from exercise_classifier.training.runs.cross_validation import Places, Split
from exercise_classifier.training.runs.experiment import Inputs
from exercise_classifier.training.takes.takes import Take
from fitness_core.errors import InputError

training_packages.prepare()

ENDLESS = """
import sys
from pathlib import Path

import numpy as np
from exercise_clips import EXERCISES
from exercise_takes import takes_of_groups

from exercise_classifier.training.data.folds import folds_of
from exercise_classifier.training.data.windows import Shape, all_windows, random_windows
from exercise_classifier.training.models.config import TrainingConfig
from exercise_classifier.training.runs.cross_validation import Places, Split, cross_validate

if __name__ == "__main__":
    config = TrainingConfig(network={"kind": "temporal_convolution", "sizes": (4,)}, epochs=10**6, patience=0)
    takes = takes_of_groups(6, 3)
    pool = random_windows(takes, Shape(), dict.fromkeys(EXERCISES, 20), np.random.default_rng(1))
    checked = all_windows(takes, Shape())
    groups = np.array([take.group for take in takes])
    split = Split(folds_of(takes, 2, stopping=False), groups[pool.take], groups[checked.take])
    try:
        cross_validate(config, split, pool, checked, Places(Path(sys.argv[1]), jobs=2))
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_a_fold_of_sources_that_were_corrected_since_is_fitted_anew(tmp_path: Path) -> None:
    config = TrainingConfig(
        network={"kind": "temporal_convolution", "sizes": (4,)}, windows=60, epochs=1, folds=2, patience=0
    )
    takes = takes_of_groups(6, 3)
    pool = random_windows(takes, Shape(), dict.fromkeys(EXERCISES, 20), np.random.default_rng(1))
    checked = all_windows(takes, Shape())

    def finished_before(takes: list[Take]) -> int:
        groups = np.array([take.group for take in takes])
        split = Split(folds_of(takes, 2, stopping=False), groups[pool.take], groups[checked.take])
        return cross_validation.cross_validate(config, split, pool, checked, Places(tmp_path)).resumed

    assert [finished_before(takes), finished_before(takes)] == [0, 2]
    # The table said that they are three people, but two of them are one.
    corrected = [replace(take, group=takes[0].group) if take.group == takes[1].group else take for take in takes]
    assert finished_before(corrected) == 0


@contextmanager
def _endless(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A training with two folds at once, in its first epochs; it keeps what it has in the folder `folds`."""
    (script, folds), here = (folder / "endless.py", folder / "folds"), Path(__file__).parent
    script.write_text(ENDLESS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), *sys.path])}
    with subprocess.Popen(
        [sys.executable, script, folds],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as training:
        while len([*folds.glob("*.checkpoint")]) < 2:
            with pytest.raises(subprocess.TimeoutExpired):
                training.wait(0.2)
        yield training


def test_ctrl_c_is_answered_by_the_training_alone(tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches the processes of the folds too: a traceback of each hid what the command said."""
    with _endless(tmp_path) as training:
        os.killpg(training.pid, signal.SIGINT)
        said, errors = training.communicate(timeout=60)
    assert said == "interrupted\n"
    assert "Traceback" not in errors


def test_a_training_that_is_killed_leaves_the_disk_only_what_is_gone_on_with(tmp_path: Path) -> None:
    """The windows, half a gigabyte for the shipped model, stayed in ~/.cache for ever where nobody started it again."""
    with _endless(tmp_path) as training:
        os.kill(training.pid, signal.SIGKILL)
        training.communicate(timeout=60)
    assert not [*(tmp_path / "folds").glob("*.npy")]


def test_a_fit_of_another_evaluation_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of other folds, an evaluation may tell of fewer epochs than the interrupted fit has behind it."""
    given_to_collect(monkeypatch, takes_of_groups(6, 2))
    network = {"kind": "temporal_convolution", "sizes": (4,)}
    config = TrainingConfig(
        name="tiny", network=network, windows=60, synthetic=0, epochs=3, folds=2, patience=0, quantize="never"
    )

    def fit(place: str, evaluated: Path | None = None) -> Path:
        inputs = Inputs(tmp_path, tmp_path / "kept" / place, clips=tmp_path / "clips.csv")
        train.fit(config, inputs, tmp_path / place, "", evaluated)
        return tmp_path / place / "tiny.evaluation.json"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    many = fit("many")
    few = tmp_path / "few.json"
    few.write_text(json.dumps(json.loads(many.read_text()) | {"epochs": 1}))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(litert, "export", interrupted)
        fit("gone on", many)
    fit("gone on", few)
    fit("alone", few)
    models = [(tmp_path / place / "tiny.tflite").read_bytes() for place in ("many", "gone on", "alone")]
    assert models[0] != models[1] == models[2]


def test_a_disk_that_is_full_before_the_folds_is_one_line(tmp_path: Path) -> None:
    windows = all_windows(takes_of_groups(1, 1), Shape())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    on_full = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(InputError, match=r"windows cannot be written to .*; make room"), windows.shared(tmp_path):
            pytest.fail("was written")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, on_full)
    assert not [*tmp_path.iterdir()]
