"""The policy of SROS 2 is what the nodes do over DDS, and gives nobody what is not theirs."""

import fnmatch
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from fitness_bringup.composition import live
from fitness_bringup.interfaces import node_apis, policies
from fitness_core.errors import InputError
from fitness_core.ros.node import FitnessNode

NODES = node_apis.nodes()
ACCESSES = policies.accesses()
NAMESPACE = "/held_to_its_policy"
"""Of the graph that is looked at. Discovery gives one node of a name: of an earlier test's, as long as it is there."""
LISTED: dict[str, Callable[[Node, str, str], list]] = {
    "publish": Node.get_publisher_names_and_types_by_node,
    "subscribe": Node.get_subscriber_names_and_types_by_node,
    "reply": Node.get_service_names_and_types_by_node,
    "request": Node.get_client_names_and_types_by_node,
}


def full(name: str, node: str) -> str:
    """A name as ROS 2 resolves it in NAMESPACE."""
    if name.startswith("/"):
        return name
    return f"{NAMESPACE}/{node}{name[1:]}" if name.startswith("~") else f"{NAMESPACE}/{name}"


def permitted(node: str, kind: str) -> set[str]:
    """Full names that a node may use so, what belongs to an action included; * stands for any part."""
    access = ACCESSES[node]
    names = {full(name, node) for name in getattr(access, kind)}
    served, called = ({full(name, node) for name in names} for names in (access.execute, access.call))
    topics, services = ("feedback", "status"), ("send_goal", "cancel_goal", "get_result")
    of = {
        "publish": (served, topics),
        "subscribe": (called, topics),
        "reply": (served, services),
        "request": (called, services),
    }
    actions, parts = of[kind]
    return names | {f"{action}/_action/{part}" for action in actions for part in parts}


@pytest.fixture
def graph_of_all(film: Path, tmp_path: Path) -> Iterator[dict[str, FitnessNode]]:
    """Every node of the project, active where it can be without a screen, a subject or a viewer."""
    given: dict[str, dict[str, Any]] = {
        "camera": {"source": str(film)},
        "player": {"bag": str(live.DEMO), "clock": True},
        "dashboard": {"port": 0, "recordings": str(tmp_path / "recordings"), "camera": False},
        "foxglove": {"port": 0},
        "recorder": {"bag": str(tmp_path / "bag"), "images": True},
        "video": {"file": str(tmp_path / "video.mp4")},
    }
    rclpy.init(args=["--ros-args", "-r", f"__ns:={NAMESPACE}", "--log-level", "warn"])
    nodes = {}
    try:
        for api in NODES:
            overrides = [Parameter(key, value=value) for key, value in given.get(api.name, {}).items()]
            node = api.node_class(parameter_overrides=overrides)
            nodes[api.name] = node
            if api.name != "window":  # needs a screen
                node.start()
        yield nodes
    finally:
        for node in nodes.values():
            node.stop()
            node.destroy_node()
        rclpy.try_shutdown()


def seen(observer: Node, node: str, kind: str) -> set[str]:
    """What a node has open, by DDS discovery."""
    return {name for name, _ in LISTED[kind](observer, node, NAMESPACE)}


def test_nodes_open_nothing_over_dds_that_their_policy_lacks(graph_of_all: dict[str, FitnessNode]) -> None:
    observer = rclpy.create_node("observer")
    try:
        for name in (*graph_of_all, "dashboard_calls"):
            # What is opened last is there: then all is.
            deadline = time.monotonic() + 60
            while "/parameter_events" not in seen(observer, name, "publish") and time.monotonic() < deadline:
                time.sleep(0.05)
            for kind in LISTED:
                owner = "dashboard" if name == "dashboard_calls" else name
                patterns = permitted(owner, kind) | {f"{NAMESPACE}/dashboard_calls/get_type_description"}
                for topic in seen(observer, name, kind):
                    assert any(fnmatch.fnmatchcase(topic, pattern) for pattern in patterns), (
                        f"{name} may not {kind} {topic}: name it where interfaces.node_apis finds it, or in "
                        "interfaces.access.AT_RUN_TIME"
                    )
        for name, kind, expected in (
            ("pose_estimator", "publish", f"{NAMESPACE}/body_pose"),
            ("recorder", "subscribe", f"{NAMESPACE}/camera/image_raw"),
            ("dashboard_calls", "request", f"{NAMESPACE}/recorder/change_state"),
        ):
            # One by one and in no order is it heard of.
            deadline = time.monotonic() + 60
            while expected not in (found := seen(observer, name, kind)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert expected in found
    finally:
        observer.destroy_node()


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_what_a_node_declares_it_may_do(node: node_apis.NodeApi) -> None:
    access = ACCESSES[node.name]
    publishers = [end.name for end in node.publishers]
    if node.name == "dashboard":  # the camera only where it is asked for
        access = policies.accesses(browser=True)["dashboard"]
    assert access.publish.issuperset(publishers)
    assert access.subscribe.issuperset(end.name for end in node.subscriptions)
    assert access.reply.issuperset(end.name for end in node.services)
    assert access.execute.issuperset(end.name for end in node.actions)
    assert {"/rosout", "/diagnostics", "~/transition_event"} <= access.publish
    assert {"~/change_state", "~/set_parameters"} <= access.reply


@pytest.mark.parametrize(
    ("kind", "name", "who"),
    [
        ("publish", "camera/image_raw", {"camera", "player"}),
        ("publish", "body_pose", {"pose_estimator", "player"}),
        ("publish", "exercise", {"exercise_classifier"}),
        ("publish", "rep_state", {"rep_counter"}),
        ("publish", "rep_event", {"rep_counter"}),
        ("publish", "set_summary", {"rep_counter"}),
        ("publish", "take_label", {"record_take"}),
        ("publish", "/clock", {"player"}),
        (
            "subscribe",
            "camera/image_raw",
            {"pose_estimator", "overlay", "dashboard", "foxglove", "recorder", "record_take"},
        ),
        ("request", "rep_counter/set_exercise", {"run_set", "record_take", "dashboard", "talking_robot"}),
        ("request", "rep_counter/reset", {"dashboard", "talking_robot"}),
        ("request", "camera/change_state", {"talking_robot"}),
        ("request", "recorder/change_state", {"dashboard", "talking_robot"}),
        ("request", "recorder/set_parameters", {"dashboard"}),
        ("request", "pose_estimator/set_parameters", {"dashboard"}),
        ("call", "run_set", {"talking_robot"}),
        ("execute", "run_set", {"run_set"}),
        ("call", "record_take", {"dashboard"}),
    ],
)
def test_nobody_else_may(kind: str, name: str, who: set[str]) -> None:
    assert {node for node, access in ACCESSES.items() if name in getattr(access, kind)} == who


def test_the_page_may_be_the_camera_only_where_it_is_asked_for() -> None:
    assert "camera/image_raw" not in ACCESSES["dashboard"].publish
    assert "camera/image_raw" in policies.accesses(browser=True)["dashboard"].publish


def test_the_file_is_a_policy_with_an_enclave_for_each_process_and_one_for_all(
    tmp_path: Path, fitness: Callable[..., Any]
) -> None:
    done = fitness("policies", "--out", tmp_path, "--namespace", "robot1/gym")
    assert done.returncode == 0, done.stderr
    root = ElementTree.parse(tmp_path / "policy.xml").getroot()
    assert (root.tag, root.attrib) == ("policy", {"version": "0.2.0"})
    paths = [enclave.attrib["path"] for enclave in root.iterfind("enclaves/enclave")]
    names = [api.name for api in NODES]
    extra = ["status", "supervisor", "health", "talking_robot", "live"]
    assert paths == [f"/robot1/gym/{name}" for name in names + extra]
    whole = root.find("enclaves/enclave[@path='/robot1/gym/live']/profiles")
    assert whole is not None
    assert {profile.attrib["node"] for profile in whole} == {*names, "status", "dashboard_calls"}
    starter = root.findall("enclaves/enclave[@path='/robot1/gym/supervisor']/profiles/profile")
    assert {profile.attrib["node"] for profile in starter} == {"supervisor", "status"}
    item = {"topics": "topic", "services": "service", "actions": "action"}
    rules = {"topics": {"publish", "subscribe"}, "services": {"reply", "request"}, "actions": {"call", "execute"}}
    for profile in root.iterfind("enclaves/enclave/profiles/profile"):
        assert profile.attrib["ns"] == "/robot1/gym"
        for group in profile:
            (rule,) = group.attrib.items()
            assert rule[0] in rules[group.tag] and rule[1] == "ALLOW"
            assert len(group) and all(one.tag == item[group.tag] and one.text for one in group)
    again = fitness("policies", "--out", tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "exists" in again.stderr


@pytest.mark.parametrize("namespace", ["1st", "a b", "", "a//b", "/".join(["long"] * 12)])
def test_a_namespace_that_cannot_be_is_refused(namespace: str) -> None:
    with pytest.raises(InputError, match="--namespace"):
        policies.policy(namespace)


def test_without_keys_nothing_runs_in_the_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitness) -> None:
    for name, value in (("ENABLE", "true"), ("STRATEGY", "Enforce"), ("KEYSTORE", str(tmp_path))):
        monkeypatch.setenv(f"ROS_SECURITY_{name}", value)
    done = fitness("live", "--demo", "--unpaced", "--no-dashboard")
    assert done.returncode == 2 and "squat" not in done.stdout
    assert done.stderr.splitlines()[-1].startswith("error: ") and "enclaves/fitness/live" in done.stderr


def test_the_one_process_is_in_the_enclave_of_all() -> None:
    live.begin(live.Options(demo=True, namespace="robot1/gym"))
    node = rclpy.create_node("any")
    try:
        enclaves = {enclave for _, _, enclave in node.get_node_names_and_namespaces_with_enclaves()}
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    assert "/robot1/gym/live" in enclaves
