"""The topic of the pictures: raw, or compressed beside it as image_transport names it.

https://github.com/ros-perception/image_common, https://github.com/ros-perception/image_transport_plugins
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from fitness_core.ros.parameters import Parameter
from fitness_core.ros.serialized import IN_PLACE

TOPIC = "camera/image_raw"
Message: TypeAlias = Image | CompressedImage
"""A picture as it comes."""
TRANSPORTS: dict[str, tuple[type, str]] = {"raw": (Image, ""), "compressed": (CompressedImage, "/compressed")}
"""Of each transport the type of the pictures and what comes after the topic's name."""
TRANSPORT = Parameter(
    "image_transport",
    "raw",
    f"How the pictures come: raw, or compressed (JPEG or PNG) on {TOPIC}/compressed.",
    choices=tuple(TRANSPORTS),
    read_only=True,
)
"""The parameter of every node that takes pictures."""


def topic_of(node: Node, transport: str) -> str:
    """Full name of the topic of the pictures.

    What is added comes after remapping, so that one rule, for `TOPIC`, does for every transport, as in image_transport.
    """
    return node.resolve_topic_name(TOPIC) + TRANSPORTS[transport][1]


def why_none(node: Node, transport: str, reliable: bool = False) -> str:
    """Why no picture comes, and what to do, as far as the graph tells; empty where somebody publishes pictures.

    reliable: whether the node asks for that.
    """
    topic, wanted = topic_of(node, transport), _type_name(transport)
    publishers = node.get_publishers_info_by_topic(topic)
    types = {publisher.topic_type for publisher in publishers}
    if wanted in types:
        unheard = reliable and all(each.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for each in publishers)
        return "it is published best effort: set reliable to false, and activate again" if unheard else ""
    if types:
        return f"what is published there is {', '.join(sorted(types))}, not {wanted}"
    for other in TRANSPORTS.keys() - {transport}:
        if _type_name(other) in {info.topic_type for info in node.get_publishers_info_by_topic(topic_of(node, other))}:
            return (
                f"nobody publishes it, but {topic_of(node, other)}: set image_transport to {other}, or name that topic"
            )
    return "nobody publishes it, or nobody that is discovered from here"


def _type_name(transport: str) -> str:
    """As the graph has it, e.g. sensor_msgs/msg/Image."""
    return f"sensor_msgs/msg/{TRANSPORTS[transport][0].__name__}"


def read(cdr: bytes, transport: str) -> Any:
    """A picture, which `images.to_bgr` takes, of the bytes that a raw subscription gives; raises InputError."""
    return IN_PLACE[TRANSPORTS[transport][0]](cdr)


def subscribe(
    node: Node, transport: str, callback: Callable[..., None], profile: QoSProfile, **others: Any
) -> Subscription:
    """Subscribe to the pictures, which `images.to_bgr` reads. others: as `create_subscription` takes them."""
    return node.create_subscription(TRANSPORTS[transport][0], topic_of(node, transport), callback, profile, **others)
