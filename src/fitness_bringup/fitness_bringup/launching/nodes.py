"""A node of the graph as the launch files start it: its parameters, its environment, and what its end means."""

from collections.abc import Callable

from launch.actions import EmitEvent, OpaqueFunction, Shutdown, TimerAction
from launch.conditions import IfCondition
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.launching.arguments import full_name, is_true, shared
from fitness_bringup.launching.pictures import camera_is_ours, camera_plays, remappings
from fitness_core.ros.state import state_file_of
from launch import Action, LaunchContext  # type: ignore[attr-defined] # mypy takes the folder of launch files for it

DRAIN_TIME = 1.0
"""[s] from the end of the source to the end of the graph: the last pictures are still on their way."""
RESPAWN_DELAY = 2.0
"""[s] of a source, as nav2; longer than DRAIN_TIME, so that a source at its end is not started again."""
QUICK_RESPAWN = 0.2
"""[s] of all others: what they miss in the meantime has to be caught up."""
BAD_INPUT = 2
"""Exit code of a node for what only the user can mend."""
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
DISCOVERY = "ROS_AUTOMATIC_DISCOVERY_RANGE"
TUNABLES = "GLIBC_TUNABLES"
Parameters = Callable[[LaunchContext], dict[str, object]]
"""The parameters of a node that follow from the arguments as a whole."""


def node(
    name: str,
    *,
    arguments: dict[str, tuple[str, type]] | None = None,
    parameters: Parameters = lambda context: {},
    source: bool = False,
    plays: Callable[[LaunchContext], bool] = lambda context: False,
    condition: IfCondition | None = None,
    where: Callable[[LaunchContext], bool] = lambda context: True,
) -> OpaqueFunction:
    """A node of the graph with the parameter file and the standard arguments.

    arguments: launch argument -> (parameter, its type); it overrules the parameter file where it is not empty.
    parameters: overrule the parameter file too.
    source: the graph ends with this node. plays: whether that is a recording, of the context.
    condition, where: whether it is started, by one argument, or by what else the context says.
    """

    row = NODES[name]

    def start(context: LaunchContext) -> list[Node]:
        if not where(context):
            return []
        passed_on = {"autostart": ("autostart", bool), "use_sim_time": ("use_sim_time", bool)} | (arguments or {})
        passed_on |= {"image_transport": ("image_transport", str)} if row.pictures else {}
        passed_on |= {"catalogue": ("catalogue", str)} if row.catalogue else {}
        given_parameters: dict[str, object] = {
            parameter: ParameterValue(LaunchConfiguration(argument), value_type=value_type)
            for argument, (parameter, value_type) in passed_on.items()
            if LaunchConfiguration(argument).perform(context)
        }
        return [
            Node(
                package=row.package,
                executable=f"{name}_node",
                name=name,
                namespace=LaunchConfiguration("namespace"),
                parameters=[LaunchConfiguration("params_file"), given_parameters | parameters(context)],
                remappings=remappings(context),
                additional_env=environment(context),
                ros_arguments=["--log-level", LaunchConfiguration("log_level"), "--enclave", full_name(context, name)],
                output="screen",
                respawn=not row.once and is_true(context, "use_respawn"),
                respawn_delay=RESPAWN_DELAY if source else QUICK_RESPAWN,
                on_exit=_end_of_node(context, source, plays(context)),
            )
        ]

    return OpaqueFunction(function=start, condition=condition)


def stages(camera: Parameters, pose: Parameters, **more: type) -> list[OpaqueFunction]:
    """The nodes from pictures to repetitions: camera, where it is ours, pose estimator, classifier, counter.

    camera, pose: parameters of these two. more: launch argument that is a parameter of the camera too -> its type.
    """
    arguments = {name: (name, kind) for name, kind in ({"source": str, "frame_id": str, "loop": bool} | more).items()}
    return [
        node("camera", arguments=arguments, parameters=camera, source=True, plays=camera_plays, where=camera_is_ours),
        node("pose_estimator", parameters=pose),
        node("exercise_classifier"),
        node("rep_counter"),
    ]


def environment(context: LaunchContext) -> dict[str, str]:
    """Environment of a node: the Fast DDS profile and large pages unless the user says otherwise, and who hears it.

    Of the nodes only: what else a robot's launch file starts keeps its own.

    Large pages (which nothing can ask the C library for once a process runs) save some 5 % of what the graph takes
    beyond the pose network, and 3 % of that one's time: https://www.gnu.org/software/libc/manual/html_node/Tunables.html.
    """
    usual = {PROFILE: shared("config", "fastdds.xml"), TUNABLES: "glibc.malloc.hugetlb=1", DISCOVERY: "LOCALHOST"}
    found = {name: context.environment.get(name, value) for name, value in usual.items()}
    discovery = LaunchConfiguration("discovery").perform(context)
    return found | ({} if discovery == "auto" else {DISCOVERY: discovery.upper()})


def hearers_of_poses(context: LaunchContext) -> int:
    """How many hear every pose: classifier and counter; dashboard, body on /humans and recorder where asked for."""
    asked = {"dashboard": is_true(context, "dashboard"), "hri_bridge": is_true(context, "hri")}
    asked |= {"recorder": context.launch_configurations["record"] != ""}
    hearers = ["exercise_classifier", "rep_counter", *(name for name, wanted in asked.items() if wanted)]
    return sum(NODES[name].poses for name in hearers)


def forget_dead_run(plays: Callable[[LaunchContext], bool] = lambda context: True) -> OpaqueFunction:
    """A recording begins anew with each launch: no set of a counter that was killed goes on in it.

    plays: whether it is a recording that is counted in.
    """

    def forget(context: LaunchContext) -> None:
        if plays(context):
            state_file_of(full_name(context, "rep_counter")).unlink(missing_ok=True)

    return OpaqueFunction(function=forget)


def _end_of_node(
    asked: LaunchContext, source: bool, plays: bool
) -> Callable[[ProcessExited, LaunchContext], list[Action] | None]:
    """What becomes of the launch when a node ends. asked: the arguments now; when it ends those of a group are gone.

    source: the graph ends with this node. plays: it is a recording.
    """
    required, respawned = is_true(asked, "required"), is_true(asked, "use_respawn")

    def end(event: ProcessExited, context: LaunchContext) -> list[Action] | None:
        if context.is_shutdown:
            return None
        if not required:
            # A recording is played, and counted, once, also one that is none or breaks off; a device may be back.
            last = (0, BAD_INPUT) if plays else (0,)
            return [_no_respawn(event)] if respawned and source and event.returncode in last else None
        # No restart mends it and the rest would run on without it: raising ends the launch with exit code 1.
        if event.returncode == BAD_INPUT:
            raise RuntimeError(f"{event.process_name} did not accept its input; its error is above")
        if source and event.returncode == 0:
            return [TimerAction(period=DRAIN_TIME, actions=[Shutdown(reason="the source is at its end")])]
        if source and not respawned:
            raise RuntimeError(f"{event.process_name} crashed (exit code {event.returncode}), nothing is left to watch")
        return None

    return end


def _no_respawn(event: ProcessExited) -> Action:
    """A process that has ended is not started again."""
    return EmitEvent(event=ShutdownProcess(process_matcher=matches_action(event.action)))
