"""docs/ros-api.md is what the nodes are, and every parameter is a sound schema."""

import math
import re
from pathlib import Path

import pytest

from fitness_bringup.composition import graph_nodes
from fitness_bringup.interfaces import api_docs
from fitness_bringup.interfaces.node_apis import NodeApi, nodes
from fitness_core.ros import qos
from fitness_core.ros.parameters import Parameter

ROOT = Path(__file__).resolve().parents[2]
NODES = nodes()
PARAMETERS = [
    pytest.param(node, parameter, id=f"{node.name}-{parameter.name}") for node in NODES for parameter in node.parameters
]


def test_the_committed_page_is_the_code():
    committed = (ROOT / "docs" / "ros-api.md").read_text()
    assert committed == api_docs.render(), "run: python -m fitness_bringup.interfaces.api_docs > docs/ros-api.md"


def test_the_table_of_the_readme_has_every_topic_and_its_type():
    section = (ROOT / "README.md").read_text().partition("## ROS API")[2].partition("\nServices:")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| `")]
    told = {name: types for names, types in rows for name in re.findall("`(.*?)`", names)}
    published = {topic.name: topic.type for node in NODES for topic in node.publishers if topic.name != "/clock"}
    assert told.keys() == published.keys() | {"/diagnostics"}
    for name, kind in published.items():
        package, _, message = kind.partition("/")
        assert package in told[name], f"{name} is {kind}"
        assert "/" not in told[name] or re.search(rf"\b{message}\b", told[name]), f"{name} is {kind}"


@pytest.mark.parametrize(("node", "parameter"), PARAMETERS)
def test_a_parameter_is_described_and_takes_its_own_default(node: NodeApi, parameter: Parameter):
    assert parameter.description.endswith("."), "a description is a sentence"
    assert parameter.type_name
    if parameter.choices:
        assert parameter.default in parameter.choices
    if parameter.minimum is not None and not math.isnan(parameter.default):
        assert parameter.minimum <= parameter.default <= (math.inf if parameter.maximum is None else parameter.maximum)


def test_the_option_catalogue_reaches_every_node_that_has_one():
    having = {node.name for node in NODES for parameter in node.parameters if parameter.name == "catalogue"}
    assert having == {name for name, node in graph_nodes.NODES.items() if node.catalogue}


def test_the_table_of_nodes_has_every_node_and_where_it_is():
    listed = {node.name: (node.package, node.load()) for node in graph_nodes.NODES.values()}
    assert listed == {api.name: (api.package, api.node_class) for api in NODES}


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_names_are_used_once(node: NodeApi):
    names = [parameter.name for parameter in node.parameters]
    assert len(names) == len(set(names))
    assert len({other.name for other in NODES}) == len(NODES)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_topics_are_relative_and_have_a_quality_of_service_of_the_project(node: NodeApi):
    for endpoint in [*node.publishers, *node.subscriptions]:
        assert not endpoint.name.startswith("/") or endpoint.name in ("/clock", "/diagnostics"), (
            f"{endpoint.name} cannot be namespaced"
        )
        for profile in endpoint.qos.split(" or "):
            assert hasattr(qos, profile), f"{endpoint.name}: {profile!r} is not of fitness_core.ros.qos"
