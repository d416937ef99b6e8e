"""`./fitness train` and `./fitness evaluate`: their options, and what is written and printed.

What fits is imported once the options are read: help and mistakes are answered at once, also where the packages for
training (TensorFlow, scikit-learn) are not installed.
"""

import argparse
import hashlib
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from exercise_classifier.training.data.folds import LEAVE_ONE_OUT
from exercise_classifier.training.models.config import Baseline, TrainingConfig, load_config
from exercise_classifier.training.results.summary import summary
from fitness_core import paths
from fitness_core.command_line import ArgumentParser, check_different, check_kept, check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.files import folder_for
from fitness_core.folder_lock import FolderLock

if TYPE_CHECKING:
    from exercise_classifier.training.runs.inputs import Inputs

_CACHE = Path.home() / ".cache/ros2_fitness"
_NUMBERS = ("folds", "epochs", "seed", "windows", "synthetic")
_OVERRIDES = {"name": str, **dict.fromkeys(_NUMBERS, int), "stretches": Path}


def train(arguments: list[str]) -> int:
    """Fit and export a model, or search for a configuration (--tune); prints a summary of its evaluation.

    Returns the exit code 0. Raises InputError for bad input, SystemExit after help.
    """
    parser = _shared_options("fitness train", "Fit the exercise classifier to labelled takes.")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of the model (default: models)")
    parser.add_argument(
        "--evaluated",
        type=Path,
        metavar="JSON",
        help="the <name>.evaluation.json of an earlier run on the same data: fit the model only, no folds",
    )
    _add_held_out(parser)
    parser.add_argument("--tune", type=int, metavar="N", help="fit nothing: try N settings, write the best")
    parser.add_argument("--tuned", type=Path, default=Path("tuned.yaml"), help="where --tune writes its configuration")
    given = parser.parse_args(arguments)
    config = _configuration(given)
    if given.held_out is not None:
        if given.tune is not None or given.evaluated is not None:
            raise InputError(
                "--held-out is of folds, which --tune and --evaluated do not fit; leave it out, or give it to evaluate"
            )
        check_writable(given.held_out)
        check_kept(_read(given, config), given.held_out)
        check_different(given.held_out, *_files(given.out, config.name))
    if given.tune is not None:
        if given.evaluated is not None:
            raise InputError("--tune fits no model that --evaluated could tell of; give one of them")
        check_writable(given.tuned)
        check_kept(_read(given, config), given.tuned)
        if given.tune < 1:
            raise InputError(f"--tune {given.tune}: give how many settings to try, 1 or more")
    elif paths.given(given.out).exists() and not given.out.is_dir():
        raise InputError(f"--out {given.out} is a file; give the folder of the model")
    else:
        with _model_folder(given.out, config.name):
            return _fit(given, config)
    return _tune(given, config)


def _tune(given: argparse.Namespace, config: TrainingConfig) -> int:
    _check_data(given, config)
    with _packages():
        from exercise_classifier.training.runs.tune import tune
    # A search is no part of a training that was interrupted.
    command = f"{_command_line(given, 'train')} --tune {given.tune}"
    inputs = _inputs(given, config, "-tune")
    with _alone(inputs.resume):
        print(json.dumps(tune(config, inputs, given.tune, given.tuned, command), indent=1))
    return 0


def _fit(given: argparse.Namespace, config: TrainingConfig) -> int:
    _check_data(given, config)
    command = _command_line(given, "train")
    with _packages():
        from exercise_classifier.training.runs.train import fit
    # The folds that an interrupted training has kept are not those of a fit alone to remove.
    inputs = _inputs(given, config, "" if given.evaluated is None else "-fit")
    if given.evaluated is not None:
        command += f" --evaluated {shlex.quote(os.path.relpath(given.evaluated))}"
    with _alone(inputs.resume):
        result = fit(config, inputs, given.out, command, given.evaluated, given.held_out)
    print(summary(result, _files(given.out, config.name)))
    return 0


def _add_held_out(parser: ArgumentParser) -> None:
    parser.add_argument("--held-out", type=Path, help="write the labels for `evaluate counts --held-out` (.npz)")


@contextmanager
def _model_folder(out: Path, name: str) -> Iterator[None]:
    """Before hours of fitting, not after them; where these fail, no empty one is left.

    Raises InputError where the model could not be written.
    """
    with folder_for(out):
        check_writable(*_files(out, name))
        yield


def _files(out: Path, name: str) -> list[Path]:
    return [out / f"{name}{suffix}" for suffix in (".tflite", ".evaluation.json", ".card.md")]


def evaluate(arguments: list[str]) -> int:
    """Evaluate a configuration on sources that it has not seen; prints it as JSON unless --json names a file.

    Returns the exit code 0. Raises InputError for bad input, SystemExit after help.
    """
    parser = _shared_options("fitness evaluate", "Say how a model does on people it has not seen.")
    parser.add_argument("--json", type=Path, help="write the evaluation as JSON (default: standard output)")
    parser.add_argument("--html", type=Path, help="write it as one page with plots")
    _add_held_out(parser)
    given = parser.parse_args(arguments)
    check_writable(given.json, given.html, given.held_out)
    check_different(given.json, given.html, given.held_out)
    config = _configuration(given)
    check_kept(_read(given, config), given.json, given.html, given.held_out)
    _check_data(given, config)
    with _packages():
        from exercise_classifier.training.results.page import page
        from exercise_classifier.training.runs import evaluate as evaluation
        from exercise_classifier.training.runs import experiment
    inputs = _inputs(given, config)
    with _alone(inputs.resume):
        result = evaluation.evaluate(config, inputs, _command_line(given, "evaluate"), given.held_out)
        text = json.dumps(result, indent=1) + "\n"
        if given.html is not None:
            write_file(given.html, page(result))
        if given.json is not None:
            write_file(given.json, text)
        else:
            print(text, end="", flush=True)
        # Not before: where the disk is full, hours of fitting would be gone.
        experiment.forget(inputs)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raises InputError where another program fits the same to the same data: both would keep folds in `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}, where finished folds are kept, cannot be made ({error.strerror}); "
            "give a home that can be written, as HOME=/tmp ./fitness ..."
        ) from None
    with FolderLock(folder, "this configuration is being fitted to this data already; wait for its end"):
        try:
            yield
        finally:
            # Where nothing was kept.
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def _packages() -> Iterator[None]:
    """Raises InputError where a package for training is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        what = "the packages for training (group `train` of pyproject.toml), which ./fitness train installs"
        raise InputError(f"{error.name} is not installed; it is one of {what}") from None


def _shared_options(program: str, description: str) -> ArgumentParser:
    parser = ArgumentParser(prog=program, description=description)
    parser.add_argument("--clips", type=Path, help="clips.csv beside its videos")
    parser.add_argument("--data", type=Path, help="folder that `./fitness dataset` wrote")
    parser.add_argument("--config", help="YAML file, or the name of one that ships (default: the shipped model's)")
    parser.add_argument("--cache", type=Path, default=_CACHE / "poses", help="folder of extracted landmarks")
    parser.add_argument("data_folder", metavar="DIR", type=Path, nargs="?", help="the same as --data DIR")
    parser.add_argument(
        "--leave-one-source-out", action="store_true", help="every source a fold of its own (--folds 0)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="folds at a time (default: the cores)")
    parser.add_argument("--logs", type=Path, help="folder for TensorBoard")
    parser.add_argument(
        "--baseline",
        action="store_true",
        help="also fit the existing system's two networks on the same folds (grouped ones with --leave-one-source-out)",
    )
    for name, kind in _OVERRIDES.items():
        parser.add_argument(f"--{name}", type=kind, help="instead of the configuration's")
    return parser


def _configuration(given: argparse.Namespace) -> TrainingConfig:
    """The configuration with what the options overrule. Raises InputError, also for options that contradict."""
    if given.data_folder is not None and given.data is not None:
        raise InputError("two datasets are given; give one, as DIR or with --data DIR")
    given.data = given.data or given.data_folder
    if (given.clips is None) == (given.data is None):
        raise InputError("give the folder of a dataset, or --clips clips.csv, one of both")
    if given.jobs < 1:
        raise InputError(f"--jobs {given.jobs}: 1 or more folds are fitted at a time")
    if given.leave_one_source_out:
        if given.folds:
            raise InputError(f"--leave-one-source-out and --folds {given.folds} contradict each other; give one")
        given.folds = LEAVE_ONE_OUT
    overrides = {name: value for name in _OVERRIDES if (value := getattr(given, name)) is not None}
    config = load_config(given.config, **overrides)
    if given.baseline and config.baseline is None:
        config = config.model_copy(update={"baseline": Baseline.model_validate({})})
    return config


def _read(given: argparse.Namespace, config: TrainingConfig) -> list[Path | None]:
    """What is given to be read: files, and the folder of a dataset."""
    return [given.clips, given.data, config.stretches, Path(given.config) if given.config else None]


def _check_data(given: argparse.Namespace, config: TrainingConfig) -> None:
    """Raise InputError for no tables, no dataset or no folder for logs, before TensorFlow takes ten seconds to load."""
    _check_logs(given.logs)
    from exercise_classifier.training.data.dataset import left_out
    from exercise_classifier.training.takes.readers import read_table
    from exercise_classifier.training.takes.takes import read_stretches

    if config.stretches is not None:
        read_stretches(config.stretches)
    if given.data is not None:
        left_out(given.data)
    else:
        read_table(given.clips)


def _check_logs(logs: Path | None) -> None:
    """As `_model_folder`; TensorFlow itself finds out when all windows are cut."""
    try:
        if logs is not None:
            paths.given(logs).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--logs {logs} cannot be made ({error.strerror}); give another folder") from None


def _inputs(given: argparse.Namespace, config: TrainingConfig, kind: str = "") -> "Inputs":
    """Where the takes are, and where an interrupted run of this kind keeps what is finished."""
    from exercise_classifier.training.runs.inputs import Inputs

    run = f"{config.model_dump_json(exclude={'about'})} {(given.clips or given.data).resolve()}"
    resume = _CACHE / "training" / (hashlib.sha256(run.encode()).hexdigest()[:16] + kind)
    return Inputs(given.cache, resume, given.clips, given.data, given.logs, given.jobs)


def _command_line(given: argparse.Namespace, name: str) -> str:
    """The command line that gives the same result; paths relative to where it runs."""
    source = ("--clips", os.path.relpath(given.clips)) if given.clips else ("--data", os.path.relpath(given.data))
    words = ["./fitness", name, *source]
    for option in ("config", *_OVERRIDES):
        value = getattr(given, option)
        if value is not None and not (option == "folds" and given.leave_one_source_out):
            words += [f"--{option}", str(value)]
    words += [f"--{flag.replace('_', '-')}" for flag in ("leave_one_source_out", "baseline") if getattr(given, flag)]
    if name == "train" and given.tune is None:
        words += ["--out", os.path.relpath(given.out)]
    return shlex.join(words)
