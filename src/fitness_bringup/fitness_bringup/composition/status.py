"""What a subscriber of the graph sees: the source of the live status line and of the summary at the end."""

import contextlib
import math
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from rclpy.node import Node
from rclpy.serialization import deserialize_message

from fitness_core.catalogue import Catalogue
from fitness_core.ros import qos, timers
from fitness_core.ros.serialized import stamp_of
from fitness_core.types import SILENT, Phase, seconds
from fitness_msgs.msg import ExerciseClassification, RepEvent, RepState, SetSummary

RATE_WINDOW = 30
"""Poses over whose stamps the rate is taken."""
TERMINAL_PERIOD, LOG_PERIOD = 0.2, 5.0
"""Between status lines on a terminal, and elsewhere [s]."""
CLEAR = "\r\033[K"
"""Clears the line of a terminal."""
SETS = 200
"""Sets that the summary at the end tells of: a graph that runs for weeks must not hold them all."""


class Status(Node):
    """Listens to the results of the graph. Nothing in it knows the other nodes; it is what any subscriber could be."""

    def __init__(self, name: str = "status", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        # Read when the line is asked for, and not at every pose.
        self._classification: bytes | None = None
        self._state: bytes | None = None
        self.repetitions: dict[str, int] = {}
        """Counted repetitions of each exercise so far, in the order in which they were first done."""
        self.sets: deque[SetSummary] = deque(maxlen=SETS)
        self.poses = 0
        self._stamps: deque[int] = deque(maxlen=RATE_WINDOW)
        self._came = -math.inf
        self.create_subscription(RepState, "rep_state", self._take_state, qos.STREAM, raw=True)
        self.create_subscription(ExerciseClassification, "exercise", self._take_classification, qos.STREAM, raw=True)
        for kind, topic, callback, profile in (
            (RepEvent, "rep_event", self._take_repetition, qos.EVENTS),
            (SetSummary, "set_summary", self._take_set, qos.STREAM),
        ):
            self.create_subscription(kind, topic, callback, profile)

    @property
    def stamp(self) -> int:
        """Stamp of the newest pose that went through the whole graph [ns]; -1 before the first."""
        return self._stamps[-1] if self._stamps else -1

    @property
    def rate(self) -> float:
        """Poses per second of their stamps, while they come."""
        if len(self._stamps) < 2 or self.silence > SILENT or self._stamps[-1] <= self._stamps[0]:
            return 0.0
        return (len(self._stamps) - 1) / seconds(self._stamps[-1] - self._stamps[0])

    @property
    def silence(self) -> float:
        """How long ago the last pose came [s]; infinite before the first."""
        return time.monotonic() - self._came

    def line(self) -> str:
        """The state of the graph in one line."""
        parts = [f"{self.rate:4.1f} fps"]
        kept = self._classification
        seen = deserialize_message(kept, ExerciseClassification) if kept is not None else None
        if not self._stamps:
            parts.append("no pictures yet")
        elif self.silence > SILENT:
            parts.append(f"no new pictures for {self.silence:.0f} s")
        elif seen is None or seen.status == ExerciseClassification.STATUS_WARMING_UP:
            parts.append("warming up")
        elif seen.status == ExerciseClassification.STATUS_NO_BODY:
            parts.append("nobody in view")
        else:
            doubt = "" if seen.status == ExerciseClassification.STATUS_OK else "?"
            parts.append(f"{seen.label}{doubt} {seen.confidence:.2f}")
        state = deserialize_message(self._state, RepState) if self._state is not None else None
        if state is not None and state.exercise:
            phase = Phase(state.phase).name.lower() if self.silence <= SILENT else ""
            parts.append(f"{state.exercise} {phase}".rstrip())
            parts.append(f"set {state.set_index}: {state.count}")
        counts = ", ".join(f"{name} {count}" for name, count in self.repetitions.items())
        parts.append(f"repetitions: {counts or 0}")
        return " | ".join(parts)

    def _take_classification(self, cdr: bytes) -> None:
        self._classification = cdr

    def _take_repetition(self, message: RepEvent) -> None:
        if message.status == RepEvent.STATUS_COUNTED:
            self.repetitions[message.exercise] = self.repetitions.get(message.exercise, 0) + 1

    def _take_set(self, message: SetSummary) -> None:
        self.sets.append(message)

    def _take_state(self, cdr: bytes) -> None:
        self._state = cdr
        self.poses += 1
        self._stamps.append(stamp_of(cdr))
        self._came = time.monotonic()


class StatusLine:
    """The state of the graph on stderr: one line that changes on a terminal, else a line now and then.

    counts: as `print_summary` has them, asked for at every line.
    """

    def __init__(self, status: Status, counts: Callable[[], dict[str, int]]) -> None:
        self._status = status
        self._counts = counts
        self._terminal = sys.stderr.isatty()
        self._timer = timers.steady(status, TERMINAL_PERIOD if self._terminal else LOG_PERIOD, self._show)

    def end(self) -> None:
        """Clear it away."""
        self._timer.cancel()
        if self._terminal:
            tell(CLEAR)

    def _show(self) -> None:
        line = self._status.line()
        if counts := self._counts():
            line += f" | drops {sum(counts.get(kind, 0) for kind in ('lost', 'replaced', 'refused', 'failed'))}"
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            tell(f"{CLEAR}{line[:width]}")
        else:
            tell(f"{line}\n")


def tell(text: str, stream: TextIO | None = None) -> None:
    """Write to a stream, stderr. Where nobody reads it any more (`| head`), or its disk is full, the graph goes on."""
    stream = stream or sys.stderr
    with contextlib.suppress(OSError):
        stream.write(text)
        stream.flush()


def print_summary(status: Status, counts: dict[str, int], exercises: Catalogue) -> None:
    """The sets as they were published, the totals, and what became of the frames (`Graph.counts`; empty: not known)."""
    # Here: a graph need not wait for what prints tables.
    from rich.console import Console

    from fitness_bringup.tables.terminal import reach, table

    console = Console()
    sets = [summary for summary in status.sets if summary.repetitions]
    if sets:
        rows = table("set", "repetitions", "rejected", "mean duration [s]", "mean range", names=True)
        for summary in sets:
            mean = summary.range_of_motion_mean
            by_joint = summary.exercise not in exercises or exercises[summary.exercise].joint is not None
            rows.add_row(
                summary.exercise,
                str(summary.repetitions),
                str(summary.rejected),
                "" if math.isnan(summary.duration_mean) else f"{summary.duration_mean:.1f}",
                reach(math.degrees(mean), math.nan) if by_joint else reach(math.nan, mean),
            )
        console.print(rows)
    totals = ", ".join(f"{name} {count}" for name, count in status.repetitions.items())
    console.print(f"repetitions: {totals or 0}")
    if counts:
        console.print("frames: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
