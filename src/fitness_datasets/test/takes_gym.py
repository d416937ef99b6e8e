"""A bystander of guided takes: camera, pose estimator, counter and client at once, over real DDS."""

import threading
import time
import uuid

import rclpy
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from spun_stage import DEADLINE, wait_for
from std_msgs.msg import String
from std_srvs.srv import Trigger
from take_figure import repetition, standing

from fitness_core.ros import messages, qos
from fitness_datasets.record_take_node import RecordTakeNode
from fitness_msgs.action import RecordTake
from fitness_msgs.msg import BodyPose, RepEvent, TakeLabel
from fitness_msgs.srv import SetExercise

RATE = 20.0


class Gym:
    """The node under test, and a bystander who is camera, pose estimator, counter and client at once."""

    def __init__(self):
        self.namespace = f"/t{uuid.uuid4().hex[:8]}/fitness"
        self.executor = SingleThreadedExecutor()
        self.node = rclpy.create_node("bystander", namespace=self.namespace)
        self.executor.add_node(self.node)
        self.nodes = [self.node]
        self.labels: list[TakeLabel] = []
        self.said: list[str] = []
        self.counting: list[str] = []
        self.feedback: list[RecordTake.Feedback] = []
        self.poses = self.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
        self.events = self.node.create_publisher(RepEvent, "rep_event", qos.EVENTS)
        self.pictures = self.node.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self.node.create_subscription(TakeLabel, "take_label", self.labels.append, qos.TAKES)
        self.node.create_subscription(String, "instruction", lambda text: self.said.append(text.data), qos.TAKES)
        self.node.create_service(SetExercise, "rep_counter/set_exercise", self._set_exercise)
        self.node.create_service(GetParameters, "rep_counter/get_parameters", self._get_parameters)
        self.client = ActionClient(self.node, RecordTake, "record_take")
        # What the bystander hears of its own poses, the node beside it in the same executor hears too, but for one.
        self.node.create_subscription(BodyPose, "body_pose", self._hear, qos.EVERY)
        self.published = self.heard = 0
        self.time = 1000.0
        self._stopping = False
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self):
        while not self._stopping:
            with self._turn:
                self.executor.spin_once(timeout_sec=0.05)

    def _hear(self, _):
        self.heard += 1

    def _set_exercise(self, request, response):
        self.counting.append(request.exercise)
        response.success = True
        return response

    def _get_parameters(self, request, response):
        assert request.names == ["exercise"]
        response.values = [ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="pull_up")]
        return response

    def start(self, **parameters) -> RecordTakeNode:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = RecordTakeNode(namespace=self.namespace, parameter_overrides=overrides)
        node.get_logger().set_level(LoggingSeverity.INFO)  # a test before may have asked for less of all
        self.nodes.append(node)
        node.start()
        self.executor.add_node(node)
        wait_for(lambda: self.poses.get_subscription_count() > 1 and self.events.get_subscription_count(), "the node")
        return node

    def ask(self, **changes):
        """Send a goal; its handle."""
        request = {"subject": "P01", "session": "S01", "exercise": "squat", "repetitions": 2, "consent": True}
        assert self.client.wait_for_server(DEADLINE)
        goal = RecordTake.Goal(**(request | changes))
        sent = self.client.send_goal_async(goal, lambda message: self.feedback.append(message.feedback))
        wait_for(sent.done, "an answer to the goal")
        return sent.result()

    def call(self, name: str) -> Trigger.Response:
        client = self.node.create_client(Trigger, f"record_take/{name}")
        assert client.wait_for_service(DEADLINE)
        called = client.call_async(Trigger.Request())
        wait_for(called.done, name)
        return called.result()

    def feed(self, seconds: float, **changes) -> None:
        for _ in range(round(seconds * RATE)):
            self.poses.publish(messages.to_body_pose(standing(self.time, **changes)))
            self.published += 1
            self.time += 1 / RATE
            # Faster than the camera, but not than a queue of ten.
            wait_for(lambda: self.published - self.heard < 3, "the poses to be heard")

    def feed_until(self, phase: int) -> None:
        deadline = time.monotonic() + DEADLINE
        while not self.feedback or self.feedback[-1].phase != phase:
            assert time.monotonic() < deadline, self.said
            self.feed(0.1)

    def do(self, repetitions: int) -> None:
        for number in range(1, repetitions + 1):
            self.feed(1.5)
            self.events.publish(messages.to_rep_event(repetition(self.time, index=number), "camera"))
            wait_for(lambda n=number: self.feedback[-1].repetitions == n or not self.feed(0.05), "a count")

    def end(self, node: RecordTakeNode) -> None:
        """Stop a node; not while the executor waits for what it has."""
        with self._turn:
            self.executor.remove_node(node)
        node.stop()

    def close(self):
        self._stopping = True
        self._thread.join()
        for node in self.nodes[1:]:
            node.stop()
        for node in self.nodes:
            node.destroy_node()


def result_of(goal):
    asked = goal.get_result_async()
    wait_for(asked.done, "the result")
    return asked.result()
