"""The node over DDS."""

import time
from collections.abc import Callable

import pytest
import rclpy
from exercise_clips import poses_of
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from exercise_classifier.classifier import ExerciseClassifier
from exercise_classifier.exercise_classifier_node import ExerciseClassifierNode
from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_core.ros.messages import to_body_pose
from fitness_msgs.msg import BodyPose, ClassifierInfo, ExerciseClassification


@pytest.fixture
def graph():
    rclpy.init()
    executor = SingleThreadedExecutor()
    nodes = []

    def add(node):
        nodes.append(node)
        executor.add_node(node)
        return node

    yield executor, add
    for node in nodes:
        executor.remove_node(node)
        node.destroy_node()
    executor.shutdown()
    rclpy.try_shutdown()


def wait_for(executor: SingleThreadedExecutor, condition: Callable[[], bool], deadline: float = 60.0) -> None:
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "not within the deadline"
        executor.spin_once(timeout_sec=0.05)


def test_from_body_pose_to_exercise(graph):
    executor, add = graph
    node = add(ExerciseClassifierNode(namespace="classifier_test"))
    node.start()
    other = add(rclpy.create_node("watcher", namespace="classifier_test"))
    found: list[ExerciseClassification] = []
    infos: list[ClassifierInfo] = []
    other.create_subscription(ExerciseClassification, "exercise", found.append, qos.STREAM)
    other.create_subscription(ClassifierInfo, "exercise/info", infos.append, qos.LATCHED)
    publisher = other.create_publisher(BodyPose, "body_pose", qos.STREAM)
    wait_for(executor, lambda: bool(infos) and publisher.get_subscription_count() == 1)
    wait_for(executor, lambda: node._exercise.get_subscription_count() == 1)
    poses = poses_of("squat", 10.0)[:60]
    for pose in poses:
        expected = len(found) + 1
        publisher.publish(to_body_pose(pose))
        wait_for(executor, lambda expected=expected: len(found) >= expected)
    assert tuple(infos[0].labels) == ExerciseClassifier().info.labels
    assert infos[0].window_duration == 2.0
    last = found[-1]
    assert last.header == to_body_pose(poses[-1]).header
    assert last.label == "squat" and len(last.probabilities) == len(infos[0].labels)
    assert found[0].status == ExerciseClassification.STATUS_WARMING_UP
    _, message, values = node.diagnose()
    assert message == "squat" and values["model"] == infos[0].model_id
    assert values["rate_hz"] > 0 and values["inference_ms"] > 0

    node.trigger_deactivate()
    node.trigger_activate()
    # Activated anew it knows nothing of the poses before.
    count = len(found)
    publisher.publish(to_body_pose(poses[-1]))
    wait_for(executor, lambda: len(found) > count)
    assert found[-1].status == ExerciseClassification.STATUS_WARMING_UP


@pytest.mark.parametrize(
    ("name", "value", "words"),
    (("model", "/none.tflite", "cannot be read"), ("confidence_threshold", 1.5, "accepted: 0 .. 1")),
)
def test_bad_parameters(graph, name, value, words):
    _, add = graph
    node = add(ExerciseClassifierNode(parameter_overrides=[Parameter(name, value=value)]))
    with pytest.raises(InputError, match=words) as error:
        node.start()
    assert "exercise_classifier" not in str(error.value), "who starts the node names it"
