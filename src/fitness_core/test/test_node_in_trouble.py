"""What a node does where a transition fails, and where its input breaks off."""

import os
import subprocess
import sys
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import HistoryPolicy, ReliabilityPolicy
from std_msgs.msg import Empty

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros import node as nodes
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.process.executor import GraphExecutor
from fitness_core.ros.process.middleware import permitted
from fitness_msgs.msg import BodyPose


class Door(FitnessNode):
    """A node whose activation fails as often as it is told to, after it has made what it listens with."""

    PARAMETERS = (Parameter("keys", ["brass"], "What opens it."),)

    def __init__(self, failures=(), **arguments):
        super().__init__("door", **arguments)
        self.failures = list(failures)
        self.knocks = self.create_lifecycle_publisher(Empty, "knocks", qos.STREAM)

    def activate(self):
        self.create_subscription(Empty, "open", lambda message: None, qos.STREAM)
        self.create_timer(1.0, lambda: None)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def door():
    rclpy.init()
    made = []

    def make(failures=(), **overrides):
        given = [RosParameter(name.replace("__", "."), value=value) for name, value in overrides.items()]
        made.append(Door(failures, parameter_overrides=given))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    rclpy.try_shutdown()


def entities(node):
    return len([one for one in node.subscriptions if one.topic_name == "/open"]), len(list(node.timers))


def test_what_nobody_foresaw_is_told_and_not_swallowed(door, capfd):
    node = door([ZeroDivisionError("by a hinge")])
    with pytest.raises(InputError, match="ZeroDivisionError: by a hinge"):
        node.start()
    said = capfd.readouterr().err
    assert "Traceback" in said and "self.failures.pop(0)" in said
    assert node.problem == "ZeroDivisionError: by a hinge" and not node.active
    node.start()
    assert node.active, "rclpy leaves it unconfigured, from where it may be started again"


@pytest.mark.parametrize("failure", [InputError("the lock is stuck"), RuntimeError("rust")])
def test_a_failed_activation_leaves_nothing_behind(door, failure):
    node = door([failure])
    before = entities(node)
    with pytest.raises(InputError):
        node.start()
    assert entities(node) == before
    if isinstance(failure, RuntimeError):
        node.trigger_configure()  # an error that nobody foresaw unconfigures, by the lifecycle's design
    node.go(node.trigger_activate)
    assert entities(node) == (1, before[1] + 1)


def test_each_activation_finishes_anew(door):
    node = door()
    node.start()
    node.finished.set_result("")
    node.trigger_deactivate()
    assert node.finished.done(), "still to be asked for"
    node.trigger_activate()
    assert not node.finished.done()


def test_an_empty_list_is_a_list(door):
    node = door(keys=None)
    assert node.params.keys == []


@pytest.mark.parametrize("reliability", ["reliable", "best_effort"])
def test_quality_of_service_may_be_overridden_per_topic(door, reliability):
    name = "qos_overrides./knocks.publisher.reliability"
    before = qos.STREAM.depth, qos.STREAM.reliability
    node = door(**{name: reliability, "qos_overrides./open.subscription.depth": 3})
    node.start()
    assert (qos.STREAM.depth, qos.STREAM.reliability) == before, "the profile is also that of other topics"
    [knocks] = node.get_publishers_info_by_topic("/knocks")
    assert knocks.qos_profile.reliability == ReliabilityPolicy[reliability.upper()]
    assert node.get_parameter("qos_overrides./open.subscription.depth").value == 3
    assert not node.has_parameter("qos_overrides./diagnostics.publisher.depth"), "there only where it is given"
    [heard] = [one for one in node.subscriptions if one.topic_name == "/open"]
    assert (heard.qos_profile.history, heard.qos_profile.depth) == (HistoryPolicy.KEEP_LAST, 3)


@pytest.mark.parametrize(("why", "code"), [("", 0), (None, 0), ("page 3 is torn", 2)])
def test_a_program_whose_input_broke_off_says_so_by_its_exit_code(monkeypatch, why, code):
    monkeypatch.setattr(nodes, "on_signal", lambda callback: None)

    class Reader(FitnessNode):
        def activate(self):
            self.create_timer(0.01, lambda: self.finished.done() or self.finished.set_result(why))

    assert nodes.run(lambda: Reader("reader"), args=[]) == code


def test_a_program_that_could_not_write_all_of_it_says_so_by_its_exit_code(monkeypatch, capfd):
    monkeypatch.setattr(nodes, "on_signal", lambda callback: callback())

    class Writer(FitnessNode):
        incomplete = "the disk is full"

    assert nodes.run(lambda: Writer("writer"), args=[]) == 2
    assert capfd.readouterr().err == "error: the disk is full\n"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"use_sim_time": 1}, "'use_sim_time' to '1' of type 'INTEGER', expecting type 'BOOL'"),
        ({"qos_overrides./knocks.publisher.depth": "deep"}, "knocks.publisher.depth' to 'deep' .* type 'INTEGER'"),
        ({"qos_overrides./knocks.publisher.reliability": "best-effort"}, "`reliability`: `best-effort`"),
        ({"qos_overrides./open.subscription.reliability": "sure"}, "`reliability`: `sure`"),
    ],
)
def test_parameters_of_ros_that_cannot_be_are_one_line(door, given, says):
    with pytest.raises(InputError, match=says) as error, permitted():
        door(**given).start()
    assert "\n" not in str(error.value)


def run_in(**environment: str) -> str:
    """What a node says in this environment before it ends with 2."""
    code = "import sys; from fitness_core.ros.node import FitnessNode, run; sys.exit(run(lambda: FitnessNode('lost')))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    return done.stderr


@pytest.mark.parametrize("domain", ["233", "9" * 5000])
def test_a_domain_without_ports_is_one_line(domain):
    # Fast DDS would end the process that asks for it.
    assert run_in(ROS_DOMAIN_ID=domain) == f"error: ROS_DOMAIN_ID is {domain}; accepted: 0 .. 232, best of 0 .. 101\n"


def test_security_without_keys_is_told_in_words():
    said = run_in(ROS_SECURITY_ENABLE="true", ROS_SECURITY_STRATEGY="Enforce", ROS_SECURITY_KEYSTORE="")
    assert said.startswith("error: ROS_SECURITY_STRATEGY is Enforce; give ROS_SECURITY_KEYSTORE")


@pytest.mark.parametrize("make_executor", [GraphExecutor, SingleThreadedExecutor])
def test_a_coroutine_hears_messages_and_may_refuse_them(door, make_executor):
    node, heard = door(), []

    async def hear(pose) -> None:
        if not pose.image_width:
            raise InputError("no size")
        heard.append(pose.body_id)

    node.create_subscription(BodyPose, "body_pose", hear, qos.STREAM)
    publisher = node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    executor = make_executor()
    executor.add_node(node)
    try:
        deadline = time.monotonic() + 30.0
        while not publisher.get_subscription_count():
            assert time.monotonic() < deadline
            executor.spin_once(timeout_sec=0.1)
        publisher.publish(BodyPose())
        publisher.publish(BodyPose(body_id="person_1", image_width=640))
        while not (heard and node.refusals.counts):
            assert time.monotonic() < deadline
            executor.spin_once(timeout_sec=0.1)
    finally:
        executor.shutdown()
    assert heard == ["person_1"] and node.refusals.counts == {"body_pose": 1}


def test_why_a_node_is_not_active_is_told_on_diagnostics(door):
    node, executor = door([InputError("the lock is stuck")]), SingleThreadedExecutor()
    told: list[tuple[bytes, str]] = []

    def hear(message: DiagnosticArray) -> None:
        told.extend((status.level, status.message) for status in message.status if status.name.endswith("door"))

    robot = rclpy.create_node("robot")
    robot.create_subscription(DiagnosticArray, "/diagnostics", hear, qos.DIAGNOSTICS)
    for one in (node, robot):
        executor.add_node(one)

    def is_told(level: bytes, message: str) -> None:
        told.clear()
        deadline = time.monotonic() + 30.0
        while (level, message) not in told:
            assert time.monotonic() < deadline, told
            executor.spin_once(timeout_sec=0.1)

    try:
        node.trigger_configure()
        is_told(diagnostics.OK, "inactive")
        node.trigger_activate()
        is_told(diagnostics.ERROR, "the lock is stuck")
        node.trigger_activate()
        is_told(diagnostics.OK, "active")
    finally:
        executor.shutdown()
        robot.destroy_node()
