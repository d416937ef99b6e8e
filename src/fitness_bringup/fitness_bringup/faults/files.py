"""What can happen to files: the disk is full, a folder goes, a model or a bag is broken."""

import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

from fitness_bringup.composition.live import DEMO
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault
from fitness_bringup.supervision.supervisor import Program
from fitness_core.errors import InputError
from fitness_datasets.bags import BagReader

LIMIT_KB = 64
"""The disk is full after so much."""
CUTS = 20


def disk_full(stage: Stage) -> Fault:
    """A recorder whose files may not grow beyond a limit, which is what it sees of a full disk."""
    fault = Fault("disk full while recording", 1)
    bag = stage.folder / "full"
    program = stage.program("recorder", "fitness_datasets.recorder_node", "-p", f"bag:={bag}")
    limited = ["/bin/sh", "-c", f'ulimit -f {LIMIT_KB}; exec "$@"', "sh", *program.command]
    return _recorded(stage, fault, replace(program, command=limited, respawn=False), bag, gone=False)


def folder_gone(stage: Stage) -> Fault:
    """Somebody removes the folder that is recorded into."""
    fault = Fault("folder gone while recording", 1)
    bag = stage.folder / "gone"
    program = stage.program("recorder", "fitness_datasets.recorder_node", "-p", f"bag:={bag}")
    return _recorded(stage, fault, replace(program, respawn=False), bag, gone=True)


def _recorded(stage: Stage, fault: Fault, program: Program, bag: Path, gone: bool) -> Fault:
    """gone: the bag is removed once it is there."""
    stage.feed.begin()
    recorder = stage.run([program])
    if not gone:
        begun = time.monotonic()
    else:
        stage.until(lambda: any(bag.glob("*.mcap")), "the recorder does not start")
        time.sleep(1.0)
        begun = time.monotonic()
        shutil.rmtree(bag, ignore_errors=True)
    fault.declared += stage.told(begun, "/recorder", patience=30.0)
    now = time.monotonic()
    counting = stage.within(lambda: stage.notes.times.get("rep_state", 0.0) > now)
    alive = recorder["recorder"].process.poll() is None
    stage.end(recorder)
    stage.feed.cut()
    if alive and (gone or _readable(bag)):
        fault.back(counting)
    return fault


def _readable(bag: Path) -> bool:
    try:
        with BagReader(bag) as reader:
            return sum(1 for _ in reader.raw()) > 0
    except InputError:
        return False


def broken_model(stage: Stage) -> Fault:
    """The model file becomes nonsense, the classifier dies and cannot start; then the file is put back."""
    fault = Fault("model file broken, then mended", 1)
    good = stage.model.read_bytes()
    stage.feed.begin()
    now = time.monotonic()
    stage.until(lambda: stage.notes.times.get("exercise", 0.0) > now, "the classifier says nothing")
    begun = time.monotonic()
    stage.model.write_bytes(good[: len(good) // 3])
    stage.core["exercise_classifier"].process.kill()
    fault.declared += stage.told(begun, ": exercise_classifier", "exit code 2")
    stage.model.write_bytes(good)
    mended = time.monotonic()
    fault.back(stage.within(lambda: stage.notes.times.get("exercise", 0.0) > mended))
    stage.feed.cut()
    return fault


def truncated_bag(stage: Stage, seed: int) -> Fault:
    """A bag that ends anywhere: what it holds up to there is read, or one line says why not."""
    fault = Fault("bag truncated anywhere", CUTS)
    content = next(DEMO.glob("*.mcap")).read_bytes()
    cut = stage.folder / "cut.mcap"
    chance = random.Random(seed)
    for _ in range(CUTS):
        cut.write_bytes(content[: chance.randrange(len(content))])
        begun = time.monotonic()
        try:
            with BagReader(cut) as reader:
                sum(1 for _ in reader.poses())
                fault.declared += reader.recovered
        except InputError:
            fault.declared += 1
        fault.times.append(time.monotonic() - begun)
    return fault
