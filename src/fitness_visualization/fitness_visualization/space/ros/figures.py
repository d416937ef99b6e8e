"""What a figure in space is made of, gathered from the graph."""

import time
from collections.abc import Callable
from functools import partial

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
        came = self._answers.came
        return [
            self._node.create_subscription(CameraInfo, "camera/camera_info", self._on_info, qos.IMAGE_SUBSCRIBER),
            self._node.create_subscription(msg.JointAngles, "joint_angles", partial(came, "angles"), qos.STREAM),
            self._node.create_subscription(msg.RepState, "rep_state", partial(came, "state"), qos.STREAM),
            self._node.create_subscription(msg.BodyPose, "body_pose", self._on_pose, qos.STREAM),
        ]

    def forget(self) -> None:
        """Forget what was heard."""
        self._answers = Answers(("angles", "state"))
        self.calibration: CameraModel | None = None
        """The camera that camera_info describes, None where it is not calibrated."""

    def _on_info(self, message: CameraInfo) -> None:
        camera = to_camera(message)
        self.calibration = camera if camera.calibrated else None

    def _on_pose(self, message: msg.BodyPose) -> None:
        pose = messages.from_body_pose(message)
        self._answers.posed(time.monotonic())
        angles, state = map(self._answers.last, ("angles", "state"))
        angles = messages.from_joint_angles(angles) if angles else None
        state = messages.from_rep_state(state) if state else None
        self._take(
            pose, angles, state, self.calibration or CameraModel.assumed(pose.width, pose.height, self._field_of_view)
        )
