"""The nodes of the graph: a row for each, of which the command line, the launch files and the policies are made."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node of the graph. package: where it is, as `<name>_node.py` with the class `<Name>Node`.

    pictures: it takes pictures (parameter `image_transport`). catalogue: it knows the exercises (parameter
    `catalogue`). poses: it hears every pose, so that none is published before it is there. spare: its death costs the
    person something, and its start takes long: a spare process waits for it. once: it writes a file, which is written
    once: it is not started again.
    """

    name: str
    package: str
    pictures: bool = False
    catalogue: bool = False
    poses: bool = False
    spare: bool = False
    once: bool = False

    @property
    def module(self) -> str:
        """Full name of the module."""
        return f"{self.package}.{self.name}_node"

    def load(self) -> Any:
        """The class; imports what the node needs."""
        return getattr(import_module(self.module), self.name.title().replace("_", "") + "Node")


_ALL = (
    GraphNode("camera", "fitness_camera"),
    GraphNode("player", "fitness_datasets"),
    GraphNode("pose_estimator", "pose_estimator", pictures=True, spare=True),
    GraphNode("exercise_classifier", "exercise_classifier", catalogue=True, poses=True, spare=True),
    GraphNode("rep_counter", "rep_counter", catalogue=True, poses=True, spare=True),
    GraphNode("run_set", "rep_counter", catalogue=True),
    GraphNode("overlay", "fitness_visualization", pictures=True),
    GraphNode("markers", "fitness_visualization"),
    GraphNode("hri_bridge", "fitness_visualization", poses=True),
    GraphNode("foxglove", "fitness_visualization"),
    GraphNode("window", "fitness_visualization"),
    GraphNode("video", "fitness_visualization", once=True),
    GraphNode("dashboard", "fitness_visualization", pictures=True, catalogue=True, poses=True),
    GraphNode("record_take", "fitness_datasets", pictures=True, catalogue=True, poses=True),
    GraphNode("recorder", "fitness_datasets", pictures=True, poses=True, once=True),
)
NODES = {node.name: node for node in _ALL}
"""By name, in the order of the data."""
