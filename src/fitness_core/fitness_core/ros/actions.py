"""Actions whose goals end by what is heard, not by a callback that returns."""

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer
from rclpy.action.server import ServerGoalHandle


class HeldGoals(ActionServer):
    """An action server that holds a goal from `goal.execute()` until `finish`; in between the goal is EXECUTING.

    rclpy calls the execute callback where a goal begins. One that awaits the end is polled for as long as it waits
    (rclpy Jazzy puts a task that awaits back into the queue at once), which costs a core.
    """

    def notify_execute(self, goal_handle: ServerGoalHandle, execute_callback: Callable[..., Any] | None) -> None:
        """Called by `goal.execute()`, which has told the clients that the goal is under way: there is no more to do."""

    def finish(self, goal: ServerGoalHandle, answer: Callable[[ServerGoalHandle], Any]) -> None:
        """Let `answer` end the goal (succeed, abort, canceled) and return its result, which is sent."""
        super().notify_execute(goal, answer)
