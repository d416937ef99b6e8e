"""Pictures of a topic as the source: those that a robot's own driver publishes, in place of the camera node's."""

import re
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from fitness_camera.source_kinds import TOPIC, TOPIC_PREFIX
from fitness_core.errors import InputError

_NAME = re.compile(r"/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)


class PictureTopic(NamedTuple):
    """Where pictures come from, without their transport."""

    name: str
    compressed: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Of every node that takes pictures."""
        return {"image_transport": "compressed"} if self.compressed else {}

    def remappings(self, info: str = "") -> list[tuple[str, str]]:
        """Of every node. info: the topic of its camera_info, "" = beside it."""
        beside = str(PurePosixPath(self.name).parent / "camera_info")
        return [
            ("camera/image_raw", self.name),
            ("camera/image_raw/compressed", f"{self.name}/compressed"),
            ("camera/camera_info", info or beside),
        ]

    @property
    def arguments(self) -> list[str]:
        """The same, as a node is told on its command line after --ros-args."""
        return [word for old, new in self.remappings() for word in ("--remap", f"{old}:={new}")]


def picture_topic(source: str) -> PictureTopic | None:
    """The topic that a source names, None where it names none.

    Raises InputError for what is no name of a topic: https://design.ros2.org/articles/topic_and_service_names.html.
    """
    if not TOPIC.matches(source):
        return None
    name = source.removeprefix(TOPIC_PREFIX)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"--source {source!r} names no topic of ROS 2; give that of your driver's pictures, e.g. "
            f"{TOPIC_PREFIX}/camera/image_raw, or {TOPIC_PREFIX}/camera/image_raw/compressed"
        )
    return PictureTopic(name.removesuffix("/compressed"), name.endswith("/compressed"))
