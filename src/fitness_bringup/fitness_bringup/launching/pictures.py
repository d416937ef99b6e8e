"""Where the pictures come from: the camera node, or a driver of somebody else's."""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction

from fitness_bringup.composition.node_parameters import value_of
from fitness_bringup.composition.picture_topic import PictureTopic
from fitness_bringup.launching.arguments import argument, full_name
from fitness_camera.source_kinds import BROWSER, is_live, shown
from launch import LaunchContext  # type: ignore[attr-defined] # mypy takes the folder of launch files for it


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


def camera_is_ours(context: LaunchContext) -> bool:
    """Whether the camera node is what gives pictures."""
    given = context.launch_configurations
    return not given["image_topic"] and not BROWSER.matches(given["source"])


def camera_plays(context: LaunchContext) -> bool:
    """Whether the camera node plays a recording."""
    given = context.launch_configurations
    of_file = value_of(Path(given["params_file"]), full_name(context, "camera"), "source")
    return camera_is_ours(context) and not is_live(given["source"].strip() or str(of_file or "0"))


def camera_name(context: LaunchContext) -> str:
    """What the pictures are of, as the file of a session tells it; "" where a parameter file decides."""
    given = context.launch_configurations
    return given.get("image_topic") or shown(given["source"])


def remappings(context: LaunchContext) -> list[tuple[str, str]]:
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
