"""What the counter is told to count for a while, and that it goes back afterwards."""

import time

from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.task import Future

from fitness_core.ros.last_said import LastSaid
from fitness_core.types import NANOSECONDS
from fitness_msgs.srv import SetExercise

ANSWER_TIMEOUT = 5.0
"""Longest wait for rep_counter/set_exercise [s]."""
REMINDER = 1.0
"""The counter is told the exercise again where it counts another one, at most so often [s]."""


class CounterClient:
    """Tells rep_counter an exercise from `begin` to `end`, after which it goes back to its parameter `exercise`.

    `left`: a program of this node died in between, and has left the counter told; `look` lets it go back.
    """

    def __init__(self, node: Node) -> None:
        self._counter = node.create_client(SetExercise, "rep_counter/set_exercise")
        self._parameters = node.create_client(GetParameters, "rep_counter/get_parameters")
        self._file = LastSaid(node)
        self._exercise: str | None = None  # None: nothing is told
        self._answer: Future | None = None
        self._since = self._kept = 0
        self.left = False

    def resume(self) -> None:
        """See whether a program of this node died while it told something."""
        self.left = self._file.left() is not None

    def begin(self, exercise: str) -> None:
        """Tell it as soon as it can be told; "" = what it recognises."""
        self._exercise, self._answer, self.left = exercise, None, False
        self._since, self._kept = time.monotonic_ns(), 0

    def end(self, go_back: bool) -> None:
        """Tell it no more. go_back: nothing else is told at once."""
        told, self._exercise, self._answer = self._answer is not None, None, None
        if go_back:
            self._file.forget()
            if told and self._parameters.service_is_ready():
                self._ask_back()

    def look(self) -> None:
        """Do what is due; ten times a second or so."""
        if self.left and self._parameters.service_is_ready():
            self.left = False
            self._file.forget()
            self._ask_back()
        if self._exercise is None:
            return
        now = time.monotonic_ns()
        if self._answer is None and self._counter.service_is_ready():
            self._answer = self._counter.call_async(SetExercise.Request(exercise=self._exercise))
        if self._answer is not None and now - self._kept > NANOSECONDS:
            self._kept = now
            self._file.keep(now)

    def counts(self, exercise: str) -> None:
        """The counter counts this: a counter that was started anew knows nothing of it, and is told again."""
        now = time.monotonic_ns()
        answered = self._answer is not None and self._answer.done()
        if self._exercise and exercise != self._exercise and answered and now - self._since > REMINDER * NANOSECONDS:
            self._answer, self._since = None, now

    @property
    def refusal(self) -> str:
        """Why it does not count what it was told; empty where it does, or may yet."""
        answer = self._answer.result() if self._answer is not None and self._answer.done() else None
        if answer is not None:
            return "" if answer.success else answer.message
        late = time.monotonic_ns() - self._since > ANSWER_TIMEOUT * NANOSECONDS
        return "rep_counter/set_exercise does not answer; start rep_counter" if late else ""

    def _ask_back(self) -> None:
        asked = self._parameters.call_async(GetParameters.Request(names=["exercise"]))
        asked.add_done_callback(self._go_back)

    def _go_back(self, answer: Future) -> None:
        """The counter counts what it was configured to, unless something has been told meanwhile."""
        values = answer.result().values if answer.result() is not None else []
        if self._exercise is None and values:
            self._counter.call_async(SetExercise.Request(exercise=values[0].string_value))
