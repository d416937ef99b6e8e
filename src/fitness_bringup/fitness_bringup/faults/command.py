"""`./fitness faults`: make every fault happen on this machine and tell what became of it."""

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from exercise_classifier.classifier import default_model
from fitness_bringup.composition.live import DEMO, set_environment
from fitness_bringup.faults import files, pictures, stream
from fitness_bringup.faults.book import Book, Given, beside
from fitness_bringup.faults.feed import Clip
from fitness_bringup.faults.kills import kills
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault, as_json, show
from fitness_bringup.replays.landmarks import landmarks_of
from fitness_camera.source_kinds import BAG
from fitness_core import paths
from fitness_core.command_line import check_kept, check_spares, check_writable, write_file
from fitness_core.errors import InputError

POSE_KILLS_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Options:
    """As on the command line.

    source: bag of landmarks, or what they are found in once (a video, a folder of pictures); None = the demo's.
    seed: 0 = another one each time. pace: of the person, 2 = double.
    json: written again after every kill and fault. resume: go on with the kills of a run that wrote there.
    """

    kills: int = 20
    source: Path | None = None
    model: Path | None = None
    json: str = ""
    seed: int = 0
    kills_only: bool = False
    pace: float = 1.0
    resume: bool = False


def run(options: Options) -> int:
    """Exit code: 0 where every fault was survived, 1 where one was not. Raises InputError."""
    if options.kills_only and not options.kills:
        raise InputError("--kills-only with --kills 0: nothing would be made to happen; give --kills a number above 0")
    if options.source is not None and not paths.given(options.source).exists():
        raise InputError(f"--source {options.source} is not there; give a video or a bag of landmarks, or none")
    if options.model is not None and not options.model.is_file():
        raise InputError(f"--model {options.model} is not there; give a .tflite of `./fitness train`, or none")
    if options.json not in ("", "-"):
        check_writable(Path(options.json))
        check_kept([options.model], Path(options.json))
        if options.source is not None:
            check_spares(options.source, Path(options.json))
    source, classifier = options.source or DEMO, options.model or default_model()
    book = _book(options, {"--source": Given.of(source), "--model": Given.of(classifier)})
    set_environment()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        model = Path(folder, "model.tflite")
        shutil.copyfile(classifier, model)
        if not BAG.matches(str(source)):
            console.print(f"finding the body in {source}", highlight=False, markup=False)
        clip = Clip(landmarks_of(source, Path(folder)), model)
        if not clip.repetitions(1):
            raise InputError(f"nothing is counted in {source}; give a recording of somebody who exercises")
        with Stage(Path(folder), clip, model, options.pace) as stage:
            faults = _all(stage, options, book, lambda line: console.print(line, highlight=False))
    if options.json == "-":
        print(json.dumps(as_json(faults), indent=1))
    else:
        show(faults, Console(width=max(100, Console().width)))
        _save(options, faults)
    bad = [fault.name for fault in faults if not fault.survived]
    if bad:
        print("not survived: " + ", ".join(bad), file=sys.stderr)
    return 1 if bad else 0


def _book(options: Options, given: dict[str, Given]) -> Book:
    file = beside(Path(options.json)) if options.json not in ("", "-") else None
    if options.resume:
        if file is None:
            raise InputError("--resume: name the file of the run to go on with by --json FILE")
        return Book.opened(file, given)
    return Book(options.seed or random.randrange(1, 2**31), given, file)


def _save(options: Options, faults: list[Fault]) -> None:
    if options.json not in ("", "-"):
        write_file(Path(options.json), json.dumps(as_json(faults), indent=1) + "\n")


def _all(stage: Stage, options: Options, book: Book, progress: Callable[[str], None]) -> list[Fault]:
    seed = book.seed
    progress(
        f"seed {seed}; a loop of {stage.feed.clip.length / 1e9:.0f} s, "
        f"{len(stage.feed.clip.repetitions(1))} repetitions"
    )
    faults = kills(stage, options.kills, book, progress, lambda rows: _save(options, rows))
    if options.kills_only:
        return faults
    steps = [
        lambda: stream.one_loop(stage, seed),
        lambda: [stream.lost_messages(stage)],
        lambda: [stream.clock_jumps(stage)],
        lambda: [files.broken_model(stage)],
        lambda: [files.disk_full(stage)],
        lambda: [files.folder_gone(stage)],
        lambda: [files.truncated_bag(stage, seed)],
        lambda: pictures.camera_and_pose(stage, max(2, round(options.kills * POSE_KILLS_SHARE)), seed),
    ]
    for step in steps:
        made = step()
        for fault in made:
            progress(f"{fault.name}: recovered {len(fault.times)} of {fault.injected}")
        faults += made
        _save(options, faults)
    return faults
