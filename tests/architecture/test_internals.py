"""The table in docs/architecture.md lists every private interface of other libraries that the code uses."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("mediapipe", "rclpy")
_PRIVATE = re.compile(r"_[a-z]")
# Promised for all their underscore: named tuples, the end of a process.
_PROMISED = {"_replace", "_asdict", "_make", "_fields", "_exit", "_before"}


def privates(tree: ast.AST) -> set[str]:
    """Private names that a class has of itself: what it makes, and what it asks `self` for."""
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _of_self(node)}
    made = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for name in asked | made if _PRIVATE.match(name)}


def of_others(tree: ast.AST) -> set[str]:
    """Private names that are asked of anything but `self` and `cls`, and rclpy's native module."""
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not _of_self(node)}
    found = {name for name in asked if _PRIVATE.match(name)} - _PROMISED
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return found | (imported & {"rclpy_implementation"})


def inherited(module: str, tree: ast.Module) -> Iterator[str]:
    """Private names of a library's class that a class of a module has or asks for."""
    # Only these need their module imported, and not every one can be here (launch, TensorFlow).
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    if not classes or not ({"rclpy", "fitness_core.ros.node"} & _imports(tree)):
        return
    for name in classes:
        kind = getattr(import_module(module), name)
        above = [base for base in kind.__mro__ if base.__module__.split(".")[0] in LIBRARIES]
        theirs: set[str] = set()
        for base in above:
            theirs |= privates(ast.parse(textwrap.dedent(inspect.getsource(base))))
        yield from privates(ast.parse(textwrap.dedent(inspect.getsource(kind)))) & theirs


def _of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def _imports(tree: ast.Module) -> set[str]:
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return modules | {module.split(".")[0] for module in modules}


def used() -> dict[str, set[str]]:
    """File below src/PACKAGE/PACKAGE -> the private names of libraries that it uses; only files that use any."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "src").glob("*/*/**/*.py")):
        package, inner = path.relative_to(ROOT / "src").parts[:2]
        # The benchmark measures our own nodes from inside.
        if package != inner or "bench" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        within = path.relative_to(ROOT / "src" / package)
        if names := of_others(tree) | set(inherited(".".join(within.with_suffix("").parts), tree)):
            found[str(within)] = names
    return found


def listed() -> dict[str, set[str]]:
    """The same of the table in docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    chapter = text.split("## Private interfaces of other libraries")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in chapter.splitlines() if line.startswith("| `")]
    return {row[0].strip("| `"): set(re.findall(r"`(_\w+|rclpy_implementation)`", row[1])) for row in rows}


def test_the_table_of_what_is_not_public_is_whole() -> None:
    assert listed() == used()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("node._parameter_overrides.get('a')", {"_parameter_overrides"}),
        ("self._mine = found._replace(a=1)", set()),
        ("from rclpy.impl.implementation_singleton import rclpy_implementation", {"rclpy_implementation"}),
    ],
)
def test_what_is_looked_for(text: str, names: set[str]) -> None:
    assert of_others(ast.parse(text)) == names
