"""Processes killed with SIGKILL at random moments, while a person exercises."""

import random
import time
from collections.abc import Callable

from fitness_bringup.faults.feed import missing
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault
from fitness_core.types import RepEvent, nanoseconds

TOPICS = {"rep_counter": "rep_state", "exercise_classifier": "exercise"}
AFTERMATH = 4.0
"""A repetition that ends so long after a fault may still suffer from it [s]."""


def counted(stage: Stage, before: int) -> list[RepEvent]:
    """End the feed; repetitions that are missing, or too many, since the first `before` events."""
    loops = stage.feed.end()
    last, _ = stage.feed.clip.at(stage.feed.number, stage.feed.start)
    stage.within(lambda: stage.notes.stamp >= last + stage.feed.shift + nanoseconds(8.0))
    heard = list(stage.notes.events.values())[before:]
    return missing(stage.feed.clip.repetitions(loops), stage.feed.start, heard)


def blame(stage: Stage, fault: Fault, lost: RepEvent) -> None:
    """A repetition that was lost to a fault, or told though there was none."""
    fault.reps_lost += 1
    fault.silent += not stage.notes.gap_over(lost)


def kills(stage: Stage, number: int, seed: int, progress: Callable[[str], None]) -> list[Fault]:
    """Kill counter or classifier so often at random moments; two rows."""
    chance = random.Random(seed)
    faults = {name: Fault(f"{name} killed -9") for name in TOPICS}
    done: list[tuple[float, str]] = []
    before = len(stage.notes.events)
    stage.feed.begin()
    stage.until(lambda: "rep_state" in stage.notes.times and "exercise" in stage.notes.times, "nothing is counted")
    for turn in range(number):
        time.sleep(chance.uniform(1.0, 4.0))
        name = chance.choices(list(TOPICS), (3, 1))[0]
        begun = time.monotonic()
        done.append((begun, name))
        took = stage.kill(stage.core, name, TOPICS[name])
        fault = faults[name]
        fault.injected += 1
        if took is not None:
            fault.times.append(took)
        fault.declared += stage.told(begun, f": {name}", "SIGKILL", patience=5.0)
        progress(f"kill {turn + 1} of {number}: {name}, back after {took if took is not None else float('nan'):.1f} s")
    for lost in counted(stage, before):
        moment = stage.feed.moment(lost.end)
        guilty = [name for when, name in done if when <= moment + AFTERMATH]
        blame(stage, faults[guilty[-1] if guilty else "rep_counter"], lost)
        progress(f"lost or too many: {lost.exercise} {(lost.turn - stage.feed.start) / 1e9:.1f} s into the clip")
    return [fault for fault in faults.values() if fault.injected]
