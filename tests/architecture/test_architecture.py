"""The rules of the house that no linter knows: who may import whom, and what every package and node must have."""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from catkin_pkg.package import parse_package

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
PACKAGES = sorted(path.parent.name for path in SRC.glob("*/package.xml"))
PYTHON_PACKAGES = [name for name in PACKAGES if (SRC / name / "setup.py").exists()]
TESTED = [name for name in PYTHON_PACKAGES if any((SRC / name / "test").glob("test_*.py"))]
STAGES = {
    "exercise_classifier",
    "fitness_camera",
    "fitness_datasets",
    "fitness_visualization",
    "pose_estimator",
    "rep_counter",
}
BASE = {"fitness_msgs", "fitness_core"}
NODE_LINES = 220

RUN_TAGS = ("depend", "exec_depend", "build_depend")

# Imported module -> rosdep key, where they differ.
KEYS = {
    "aiohttp": "python3-aiohttp",
    "click": "python3-click",
    "cv2": "python3-opencv",
    "hypothesis": "python3-hypothesis",
    "jinja2": "python3-jinja2",
    "jsonschema": "python3-jsonschema",
    "markupsafe": "python3-jinja2",  # which needs it; rosdep has no key of its own
    "matplotlib": "python3-matplotlib",
    "mediapipe": "python3-mediapipe-pip",
    "numpy": "python3-numpy",
    "pydantic": "python3-pydantic",
    "pytest": "python3-pytest",
    "rich": "python3-rich",
    "rosbags": "python3-rosbags-pip",
    "scipy": "python3-scipy",
    "sklearn": "python3-sklearn",
    "typer": "python3-typer",
    "yaml": "python3-yaml",
}
# rosdep knows no key: package.xml names them in a comment, and they come with pip.
PIP_ONLY = {
    "ai_edge_litert": "ai-edge-litert",
    "flatbuffers": "flatbuffers",
    "foxglove": "foxglove-sdk",
    "keras": "keras",
    "keras_tuner": "keras-tuner",
    "mcap": "mcap",
    "mcap_ros2": "mcap-ros2-support",
    "tensorflow": "tensorflow",
}
# Started or loaded at run time, imported by nobody.
NOT_IMPORTED = {
    "fitness_bringup": STAGES | {"ros2launch", "rmw_fastrtps_cpp"},
    "fitness_datasets": {"sensor_msgs"},  # its messages are found by the names of their types
}


def modules(package: str) -> list[Path]:
    """The Python files of a package, tests left out."""
    return sorted((SRC / package / package).rglob("*.py")) + sorted((SRC / package / "launch").glob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_roots(path: Path) -> set[str]:
    """The top packages that a file imports."""
    return {name.partition(".")[0] for name in imports(path)}


def relative(path: Path) -> str:
    """A path as messages show it."""
    return str(path.relative_to(ROOT))


def allowed(path: Path, package: str) -> set[str]:
    """The packages of this project that a file may import."""
    if package == "fitness_core":
        return {"fitness_msgs"}
    if package == "fitness_bringup":
        return BASE | STAGES
    if relative(path).startswith("src/exercise_classifier/exercise_classifier/training"):
        return BASE | {"fitness_camera", "fitness_datasets", "pose_estimator"}
    return BASE


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_a_layer_imports_only_what_is_below_it(package):
    for path in modules(package):
        above = (imported_roots(path) & set(PACKAGES)) - allowed(path, package) - {package}
        assert not above, f"{relative(path)} imports {', '.join(sorted(above))}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_within_a_package_imports_go_one_way(package):
    """Of two modules, and of two things that lie in one folder, one may import the other, never both."""
    names = {path: ".".join(path.relative_to(SRC / package).with_suffix("").parts) for path in modules(package)}
    known = {name.removesuffix(".__init__"): name for name in names.values()}
    beside: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path, name in names.items():
        for imported in {known[found] for found in imports(path) if found in known} - {name}:
            here, there = name.split("."), imported.split(".")
            shared = next(n for n, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1])
            if there[shared] != "__init__":
                beside[".".join(here[:shared])][here[shared]].add(there[shared])
    for folder, uses in beside.items():
        try:
            TopologicalSorter(uses).prepare()
        except CycleError as circle:
            pytest.fail(f"in {folder}: {' imports '.join(reversed(circle.args[1]))}")


@pytest.mark.parametrize("package", [name for name in PYTHON_PACKAGES if name != "fitness_bringup"])
def test_ros_stays_in_nodes_and_ros_helpers(package):
    for path in modules(package):
        if not path.stem.endswith("_node") and "ros" not in path.parts:
            assert "rclpy" not in imported_roots(path), f"{relative(path)} imports rclpy"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_tensorflow_stays_in_training(package):
    for path in modules(package):
        if "training" not in path.parts:
            heavy = imported_roots(path) & {"tensorflow", "keras", "sklearn"}
            assert not heavy, f"{relative(path)} imports {', '.join(sorted(heavy))}"


def test_who_opens_a_video_has_told_opencv_to_be_quiet():
    """Its FFmpeg asks once in a process: whoever comes first decides what all others find on stderr."""
    for path in sorted([*SRC.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        opens = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and node.attr in ("VideoCapture", "VideoWriter")
        ]
        if opens:
            assert "fitness_core.quiet_opencv.cv2" in imports(path), relative(path)


def test_only_launch_files_need_launch():
    for package in PYTHON_PACKAGES:
        for path in modules(package):
            if path.parent.name != "launching" and not path.name.endswith(".launch.py"):
                needed = (name for name in imports(path) if name.startswith("fitness_bringup.launching"))
                found = set(imports(path)) & {"launch", "launch_ros"} | {*needed}
                assert not found, f"{relative(path)} imports {', '.join(sorted(found))}"


def test_nodes_are_short_and_run_as_modules():
    for path in (path for package in PYTHON_PACKAGES for path in modules(package) if path.stem.endswith("_node")):
        text = path.read_text()
        lines = len(text.splitlines())
        assert lines <= NODE_LINES, (
            f"{relative(path)} has {lines} lines; a node converts, calls its stage and publishes"
        )
        assert 'if __name__ == "__main__":' in text, f"`python -m` of {relative(path)} does nothing"


@pytest.mark.parametrize("package", PACKAGES)
def test_colcon_takes_package_xml(package):
    # One that it refuses it builds as a plain Python package, with no more than a warning.
    assert parse_package(str(SRC / package / "package.xml")).name == package


@pytest.mark.parametrize("package", TESTED)
def test_colcon_test_finds_the_tests(package):
    # It takes pytest where setup.py asks for it, and else unittest, which finds none of them.
    assert 'extras_require={"test": ["pytest"]}' in (SRC / package / "setup.py").read_text()


def keys(package: str, imported: set[str], tags: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """The rosdep keys that package.xml names under these tags, and those of what is imported."""
    text = (SRC / package / "package.xml").read_text()
    third = imported - set(sys.stdlib_module_names) - {package}
    for module in sorted(third & set(PIP_ONLY)):
        assert PIP_ONLY[module] in text, f"{package}/package.xml: a comment must name {PIP_ONLY[module]} (pip only)"
    named = {tag.text or "" for tag in ElementTree.fromstring(text) if tag.tag in tags}
    return named, {KEYS.get(module, module) for module in third - set(PIP_ONLY)}


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_package_xml_names_what_is_imported(package):
    imported = set().union(*(imported_roots(path) for path in modules(package)))
    named, wanted = keys(package, imported, RUN_TAGS)
    # A node may know rclpy through fitness_core only, and still be one.
    may = NOT_IMPORTED.get(package, set()) | {"rclpy"}
    assert wanted - named == set(), f"{package}/package.xml does not name what the code imports"
    assert named - wanted - may == set(), f"{package}/package.xml names what nothing imports"


@pytest.mark.parametrize("package", TESTED)
def test_package_xml_names_what_its_tests_import(package):
    tests = sorted((SRC / package / "test").rglob("*.py"))
    imported = set().union(*map(imported_roots, tests)) - {path.stem for path in tests}
    named, wanted = keys(package, imported, ("test_depend", *RUN_TAGS))
    for_tests, _ = keys(package, imported, ("test_depend",))
    assert wanted - named == set(), f"{package}/package.xml does not name what the tests import"
    assert for_tests - wanted == set(), f"{package}/package.xml names what no test imports"


def test_test_files_have_names_of_their_own():
    names = Counter(path.name for path in [*SRC.glob("*/test/**/test_*.py"), *(ROOT / "tests").rglob("test_*.py")])
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_what_is_public_says_what_it_is(package):
    silent = []
    for path in modules(package):
        tree = ast.parse(path.read_text())
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            silent.append(relative(path))
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{relative(path)}:{node.lineno} {node.name}")
    assert silent == [], "no docstring"


@pytest.mark.parametrize("package", PACKAGES)
def test_versions_agree(package):
    version = ElementTree.parse(SRC / package / "package.xml").findtext("version")
    assert version == ElementTree.parse(SRC / "fitness_msgs" / "package.xml").findtext("version")
    if package in PYTHON_PACKAGES:
        assert f'version="{version}"' in (SRC / package / "setup.py").read_text()
