#!/usr/bin/env python3
"""A robot that asks for a set, counts aloud, and praises or corrects. Copy it and make it yours.

What it says goes to the topic `say` (std_msgs/String); connect that to your speech synthesis. With the graph running:

    ./fitness shell -- python examples/talking_robot.py squat 3 --ros-args -r __ns:=/fitness

docs/robot.md tells what else there is.
"""

import argparse
import sys

import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from std_msgs.msg import String

from fitness_msgs.action import RunSet
from fitness_msgs.msg import RepEvent

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# A voice that starts a moment later hears the last sentences too.
SAY = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PATIENCE = 5.0
"""So long the robot waits for a voice before it speaks anyway, and for the graph before it complains [s]."""


def number(count: int) -> str:
    """A number as one says it."""
    return WORDS[count] if count < len(WORDS) else str(count)


class TalkingRobot(Node):
    """Asks for one set of an exercise. `done` completes when all is said: with whether the set was done."""

    def __init__(self, exercise: str, repetitions: int, time_limit: int = 60) -> None:
        super().__init__("talking_robot")
        self.exercise, self.repetitions, self.time_limit = exercise, repetitions, time_limit
        self.done = Future()
        self._said = 0
        self._cue = None
        self._say = self.create_publisher(String, "say", SAY)
        self._client = ActionClient(self, RunSet, "run_set")
        self._born = self.get_clock().now()
        self._start = self.create_timer(0.5, self._begin)

    def say(self, sentence: str) -> None:
        """Say something, and log it."""
        self.get_logger().info(sentence)
        self._say.publish(String(data=sentence))

    def _begin(self) -> None:
        age = (self.get_clock().now() - self._born).nanoseconds * 1e-9
        if not self._client.server_is_ready():
            if age > PATIENCE:
                action = self.resolve_topic_name("run_set")
                self.get_logger().warning(
                    f"nobody serves {action}; is the graph running, and in this namespace? Its own is /fitness: "
                    "--ros-args -r __ns:=/fitness",
                    once=True,
                )
            return
        if not (self._say.get_subscription_count() or age > PATIENCE):
            return
        self._start.cancel()
        self.say("Hello! Nice to see you.")
        goal = RunSet.Goal(
            exercise=self.exercise, repetitions=self.repetitions, time_limit=Duration(sec=self.time_limit)
        )
        self._client.send_goal_async(goal, self._on_feedback).add_done_callback(self._on_answer)

    def _on_answer(self, answer: Future) -> None:
        goal = answer.result()
        if not goal.accepted:
            self.say(f"I am sorry, I cannot watch {self.exercise}.")  # the log of run_set says why
            self.done.set_result(False)
            return
        self.say(f"Please do {number(self.repetitions)} of this: {self.exercise}.")
        goal.get_result_async().add_done_callback(self._on_result)

    def _on_feedback(self, message) -> None:
        feedback = message.feedback
        if feedback.repetitions > self._said:
            self._said = feedback.repetitions
            self.say(f"{number(self._said).capitalize()}.")
        elif feedback.last.status == RepEvent.STATUS_REJECTED and feedback.cue == self._cue:
            self.say("That one did not count. Try to do the whole movement.")
        if feedback.cue.code and feedback.cue != self._cue:
            self.say(feedback.cue.text)
        self._cue = feedback.cue

    def _on_result(self, answer: Future) -> None:
        status, result = answer.result().status, answer.result().result
        done = result.summary.repetitions
        reached = status == GoalStatus.STATUS_SUCCEEDED and result.end_reason == RunSet.Result.END_REPETITIONS
        # Feedback may come later than the result, or not at all: say what is missing.
        if done > self._said:
            self._said = done
            self.say(f"{number(done).capitalize()}.")
        if reached and not result.summary.form_faults:
            self.say("Very well done!")
        elif reached:
            self.say("Well done! Next time we work on how you do it.")
        elif done:
            self.say(f"That was {number(done)}. Have a rest, we go on later.")
        else:
            self.say("I did not see any. Can you step into the picture?")
        self.done.set_result(reached)


def at_least_one(text: str) -> int:
    """A whole number above 0, of the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} given; it takes a whole number from 1 on")
    return value


def main() -> int:
    """Ask for the set that the command line names; exit code 0 where it was done, 1 where not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercise", nargs="?", default="squat")
    parser.add_argument("repetitions", nargs="?", type=at_least_one, default=3)
    parser.add_argument("--time-limit", type=at_least_one, default=60, help="[s]")
    given = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init()
    robot = TalkingRobot(given.exercise, given.repetitions, given.time_limit)
    try:
        rclpy.spin_until_future_complete(robot, robot.done)
        # The last sentence is heard before the robot goes.
        robot._say.wait_for_all_acked()
    except (KeyboardInterrupt, ExternalShutdownException):
        return 1
    return 0 if robot.done.result() else 1


if __name__ == "__main__":
    sys.exit(main())
