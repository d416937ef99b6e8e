"""The executor does what rclpy's does: messages, timers, services, actions, and what is made or destroyed meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.action import ActionClient, ActionServer
from rclpy.callback_groups import CallbackGroup
from rclpy.executors import ShutdownException, TimeoutException
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger

from fitness_core.ros.node import FitnessNode
from fitness_core.ros.process.executor import GraphExecutor
from fitness_msgs.action import RunSet

DEADLINE = 60.0


@pytest.fixture
def spun() -> Iterator[tuple[GraphExecutor, Node]]:
    """An executor and a node on it; the test spins."""
    rclpy.init()
    executor, node = GraphExecutor(), Node("spun")
    executor.add_node(node)
    yield executor, node
    node.destroy_node()
    executor.shutdown()
    rclpy.try_shutdown()


def until(executor: GraphExecutor, condition: Callable[[], bool]) -> None:
    """Spin until it holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        executor.spin_once(timeout_sec=0.1)


def test_messages_come_in_order_and_timers_fire(spun) -> None:
    executor, node = spun
    heard, ticks = [], []
    node.create_subscription(String, "words", lambda message: heard.append(message.data), 50)
    publisher = node.create_publisher(String, "words", 50)
    until(executor, lambda: publisher.get_subscription_count() == 1)
    node.create_timer(0.005, lambda: ticks.append(time.monotonic()))
    for number in range(30):
        publisher.publish(String(data=str(number)))
    until(executor, lambda: len(heard) == 30 and len(ticks) >= 3)
    assert heard == [str(number) for number in range(30)]


def test_a_timer_that_another_callback_cancels_is_not_called(spun) -> None:
    executor, node = spun
    fired: list[str] = []
    timers = {}

    def fire(name: str, other: str) -> None:
        fired.append(name)
        timers[other].cancel()

    for name, other in (("one", "two"), ("two", "one")):
        timers[name] = node.create_timer(0.02, lambda name=name, other=other: fire(name, other))
    # Both are due when the executor looks.
    until_due = time.monotonic() + 0.05
    while time.monotonic() < until_due or not all(timer.is_ready() for timer in timers.values()):
        pass
    until(executor, lambda: len(fired) == 3)
    assert len(set(fired)) == 1


def test_service_is_answered_among_many_messages(spun) -> None:
    executor, node = spun
    heard = []
    node.create_subscription(String, "words", heard.append, 10)
    publisher = node.create_publisher(String, "words", 10)
    node.create_timer(0.001, lambda: publisher.publish(String(data="again")))
    executor.spin_once(timeout_sec=0.0)
    # Made while it spins.
    node.create_service(Trigger, "ask", lambda request, response: Trigger.Response(success=True, message="yes"))
    client = node.create_client(Trigger, "ask")
    until(executor, client.service_is_ready)
    for _ in range(5):
        future = client.call_async(Trigger.Request())
        executor.spin_until_future_complete(future, timeout_sec=DEADLINE)
        assert future.result().message == "yes"
    assert heard


def test_action_runs_to_its_end(spun) -> None:
    executor, node = spun

    def execute(goal):
        goal.succeed()
        return RunSet.Result()

    server = ActionServer(node, RunSet, "run", execute)
    client = ActionClient(node, RunSet, "run")
    until(executor, client.server_is_ready)
    sent = client.send_goal_async(RunSet.Goal())
    executor.spin_until_future_complete(sent, timeout_sec=DEADLINE)
    result = sent.result().get_result_async()
    executor.spin_until_future_complete(result, timeout_sec=DEADLINE)
    assert result.done()
    server.destroy()
    client.destroy()


def test_future_of_another_thread_ends_the_spinning(spun) -> None:
    executor, _ = spun
    done = Future()
    threading.Timer(0.2, lambda: done.set_result(None)).start()
    executor.spin_until_future_complete(done, timeout_sec=DEADLINE)
    assert done.done()


def test_what_is_destroyed_is_heard_no_more(spun) -> None:
    executor, node = spun
    heard = []
    subscription = node.create_subscription(String, "words", heard.append, 10)
    publisher = node.create_publisher(String, "words", 10)
    until(executor, lambda: publisher.get_subscription_count() == 1)
    node.create_timer(0.01, lambda: node.destroy_subscription(subscription) if heard else publisher.publish(String()))
    until(executor, lambda: publisher.get_subscription_count() == 0)
    assert heard


@pytest.mark.parametrize("waiting", [False, True])
def test_what_is_destroyed_goes_whether_it_is_waited_for_or_not(spun, waiting: bool) -> None:
    executor, node = spun
    subscription = node.create_subscription(String, "words", lambda _: None, 10)
    publisher = node.create_publisher(String, "words", 10)
    until(executor, lambda: publisher.get_subscription_count() == 1)
    done = Future()
    spinning = threading.Thread(target=executor.spin_until_future_complete, args=(done,))
    if waiting:
        spinning.start()
        deadline = time.monotonic() + DEADLINE
        while not executor._waiting.locked():
            assert time.monotonic() < deadline
    node.destroy_subscription(subscription)
    deadline = time.monotonic() + DEADLINE
    while publisher.get_subscription_count():
        assert time.monotonic() < deadline
    done.set_result(None)
    if waiting:
        spinning.join()


def test_nothing_ready_is_a_timeout(spun) -> None:
    executor, _ = spun
    with pytest.raises(TimeoutException):
        while True:
            executor.wait_for_ready_callbacks(timeout_sec=0.01)[0]()


def test_error_of_a_callback_is_raised_where_it_spins(spun) -> None:
    executor, node = spun

    def fail() -> None:
        raise ValueError("no")

    node.create_timer(0.001, fail)
    with pytest.raises(ValueError, match="no"):
        until(executor, lambda: False)


def test_a_future_keeps_no_trace_of_every_message(spun) -> None:
    executor, node = spun
    ticks: list[int] = []
    done = Future()
    node.create_timer(0.001, lambda: ticks.append(1) if len(ticks) < 50 else done.done() or done.set_result(None))
    executor.spin_until_future_complete(done, timeout_sec=DEADLINE)
    assert len(done._callbacks) <= 1


class ShutDownBefore(threading.Event):
    """Its executor is shut down in another thread just before it is cleared."""

    def __init__(self, executor: GraphExecutor) -> None:
        super().__init__()
        self.other = threading.Thread(target=executor.shutdown)

    def clear(self) -> None:
        self.other.start()
        assert self.wait(DEADLINE)
        super().clear()


def test_shutdown_ends_its_thread_when_something_is_ready_at_that_moment(spun) -> None:
    executor, node = spun
    executor._rest_taken = event = ShutDownBefore(executor)
    node.create_service(Trigger, "act", lambda request, response: response)
    client = node.create_client(Trigger, "act")
    assert client.wait_for_service(DEADLINE)
    client.call_async(Trigger.Request())
    with pytest.raises((ShutdownException, TimeoutException)):
        while True:
            executor.wait_for_ready_callbacks(timeout_sec=DEADLINE)[0]()
    event.other.join(DEADLINE)
    assert not event.other.is_alive()


def test_shutdown_ends_its_thread(spun) -> None:
    executor, _ = spun
    executor.spin_once(timeout_sec=0.0)
    executor.shutdown()
    assert "rest" not in [thread.name for thread in threading.enumerate()]


def test_who_runs_callbacks_oneself_learns_whose_failed(spun) -> None:
    executor, node = spun

    def fail() -> None:
        raise ValueError("no")

    node.create_timer(0.001, fail)
    handler, _, of = executor.wait_for_ready_callbacks(timeout_sec=DEADLINE)
    handler()
    assert of is node
    assert str(handler.exception()) == "no"


class Never(CallbackGroup):
    """Its entities are looked after by somebody else."""

    def can_execute(self, entity) -> bool:
        return False

    def beginning_execution(self, entity) -> bool:
        return False

    def ending_execution(self, entity) -> None:
        pass


class NeverAsked(Never):
    """Nor need it be asked."""

    polled = True


@pytest.mark.parametrize("group", [Never, NeverAsked])
def test_what_may_not_be_called_wakes_nobody(spun, group) -> None:
    executor, node = spun
    subscription = node.create_subscription(String, "words", lambda _: None, 10, callback_group=group())
    publisher = node.create_publisher(String, "words", 10)
    deadline = time.monotonic() + DEADLINE
    while publisher.get_subscription_count() < 1:
        assert time.monotonic() < deadline
        with pytest.raises(TimeoutException):
            while True:
                executor.wait_for_ready_callbacks(timeout_sec=0.01)[0]()
    publisher.publish(String(data="read later"))
    with pytest.raises(TimeoutException):
        while True:
            executor.wait_for_ready_callbacks(timeout_sec=0.2)[0]()
    with subscription.handle:
        assert subscription.handle.take_message(String, False)[0].data == "read later"


class Urgent(FitnessNode):
    """Goes first."""

    URGENCY = 1


class Patient(FitnessNode):
    """Can wait."""

    URGENCY = -1


def test_what_comes_of_an_urgent_node_goes_before_who_can_wait(spun, monkeypatch) -> None:
    executor, listener = spun
    urgent, patient = Urgent("urgent"), Patient("patient")
    heard: list[str] = []
    event = urgent.create_lifecycle_publisher(String, "event", 10)
    urgent.start()

    def count(_: String) -> None:
        heard.append("counted")
        event.publish(String())

    # The least urgent first: neither the order of making nor that of adding tells.
    patient.create_subscription(String, "pose", lambda _: heard.append("labelled"), 10)
    urgent.create_subscription(String, "pose", count, 10)
    listener.create_subscription(String, "event", lambda _: heard.append("told"), 10)
    poses = listener.create_publisher(String, "pose", 10)
    for node in (patient, urgent):
        executor.add_node(node)
    until(executor, lambda: poses.get_subscription_count() == 2 and event.get_subscription_count() == 1)
    # A reader may know its writer later than the writer knows it: the first message waits for that, later ones do not.
    event.publish(String())
    until(executor, lambda: bool(heard))
    heard.clear()

    # Both have the pose when the executor looks, however slow the machine is: what is tested is the order.
    look = executor._ready

    def patiently(deadline: float | None) -> tuple[list, list]:
        timers, ready = look(deadline)
        while not heard and not {*patient.subscriptions, *urgent.subscriptions} <= {entity for entity, _ in ready}:
            timers, ready = look(deadline)
        return timers, ready

    monkeypatch.setattr(executor, "_ready", patiently)
    # Once a second rclpy's own turn, which knows no patience.
    monkeypatch.setattr(executor, "_complete_turn", lambda condition: iter(()))
    poses.publish(String())
    while len(heard) < 3:
        executor.spin_once(timeout_sec=60)
    assert heard == ["counted", "told", "labelled"]
    for node in (urgent, patient):
        executor.remove_node(node)
        node.destroy_node()
