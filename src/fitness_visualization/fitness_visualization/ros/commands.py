"""What a page asks of the graph, as calls of its services."""

import asyncio
import contextlib
import math
import threading
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.client import Client
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rclpy.task import Future
from std_srvs.srv import Trigger

from fitness_core.errors import InputError
from fitness_msgs.srv import SetExercise

THRESHOLDS = {
    "detection": ("pose_estimator", "min_detection_confidence"),
    "tracking": ("pose_estimator", "min_tracking_confidence"),
    "confidence": ("exercise_classifier", "confidence_threshold"),
}
"""Name on the page -> node, parameter. Nothing else can be set from there."""
TUNED = sorted({node for node, _ in THRESHOLDS.values()})
"""Nodes that have such a parameter."""
TIMEOUT = 5.0
"""Longest wait for an answer [s]."""
GLANCE = 1.0
"""Longest wait for the answer to what is asked once a second [s]."""


async def wait_for(future: Future, who: str, timeout: float | None = TIMEOUT) -> Any:
    """The result of a future of rclpy, awaited in an asyncio loop while the node's executor runs elsewhere.

    Raises InputError where it does not come in time; None = there is no such time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future = loop.create_future()

    def deliver(done: Future) -> None:
        if not answer.done():
            answer.set_result(done.result())

    future.add_done_callback(lambda done: loop.call_soon_threadsafe(deliver, done))
    try:
        return await asyncio.wait_for(answer, timeout)
    except TimeoutError:
        raise InputError(f"{who} has not answered within {timeout:g} s") from None


async def call(client: Client, request: Any, timeout: float = TIMEOUT) -> Any:
    """The answer to a request. Raises InputError where nobody serves or no answer comes in time [s]."""
    who = client.srv_name.split("/")[-2]
    if not client.service_is_ready():
        raise InputError(f"{who} does not run")
    asked = client.call_async(request)
    try:
        return await wait_for(asked, who, timeout)
    finally:
        client.remove_pending_request(asked)


class Caller:
    """A node for the clients of another one, spun by a thread of its own.

    Each wait of an executor costs for every entity that it waits for; where poses come in, clients have no place.
    """

    def __init__(self, owner: Node) -> None:
        name, namespace = f"{owner.get_name()}_calls", owner.get_namespace()
        self.node = Node(
            name,
            context=owner.context,
            # Remapped as its owner, but for its own name, which the process may have been given.
            cli_args=["--ros-args", "-r", f"__node:={name}", "-r", f"__ns:={namespace}"],
            parameter_overrides=[RosParameter("use_sim_time", value=False)],
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._executor = SingleThreadedExecutor(context=owner.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name="calls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and the node."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


class Commands:
    """Clients of the services that a page may use. Raises InputError with the answer of a node that says no."""

    def __init__(self, node: Node) -> None:
        self._set_exercise = node.create_client(SetExercise, "rep_counter/set_exercise")
        self._reset = node.create_client(Trigger, "rep_counter/reset")
        self._getters = {name: node.create_client(GetParameters, f"{name}/get_parameters") for name in TUNED}
        self._setters = {name: node.create_client(SetParameters, f"{name}/set_parameters") for name in TUNED}

    async def thresholds(self, confidence: float | None) -> dict[str, float | None]:
        """Values of the thresholds by their names on the page.

        None = the node's own choice, which is `confidence` for the label; absent = no such node, or it does not answer.
        """
        values: dict[str, float | None] = {}

        async def ask(name: str, node: str, parameter: str) -> None:
            with contextlib.suppress(InputError):
                answer = await call(self._getters[node], GetParameters.Request(names=[parameter]), GLANCE)
                value = answer.values[0].double_value if answer.values else math.nan
                own = confidence if name == "confidence" else None
                values[name] = value if math.isfinite(value) and value >= 0 else own

        await asyncio.gather(*(ask(name, *where) for name, where in THRESHOLDS.items()))
        return values

    async def set_threshold(self, name: str, value: float) -> str:
        """Set a threshold; returns what to tell the page."""
        node, parameter = THRESHOLDS[name]
        wanted = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
        request = SetParameters.Request(parameters=[Parameter(name=parameter, value=wanted)])
        result = (await call(self._setters[node], request)).results[0]
        if not result.successful:
            raise InputError(result.reason or f"{node} refused {parameter} = {value:g}")
        return f"{node}.{parameter} = {value:g}"

    async def set_exercise(self, exercise: str) -> str:
        """Count this exercise, or what the classifier says where it is empty."""
        answer = await call(self._set_exercise, SetExercise.Request(exercise=exercise))
        if not answer.success:
            raise InputError(answer.message)
        return f"counting {exercise}" if exercise else "the classifier decides"

    async def reset(self) -> str:
        """Begin counting anew."""
        answer = await call(self._reset, Trigger.Request())
        if not answer.success:
            raise InputError(answer.message)
        return "counting anew"
