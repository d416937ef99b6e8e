"""Node `run_set`: runs a set that a robot asks for, from what the counter publishes."""

import sys
import time
from functools import partial
from typing import ClassVar

from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.subscription import Subscription

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, messages, qos, timers
from fitness_core.ros.actions import HeldGoals
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_msgs.action import RunSet as RunSetAction
from fitness_msgs.msg import FormCue, RepEvent, RepState, SetSummary
from rep_counter.ros.counter_client import CounterClient
from rep_counter.ros.goals import request_of
from rep_counter.sets.run_set import End, RunSet

PERIOD = 0.1
"""How often it is seen whether a set is over or canceled [s]."""


class RunSetNode(FitnessNode):
    """Runs one set at a time for the action run_set, limited by repetitions or time.

    The counter is told the exercise, and afterwards returns to its parameter `exercise`. Feedback comes with every
    repetition and every cue. Succeeded: the set ended, for the reason in `end_reason`. Aborted: a new goal preempted
    it, the node was deactivated, no repetition came for `patience`, or the counter did not accept the exercise.
    Canceled: by the client. Every result has the summary so far.

    A goal with an unknown exercise, without an end (repetitions 0 and time_limit 0) or with a negative duration is
    refused, and so is any while the node is not active; the log says why.
    """

    PARAMETERS: ClassVar = (
        Parameter(
            "catalogue", "", "Folder of exercise YAML files, or one file; empty = the shipped ones.", read_only=True
        ),
        Parameter(
            "patience",
            60.0,
            "A set without time limit is given up after this time without a repetition [s].",
            minimum=1.0,
            maximum=3600.0,
        ),
    )

    def __init__(self, name: str = "run_set", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._catalogue: Catalogue | None = None
        self._run: RunSet | None = None
        self._goal: ServerGoalHandle | None = None
        self._feedback = RunSetAction.Feedback()
        self._frame_id = ""
        self._states: list[Subscription] = []  # while a set is under way: else no pose need wake anybody here
        self._early: list[RepEvent] = []  # that came before the first state of the set
        self._client = CounterClient(self)
        # Always there, so that a goal for a node that is not active is refused with a reason.
        self._server = HeldGoals(
            self,
            RunSetAction,
            "run_set",
            lambda goal: RunSetAction.Result(),
            goal_callback=self._on_goal,
            handle_accepted_callback=self._begin,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )

    def configure(self) -> None:
        self._catalogue = Catalogue.load(self.params.catalogue)

    def activate(self) -> None:
        self._inputs = [
            self.create_subscription(RepEvent, "rep_event", self._on_repetition, qos.EVENTS),
            self.create_subscription(SetSummary, "set_summary", self._on_summary, qos.STREAM),
            self.create_subscription(FormCue, "form_cue", self._on_cue, qos.STREAM),
        ]
        # The end of a recording stops /clock, and goals must come to their end all the same.
        self._timer = timers.steady(self, PERIOD, self._look)
        self._client.resume()
        if not self._client.left:
            self._timer.cancel()

    def deactivate(self) -> None:
        self._finish(End.CANCELED, failed="the node was deactivated")
        self.destroy_timer(self._timer)
        for subscription in self._inputs:
            self.destroy_subscription(subscription)

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        if self._run is None:
            return super().diagnose()
        asked = self._run.request
        values = {"exercise": asked.exercise, "repetitions": self._run.count, "asked": asked.repetitions}
        return diagnostics.OK, "a set is under way", values

    def _on_goal(self, goal: RunSetAction.Goal) -> GoalResponse:
        try:
            if not self.active or self._catalogue is None:
                raise InputError("the node is not active; configure and activate it first")
            request_of(goal).check(self._catalogue)
        except InputError as error:
            self.get_logger().error(f"goal refused: {error}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _begin(self, goal: ServerGoalHandle) -> None:
        self._finish(End.CANCELED, failed="another goal has preempted it", go_back=False)
        assert self._catalogue is not None
        goal.execute()
        self._goal, self._feedback = goal, RunSetAction.Feedback()
        self._run = RunSet(request_of(goal.request), self._catalogue, time.monotonic_ns(), self.params.patience)
        self._client.begin(goal.request.exercise)
        self._early = []
        self._states.append(self.create_subscription(RepState, "rep_state", self._on_state, qos.STREAM))
        self._timer.reset()
        self._look()

    def _on_state(self, message: RepState) -> None:
        if self._run is None:
            return
        self._frame_id = message.header.frame_id
        self._client.counts(message.exercise)
        self._run.hear(messages.from_rep_state(message), time.monotonic_ns())
        early, self._early = self._early, []
        for event in early:
            self._on_repetition(event)
        self._look()

    def _on_repetition(self, message: RepEvent) -> None:
        if self._run is None:
            return
        if not self._run.heard:
            self._early.append(message)
        elif self._run.take(messages.from_rep_event(message)):
            self._feedback.last = message
            self._tell()
            self._look()

    def _on_cue(self, message: FormCue) -> None:
        if self._run is not None and message.exercise == self._run.exercise:
            self._feedback.cue = message
            self._tell()

    def _on_summary(self, message: SetSummary) -> None:
        if self._run is not None:
            self._run.close(messages.from_set_summary(message), time.monotonic_ns())
            self._look()

    def _tell(self) -> None:
        assert self._run is not None and self._goal is not None
        self._feedback.repetitions = self._run.count
        self._goal.publish_feedback(self._feedback)

    def _look(self) -> None:
        """See that the counter knows the exercise, and whether the set is over."""
        self._client.look()
        if self._run is None or self._goal is None:
            if not self._client.left:
                self._timer.cancel()
            return
        self._run.look(time.monotonic_ns())
        if self._goal.is_cancel_requested:
            self._finish(End.CANCELED)
        elif self._run.end is not None:
            gave_up = f"no repetition for {self.params.patience:g} s" if self._run.given_up else ""
            self._finish(self._run.end, failed=gave_up)
        elif refusal := self._client.refusal:
            self._finish(End.CANCELED, failed=refusal)

    def _finish(self, end: End, failed: str = "", go_back: bool = True) -> None:
        """Answer the goal that is under way, if one is. failed: why it is aborted. go_back: none follows at once."""
        if self._run is None or self._goal is None:
            return
        summary = messages.to_set_summary(self._run.summary(time.monotonic_ns()), self._frame_id)
        result = RunSetAction.Result(end_reason=int(end), summary=summary)
        goal, self._goal, self._run = self._goal, None, None
        self._timer.cancel()
        self.destroy_subscription(self._states.pop())
        if failed:
            self.get_logger().warning(f"set aborted: {failed}")
        self._server.finish(goal, partial(self._answer, result, failed=bool(failed)))
        self._client.end(go_back)

    @staticmethod
    def _answer(result: RunSetAction.Result, goal: ServerGoalHandle, failed: bool) -> RunSetAction.Result:
        (goal.canceled if goal.is_cancel_requested else goal.abort if failed else goal.succeed)()
        return result


def main() -> int:
    """Program `run_set_node`."""
    return run(RunSetNode)


if __name__ == "__main__":
    sys.exit(main())
