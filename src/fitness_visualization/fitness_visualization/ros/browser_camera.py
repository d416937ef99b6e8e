"""The pictures of a browser on camera/image_raw, as the node `camera` publishes them."""

from collections.abc import Callable

from sensor_msgs.msg import CameraInfo, Image

from fitness_core.ros import diagnostics, images, messages, qos
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.topics.stamps import stamped_by
from fitness_core.types import Frame
from fitness_visualization.dashboard.camera import PageCamera


class BrowserCamera:
    """Publishers of a node, and the PageCamera that fills them. refuse: told why a page was refused."""

    def __init__(self, node: FitnessNode, refuse: Callable[[str], None]) -> None:
        self.camera = PageCamera(self._publish, refuse)
        self.published = diagnostics.Rate()
        self._clock = node.get_clock()
        self._image = node.create_lifecycle_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self._info = node.create_lifecycle_publisher(CameraInfo, "camera/camera_info", qos.IMAGE_PUBLISHER)

    def diagnosed(self) -> dict[str, object]:
        """What is told of it on /diagnostics."""
        rate = self.published
        return {"camera_connected": self.camera.connected, "published": rate.total, "camera_rate_hz": rate.hertz()}

    def _publish(self, frame: Frame) -> None:
        frame = stamped_by(self._clock, frame)
        image = images.to_image(frame.image)
        image.header = messages.header(frame.stamp, frame.frame_id)
        # Uncalibrated: K, R and P all zero, as sensor_msgs/CameraInfo says.
        self._info.publish(CameraInfo(header=image.header, width=image.width, height=image.height))
        self._image.publish(image)
        self.published.tick()
