"""A counter's node over a crash: what is published is kept; who is started again goes on from it."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from fitness_core.ros import messages, qos, timers
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.state import state_file
from fitness_core.ros.topics.catch_up import CatchUp, Heard, usable
from fitness_core.types import Reason
from fitness_msgs import msg
from rep_counter.counter import CounterOutput, RepCounter
from rep_counter.resume import Resumed, needed, resume
from rep_counter.sets.memory import Memory, MemoryFile

_TOPICS = {"body_pose": (msg.BodyPose, qos.POSES), "exercise": (msg.ExerciseClassification, qos.LABELS)}
SAVE_PERIOD = 0.005
"""Writing a file takes as long as counting does: who listens in this process hears of a repetition before that [s]."""
SHOWN_FOR = 10.0
"""A restart is a warning on /diagnostics for so long [s]."""


class Continuity:
    """Keeps what a counter publishes, from activation to deactivation, and makes it go on after a crash.

    within: of less than so long ago [s]; 0 = nothing is kept. labels: those of the classifier, filled in later.
    publish: called with what going on led to; the last output is of now. interruptions: gaps that were told of.
    restarted: there is something to go on from.
    """

    def __init__(
        self,
        node: FitnessNode,
        counter: RepCounter,
        within: float,
        labels: list[str],
        publish: Callable[[CounterOutput, bool], None],
    ) -> None:
        self._node = node
        self._counter = counter
        self._labels = labels
        self._publish = publish
        self._file = MemoryFile(state_file(node), node.params.exercise) if within else None
        self._catch_up: CatchUp | None = None
        self._asked: str | None = None
        self._save_timer = timers.steady(node, SAVE_PERIOD, self.save)
        self._save_timer.cancel()
        self._story, self._until = "", 0.0
        self.interruptions = 0
        self.restarted = False
        if self._file is None:
            return
        memory, problem = self._file.load(within)
        if problem:
            self._tell(problem)
        if memory is not None:
            self.restarted = True
            self._catch_up = CatchUp(node, _TOPICS, lambda heard: self._resume(memory, heard), lambda: bool(labels))

    @property
    def problem(self) -> str:
        """What there is to say on /diagnostics, one line; empty for nothing."""
        if self._catch_up is not None:
            return "restarted; catching up"
        story = self._story if time.monotonic() < self._until else ""
        return (self._file.problem if self._file else "") or story

    def withholds(self, topic: str, message: Any) -> bool:
        """Whether a message is kept back until the counter has caught up."""
        if self._catch_up is None:
            return False
        self._catch_up.hear(topic, message)
        return True

    def published(self, output: CounterOutput) -> None:
        """Keep it. After it is published: a crash in between tells it twice, with one number, rather than never."""
        self.interruptions += sum(event.reason == Reason.INTERRUPTED for event in output.events)
        if output.events or output.summaries:
            self._save_timer.reset()

    def save(self) -> None:
        """Keep what the counter is at."""
        self._save_timer.cancel()
        if self._file is not None and self._catch_up is None:
            self._file.save(self._counter.memory())

    def asked_for(self, exercise: str) -> None:
        """This is counted from now on, whatever was before the crash."""
        self._asked = exercise
        self.save()

    def alive(self) -> None:
        """Once a second: what is kept is of now."""
        if self._counter.stamp is not None:
            self.save()

    def _forget(self) -> None:
        """Nothing is left to go on from."""
        if self._catch_up is not None:
            self._catch_up.cancel()
            self._catch_up = None
        self._save_timer.cancel()
        if self._file is not None:
            self._file.remove()

    def anew(self, close: Callable[[], None]) -> None:
        """The counter goes on to where it is known to have been, then `close` closes its set, and it starts anew."""
        if self._catch_up is not None:
            self._catch_up.finish()
        close()
        self._forget()

    def end(self, close: Callable[[], None]) -> None:
        """The same, and it ends."""
        self.anew(close)
        self._node.destroy_timer(self._save_timer)

    def _resume(self, memory: Memory, heard: dict[str, list[Heard]]) -> None:
        self._catch_up = None
        stamps = [pose.stamp for pose in heard["body_pose"]]
        of_use, refusals = heard["body_pose"][needed(memory, stamps) :], self._node.refusals
        poses = usable(of_use, messages.from_body_pose, refusals, self._node.resolve_topic_name("body_pose"))
        read = partial(messages.from_classification, labels=self._labels)
        labels = usable(heard["exercise"], read, refusals, self._node.resolve_topic_name("exercise"))
        if poses:
            resumed = resume(self._counter, memory, poses, labels, oldest=stamps[0])
        else:
            self._counter.restore(memory)
            resumed = Resumed("restarted; none of the poses since can be used")
        for output in resumed.outputs:
            self._publish(output, output is resumed.outputs[-1])
        if self._asked is not None:
            self._counter.set_exercise(self._asked)
        self.save()
        self._tell(resumed.story)

    def _tell(self, story: str) -> None:
        self._story, self._until = story, time.monotonic() + SHOWN_FOR
        self._node.get_logger().warning(story)
