"""What a figure in space is made of, gathered from the graph."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from fitness_core.ros import messages, qos
from fitness_core.ros.parameters import Parameter
from fitness_core.types import JointAngles, Pose, RepState
from fitness_msgs import msg
from fitness_visualization.answers import Answers
from fitness_visualization.space.camera_model import CameraModel
from fitness_visualization.space.ros.markers import to_camera

FIELD_OF_VIEW = Parameter(
    "field_of_view",
    60.0,
    "Angle that the longer side of the picture spans [deg], if the camera is not calibrated.",
    minimum=10.0,
    maximum=150.0,
    read_only=True,
)


class FigureFeed:
    """Calls `take` with each pose that `node` hears and the newest of everything else; for a `Work`.

    field_of_view: [rad] along the longer side of the picture, for a camera that is not calibrated.
    """

    def __init__(
        self,
        node: Node,
        field_of_view: float,
        take: Callable[[Pose, JointAngles | None, RepState | None, CameraModel], None],
    ) -> None:
        self._node = node
        self._field_of_view = field_of_view
        self._take = take
        self.forget()

    def listen(self) -> list[Subscription]:
        """Subscribe."""
        return [
            self._node.create_subscription(CameraInfo, "camera/camera_info", self._on_info, qos.IMAGE_SUBSCRIBER),
            self._node.create_subscription(msg.JointAngles, "joint_angles", partial(self._keep, "_angles"), qos.STREAM),
            self._node.create_subscription(msg.RepState, "rep_state", partial(self._keep, "_state"), qos.STREAM),
            self._node.create_subscription(msg.BodyPose, "body_pose", self._on_pose, qos.STREAM),
        ]

    def forget(self) -> None:
        """Forget what was heard."""
        self._answers = Answers(("_angles", "_state"))
        self._angles: msg.JointAngles | None = None
        self._state: msg.RepState | None = None
        self.calibration: CameraModel | None = None
        """The camera that camera_info describes, None where it is not calibrated."""

    def _keep(self, name: str, message: object) -> None:
        setattr(self, name, message)
        self._answers.came(name)

    def _known(self, name: str) -> Any:
        """What came last, where it is not old."""
        return None if self._answers.missing(name) else getattr(self, name)

    def _on_info(self, message: CameraInfo) -> None:
        camera = to_camera(message)
        self.calibration = camera if camera.calibrated else None

    def _on_pose(self, message: msg.BodyPose) -> None:
        pose = messages.from_body_pose(message)
        self._answers.posed(time.monotonic())
        known_angles, known_state = self._known("_angles"), self._known("_state")
        angles = messages.from_joint_angles(known_angles) if known_angles else None
        state = messages.from_rep_state(known_state) if known_state else None
        self._take(
            pose, angles, state, self.calibration or CameraModel.assumed(pose.width, pose.height, self._field_of_view)
        )
