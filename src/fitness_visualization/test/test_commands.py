"""What pages ask of the graph, on real rclpy."""

import asyncio
import time
from pathlib import Path

import rclpy
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from fitness_visualization.ros.collection import Collection
from fitness_visualization.ros.commands import TIMEOUT, Caller, Commands

DEADLINE = 60.0


def test_of_a_graph_all_is_told_but_what_hangs():
    """The pose estimator and the recorder are there and answer nothing; the classifier does."""
    rclpy.init()
    owner, hung = Node("dashboard", namespace="/hung"), Node("hung", namespace="/hung")
    of_recorder = {"get_state": GetState, "change_state": ChangeState, "set_parameters": SetParameters}
    served = {"pose_estimator/get_parameters": GetParameters}
    served |= {f"recorder/{name}": kind for name, kind in of_recorder.items()}
    for name, kind in served.items():
        hung.create_service(kind, name, lambda request, response: response)
    classifier = Node("exercise_classifier", namespace="/hung")
    classifier.declare_parameter("confidence_threshold", 0.5)
    caller = Caller(owner)
    commands = Commands(caller.node)

    async def over() -> None: ...

    collection = Collection(caller.node, Path("recordings"), print, over, dict)
    executor = SingleThreadedExecutor()
    executor.add_node(classifier)

    async def whole() -> tuple[dict, dict, float]:
        deadline = time.monotonic() + DEADLINE
        while not (
            collection._recorder.there and all(client.service_is_ready() for client in commands._getters.values())
        ):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        spinning = asyncio.get_running_loop().run_in_executor(None, executor.spin)
        began = time.monotonic()
        asked = await asyncio.gather(commands.thresholds(None), collection.status())
        took = time.monotonic() - began
        executor.shutdown()
        await spinning
        return *asked, took

    try:
        thresholds, status, took = asyncio.run(whole())
        assert thresholds == {"confidence": 0.5}
        assert status == {"guide": False, "take": None}, "it is not known whether it records"
        assert took < TIMEOUT, "one waits for the other"
    finally:
        caller.close()
        for node in (owner, hung, classifier):
            node.destroy_node()
        rclpy.shutdown()


def test_what_is_asked_is_remapped_as_the_node_whose_page_it_is():
    rules = ("__node:=page", "__ns:=/gym", "rep_counter/set_exercise:=/robot/set_exercise")
    rclpy.init(args=["--ros-args", *(part for rule in rules for part in ("-r", rule))])
    owner = Node("dashboard")
    caller = Caller(owner)
    try:
        Commands(caller.node)
        assert caller.node.get_fully_qualified_name() == "/gym/page_calls"
        asked = dict(caller.node.get_client_names_and_types_by_node("page_calls", "/gym"))
        assert "/robot/set_exercise" in asked and "/gym/rep_counter/reset" in asked
    finally:
        caller.close()
        owner.destroy_node()
        rclpy.shutdown()
