"""Node `markers`: poses, angles and counts -> the skeleton in space, for RViz."""

import math
import sys
from functools import partial

from rclpy.lifecycle import LifecyclePublisher
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo
from visualization_msgs.msg import MarkerArray

from fitness_core.ros import diagnostics, messages, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_msgs.msg import BodyPose, JointAngles, RepState
from fitness_visualization.camera import Camera
from fitness_visualization.figure import figure_of
from fitness_visualization.ros.markers import to_camera, to_markers

WATCH_PERIOD = 0.25
"""How often it is looked whether anybody watches [s]."""


class MarkersNode(FitnessNode):
    """Publishes the body as markers in metres in the camera optical frame, with joint angles, exercise and count.

    Where the body stands follows from the camera's calibration (camera_info), else from an assumed field of view.
    Listens only while somebody subscribes to skeleton_markers.
    """

    PARAMETERS = (
        Parameter(
            "field_of_view",
            60.0,
            "Angle that the longer side of the picture spans [deg], where the camera is not calibrated.",
            minimum=10.0,
            maximum=150.0,
        ),
        Parameter("min_visibility", 0.5, "Landmarks that are less visible are not drawn.", minimum=0.0, maximum=1.0),
    )

    def __init__(self, name: str = "markers", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._publisher: LifecyclePublisher
        self._timer: Timer | None = None
        self._inputs: list[Subscription] = []
        self._camera: Camera | None = None
        self._angles: JointAngles | None = None
        self._state: RepState | None = None
        self._drawn = diagnostics.Rate()

    def configure(self) -> None:
        self._publisher = self.create_lifecycle_publisher(MarkerArray, "skeleton_markers", qos.OVERLAY)

    def activate(self) -> None:
        self._timer = self.create_timer(WATCH_PERIOD, self._watch)

    def deactivate(self) -> None:
        if self._timer:
            self.destroy_timer(self._timer)
        self._listen(False)

    def release(self) -> None:
        self.destroy_publisher(self._publisher)

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        message = "active" if self.active else "inactive"
        if self.active and not self._inputs:
            message = "nobody watches"
        values: dict[str, object] = {"rate_hz": self._drawn.hertz(), "calibrated": self._camera is not None}
        return diagnostics.OK, message, values

    def _watch(self) -> None:
        watched = bool(self._publisher.get_subscription_count())
        if watched != bool(self._inputs):
            self._listen(watched)

    def _listen(self, wanted: bool) -> None:
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        self._camera = self._angles = self._state = None
        if wanted:
            self._inputs = [
                self.create_subscription(CameraInfo, "camera/camera_info", self._on_info, qos.IMAGE_SUBSCRIBER),
                self.create_subscription(JointAngles, "joint_angles", partial(setattr, self, "_angles"), qos.STREAM),
                self.create_subscription(RepState, "rep_state", partial(setattr, self, "_state"), qos.STREAM),
                self.create_subscription(BodyPose, "body_pose", self._on_pose, qos.STREAM),
            ]

    def _on_info(self, message: CameraInfo) -> None:
        camera = to_camera(message)
        self._camera = camera if camera.calibrated else None

    def _on_pose(self, message: BodyPose) -> None:
        pose = messages.from_body_pose(message)
        camera = self._camera or Camera.assumed(pose.width, pose.height, math.radians(self.params.field_of_view))
        figure = figure_of(
            pose,
            messages.from_joint_angles(self._angles) if self._angles else None,
            messages.from_rep_state(self._state) if self._state else None,
            camera,
            self.params.min_visibility,
        )
        self._publisher.publish(to_markers(figure, message.header))
        self._drawn.tick(0.0)


def main() -> int:
    """Program `markers_node`."""
    return run(MarkersNode)


if __name__ == "__main__":
    sys.exit(main())
