"""What is made of the results: the arguments that ask for pictures, pages and recordings, and the nodes of these."""

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution

from fitness_bringup.launching.arguments import argument, is_true, switch
from fitness_bringup.launching.nodes import node
from fitness_bringup.launching.pictures import camera_name
from fitness_camera.source_kinds import BROWSER
from launch import LaunchContext  # type: ignore[attr-defined] # mypy takes the folder of launch files for it


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

    def parameters(context: LaunchContext) -> dict[str, object]:
        camera = camera_name(context)
        return {"autostart": False, "camera": camera} if camera else {"autostart": False}

    return node(
        "record_take",
        parameters=parameters,
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


def _check_results(context: LaunchContext) -> None:
    given, dashboard = context.launch_configurations, is_true(context, "dashboard")
    if BROWSER.matches(given["source"]) and not dashboard:
        raise RuntimeError("source:=browser: the pictures come by the dashboard; leave out dashboard:=false")
    if given["record_video"] and not is_true(context, "overlay"):
        raise RuntimeError("record_video has the annotated pictures; leave out overlay:=false")
    if is_true(context, "record_images") and not (given["record"] or dashboard):
        raise RuntimeError("record_images:=true: nothing is recorded; give the bag to make with record:=BAG")
