"""The markers over real DDS: frames, units, finite numbers, and what is not seen is taken away."""

import math
from dataclasses import replace

import numpy as np
import pytest
import rclpy
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from spun import Spun
from visualization_msgs.msg import Marker, MarkerArray

from fitness_bringup.composition.live import DEMO
from fitness_core.geometry import joint_angles
from fitness_core.ros import qos
from fitness_core.ros.messages import header, to_body_pose, to_joint_angles
from fitness_core.ros.serialized import of_rep_state
from fitness_core.types import Pose, RepState
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import BodyPose, JointAngles
from fitness_msgs.msg import RepState as RepStateMessage
from fitness_visualization.markers_node import MarkersNode
from fitness_visualization.space.ros.markers import to_camera

FRAME = "robot_camera_optical_frame"
IDS = {("skeleton", 0), ("landmarks", 0), ("exercise", 0), *(("joint_angles", number) for number in range(10))}


class Stage(Spun):
    """The node and a viewer, in a namespace of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.markers = MarkersNode(namespace=self.namespace)
        self.node = rclpy.create_node("viewer", namespace=self.namespace)
        self.spin(self.markers, self.node)
        self.poses = self.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
        self.angles = self.node.create_publisher(JointAngles, "joint_angles", qos.STREAM)
        self.states = self.node.create_publisher(RepStateMessage, "rep_state", qos.STREAM)
        self.info = self.node.create_publisher(CameraInfo, "camera/camera_info", qos.IMAGE_PUBLISHER)
        self.arrays: list[MarkerArray] = []

    def watch(self) -> None:
        self.node.create_subscription(MarkerArray, "skeleton_markers", self.arrays.append, qos.OVERLAY)
        for publisher in (self.poses, self.angles, self.states, self.info):
            self.wait(publisher.get_subscription_count, "the node to listen")

    def show(self, pose: Pose) -> dict[tuple[str, int], Marker]:
        before = len(self.arrays)
        # Again until it is drawn: the node leaves out what comes faster than it draws.
        self.node.create_timer(0.1, lambda: len(self.arrays) > before or self.poses.publish(to_body_pose(pose)))
        self.wait(lambda: len(self.arrays) > before, "markers")
        markers = self.arrays[-1].markers
        assert {(marker.ns, marker.id) for marker in markers} == IDS
        assert all(marker.header == header(pose.stamp, FRAME) for marker in markers)
        return {(marker.ns, marker.id): marker for marker in markers}

    def close(self) -> None:
        self.markers.stop()
        super().close()


@pytest.fixture
def stage():
    rclpy.init()
    made = Stage()
    yield made
    made.close()
    rclpy.try_shutdown()


def demo_pose(stamp: int) -> Pose:
    """A standing person that the pose network found in a video."""
    with BagReader(DEMO) as bag:
        pose = next(pose for pose in bag.poses() if pose.tracked)
    return Pose(stamp, pose.image, pose.world, pose.visibility, pose.presence, pose.width, pose.height, frame_id=FRAME)


def numbers(marker: Marker) -> list[float]:
    position, rotation, scale = marker.pose.position, marker.pose.orientation, marker.scale
    points = [value for point in marker.points for value in (point.x, point.y, point.z)]
    return [*points, position.x, position.y, position.z, rotation.w, scale.x, scale.y, scale.z]


def counted(stage) -> Pose:
    """A pose of somebody who has done three curls; its angles and the count have come, it has not."""
    stage.markers.start()
    stage.watch()
    pose = demo_pose(7)
    stage.angles.publish(to_joint_angles(joint_angles(pose), FRAME))
    stage.states.publish(of_rep_state(RepState(7, "curl", count=3), FRAME))
    stage.wait(
        lambda: stage.markers._feed._answers.last("angles") and stage.markers._feed._answers.last("state"),
        "angles and state",
    )
    return pose


def test_markers_are_metres_in_the_frame_of_the_camera(stage) -> None:
    pose = counted(stage)
    shown = stage.show(pose)
    assert all(math.isfinite(value) for marker in shown.values() for value in numbers(marker))

    bones, dots = shown["skeleton", 0], shown["landmarks", 0]
    assert (bones.type, dots.type) == (Marker.LINE_LIST, Marker.SPHERE_LIST)
    assert len(bones.points) == len(bones.colors) and len(bones.points) % 2 == 0 and len(bones.points) > 20
    assert 0 < bones.scale.x < 0.1 and 0 < dots.scale.x == dots.scale.y == dots.scale.z < 0.1
    height = max(point.y for point in dots.points) - min(point.y for point in dots.points)
    assert 1.2 < height < 2.2, "a person is as tall as a person, in metres"
    assert all(0.5 < point.z < 20 for point in dots.points), "before the camera"
    lengths = [
        math.dist((a.x, a.y, a.z), (b.x, b.y, b.z)) for a, b in zip(bones.points[::2], bones.points[1::2], strict=True)
    ]
    assert max(lengths) < 0.8

    title = shown["exercise", 0]
    assert (title.type, title.action, title.text) == (Marker.TEXT_VIEW_FACING, Marker.ADD, "curl 3")
    assert title.pose.position.y < min(point.y for point in dots.points), "y points down"
    written = {number: marker.text for (ns, number), marker in shown.items() if ns == "joint_angles" and marker.text}
    assert len(written) >= 6
    measured = joint_angles(pose).angles
    assert all(text == f"{math.degrees(measured[number]):.0f} deg" for number, text in written.items())
    assert all(marker.lifetime.sec for marker in shown.values())

    gone = stage.show(Pose.nobody(8, 640, 480, FRAME))
    assert {marker.action for marker in gone.values()} == {Marker.DELETE}


def test_a_face_alone_is_no_marker_without_points(stage) -> None:
    """Of the face the nose is drawn only; RViz calls a list without points an error."""
    stage.markers.start()
    stage.watch()
    face = np.array([0 < index < 11 for index in range(33)], np.float32)
    shown = stage.show(replace(demo_pose(7), visibility=face))
    assert {marker.action for marker in shown.values()} == {Marker.DELETE}


def test_a_counter_that_stops_leaves_no_count_behind(stage) -> None:
    pose = counted(stage)
    assert stage.show(pose)["exercise", 0].text == "curl 3"
    stage.node.create_timer(0.1, lambda: stage.poses.publish(to_body_pose(pose)))

    def written() -> list[str]:
        return [marker.text for marker in stage.arrays[-1].markers if marker.text]

    stage.wait(lambda: not written(), "markers without what was counted and measured")


@pytest.mark.parametrize(("max_rate", "lifetime"), [(15.0, 1.0), (0.4, 5.0)])
def test_a_figure_that_is_drawn_seldom_stays_until_the_next(stage, max_rate: float, lifetime: float) -> None:
    stage.markers.set_parameters([Parameter("max_rate", value=max_rate)])
    stage.markers.start()
    stage.watch()
    stays = [marker.lifetime for marker in stage.show(demo_pose(7)).values()]
    assert {marker.sec + marker.nanosec / 1e9 for marker in stays} == {lifetime}


def test_a_calibration_says_how_far_away_the_person_is(stage) -> None:
    stage.markers.start()
    stage.watch()
    pose = demo_pose(7)

    def distance() -> float:
        points = stage.show(pose)["landmarks", 0].points
        return sum(point.z for point in points) / len(points)

    assumed = distance()
    focal = 2.0 * max(pose.width, pose.height)
    k = [focal, 0.0, pose.width / 2, 0.0, focal, pose.height / 2, 0.0, 0.0, 1.0]
    stage.info.publish(CameraInfo(width=pose.width, height=pose.height, distortion_model="plumb_bob", d=[0.0] * 5, k=k))
    stage.wait(lambda: stage.markers._feed.calibration, "the calibration")
    # The focal length that 60 degrees mean is 0.87 of the longer side.
    assert distance() / assumed == pytest.approx(2.0 * 2 * math.tan(math.radians(30)), rel=0.1)
    stage.info.publish(CameraInfo(width=pose.width, height=pose.height))
    stage.wait(lambda: stage.markers._feed.calibration is None, "that it is uncalibrated again")


def test_a_region_of_interest_is_a_window_of_what_was_calibrated() -> None:
    k = [500.0, 0.0, 330.0, 0.0, 505.0, 235.0, 0.0, 0.0, 1.0]
    calibrated = {
        "width": 640,
        "height": 480,
        "distortion_model": "plumb_bob",
        "d": [-0.2, 0.05, 0.001, 0.0, 0.0],
        "k": k,
    }
    whole = to_camera(CameraInfo(**calibrated))
    roi = RegionOfInterest(x_offset=100, y_offset=60, width=320, height=200)
    points = np.random.default_rng(0).uniform(0.0, 1.0, (9, 2))
    seen = to_camera(CameraInfo(**calibrated, roi=roi)).rays(points)
    np.testing.assert_allclose(seen, whole.rays((points * (320, 200) + (100, 60)) / (640, 480)), atol=1e-6)
    assert not to_camera(CameraInfo(width=640, height=480, roi=roi)).calibrated


def test_nobody_watches_and_nothing_is_done(stage) -> None:
    stage.markers.start()
    assert stage.poses.get_subscription_count() == 0
    assert stage.markers.diagnose()[1] == "nobody watches"
