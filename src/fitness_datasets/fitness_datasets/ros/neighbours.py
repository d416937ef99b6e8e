"""What the guide tells and asks the other nodes of the graph, when they are there."""

import time

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.task import Future

from fitness_core.catalogue import Catalogue
from fitness_core.ros import timers
from fitness_core.ros.last_said import LastSaid
from fitness_datasets.collection.guidance import Guidance
from fitness_datasets.collection.session import Session
from fitness_datasets.ros import takes
from fitness_msgs.srv import SetExercise

POSE_PARAMETERS = ["backend", "model"]
"""Parameters of the pose estimator that a session tells of."""

KEEP_PERIOD = 1.0
"""How often it is kept on the disk that the counter is told something [s]."""

LOOK_PERIOD = 0.5
"""How often it is looked for the counter that was left told, and for another pose estimator [s]."""

CROWDED = "Another graph runs in {}, or was killed a moment ago: stop it, or give one of the two another namespace."
"""What is told while there are the poses of two."""


class Neighbours:
    """The counter, which is told what is being done, and the pose estimator, which is asked what it is.

    A counter that a program of this node which died has left told is let go back, also while the node is inactive.
    """

    def __init__(self, node: Node) -> None:
        self._pose: dict[str, str] = {}
        self._counter = node.create_client(SetExercise, "rep_counter/set_exercise")
        self._counter_parameters = node.create_client(GetParameters, "rep_counter/get_parameters")
        self._estimator = node.create_client(GetParameters, "pose_estimator/get_parameters")
        self._counted = self._asked = False
        self._node, self._looked = node, 0.0
        self._file, self._kept = LastSaid(node), 0.0
        self._left = timers.steady(node, LOOK_PERIOD, self._look_back) if self._file.left() is not None else None

    def again(self) -> None:
        """Another take: the counter must be told anew."""
        self._counted = False
        self._leave()

    def over(self) -> None:
        """No take follows: the counter counts what it was configured to."""
        self._file.forget()
        if self._counted and self._counter_parameters.service_is_ready():
            self._counted = False
            self._ask_back()

    def look(self, guidance: Guidance, catalogue: Catalogue, session: Session) -> None:
        """Tell and ask whoever is there and has not been; the session's file tells what the pose estimator is.

        No take begins while there are two who say where somebody is: it would be of both.
        """
        if time.monotonic() - self._looked > LOOK_PERIOD:
            self._looked = time.monotonic()
            crowded = self._node.count_publishers(self._node.resolve_topic_name("body_pose")) > 1
            guidance.hindrance = CROWDED.format(self._node.get_namespace()) if crowded else ""
        if self._pose and session.pose != self._pose:
            session.pose = self._pose
            session.write()
        if not self._counted and self._counter.service_is_ready():
            # So that what the classifier has not learnt yet is counted too.
            self._counted = True
            self._counter.call_async(takes.to_set_exercise(guidance.request, catalogue)).add_done_callback(
                self._on_exercise_set
            )
        if self._counted and time.monotonic() - self._kept > KEEP_PERIOD:
            self._kept = time.monotonic()
            self._file.keep(time.monotonic_ns())
        if not self._asked and self._estimator.service_is_ready():
            self._asked = True
            asked = self._estimator.call_async(GetParameters.Request(names=POSE_PARAMETERS))
            asked.add_done_callback(self._on_parameters)

    def _look_back(self) -> None:
        if self._counter_parameters.service_is_ready():
            self._leave()
            self._file.forget()
            self._ask_back()

    def _leave(self) -> None:
        """What was left told is no matter any more."""
        if self._left is not None:
            self._left.cancel()
            self._left = None

    def _ask_back(self) -> None:
        asked = self._counter_parameters.call_async(GetParameters.Request(names=["exercise"]))
        asked.add_done_callback(self._on_configured)

    def _on_exercise_set(self, future: Future) -> None:
        self._counted = future.result() is not None and future.result().success

    def _on_configured(self, future: Future) -> None:
        values = future.result().values if future.result() is not None else []
        if values and not self._counted:  # else another take has begun meanwhile
            self._counter.call_async(SetExercise.Request(exercise=values[0].string_value))

    def _on_parameters(self, future: Future) -> None:
        values = future.result().values if future.result() is not None else []
        if len(values) == len(POSE_PARAMETERS) and all(of.type == ParameterType.PARAMETER_STRING for of in values):
            self._pose = dict(zip(POSE_PARAMETERS, (of.string_value for of in values), strict=True))
