"""The stages in one loop, free of ROS: frames ahead of poses, poses to exercise and repetitions."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from exercise_classifier.classifier import ExerciseClassifier
from fitness_core.heaps import keep_freed
from fitness_core.types import Classification, JointAngles, Pose, RepEvent, RepState, SetSummary
from rep_counter.body.signals import Reading
from rep_counter.counter import CounterOutput, RepCounter

Item = TypeVar("Item")
Labels = Callable[[], list[Classification | None]]
"""Waits for what the classifier says at each of some poses."""

BLOCK = 256
"""Recorded poses that are taken at once."""


@dataclass(slots=True)
class Moment:
    """What the stages know at one pose.

    classification: the newest; `new` tells whether it was made at this pose. events, summaries: decided at this pose.
    readings: of every exercise of the catalogue what its signal is at this pose, a `Reading` of
    `rep_counter.body.signals`.
    """

    pose: Pose
    angles: JointAngles
    state: RepState
    classification: Classification | None
    new: bool
    events: list[RepEvent]
    summaries: list[SetSummary]
    readings: Sequence[Reading] = ()


class Pipeline:
    """Pose -> Moment, in the order of the graph: classifier, then counter.

    classifier: None where the counter was told the exercise.
    """

    def __init__(self, classifier: ExerciseClassifier | None, counter: RepCounter) -> None:
        self._classifier = classifier
        self._counter = counter
        self._classification: Classification | None = None

    def step(self, pose: Pose) -> Moment:
        """The next pose, in the order of stamps."""
        return self.steps([pose])[0]

    def steps(self, poses: Sequence[Pose]) -> list[Moment]:
        """The same for many poses, which costs a third per pose: what is measured is measured for all at once."""
        return self._moments(poses, self._begin(poses)())

    def through(self, poses: Iterable[Pose]) -> Iterator[Moment]:
        """The moments of a recording's poses, which are taken in blocks."""
        keep_freed()
        poses, before, labels = iter(poses), [], None
        # The classifier's network has the next block while this one is counted.
        while block := list(islice(poses, BLOCK)):
            begun = self._begin(block)
            if labels is not None:
                yield from self._moments(before, labels())
            before, labels = block, begun
        if labels is not None:
            yield from self._moments(before, labels())

    def _begin(self, poses: Sequence[Pose]) -> Labels:
        if self._classifier is None:
            return lambda: [None] * len(poses)
        return self._classifier.begin(poses)

    def _moments(self, poses: Sequence[Pose], labels: Sequence[Classification | None]) -> list[Moment]:
        moments = []
        outputs = self._counter.steps(poses, labels, bouts=False)
        for pose, new, output in zip(poses, labels, outputs, strict=True):
            self._classification = new or self._classification
            moments.append(self._moment(pose, output, new is not None))
        return moments

    def finish(self, pose: Pose) -> Moment:
        """The end of the stream, whose last pose was `pose`: what was pending is decided."""
        return self._moment(pose, self._counter.finish(), False)

    def _moment(self, pose: Pose, output: CounterOutput, new: bool) -> Moment:
        return Moment(
            pose,
            output.angles,
            output.state,
            self._classification,
            new,
            output.events,
            output.summaries,
            output.readings,
        )


def ahead(items: Iterable[Item], depth: int = 8) -> Iterator[Item]:
    """The same items in the same order, taken by a thread that runs at most `depth` items ahead.

    An error of `items` is raised here, after the items before it. Closing this iterator ends the thread.
    """
    waiting: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(depth)
    closed = threading.Event()

    def put(is_item: bool, value: Item | BaseException | None) -> bool:
        while not closed.is_set():
            try:
                waiting.put((is_item, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def take() -> None:
        try:
            for item in items:
                if not put(True, item):
                    return
        except Exception as error:
            put(False, error)
        else:
            put(False, None)

    thread = threading.Thread(target=take, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            is_item, value = waiting.get()
            if is_item:
                yield value  # type: ignore[misc]
            elif value is None:
                return
            else:
                raise value  # type: ignore[misc]
    finally:
        closed.set()
        thread.join()
