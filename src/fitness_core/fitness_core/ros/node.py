"""The managed node that every node of the graph is, and how one is run as a program.

A node names its parameters in `PARAMETERS` and fills in `configure`, `activate`, `deactivate`, `release`, `diagnose`.
Lifecycle: https://design.ros2.org/articles/node_lifecycle.html.
"""

import copy
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

import rclpy
from rclpy.action import ActionServer
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from rclpy.task import Future
from rclpy.timer import Timer

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, parameters, serialized, timers
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.process.executor import GraphExecutor
from fitness_core.ros.process.last_words import answer_goals, wait_until_heard
from fitness_core.ros.process.leaving import leaving
from fitness_core.ros.process.middleware import init, permitted
from fitness_core.ros.process.signals import on_signal
from fitness_core.ros.refusals import Refusals

COMMON = (
    Parameter(
        "autostart",
        True,
        "Configure and activate at start; false leaves it to a lifecycle manager.",
        read_only=True,
    ),
)
"""Parameters that every node of the graph has."""


class FitnessNode(LifecycleNode):
    """A managed node with schema parameters (`self.params.<name>`) and diagnostics at 1 Hz.

    A subscription's callback that raises InputError has refused its message: /diagnostics tells, the node goes on.

    `problem`: why the last transition failed, one line; empty where none did.
    `finished`: a future that a node completes when it has nothing more to do (a file at its end), with why it could not
    go on, or with nothing. Each activation has its own.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    URGENCY: ClassVar[int] = 0
    """Among the nodes of one executor, see `fitness_core.ros.process.executor.urgency_of`."""
    WRITES_ONCE: ClassVar[bool] = False
    """What it writes is never written over: where it has failed, it is not started again."""

    def __init__(self, name: str, **node_arguments) -> None:
        # Before rclpy's own, which subscribes already where it is to follow /clock.
        self.refusals = Refusals(lambda line: self.get_logger().warning(line))
        super().__init__(name, **node_arguments)
        # What rclpy's own services (parameters, lifecycle) cannot do is answered, and told on /diagnostics.
        for service in self.services:
            if service.srv_type.__module__.split(".")[0] in ("rcl_interfaces", "lifecycle_msgs"):
                service.callback = self.refusals.answer(service.srv_name, service.callback)
        self.problem = ""
        self.active = False
        self._configured = False
        self._raising = False
        self.finished = Future()
        self.params = parameters.declare(
            self,
            self.PARAMETERS + COMMON,
            self.parameters_changed,
            self.check_parameter,
            lambda: self._configured,
        )
        self._diagnostics = diagnostics.Diagnostics(self, lambda: self.refusals.tell(*self._diagnose()))

    # What a node fills in. `configure` loads and validates (no I/O with the world), `activate` starts work,
    # `deactivate` stops it and gives devices back, `release` lets go of what `configure` loaded.

    def configure(self) -> None:
        """Load and validate; raise InputError for what the user can mend."""

    def activate(self) -> None:
        """Start work; raise InputError for what the user can mend."""

    def deactivate(self) -> None:
        """Stop work, free devices; InputError is told, and the node is inactive all the same."""

    def release(self) -> None:
        """Let go of what configure loaded."""

    def check_parameter(self, name: str, value: parameters.Value) -> None:
        """Raise InputError for a value that the node cannot take as it is now; it is not set then."""

    def parameters_changed(self, names: set[str]) -> None:
        """Parameters were set while running; `self.params` has the new values."""

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        """Level, message and values for /diagnostics."""
        return diagnostics.OK, "active" if self.active else "inactive", {}

    @property
    def incomplete(self) -> str:
        """Why what it has written so far lacks something, one line; empty where it does not."""
        return ""

    def _diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message, values = self.diagnose()
        if self.problem and not self.active:  # whoever asked for the transition was answered with a mere no
            level, message = diagnostics.ERROR, self.problem
        return level, message, values

    def create_subscription(self, msg_type, topic, callback, qos_profile, **options) -> Subscription:
        """As rclpy's; a message that the callback refuses with InputError is told on /diagnostics.

        Pictures and poses are read in place, see `fitness_core.ros.serialized`.
        """
        if msg_type in serialized.IN_PLACE and not options.get("raw"):
            callback, options["raw"] = serialized.in_place(msg_type, callback), True
        guarded = self.refusals.guard(topic, callback)
        options.setdefault("event_callbacks", SubscriptionEventCallbacks(incompatible_qos=self._unheard(topic)))
        profile = self._overridable(topic, qos_profile, options)
        return super().create_subscription(msg_type, topic, guarded, profile, **options)

    def create_lifecycle_publisher(self, msg_type, topic, qos_profile, **options) -> LifecyclePublisher:
        """As rclpy's; whoever hears it on the same executor is called without another wait."""
        profile = self._overridable(topic, qos_profile, options)
        publisher: Any = super().create_lifecycle_publisher(msg_type, topic, profile, **options)
        publish, topic = publisher.publish, publisher.topic_name

        def feed(message: Any) -> None:
            publish(message)
            if isinstance(executor := self.executor, GraphExecutor):
                executor.feed(topic)

        publisher.publish = feed
        return publisher

    def destroy_node(self) -> None:
        """As rclpy's; the servers of actions too, which rclpy forgets."""
        for waitable in list(self.waitables):
            if isinstance(waitable, ActionServer):
                waitable.destroy()
        super().destroy_node()

    def _overridable(self, topic: str, profile: QoSProfile | int, options: dict[str, Any]) -> QoSProfile | int:
        """Heed `qos_overrides./topic.publisher.reliability` and the like, where such parameters are given.

        As https://design.ros2.org/articles/qos_configurability.html; only there, as each topic has six of them.
        Returns the profile to use: rclpy writes into it, and profiles are shared by all topics of a kind.
        """
        prefix = f"qos_overrides.{self.resolve_topic_name(topic)}."
        if not any(name.startswith(prefix) for name in self._parameter_overrides):
            return profile
        options.setdefault("qos_overriding_options", QoSOverridingOptions.with_default_policies())
        return copy.copy(profile)

    def _unheard(self, topic: str) -> Callable[[Any], None]:
        """What to do where somebody publishes a topic in a way that this node cannot hear."""

        def tell(status: Any) -> None:
            policy = QoSPolicyKind(status.last_policy_kind).name.lower()
            with self.refusals.taking(topic):
                raise InputError(f"a publisher of another quality of service ({policy}) is not heard")

        return tell

    def once_heard(self, publisher: Publisher, subscribers: int, begin: Callable[[], None], timeout: float) -> Timer:
        """Call `begin` once so many subscribers listen to a publisher, or after `timeout` [s] at the latest.

        Returns the timer that waits; cancel it to give up waiting.
        """
        deadline = time.monotonic() + timeout

        def look() -> None:
            if publisher.get_subscription_count() >= subscribers or time.monotonic() > deadline:
                timer.cancel()
                begin()

        timer = timers.steady(self, 0.02, look)
        look()
        return timer

    # What the lifecycle calls.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._attempt(self.configure)
        self._configured = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        # The publishers first: activate() may publish at once (a latched fact, a first frame).
        super().on_activate(state)
        if self.finished.done():
            self.finished = Future()
        heard, ticking = set(self.subscriptions), set(self.timers)
        result = self._attempt(self.activate)
        if result == TransitionCallbackReturn.SUCCESS:
            self.active = True
            return result
        # What was made of it until then would be made once more by the next attempt.
        for subscription in set(self.subscriptions) - heard:
            self.destroy_subscription(subscription)
        for timer in set(self.timers) - ticking:
            self.destroy_timer(timer)
        super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = False
        try:
            self._attempt(self.deactivate)
        finally:
            super().on_deactivate(state)
        # Nothing keeps a node from being switched off, so nobody need ask whether it could be.
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._configured = False
        return self._attempt(self.release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.active:
            self.on_deactivate(state)
        return self.on_cleanup(state) if self._configured else TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        # It is unconfigured then, without a cleanup: what it holds, it lets go of here, as far as it has got.
        self._configured = False
        problem = self.problem
        self._attempt(self.release)
        self.problem = problem
        return TransitionCallbackReturn.SUCCESS

    def _attempt(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        self.problem = ""
        try:
            with permitted():
                step()
        except InputError as error:
            self.problem = str(error)
            if not self._raising:
                self.get_logger().error(self.problem)
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            # rclpy would take it for an error, too, and tell nobody.
            self.problem = f"{type(error).__name__}: {error}"
            self.get_logger().error(traceback.format_exc())
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def start(self) -> None:
        """Configure and activate, also after an activation that failed; raise InputError where that fails."""
        if self._configured:
            self.go(self.trigger_cleanup)
        self.go(self.trigger_configure)
        self.go(self.trigger_activate)

    def go(self, transition: Callable[[], TransitionCallbackReturn]) -> None:
        """Go through one transition (`self.trigger_*`); raise InputError, and do not log it, where it fails.

        Also where there is no such transition from here: somebody else has gone through others meanwhile.
        """
        self._raising = True
        try:
            with permitted():
                result = transition()
            if result != TransitionCallbackReturn.SUCCESS:
                raise InputError(self.problem or "it did not start; the log above says why")
        finally:
            self._raising = False

    def stop(self) -> None:
        """Deactivate and clean up, so that what is known is published before the node goes."""
        if self.active and self.trigger_deactivate() == TransitionCallbackReturn.SUCCESS:
            self.trigger_cleanup()


def run(make_node: Callable[[], FitnessNode], args: list[str] | None = None) -> int:
    """Run one node as a program until it has finished or is told to stop. Exit code: 0, or 2 for bad input.

    Also 2 where what it was to write is incomplete. Input that is bad after its beginning is told by the node itself.

    args: for `init`, where that was not called yet.
    """
    stop = Future()
    on_signal(lambda: stop.set_result(None))
    node = executor = None
    try:
        if not rclpy.ok():
            init(args)
        with permitted():
            node = make_node()
        finished = node.finished
        finished.add_done_callback(lambda _: stop.set_result(None))
        executor = GraphExecutor()
        executor.add_node(node)
        if node.params.autostart:
            node.start()
        executor.spin_until_future_complete(stop)
        node.stop()
        answer_goals(executor)
        wait_until_heard(node)
        if node.incomplete:
            raise InputError(node.incomplete)
        if finished.done() and finished.result():
            return 2
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ExternalShutdownException:
        pass
    finally:
        with leaving():
            if node is not None:
                node.destroy_node()
            if executor is not None:
                executor.shutdown()
            rclpy.try_shutdown()
    return 0
