"""Any message into every callback of every node: what cannot be used is a diagnostic, never the end of the node."""

import importlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from any_message import messages, pictures
from hypothesis import given
from hypothesis import strategies as st
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

DEMO = Path(__file__).resolve().parents[2] / "src/fitness_bringup/fitness_bringup/demo"
NODES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "pose_estimator": ("pose_estimator.pose_estimator_node", "PoseEstimatorNode", {}),
    "exercise_classifier": ("exercise_classifier.exercise_classifier_node", "ExerciseClassifierNode", {}),
    "rep_counter": ("rep_counter.rep_counter_node", "RepCounterNode", {}),
    "run_set": ("rep_counter.run_set_node", "RunSetNode", {}),
    "overlay": ("fitness_visualization.overlay_node", "OverlayNode", {}),
    "markers": ("fitness_visualization.markers_node", "MarkersNode", {}),
    "dashboard": ("fitness_visualization.dashboard_node", "DashboardNode", {"port": 0}),
    "video": ("fitness_visualization.video_node", "VideoNode", {"file": "{folder}/film.mp4"}),
    "player": ("fitness_datasets.player_node", "PlayerNode", {"bag": str(DEMO), "subscribers": 9, "wait": 3600.0}),
    "record_take": ("fitness_datasets.record_take_node", "RecordTakeNode", {}),
    "recorder": (
        "fitness_datasets.recorder_node",
        "RecorderNode",
        {"bag": "{folder}/bag", "images": True, "last_words": 0.0},
    ),
}
"""Node -> its module, class and parameters. Imported one by one: the graph's imports take seconds."""


@pytest.fixture(scope="module", autouse=True)
def ros() -> Iterator[None]:
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """A node of the graph, active and listening, in a namespace of its own."""
    nodes: list[Any] = []

    def start(name: str) -> Any:
        module, kind, parameters = NODES[name]
        filled = {k: v.format(folder=tmp_path) if isinstance(v, str) else v for k, v in parameters.items()}
        given = [Parameter(key, value=value) for key, value in filled.items()]
        namespace = f"fuzz_{uuid.uuid4().hex[:8]}"
        node = getattr(importlib.import_module(module), kind)(name, namespace=namespace, parameter_overrides=given)
        nodes.append(node)
        node.start()
        if name in ("overlay", "markers"):
            node._listen(True)
        if name == "dashboard":
            node._feed.want_pictures(True)
        return node

    yield start
    for node in nodes:
        node.stop()
        node.destroy_node()


def deliver(subscription: Subscription, message: Any) -> None:
    """Call a subscription's callback with what the middleware would have made of the message."""
    cdr = serialize_message(message)
    taken = cdr if subscription.raw else deserialize_message(cdr, subscription.msg_type)
    if subscription._callback_type is Subscription.CallbackType.WithMessageInfo:
        subscription.callback(taken, {"publication_sequence_number": 1})
    else:
        subscription.callback(taken)


def look(node: Any) -> None:
    """Everything that is asked of a node besides."""
    node._diagnostics.publish()
    if node.get_name() == "dashboard":
        json.dumps([node.state(), node.hello()], allow_nan=False)
        node.picture()
    for name in ("_thread",):
        thread = getattr(node, name, None)
        assert thread is None or thread.is_alive(), f"{name} of {node.get_name()} has ended"


@pytest.mark.parametrize("name", NODES)
def test_any_message_into_every_callback(name: str, started: Callable[[str], Any]) -> None:
    node = started(name)
    inputs = [s for s in node.subscriptions if s.topic_name != "/parameter_events"]
    assert inputs
    anything = st.one_of(
        [st.tuples(st.just(s), pictures() if s.msg_type is Image else messages(s.msg_type)) for s in inputs]
    )

    @given(st.lists(anything, min_size=1, max_size=6))
    def check(given: list[tuple[Subscription, Any]]) -> None:
        for subscription, message in given:
            deliver(subscription, message)
        look(node)

    check()
