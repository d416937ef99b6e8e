"""What pages ask of the graph, on real rclpy."""

import rclpy
from rclpy.node import Node

from fitness_visualization.ros.commands import Caller, Commands


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
