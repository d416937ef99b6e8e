"""What the stages say of a recording, collected moment by moment, and the report of it. Free of ROS."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from fitness_bringup.analysis.footage import Footage
from fitness_bringup.analysis.pipeline import Moment
from fitness_bringup.analysis.report import Report, repetitions_of, segments_of
from fitness_camera.source_kinds import shown
from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.types import NANOSECONDS, SET_BACK, Classification, Pose, RepEvent, SetSummary
from rep_counter.body.signals import Reading

CLOCK_WAS_SET = 60.0
"""Stamps further apart than this [s] say nothing of the rate."""

Told = TypeVar("Told", Classification, RepEvent, SetSummary)


@dataclass(slots=True)
class Found:
    """Everything that was said so far. readings: of the signal of every exercise, per frame. last: the newest pose.

    Stamps are those of the recording up to where they go back, by a clock that was set or in a recording of a loop;
    from there on they go on from the frame before, so that what was done later is later.
    """

    timeline: list[Classification] = field(default_factory=list)
    events: list[RepEvent] = field(default_factory=list)
    summaries: list[SetSummary] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    readings: list[Sequence[Reading]] = field(default_factory=list)
    with_body: int = 0
    last: Pose | None = None
    _newest: int | None = None  # stamp as the counter has it [ns]: what is a little older than it is nothing new
    _set_back: int = 0  # by so much in all [ns]

    def add(self, moment: Moment) -> None:
        """The moment of a frame."""
        # Where stamps go back the counter first tells what it knows of before.
        self.decided(moment)
        stamp = moment.pose.stamp
        if self._newest is not None and stamp < self._newest - SET_BACK:
            self._set_back += self._newest - stamp
            self._newest = stamp
        self._newest = max(stamp, self._newest or stamp)
        if moment.new and moment.classification is not None:
            self.timeline.append(_later(moment.classification, self._set_back))
        self.last = moment.pose
        self.stamps.append(stamp + self._set_back)
        self.with_body += moment.pose.tracked
        self.readings.append(moment.readings)

    def decided(self, moment: Moment) -> None:
        """What the counter decided at a moment; an interruption in no exercise is of no repetition."""
        self.events.extend(_later(event, self._set_back) for event in moment.events if event.exercise)
        self.summaries.extend(_later(summary, self._set_back) for summary in moment.summaries)

    def report(
        self, source: str, recording: Footage, catalogue: Catalogue, window: float, versions: dict[str, str | None]
    ) -> Report:
        """The report of it all. window: duration of the classifier's [s], 0 without one."""
        origin, frames = self.stamps[0], len(self.stamps)
        steps = np.diff(np.array(self.stamps, np.int64)) / NANOSECONDS
        # Where the clock was set the way there is no time.
        duration = float(steps[steps > 0].sum())
        usual = steps[(steps > 0) & (steps < CLOCK_WAS_SET)]
        return Report(
            source=paths.as_text(shown(source)),
            duration_s=duration,
            fps=len(usual) / float(usual.sum()) if len(usual) else float("nan"),
            frames=frames,
            frames_with_body=self.with_body,
            frames_undecoded=recording.undecoded(),
            unfinished=recording.unfinished,
            segments=segments_of(self.summaries, self.timeline, catalogue, origin, window),
            reps=repetitions_of(self.events, catalogue, origin),
            versions=versions,
        )


def _later(told: Told, by: int) -> Told:
    """The same at stamps that are later by so much [ns]."""
    if not by:
        return told
    if isinstance(told, Classification):
        return replace(told, stamp=told.stamp + by, window_start=told.window_start + by)
    moved = replace(told, stamp=told.stamp + by, start=told.start + by, end=told.end + by)
    if isinstance(moved, RepEvent):
        # 0 is "not measured" of the pause.
        still, left = (at and at + by for at in (moved.turn_start, moved.turn_end))
        moved = replace(moved, turn=moved.turn + by, turn_start=still, turn_end=left)
    return moved
