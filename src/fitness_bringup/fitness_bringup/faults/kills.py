"""Processes killed with SIGKILL at random moments, while a person exercises."""

import random
import time
from collections.abc import Callable

from fitness_bringup.faults.feed import missing
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault
from fitness_core.types import RepEvent, nanoseconds

TOPICS = {"rep_counter": "rep_state", "exercise_classifier": "exercise"}
AFTERMATH = nanoseconds(4.0)
"""A repetition that ends so long after a fault may still suffer from it [ns]."""


def counted(stage: Stage, before: int) -> list[RepEvent]:
    """End the feed; repetitions that are missing, or too many, since the first `before` events."""
    loops = stage.feed.end()
    last, _ = stage.feed.clip.at(stage.feed.number, stage.feed.start)
    stage.within(lambda: stage.notes.stamp >= last + stage.feed.shift + nanoseconds(8.0))
    heard = list(stage.notes.events.values())[before:]
    return missing(stage.feed.clip.repetitions(loops), stage.feed.start, heard)


def kills(stage: Stage, number: int, seed: int, progress: Callable[[str], None]) -> list[Fault]:
    """Kill counter or classifier so often at random moments; two rows."""
    chance = random.Random(seed)
    faults = {name: Fault(f"{name} killed -9") for name in TOPICS}
    done: list[tuple[int, str]] = []
    before = len(stage.notes.events)
    stage.feed.begin()
    stage.until(lambda: "rep_state" in stage.notes.times and "exercise" in stage.notes.times, "nothing is counted")
    for turn in range(number):
        time.sleep(chance.uniform(1.0, 4.0))
        name = chance.choices(list(TOPICS), (3, 1))[0]
        done.append((time.time_ns(), name))
        begun = time.monotonic()
        took = stage.kill(stage.core, name, TOPICS[name])
        fault = faults[name]
        fault.injected += 1
        if took is not None:
            fault.times.append(took)
        told = stage.within(lambda name=name, begun=begun: stage.notes.declared(begun, f": {name}", "SIGKILL"), 5.0)
        fault.declared += told is not None
        progress(f"kill {turn + 1} of {number}: {name}, back after {took if took is not None else float('nan'):.1f} s")
    for lost in counted(stage, before):
        guilty = [name for when, name in done if when <= lost.end + AFTERMATH]
        faults[guilty[-1] if guilty else "rep_counter"].reps_lost += 1
        progress(f"lost or too many: {lost.exercise} at {(lost.turn - stage.feed.start) / 1e9:.1f} s, {lost.set_index}")
    return [fault for fault in faults.values() if fault.injected]
