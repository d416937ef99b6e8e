"""Every message, service and action of fitness_msgs goes over real DDS and comes back equal, NaN included."""

import importlib
import math
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from rclpy.action import ActionClient, ActionServer
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosidl_parser import definition

from fitness_core import types
from fitness_core.skeleton import INDEX, JOINT_INDEX, JOINTS, N_LANDMARKS

INTERFACES = Path(__file__).resolve().parents[2] / "src" / "fitness_msgs"
DEADLINE = 60.0  # [s]
INTEGERS = {
    "int8": (-(2**7), 2**7),
    "int16": (-(2**15), 2**15),
    "int32": (-(2**31), 2**31),
    "int64": (-(2**63), 2**63),
}
INTEGERS |= {f"u{name}": (0, 2 * top) for name, (_, top) in INTEGERS.items()} | {"octet": (0, 256)}
TEXTS = ("", "squat", "P01 Häufchen 深蹲", "x" * 300)


def interfaces(kind: str) -> list[str]:
    """Names of the interfaces whose source files are in the package."""
    return sorted(path.stem for path in (INTERFACES / kind).glob(f"*.{kind}"))


def load(kind: str, name: str) -> type:
    """The generated class of an interface."""
    return getattr(importlib.import_module(f"fitness_msgs.{kind}"), name)


def random_value(kind: definition.AbstractType, source: random.Random) -> object:
    """A random value of a field's type."""
    if isinstance(kind, definition.NamespacedType):
        return fill(getattr(importlib.import_module(".".join(kind.namespaces)), kind.name), source)
    if isinstance(kind, definition.AbstractNestedType):
        size = kind.size if isinstance(kind, definition.Array) else source.randrange(1, 5)
        return [random_value(kind.value_type, source) for _ in range(size)]
    if isinstance(kind, definition.AbstractGenericString):
        return source.choice(TEXTS)
    if kind.typename == "boolean":
        return source.random() < 0.5
    if kind.typename in INTEGERS:
        return source.randrange(*INTEGERS[kind.typename])
    value = source.choice((math.nan, math.inf, 0.0, source.uniform(-10.0, 10.0)))
    return float(np.float32(value)) if kind.typename == "float" else value


def fill(message_type: type, source: random.Random) -> object:
    """A message with a random value in every field."""
    names = message_type.get_fields_and_field_types()
    return message_type(
        **{name: random_value(kind, source) for name, kind in zip(names, message_type.SLOT_TYPES, strict=True)}
    )


def plain(value: object) -> object:
    """A message as plain data that compares equal where the bits are, NaN included."""
    if hasattr(value, "get_fields_and_field_types"):
        return {name: plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    if isinstance(value, float | np.floating):
        return "nan" if math.isnan(value) else float(value)
    if isinstance(value, str | bool | int):
        return value
    return [plain(element) for element in value]


@pytest.fixture(scope="module")
def graph():
    """A node and its executor."""
    rclpy.init()
    node = rclpy.create_node("message_test")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    yield node, executor
    node.destroy_node()
    rclpy.try_shutdown()


def spin_until(executor: SingleThreadedExecutor, done, what: str) -> None:
    """Spin until done() is true; fail at the deadline."""
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end, f"{what}: nothing arrived in {DEADLINE:g} s"
        executor.spin_once(timeout_sec=0.1)


@pytest.mark.parametrize("name", interfaces("msg"))
def test_a_message_comes_back_equal(graph, name):
    node, executor = graph
    message_type = load("msg", name)
    source = random.Random(name)
    sent = [message_type(), *(fill(message_type, source) for _ in range(5))]
    received = []
    qos = QoSProfile(depth=len(sent), durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = node.create_publisher(message_type, f"round_trip/{name}", qos)
    subscription = node.create_subscription(message_type, f"round_trip/{name}", received.append, qos)
    try:
        for message in sent:
            publisher.publish(message)
        spin_until(executor, lambda: len(received) == len(sent), name)
        assert [plain(message) for message in received] == [plain(message) for message in sent]
    finally:
        node.destroy_subscription(subscription)
        node.destroy_publisher(publisher)


@pytest.mark.parametrize("name", interfaces("srv"))
def test_a_service_answers(graph, name):
    node, executor = graph
    service_type = load("srv", name)
    source = random.Random(name)
    request, answer = fill(service_type.Request, source), fill(service_type.Response, source)
    asked = []

    def serve(given, _):
        asked.append(given)
        return answer

    service = node.create_service(service_type, f"round_trip/{name}", serve)
    client = node.create_client(service_type, f"round_trip/{name}")
    try:
        spin_until(executor, client.service_is_ready, name)
        future = client.call_async(request)
        spin_until(executor, future.done, name)
        assert plain(asked[0]) == plain(request)
        assert plain(future.result()) == plain(answer)
    finally:
        node.destroy_client(client)
        node.destroy_service(service)


@pytest.mark.parametrize("name", interfaces("action"))
def test_an_action_takes_a_goal_and_gives_feedback_and_a_result(graph, name):
    node, executor = graph
    action_type = load("action", name)
    source = random.Random(name)
    goal, feedback, result = (
        fill(kind, source) for kind in (action_type.Goal, action_type.Feedback, action_type.Result)
    )
    asked, heard = [], []

    def execute(handle):
        asked.append(handle.request)
        handle.publish_feedback(feedback)
        handle.succeed()
        return result

    server = ActionServer(node, action_type, f"round_trip/{name}", execute)
    client = ActionClient(node, action_type, f"round_trip/{name}")
    try:
        spin_until(executor, client.server_is_ready, name)
        accepted = client.send_goal_async(goal, feedback_callback=heard.append)
        spin_until(executor, accepted.done, name)
        assert accepted.result().accepted
        finished = accepted.result().get_result_async()
        spin_until(executor, lambda: finished.done() and heard, name)
        assert plain(asked[0]) == plain(goal)
        assert plain(heard[0].feedback) == plain(feedback)
        assert plain(finished.result().result) == plain(result)
    finally:
        client.destroy()
        server.destroy()


def test_a_wrong_field_type_is_refused_at_once():
    # ROS_PYTHON_CHECK_FIELDS=1; without it wrong types surface only when the message is published.
    with pytest.raises(AssertionError):
        load("msg", "FormCue")(text=3)


@pytest.mark.parametrize(
    ("message", "prefix", "named"),
    [
        ("Landmark", "", {name.upper(): index for name, index in INDEX.items()} | {"COUNT": N_LANDMARKS}),
        (
            "JointAngles",
            "",
            {name.upper(): index for name, index in JOINT_INDEX.items()} | {"COUNT": len(JOINTS)},
        ),
        ("ExerciseClassification", "STATUS_", types.ClassificationStatus.__members__),
        ("RepState", "PHASE_", types.Phase.__members__),
        ("RepEvent", "REASON_", types.Reason.__members__),
        ("FormCue", "PRIORITY_", types.CuePriority.__members__),
    ],
)
def test_constants_are_those_of_the_core(message, prefix, named):
    text = (INTERFACES / "msg" / f"{message}.msg").read_text()
    constants = {name: int(value) for name, value in re.findall(r"^uint8 ([A-Z_]+)=(\d+)", text, re.MULTILINE)}
    found = {name.removeprefix(prefix): value for name, value in constants.items() if name.startswith(prefix)}
    assert found == dict(named)
    assert all(getattr(load("msg", message), name) == value for name, value in constants.items())
