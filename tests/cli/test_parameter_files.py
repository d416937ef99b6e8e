"""Parameter files: sections are of the nodes that ROS 2 takes them for, and values are such as it takes."""

from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
import rclpy
import yaml

from fitness_bringup.composition import live, processes
from fitness_bringup.composition.node_parameters import check, overrides_of, value_of
from fitness_core.errors import InputError

PATTERNS = (
    *("/**", "*", "/**/*", "/fitness/*", "/a/**", "rep_counter", "/fitness/rep_counter", "**/b/rep_counter"),
    *("/**/rep_counter", "/*/rep_counter", "/*/*/rep_counter", "/*/**/rep_counter", "/**/**/rep_counter"),
    *("/a/*/rep_counter", "/a/**/rep_counter", "/**/overlay"),
)


@pytest.mark.parametrize("namespace", ["/", "/fitness", "/a/b"])
def test_a_section_is_of_the_nodes_that_ros_takes_it_for(tmp_path: Path, namespace: str) -> None:
    file = tmp_path / "mine.yaml"
    names = {pattern: f"p{number}" for number, pattern in enumerate(PATTERNS)}
    file.write_text(yaml.safe_dump({pattern: {"ros__parameters": {name: 1}} for pattern, name in names.items()}))
    rclpy.init(args=["--ros-args", "--params-file", str(file)])
    try:
        node = rclpy.create_node(
            "rep_counter",
            namespace=namespace,
            allow_undeclared_parameters=True,
            automatically_declare_parameters_from_overrides=True,
        )
        taken = {pattern: node.has_parameter(name) for pattern, name in names.items()}
        full = node.get_fully_qualified_name()
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    assert {pattern: value_of(file, full, name) == 1 for pattern, name in names.items()} == taken
    assert taken["/**/rep_counter"] and not taken["/**/overlay"]


@pytest.mark.parametrize(
    ("pattern", "namespaces"),
    [
        ("/**/rep_counter", {"/", "/fitness", "/a/b"}),
        ("/*/rep_counter", {"/fitness"}),
        ("/*/*/rep_counter", {"/a/b"}),
        ("/a/**", {"/a/b"}),
        ("/f*/rep_counter", set()),  # ROS 2 refuses the file
    ],
)
def test_a_section_of_no_node_is_refused(tmp_path: Path, pattern: str, namespaces: set[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({pattern: {"ros__parameters": {"exercise": "squat"}}}))
    for namespace in ("/", "/fitness", "/a/b"):
        if namespace in namespaces:
            check(file, namespace)
        else:
            with pytest.raises(InputError, match="is no node of"):
                check(file, namespace)


@pytest.mark.parametrize("wrong", ["[a, 1]", "[1, 2.0]", "[true, 1]", "[[a]]", "[{a: 1}]", "[null]"])
def test_a_list_of_several_types_is_refused(fitness, tmp_path: Path, wrong: str) -> None:
    done = fitness("live", "--demo", "-p", f"player.topics:={wrong}")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: -p 'player.topics:={wrong}': [") and "is no list of one type; give" in line
    file = tmp_path / "mine.yaml"
    for section in ("/**/player", "/**"):
        file.write_text(f"{section}: {{ros__parameters: {{topics: {wrong}}}}}\n")
        with pytest.raises(InputError, match=r"topics: \[.* is no list of one type"):
            check(file, "/fitness")
    file.write_text(f"/arm/mover: {{ros__parameters: {{joints: {wrong}}}}}\n")
    check(file, "/fitness", whole_robot=True)


def test_a_parameter_without_a_value_is_refused_and_a_date_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("/**/record_take: {ros__parameters: {session: }}\n")
    with pytest.raises(InputError, match=r"mine.yaml: /\*\*/record_take: session has no value; give one"):
        check(file, "/fitness")
    file.write_text("/**/record_take: {ros__parameters: {session: 2026-11-30}}\n")
    check(file, "/fitness")
    assert value_of(file, "/fitness/record_take", "session") == "2026-11-30"


NUMBERS = (
    "1e1",
    "2E-3",
    "-2.5e3",
    "1.0e5",
    ".5e+1",
    "5.",
    "7",
    "+1e1",
    "1e",
    "e1",
    "1e1.5",
    "'1e1'",
    "1e1a",
    "1e1, 2e1",
)


def test_a_number_is_what_ros_takes_for_one(tmp_path: Path) -> None:
    """Of -p 1e1 was a text, of a parameter file, whose quotes were lost, a text a number."""
    file = tmp_path / "mine.yaml"
    texts = {f"p{number}": f"[{text}]" if "," in text else text for number, text in enumerate(NUMBERS)}
    lines = [f"    {name}: {text}\n" for name, text in texts.items()]
    file.write_text("".join(["/**/rep_counter:\n", "  ros__parameters:\n", *lines]))

    def taken(begin: Callable[[], None]) -> dict[str, object]:
        begin()
        node = rclpy.create_node("rep_counter", automatically_declare_parameters_from_overrides=True)
        values = {name: node.get_parameter(name).value for name in texts}
        node.destroy_node()
        rclpy.try_shutdown()
        return {name: [*value] if isinstance(value, array) else value for name, value in values.items()}

    def same(found: dict[str, object]) -> None:
        assert {name: (type(of), of) for name, of in found.items()} == {
            name: (type(of), of) for name, of in by_ros.items()
        }

    by_ros = taken(lambda: rclpy.init(args=["--ros-args", "-r", "__ns:=/fitness", "--params-file", str(file)]))
    assert by_ros["p0"] == 10.0 and by_ros["p11"] == "1e1"
    same(taken(lambda: live.begin(live.Options(params=file))))
    same(overrides_of(f"rep_counter.{name}:={text}" for name, text in texts.items())["rep_counter"])


def test_lists_of_one_type_are_taken() -> None:
    for given in ([True, False], [1, 2], [0.5, 2.0], ["a", "b"], []):
        assert overrides_of([f"player.topics:={yaml.safe_dump(given, default_flow_style=True)}"]) == {
            "player": {"topics": given}
        }


@pytest.mark.parametrize(
    "text",
    [
        "/fitness/rep_counter: {ros__parameters: FIRST}\n/**/rep_counter: {ros__parameters: LAST}\n",
        "/**/rep_counter: {ros__parameters: FIRST}\n/fitness/rep_counter: {ros__parameters: LAST}\n",
        "fitness: {rep_counter: {ros__parameters: FIRST}}\n/**: {ros__parameters: LAST}\n",
    ],
)
def test_of_two_sections_of_a_node_the_last_one_holds(tmp_path: Path, text: str) -> None:
    file, written = tmp_path / "mine.yaml", tmp_path / "written.yaml"
    file.write_text(text.replace("FIRST", "{restore_within: 5.0}").replace("LAST", "{restore_within: 6.0}"))
    options = live.Options(demo=True, params=file)
    processes.programs(options, written)

    def taken() -> float:
        node = rclpy.create_node("rep_counter", automatically_declare_parameters_from_overrides=True)
        value = node.get_parameter("restore_within").value
        node.destroy_node()
        rclpy.try_shutdown()
        return value

    def begin(path: Path) -> None:
        rclpy.init(args=["--ros-args", "-r", "__ns:=/fitness", "--params-file", str(path)])

    for way in (lambda: begin(file), lambda: begin(written), lambda: live.begin(options)):
        way()
        assert taken() == 6.0
