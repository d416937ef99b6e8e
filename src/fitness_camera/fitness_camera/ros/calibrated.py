"""The calibration of the camera's node: from its file, or by the service that `camera_calibration` calls."""

from collections.abc import Callable

from ament_index_python.packages import get_package_share_directory
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from fitness_camera import calibration
from fitness_camera.source import Source
from fitness_core.errors import InputError
from fitness_core.ros.state import ros_home

OWN_FILE = "file://${ROS_HOME}/camera_info/${NAME}.yaml"
"""The file of a camera of which no other is named, as for camera_info_manager."""


class Calibrated:
    """What a node knows of its camera's lens; None known = uncalibrated.

    camera/set_camera_info (sensor_msgs/SetCameraInfo) takes a new calibration, of the size of the pictures, and writes
    it to the file of `camera_info_url`; where that is empty to $ROS_HOME/camera_info/NAME.yaml, as camera_info_manager
    does. A file that is there is kept as FILE.old. source: what is open now.
    """

    def __init__(
        self, node: Node, url: Callable[[], str], name: Callable[[], str], source: Callable[[], Source | None]
    ):
        self.known: calibration.Calibration | None = None
        self._url, self._name, self._source = url, name, source
        self._warn = node.get_logger().warning
        node.create_service(SetCameraInfo, "camera/set_camera_info", self._set)

    def load(self) -> None:
        """Read the file; raises InputError for what is none."""
        url = _at_home(self._url())
        self.known = calibration.of_url(url, self._name(), get_package_share_directory, self._warn)

    def fill(self, info: CameraInfo) -> None:
        """Write it into the CameraInfo of a picture.

        K, R and P are all zero without a calibration, as sensor_msgs/CameraInfo says, or without one of this size: the
        pictures of a folder need not be alike, and those of a stream may change.
        """
        if self.known is not None and (self.known.width, self.known.height) == (info.width, info.height):
            self.known.fill(info)

    def require_size_of(self, source: Source) -> None:
        """Close a source whose pictures are of another size, and raise InputError."""
        if self.known is not None:
            self.known.require_size_of(source)

    def _set(self, request: SetCameraInfo.Request, response: SetCameraInfo.Response) -> SetCameraInfo.Response:
        try:
            response.status_message = self._take(request.camera_info)
            response.success = True
        except InputError as error:
            response.status_message = str(error)
            self._warn(f"camera/set_camera_info: {error}")
        return response

    def _take(self, info: CameraInfo) -> str:
        name, url = self._name(), self._url()
        new = calibration.of_info(info, name)
        source = self._source()
        if source is not None and (new.width, new.height) != (source.width, source.height):
            raise InputError(f"a calibration for {new.width}x{new.height}, pictures are {source.width}x{source.height}")
        path = calibration.locate(_at_home(url or OWN_FILE), name, get_package_share_directory)
        calibration.save(path, new)
        self.known = new
        return f"in use, and written to {path}" + ("" if url else f"; give camera_info_url:=file://{path} from now on")


def _at_home(url: str) -> str:
    """A camera_info_url with `${ROS_HOME}` written out."""
    return url.replace("${ROS_HOME}", str(ros_home()))
