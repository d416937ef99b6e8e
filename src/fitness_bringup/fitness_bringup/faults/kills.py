"""Processes killed with SIGKILL at random moments, while a person exercises."""

import random
import time
from collections.abc import Callable

from fitness_bringup.faults.book import Book, Kill, Loss
from fitness_bringup.faults.feed import MATCH, missing
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault
from fitness_core.types import RepEvent, nanoseconds, seconds

TOPICS = {"rep_counter": "rep_state", "exercise_classifier": "exercise"}
AFTERMATH = 4.0
"""A repetition that ends so long after a fault may still suffer from it [s]."""
REST = (1.0, 4.0)
"""After a program is back it is left alone for so long, at random [s]."""
_SETTLED = nanoseconds(25.0)  # by then every repetition is decided, whatever was killed meanwhile


def counted(stage: Stage, before: int) -> list[RepEvent]:
    """End the feed; repetitions that are missing, or too many, since the first `before` events."""
    loops = stage.feed.end()
    last, _ = stage.feed.clip.at(stage.feed.number, stage.feed.start)
    stage.within(lambda: stage.notes.stamp >= last + stage.feed.shift + nanoseconds(8.0))
    heard = list(stage.notes.events.values())[before:]
    return missing(stage.feed.clip.repetitions(loops), stage.feed.start, heard)


def so_far(stage: Stage, before: int) -> list[RepEvent]:
    """As `counted`, while the feed goes on: of what should be decided by now."""
    horizon, start = stage.notes.stamp - _SETTLED, stage.feed.start
    loops = stage.feed.number // len(stage.feed.clip.messages) + 1
    known = [repetition for repetition in stage.feed.clip.repetitions(loops) if repetition.turn + start < horizon]
    heard = [event for event in list(stage.notes.events.values())[before:] if event.turn < horizon]
    return [lost for lost in missing(known, start, heard) if lost.turn < horizon - MATCH]


def blame(stage: Stage, fault: Fault, lost: RepEvent) -> None:
    """A repetition that was lost to a fault, or told though there was none."""
    fault.reps_lost += 1
    fault.silent += not stage.notes.gap_over(lost)


def kills(
    stage: Stage, number: int, book: Book, progress: Callable[[str], None], save: Callable[[list[Fault]], None]
) -> list[Fault]:
    """Kill counter or classifier at random moments until the book has so many kills; a row for each.

    save: called with the rows so far after every kill.
    """
    chance = random.Random(book.seed)
    plan = [(chance.uniform(*REST), chance.choices(list(TOPICS), (3, 1))[0]) for _ in range(number)]
    first = len(book.kills)
    before = len(stage.notes.events)
    stage.feed.begin()
    stage.until(lambda: "rep_state" in stage.notes.times and "exercise" in stage.notes.times, "nothing is counted")

    def settle(lost: list[RepEvent]) -> None:
        book.settle([_loss(stage, book.kills[first:], event) for event in lost])
        save(book.faults())

    for rest, name in plan[first:]:
        time.sleep(rest)
        begun = time.monotonic()
        took = stage.kill(stage.core, name, TOPICS[name])
        declared = stage.told(begun, f": {name}", "SIGKILL", patience=5.0)
        book.kills.append(Kill(name, begun, took, declared))
        settle(so_far(stage, before))
        after = f"back after {took:.1f} s" if took is not None else "not back"
        progress(f"kill {len(book.kills)} of {number}: {name}, {after}; lost so far: {len(book.losses)}")
    settle(counted(stage, before))
    for loss in book.losses:
        progress(f"lost or too many: {loss.exercise} {loss.turn:.1f} s into the clip")
    return book.faults()


def _loss(stage: Stage, done: list[Kill], lost: RepEvent) -> Loss:
    moment = stage.feed.moment(lost.end)
    guilty = [kill.name for kill in done if kill.moment <= moment + AFTERMATH]
    guilty = guilty or [kill.name for kill in done[:1]] or ["nobody"]
    turn = round(seconds(lost.turn - stage.feed.start), 2)
    return Loss(guilty[-1], lost.exercise, turn, not stage.notes.gap_over(lost))
