"""The node that runs sets on request, with the counter, over real DDS."""

import signal
import subprocess
import sys
import time

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from lifecycle_msgs.srv import GetState
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from fitness_core.ros import messages, qos
from fitness_core.ros.state import state_file
from fitness_msgs import msg
from fitness_msgs.action import RunSet
from rep_counter.rep_counter_node import RepCounterNode
from rep_counter.run_set_node import RunSetNode

pytestmark = pytest.mark.usefixtures("ros")

END = RunSet.Result


class Robot(Node):
    """Asks for sets; the poses of who does them come from it too."""

    def __init__(self, namespace: str) -> None:
        super().__init__("robot", namespace=namespace)
        self.poses = self.create_publisher(msg.BodyPose, "body_pose", qos.STREAM)
        self.states = []
        self.feedback = []
        self.create_subscription(msg.RepState, "rep_state", self.states.append, qos.STREAM)
        self.client = ActionClient(self, RunSet, "run_set")

    def ask(self, seconds: float = 0.0, **goal):
        limit = Duration(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))
        request = RunSet.Goal(**{"exercise": "squat", "time_limit": limit, **goal})
        return self.client.send_goal_async(request, lambda message: self.feedback.append(message.feedback))


class Gym:
    """The counter, the node under test and a robot on one executor."""

    gyms = 0

    def __init__(self, figure, wave) -> None:
        Gym.gyms += 1
        name = f"gym{Gym.gyms}"
        self.figure, self.wave = figure, wave
        self.executor = SingleThreadedExecutor()
        self.counter = RepCounterNode(namespace=name, parameter_overrides=[Parameter("exercise", value="press")])
        self.sets = RunSetNode(namespace=name)
        self.robot = Robot(name)
        self.time = 0.0
        for node in (self.counter, self.sets, self.robot):
            self.executor.add_node(node)
        self.counter.start()
        self.sets.start()
        self.until(self.robot.client.server_is_ready)
        self.until(lambda: self.robot.poses.get_subscription_count() and self.robot.count_subscribers("rep_event"))

    def until(self, condition, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.05)

    def ask(self, **goal):
        """Ask for a set; its handle, when the counter knows of it."""
        sent = self.robot.ask(**goal)
        self.until(sent.done)
        handle = sent.result()
        if handle.accepted:
            self.until(lambda: self.counter._counter.exercise == goal.get("exercise", "squat"))
        return handle

    def squat(self, repetitions: int) -> None:
        """The person does so many squats of 1.5 s, then stands for a moment."""
        for time_, angle in self.wave(repetitions, 1.5, 170, 20, 20):
            seen = len(self.robot.states)
            self.robot.poses.publish(messages.to_body_pose(self.figure(self.time + time_, knee=angle)))
            self.until(lambda seen=seen: len(self.robot.states) > seen)
        self.time += repetitions * 1.5 + 3.0

    def result(self, handle):
        """Status and result of a goal."""
        asked = handle.get_result_async()
        self.until(asked.done)
        return asked.result().status, asked.result().result

    def close(self) -> None:
        for node in (self.counter, self.sets, self.robot):
            self.executor.remove_node(node)
            node.destroy_node()


@pytest.fixture
def gym(figure, wave):
    gym = Gym(figure, wave)
    yield gym
    gym.close()


def test_three_squats_are_asked_for_counted_and_told(gym) -> None:
    handle = gym.ask(repetitions=3)
    gym.until(lambda: handle.status == GoalStatus.STATUS_EXECUTING)
    gym.squat(3)
    status, result = gym.result(handle)
    assert (status, result.end_reason) == (GoalStatus.STATUS_SUCCEEDED, END.END_REPETITIONS)
    assert (result.summary.exercise, result.summary.repetitions) == ("squat", 3)
    counts = [(told.repetitions, told.last.index) for told in gym.robot.feedback]
    assert list(dict.fromkeys(counts)) == [(1, 1), (2, 2), (3, 3)]
    gym.until(lambda: gym.counter._counter.exercise == "press")


def test_a_new_goal_preempts_and_cancelling_ends_with_what_was_done(gym) -> None:
    first = gym.ask(repetitions=5)
    gym.squat(1)
    gym.until(lambda: gym.robot.feedback)
    second = gym.ask(repetitions=2)
    status, result = gym.result(first)
    assert (status, result.end_reason) == (GoalStatus.STATUS_ABORTED, END.END_CANCELED)
    assert result.summary.repetitions == 1
    gym.squat(1)
    gym.until(lambda: gym.robot.feedback[-1].last.index == 2)
    gym.until(second.cancel_goal_async().done)
    status, result = gym.result(second)
    assert (status, result.end_reason) == (GoalStatus.STATUS_CANCELED, END.END_CANCELED)
    assert result.summary.repetitions == 1, "the squat before it was of the other goal"
    gym.until(lambda: gym.counter._counter.exercise == "press")


def test_time_and_patience_run_although_nobody_is_seen(gym) -> None:
    limited = gym.ask(seconds=0.5)
    status, result = gym.result(limited)
    assert (status, result.end_reason) == (GoalStatus.STATUS_SUCCEEDED, END.END_TIME)
    assert result.summary.repetitions == 0
    gym.sets.set_parameters([Parameter("patience", value=1.0)])
    in_vain = gym.ask(repetitions=3)
    status, result = gym.result(in_vain)
    assert (status, result.end_reason) == (GoalStatus.STATUS_ABORTED, END.END_TIME)


def test_a_camera_that_was_off_before_takes_no_time_of_the_set(gym) -> None:
    gym.squat(1)
    gym.time += 90
    handle = gym.ask(seconds=60, repetitions=1)
    gym.squat(1)
    status, result = gym.result(handle)
    assert (status, result.end_reason) == (GoalStatus.STATUS_SUCCEEDED, END.END_REPETITIONS)


def test_the_end_of_the_counters_set_ends_it_with_its_summary(gym) -> None:
    handle = gym.ask(repetitions=9)
    gym.squat(3)
    gym.until(lambda: gym.robot.feedback and gym.robot.feedback[-1].repetitions == 3)
    gym.counter.trigger_deactivate()
    status, result = gym.result(handle)
    assert (status, result.end_reason) == (GoalStatus.STATUS_SUCCEEDED, END.END_REST)
    assert (result.summary.repetitions, result.summary.second_opinion) == (3, 3)


def test_what_cannot_be_done_is_refused_with_a_line_in_the_log(gym, capfd) -> None:
    assert not gym.ask(exercise="juggling", repetitions=3).accepted
    assert not gym.ask(repetitions=0).accepted
    gym.sets.trigger_deactivate()
    assert not gym.ask(repetitions=3).accepted
    said = [line for line in capfd.readouterr().err.splitlines() if "goal refused" in line]
    assert ["'juggling'" in said[0], "needs an end" in said[1], "not active" in said[2]] == [True] * 3


def test_deactivation_and_a_counter_that_does_not_take_part_abort(gym) -> None:
    handle = gym.ask(repetitions=3)
    gym.sets.trigger_deactivate()
    status, result = gym.result(handle)
    assert (status, result.end_reason) == (GoalStatus.STATUS_ABORTED, END.END_CANCELED)
    gym.sets.trigger_activate()
    gym.counter.stop()
    sent = gym.robot.ask(repetitions=3)
    gym.until(sent.done)
    status, result = gym.result(sent.result())
    assert (status, result.end_reason) == (GoalStatus.STATUS_ABORTED, END.END_CANCELED)


def test_a_goal_is_answered_also_where_its_program_ends() -> None:
    robot, executor = Robot("ending"), SingleThreadedExecutor()
    executor.add_node(robot)
    program = [sys.executable, "-c", "from rep_counter.run_set_node import main; main()"]
    with subprocess.Popen([*program, "--ros-args", "-r", "__ns:=/ending"]) as process:
        try:
            assert robot.client.wait_for_server(60)
            state = robot.create_client(GetState, "run_set/get_state")
            assert state.wait_for_service(60)

            def active() -> bool:
                asked = state.call_async(GetState.Request())
                # An answer is lost where the client is not known yet to who answers: it is asked again.
                executor.spin_until_future_complete(asked, timeout_sec=2)
                return asked.done() and asked.result().current_state.label == "active"

            def until_active() -> None:
                deadline = time.monotonic() + 60
                while not active():
                    assert process.poll() is None and time.monotonic() < deadline

            until_active()
            sent = robot.ask(repetitions=3)
            executor.spin_until_future_complete(sent, timeout_sec=60)
            answer = sent.result().get_result_async()
            until_active()  # and it knows by now who waits for the result
            process.send_signal(signal.SIGINT)
            executor.spin_until_future_complete(answer, timeout_sec=60)
            assert answer.done() and answer.result().status == GoalStatus.STATUS_ABORTED
            assert process.wait(60) == 0
        finally:
            process.kill()
            robot.destroy_node()


def test_a_counter_that_a_killed_program_has_left_told_goes_back(gym) -> None:
    gym.ask(repetitions=3)
    gym.until(lambda: state_file(gym.sets).exists())
    namespace = gym.sets.get_namespace()
    gym.executor.remove_node(gym.sets)
    gym.sets.destroy_node()  # without a word, as one that is killed
    gym.sets = RunSetNode(namespace=namespace)
    gym.executor.add_node(gym.sets)
    gym.sets.start()
    gym.until(lambda: gym.counter._counter.exercise == "press")
    assert not state_file(gym.sets).exists()


def test_who_joins_late_is_told_what_runs_and_what_the_last_set_was(gym) -> None:
    gym.ask(repetitions=3)
    gym.squat(2)
    gym.counter.trigger_deactivate()
    late = {"rep_state": [], "set_summary": []}
    gym.robot.create_subscription(msg.RepState, "rep_state", late["rep_state"].append, qos.LATCHED)
    gym.robot.create_subscription(msg.SetSummary, "set_summary", late["set_summary"].append, qos.LATCHED)
    newest = gym.robot.states[-1].header.stamp
    # What else is kept for those who are there may be handed on before it.
    gym.until(lambda: all(late.values()) and late["rep_state"][-1].header.stamp == newest)
    state, summary = (heard[-1] for heard in late.values())
    assert (state.exercise, state.count, state.set_index) == ("squat", 2, 1)
    assert (summary.exercise, summary.repetitions) == ("squat", 2)
