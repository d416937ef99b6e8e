"""Node `markers`: poses, angles and counts -> the skeleton in space, for RViz."""

import math
import sys
import time

from visualization_msgs.msg import MarkerArray

from fitness_core.ros import diagnostics, messages, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.topics.while_watched import WhileWatched, Work
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_core.types import JointAngles, Pose, RepState
from fitness_visualization.max_rate import MaxRate
from fitness_visualization.space.camera_model import CameraModel
from fitness_visualization.space.figure import figure_of
from fitness_visualization.space.ros.figures import FIELD_OF_VIEW, FigureFeed
from fitness_visualization.space.ros.markers import LIFETIME, to_markers


class MarkersNode(FitnessNode):
    """Publishes the body as markers in metres in the camera optical frame, with joint angles, exercise and count.

    The place of the body follows from the camera's calibration (camera_info), else from an assumed field of view.
    Listens to body_pose, joint_angles, rep_state and camera_info only while somebody subscribes to skeleton_markers.
    """

    PARAMETERS = (
        FIELD_OF_VIEW,
        Parameter("max_rate", 15.0, "Most figures per second [Hz].", minimum=0.1, maximum=120.0),
        Parameter("min_visibility", MIN_VISIBILITY, "Less visible landmarks are not drawn.", minimum=0.0, maximum=1.0),
    )

    def __init__(self, name: str = "markers", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._publisher = self.create_lifecycle_publisher(MarkerArray, "skeleton_markers", qos.OVERLAY)
        self._feed = FigureFeed(self, math.radians(self.params.field_of_view), self._show)
        self._watching = WhileWatched(self)
        self._rate = MaxRate()
        self._drawn = diagnostics.Rate()

    def activate(self) -> None:
        self._watching.start(Work(self._publisher.get_subscription_count, self._feed.listen, self._feed.forget))

    def deactivate(self) -> None:
        self._watching.stop()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        calibrated = self._feed.calibration is not None
        return diagnostics.OK, self._watching.state, {"rate_hz": self._drawn.hertz(), "calibrated": calibrated}

    def _show(self, pose: Pose, angles: JointAngles | None, state: RepState | None, camera: CameraModel) -> None:
        now = time.monotonic()
        if self._rate.early(now):
            return
        self._rate.shown(now, self.params.max_rate)
        # Long enough for the next one, as the dashboard takes what is old.
        lifetime = max(LIFETIME, 2 / self.params.max_rate)
        figure = figure_of(pose, angles, state, camera, self.params.min_visibility)
        self._publisher.publish(to_markers(figure, messages.header(pose.stamp, pose.frame_id), lifetime))
        self._drawn.tick()


def main() -> int:
    """Program `markers_node`."""
    return run(MarkersNode)


if __name__ == "__main__":
    sys.exit(main())
