"""Executes a launch file up to the point where processes would be started."""

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BRINGUP = ROOT / "src" / "fitness_bringup"


@dataclass(slots=True)
class Started:
    """A process that a launch file would start, with everything evaluated."""

    package: str
    executable: str
    name: str
    namespace: str
    params_file: str
    parameters: dict[str, object]
    remappings: list[tuple[str, str]]
    respawn: bool
    respawn_delay: float
    on_exit: object
    ros_arguments: list[str]
    environment: dict[str, str]


@dataclass(slots=True)
class Launched:
    """What came of a launch file: its arguments, the processes, and what it changed for those of other files."""

    arguments: dict[str, object] = field(default_factory=dict)
    nodes: dict[str, Started] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Of every process, which is the same."""
        environments = [node.environment for node in self.nodes.values()]
        assert all(environment == environments[0] for environment in environments)
        return environments[0]


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem.replace(".", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_real() -> bool:
    # PyPI has another project named `launch`, but none named launch_ros.
    return importlib.util.find_spec("launch_ros") is not None


@pytest.fixture
def launch(monkeypatch, tmp_path):
    """launch(file name, environment={...}, argument=value, ...) -> Launched.

    Uses the real launch where it is installed, stand-ins elsewhere.
    """
    before = dict(os.environ)
    # What `ros2 launch` finds by the ament index.
    share = tmp_path / "prefix" / "share"
    (share / "ament_index/resource_index/packages").mkdir(parents=True)
    (share / "ament_index/resource_index/packages/fitness_bringup").touch()
    (share / "fitness_bringup").symlink_to(BRINGUP)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path / 'prefix'}:{os.environ.get('AMENT_PREFIX_PATH', '')}")
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "ROS_AUTOMATIC_DISCOVERY_RANGE", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    if not _is_real():
        for name, module in _load(Path(__file__).with_name("launch_stand_in.py")).modules().items():
            monkeypatch.setitem(sys.modules, name, module)
    actions = importlib.import_module("launch_ros.actions")
    real_node = actions.Node

    class RecordedNode(real_node):
        """Also keeps what it was made of."""

        def __init__(self, **given):
            super().__init__(**given)
            self.given = given

    monkeypatch.setattr(actions, "Node", RecordedNode)
    _forget_what_launch_files_share()
    outer = dict(os.environ)

    def run(file: str, environment: dict[str, str] | None = None, **values: str) -> Launched:
        os.environ.clear()
        os.environ.update(outer | (environment or {}))
        context = importlib.import_module("launch").LaunchContext()
        context.launch_configurations.update(values)
        launched = Launched()
        entities = list(_load(BRINGUP / "launch" / file).generate_launch_description().entities)
        while entities:
            entity = entities.pop(0)
            if isinstance(entity, RecordedNode):
                started = _evaluate(entity.given, context)
                launched.nodes[started.name] = started
                continue
            if type(entity).__name__ == "DeclareLaunchArgument":
                launched.arguments[entity.name] = entity
            entities = list(entity.visit(context) or []) + entities
        launched.changed = {
            name: os.environ[name] for name in os.environ if os.environ[name] != (outer | (environment or {})).get(name)
        }
        return launched

    yield run
    _forget_what_launch_files_share()
    os.environ.clear()
    os.environ.update(before)


def _forget_what_launch_files_share() -> None:
    """It has the launch of before in it; the next import takes that of now."""
    for name in [name for name in sys.modules if name.startswith("fitness_bringup.launching")]:
        del sys.modules[name]
    vars(importlib.import_module("fitness_bringup")).pop("launching", None)


def _evaluate(given: dict, context) -> Started:
    def text(value) -> str:
        return value.perform(context) if hasattr(value, "perform") else str(value)

    params_file, own = given["parameters"]
    return Started(
        package=given["package"],
        executable=given["executable"],
        name=given["name"],
        namespace=text(given["namespace"]),
        params_file=text(params_file),
        parameters={
            name: value.evaluate(context) if hasattr(value, "evaluate") else value for name, value in own.items()
        },
        remappings=given.get("remappings") or [],
        respawn=given.get("respawn", False),
        respawn_delay=given.get("respawn_delay"),
        on_exit=given.get("on_exit"),
        ros_arguments=[text(value) for value in given.get("ros_arguments") or []],
        environment=given["additional_env"],
    )
