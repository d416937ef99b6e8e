"""Arguments of the launch files: how one is declared and read, and those that all of them have."""

from collections.abc import Iterable
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from fitness_bringup.composition.node_parameters import check
from fitness_camera.source_kinds import SourceKind, sentence
from fitness_core.errors import InputError
from launch import LaunchContext  # type: ignore[attr-defined] # mypy takes the folder of launch files for it


def argument(name: str, default: str, description: str, choices: Iterable[str] | None = None) -> DeclareLaunchArgument:
    """One launch argument. An empty default leaves the value to the parameter file."""
    return DeclareLaunchArgument(
        name, default_value=default, description=description, choices=list(choices) if choices else None
    )


def switch(name: str, default: str, description: str) -> DeclareLaunchArgument:
    """A launch argument that is true or false; an empty default leaves it to the parameter file."""
    # Launch files of others hand on Python's True and False.
    return argument(name, default, description, ([] if default else [""]) + ["true", "false", "True", "False"])


def source_argument(*kinds: SourceKind) -> DeclareLaunchArgument:
    """What to take, of these kinds."""
    return argument("source", "", f"{sentence(kinds)}. Empty: params_file.")


def standard_arguments(use_sim_time: str) -> list[DeclareLaunchArgument | OpaqueFunction]:
    """The arguments that every launch file here has, named as in nav2, and what must be true of them."""
    return [
        argument("namespace", "fitness", "Namespace of every node and topic."),
        switch("use_sim_time", use_sim_time, "Follow /clock instead of the clock of this machine."),
        argument(
            "params_file",
            shared("params", "fitness.yaml"),
            "Parameter file of the whole graph. Arguments that are given overrule it.",
        ),
        switch(
            "autostart",
            "true",
            "Configure and activate every node; false leaves that to a lifecycle manager.",
        ),
        argument("catalogue", "", "Folder of exercise files, or one file, for every node. Empty: params_file."),
        switch("use_respawn", "false", "Start a node again when it crashes."),
        argument(
            "log_level",
            "info",
            "Least severe message that is logged.",
            ("debug", "info", "warn", "error", "fatal"),
        ),
        argument(
            "discovery",
            "auto",
            "Who may find the graph: this host only, or its subnet. auto: ROS_AUTOMATIC_DISCOVERY_RANGE where it is "
            "set, otherwise localhost.",
            ("auto", "localhost", "subnet"),
        ),
        switch(
            "required",
            "true",
            "End the launch where the source ends or a node refuses its input; false where a launch file of yours "
            "includes this one and the rest of the robot shall go on.",
        ),
        OpaqueFunction(function=_require_params_file),
    ]


def is_true(context: LaunchContext, name: str) -> bool:
    """Whether a switch is on."""
    return IfCondition(LaunchConfiguration(name)).evaluate(context)


def full_name(context: LaunchContext, name: str) -> str:
    """Of a node, with the namespace that a launch file which includes this one has pushed.

    SROS 2 looks for the node's keys there, where it is switched on: as `./fitness policies` names enclaves.
    """
    namespace = LaunchConfiguration("namespace").perform(context)
    pushed = "" if namespace.startswith("/") else context.launch_configurations.get("ros_namespace", "")
    return "/" + "/".join(part for part in (pushed.strip("/"), namespace.strip("/"), name) if part)


def shared(*parts: str) -> str:
    """Path of a file that ships in the share folder of fitness_bringup."""
    return str(Path(get_package_share_directory("fitness_bringup"), *parts))


def _require_params_file(context: LaunchContext) -> None:
    # launch_ros warns only, and every node would run with other values than those asked for.
    path = LaunchConfiguration("params_file").perform(context)
    if not Path(path).is_file():
        raise RuntimeError(f"params_file {path!r} is not there; give a YAML file, or leave the argument out")
    # The nodes of the user's file are imported to know their parameters; those of the shipped one need no look.
    if path != shared("params", "fitness.yaml"):
        try:
            check(Path(path), full_name(context, "camera").rpartition("/")[0], "params_file", whole_robot=True)
        except InputError as error:
            raise RuntimeError(str(error)) from None
