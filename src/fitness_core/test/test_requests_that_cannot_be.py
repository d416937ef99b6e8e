"""What a client asks of a node by mistake is answered over DDS, and the node lives on."""

import time

import pytest
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from fitness_core.ros.node import FitnessNode


class Graph:
    """A node of the graph and a client of its services."""

    def __init__(self) -> None:
        rclpy.init()
        self.node = FitnessNode("asked")
        self.client = Node("asks")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.client)
        self.node.start()

    def ask(self, kind: type, service: str, request: object) -> object:
        client = self.client.create_client(kind, f"asked/{service}")
        assert client.wait_for_service(timeout_sec=60)
        answer = client.call_async(request)
        end = time.monotonic() + 60
        while not answer.done() and time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.1)
        assert answer.done(), f"{service} has not answered"
        return answer.result()

    def change(self, transition: int) -> bool:
        return self.ask(ChangeState, "change_state", ChangeState.Request(transition=Transition(id=transition))).success

    def close(self) -> None:
        self.node.stop()
        self.executor.shutdown()
        self.node.destroy_node()
        self.client.destroy_node()
        rclpy.shutdown()


@pytest.fixture
def graph():
    graph = Graph()
    yield graph
    graph.close()


def test_switched_on_twice_is_no_crash(graph: Graph) -> None:
    on, off = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE
    assert not graph.change(on), "it was on already"
    assert graph.change(off) and not graph.node.active
    assert not graph.change(off) and not graph.change(200)
    assert graph.change(on) and graph.node.active
    assert "change_state" in graph.node.refusals.tell(b"\0", "", {})[1]


def test_a_parameter_of_an_unknown_type_is_refused_and_those_beside_it_answered(graph: Graph) -> None:
    strange = Parameter(name="autostart", value=ParameterValue(type=200))
    known = Parameter(name="use_sim_time", value=ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=False))
    request = SetParameters.Request(parameters=[known, strange, known])
    results = graph.ask(SetParameters, "set_parameters", request).results
    assert [result.successful for result in results] == [True, False, False]
    assert "200" in results[1].reason
    request = SetParametersAtomically.Request(parameters=[known, strange])
    result = graph.ask(SetParametersAtomically, "set_parameters_atomically", request).result
    assert not result.successful and "200" in result.reason
