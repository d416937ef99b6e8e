"""What the launch files share: the standard arguments, the environment of every process, and a node of the graph.

Only launch files import this module; it needs `launch` and `launch_ros`, which an apt ROS 2 has.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown, TimerAction
from launch.conditions import IfCondition
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.composition.node_parameters import check, value_of
from fitness_bringup.composition.picture_topic import PictureTopic
from fitness_camera.source_kinds import BROWSER, SourceKind, is_live, sentence
from fitness_core.errors import InputError
from fitness_core.ros.state import state_file_of
from launch import LaunchContext  # type: ignore[attr-defined] # mypy takes the folder of launch files for it

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


def argument(name: str, default: str, description: str, choices: Iterable[str] | None = None) -> DeclareLaunchArgument:
    """One launch argument. An empty default leaves the value to the parameter file."""
    return DeclareLaunchArgument(
        name, default_value=default, description=description, choices=list(choices) if choices else None
    )


def source_argument(*kinds: SourceKind) -> DeclareLaunchArgument:
    """What to take, of these kinds."""
    return argument("source", "", f"{sentence(kinds)}. Empty: params_file.")


def switch(name: str, default: str, description: str) -> DeclareLaunchArgument:
    """A launch argument that is true or false; an empty default leaves it to the parameter file."""
    # Launch files of others hand on Python's True and False.
    return argument(name, default, description, ([] if default else [""]) + ["true", "false", "True", "False"])


def standard_arguments(use_sim_time: str) -> list[DeclareLaunchArgument | OpaqueFunction]:
    """The arguments that every launch file here has, named as in nav2, and what must be true of them."""
    return [
        argument("namespace", "fitness", "Namespace of every node and topic."),
        switch("use_sim_time", use_sim_time, "Follow /clock instead of the clock of this machine."),
        argument(
            "params_file",
            _shared("params", "fitness.yaml"),
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


def picture_arguments() -> list[DeclareLaunchArgument | OpaqueFunction]:
    """Pictures of somebody else's driver in place of the camera node's."""
    return [
        argument("frame_id", "", "Optical frame of the camera node's pictures. Empty: params_file."),
        argument(
            "image_topic", "", "Topic of your own driver's pictures, e.g. /camera/image_raw; no camera node is started."
        ),
        argument("camera_info_topic", "", "Its camera_info. Empty: beside image_topic."),
        transport_argument("image_topic"),
        OpaqueFunction(function=_check_transport),
    ]


def transport_argument(source: str) -> DeclareLaunchArgument:
    """How the pictures of a source come."""
    return argument(
        "image_transport",
        "",
        f"Pictures of {source}: raw, or compressed (JPEG, PNG) on the topic with /compressed behind it. "
        "Empty: params_file.",
        ("", "raw", "compressed"),
    )


def environment(context: LaunchContext) -> dict[str, str]:
    """Environment of a node: the Fast DDS profile and large pages unless the user says otherwise, and who hears it.

    Of the nodes only: what else a robot's launch file starts keeps its own.

    Large pages (which nothing can ask the C library for once a process runs) save some 5 % of what the graph takes
    beyond the pose network, and 3 % of that one's time: https://www.gnu.org/software/libc/manual/html_node/Tunables.html.
    """
    usual = {PROFILE: _shared("config", "fastdds.xml"), TUNABLES: "glibc.malloc.hugetlb=1", DISCOVERY: "LOCALHOST"}
    found = {name: context.environment.get(name, value) for name, value in usual.items()}
    discovery = LaunchConfiguration("discovery").perform(context)
    return found | ({} if discovery == "auto" else {DISCOVERY: discovery.upper()})


def is_true(context: LaunchContext, name: str) -> bool:
    """Whether a switch is on."""
    return IfCondition(LaunchConfiguration(name)).evaluate(context)


def hearers_of_poses(context: LaunchContext) -> int:
    """How many hear every pose: classifier and counter; dashboard, body on /humans and recorder where asked for."""
    asked = {"dashboard": is_true(context, "dashboard"), "hri_bridge": is_true(context, "hri")}
    asked |= {"recorder": context.launch_configurations["record"] != ""}
    hearers = ["exercise_classifier", "rep_counter", *(name for name, wanted in asked.items() if wanted)]
    return sum(NODES[name].poses for name in hearers)


def node(
    name: str,
    *,
    arguments: dict[str, tuple[str, type]] | None = None,
    parameters: Callable[[LaunchContext], dict[str, object]] = lambda context: {},
    source: bool = False,
    condition: IfCondition | None = None,
    where: Callable[[LaunchContext], bool] = lambda context: True,
) -> OpaqueFunction:
    """A node of the graph with the parameter file and the standard arguments.

    arguments: launch argument -> (parameter, its type); it overrules the parameter file where it is not empty.
    parameters: what follows from the arguments as a whole; overrules the parameter file too.
    source: the graph ends with this node.
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
                remappings=_pictures(context),
                additional_env=environment(context),
                ros_arguments=["--log-level", LaunchConfiguration("log_level"), "--enclave", full_name(context, name)],
                output="screen",
                respawn=not row.once and is_true(context, "use_respawn"),
                respawn_delay=RESPAWN_DELAY if source else QUICK_RESPAWN,
                on_exit=_end_of_node(context, source),
            )
        ]

    return OpaqueFunction(function=start, condition=condition)


def result_arguments() -> list[DeclareLaunchArgument | OpaqueFunction]:
    """What to make of the results: pictures and recordings."""
    return [
        switch("overlay", "true", "Publish annotated pictures on overlay/image."),
        switch("dashboard", "true", "Serve the dashboard on http://127.0.0.1:8080."),
        argument("port", "", "Port of the dashboard. Empty: params_file."),
        argument("bind", "", "Address of the dashboard; any but the loopback asks for a token. Empty: params_file."),
        argument("recordings", "", "Folder that the dashboard records into and lists. Empty: params_file."),
        switch("markers", "true", "Publish the skeleton in space on skeleton_markers, for RViz."),
        switch("hri", "false", "Also publish the body on /humans (REP-155); needs hri_msgs."),
        switch("foxglove", "false", "Serve Foxglove on ws://127.0.0.1:8765."),
        argument("record_video", "", "MP4 to write the annotated pictures into; it needs the overlay; empty: none."),
        argument("record", "", "Bag to record landmarks, exercises and counts into, a new folder; empty: none."),
        switch("record_images", "false", "Record the pictures too: large, and they show people."),
        OpaqueFunction(function=_check_results),
    ]


def result_nodes() -> list[OpaqueFunction]:
    """What makes something of the results: the nodes of `result_arguments`."""
    return [
        _viewer("overlay", "overlay"),
        _dashboard(),
        _viewer("markers", "markers"),
        _viewer("hri_bridge", "hri"),
        _viewer("foxglove", "foxglove"),
        _video(),
        _guide(),
        _recorder(),
    ]


def _viewer(name: str, switched_by: str) -> OpaqueFunction:
    """A node that shows something, where its switch is on."""
    return node(name, condition=IfCondition(LaunchConfiguration(switched_by)))


def _dashboard() -> OpaqueFunction:
    """The dashboard in the browser, where asked for; where the source is a browser it is the camera too."""
    return node(
        "dashboard",
        arguments={
            "port": ("port", int),
            "bind": ("bind", str),
            "recordings": ("recordings", str),
            "record": ("bag", str),
        },
        parameters=lambda context: {"camera": True} if BROWSER.matches(context.launch_configurations["source"]) else {},
        condition=IfCondition(LaunchConfiguration("dashboard")),
    )


def _video() -> OpaqueFunction:
    """The annotated pictures as a video, where asked for."""
    return node(
        "video",
        arguments={"record_video": ("file", str)},
        condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration("record_video"), "")),
    )


def _guide() -> OpaqueFunction:
    """Guided takes, for pages of the dashboard, which bring this node up."""
    return node(
        "record_take",
        parameters=lambda context: {"autostart": False},
        condition=IfCondition(LaunchConfiguration("dashboard")),
    )


def _recorder() -> OpaqueFunction:
    """Recording into a bag, where asked for; else for pages of the dashboard, which bring this node up."""

    def is_asked_for(context: LaunchContext) -> bool:
        return context.launch_configurations["record"] != ""

    def parameters(context: LaunchContext) -> dict[str, object]:
        images = is_true(context, "record_images")
        if is_asked_for(context):
            return {"images": images}
        return {"autostart": False, "images": True} if images else {"autostart": False}

    return node(
        "recorder",
        arguments={"record": ("bag", str)},
        parameters=parameters,
        where=lambda context: is_asked_for(context) or is_true(context, "dashboard"),
    )


def _shared(*parts: str) -> str:
    return str(Path(get_package_share_directory("fitness_bringup"), *parts))


def full_name(context: LaunchContext, name: str) -> str:
    """Of a node, with the namespace that a launch file which includes this one has pushed.

    SROS 2 looks for the node's keys there, where it is switched on: as `./fitness policies` names enclaves.
    """
    namespace = LaunchConfiguration("namespace").perform(context)
    pushed = "" if namespace.startswith("/") else context.launch_configurations.get("ros_namespace", "")
    return "/" + "/".join(part for part in (pushed.strip("/"), namespace.strip("/"), name) if part)


def camera_is_ours(context: LaunchContext) -> bool:
    """Whether the camera node is what gives pictures."""
    given = context.launch_configurations
    return not given["image_topic"] and not BROWSER.matches(given["source"])


def camera_plays(context: LaunchContext) -> bool:
    """Whether the camera node plays a recording."""
    given = context.launch_configurations
    of_file = value_of(Path(given["params_file"]), full_name(context, "camera"), "source")
    return camera_is_ours(context) and not is_live(given["source"].strip() or str(of_file or "0"))


def forget_dead_run(plays: Callable[[LaunchContext], bool] = lambda context: True) -> OpaqueFunction:
    """A recording begins anew with each launch: no set of a counter that was killed goes on in it.

    plays: whether it is a recording that is counted in.
    """

    def forget(context: LaunchContext) -> None:
        if plays(context):
            state_file_of(full_name(context, "rep_counter")).unlink(missing_ok=True)

    return OpaqueFunction(function=forget)


def _pictures(context: LaunchContext) -> list[tuple[str, str]]:
    """Where the pictures come from, where it is not the camera node."""
    topic = context.launch_configurations.get("image_topic", "")
    return PictureTopic(topic).remappings(context.launch_configurations["camera_info_topic"]) if topic else []


def _check_transport(context: LaunchContext) -> None:
    given = context.launch_configurations
    topic, transport = given["image_topic"], given["image_transport"]
    if topic.endswith("/compressed"):
        raise RuntimeError(
            f"image_topic {topic!r} names a transport; give image_topic:={topic.removesuffix('/compressed')} "
            "image_transport:=compressed"
        )
    if transport == "compressed" and not topic:
        raise RuntimeError(
            "image_transport:=compressed is for a driver of yours; give its image_topic, or leave it out"
        )


def _check_results(context: LaunchContext) -> None:
    given, dashboard = context.launch_configurations, is_true(context, "dashboard")
    if BROWSER.matches(given["source"]) and not dashboard:
        raise RuntimeError("source:=browser: the pictures come by the dashboard; leave out dashboard:=false")
    if given["record_video"] and not is_true(context, "overlay"):
        raise RuntimeError("record_video has the annotated pictures; leave out overlay:=false")
    if is_true(context, "record_images") and not (given["record"] or dashboard):
        raise RuntimeError("record_images:=true: nothing is recorded; give the bag to make with record:=BAG")


def _require_params_file(context: LaunchContext) -> None:
    # launch_ros warns only, and every node would run with other values than those asked for.
    path = LaunchConfiguration("params_file").perform(context)
    if not Path(path).is_file():
        raise RuntimeError(f"params_file {path!r} is not there; give a YAML file, or leave the argument out")
    # The nodes of the user's file are imported to know their parameters; those of the shipped one need no look.
    if path != _shared("params", "fitness.yaml"):
        try:
            check(Path(path), full_name(context, "camera").rpartition("/")[0], "params_file", whole_robot=True)
        except InputError as error:
            raise RuntimeError(str(error)) from None


def _end_of_node(
    asked: LaunchContext, source: bool
) -> Callable[[ProcessExited, LaunchContext], list[TimerAction] | None]:
    """What becomes of the launch when a node ends. asked: the arguments now; when it ends those of a group are gone.

    source: the graph ends with this node.
    """
    required, respawned = is_true(asked, "required"), is_true(asked, "use_respawn")

    def end(event: ProcessExited, context: LaunchContext) -> list[TimerAction] | None:
        if context.is_shutdown or not required:
            return None
        # No restart mends it and the rest would run on without it: raising ends the launch with exit code 1.
        if event.returncode == BAD_INPUT:
            raise RuntimeError(f"{event.process_name} did not accept its input; its error is above")
        if source and event.returncode == 0:
            return [TimerAction(period=DRAIN_TIME, actions=[Shutdown(reason="the source is at its end")])]
        if source and not respawned:
            raise RuntimeError(f"{event.process_name} crashed (exit code {event.returncode}), nothing is left to watch")
        return None

    return end
