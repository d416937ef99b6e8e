"""A figure in space as visualization_msgs/MarkerArray, and sensor_msgs/CameraInfo as a camera."""

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Vector3
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from fitness_core.skeleton import JOINTS
from fitness_core.types import NANOSECONDS, nanoseconds
from fitness_visualization.space.camera_model import CameraModel
from fitness_visualization.space.figure import BONE_WIDTH, DOT_SIZE, SIDES, Figure, Words

ANGLE_HEIGHT, TITLE_HEIGHT = 0.07, 0.16
"""Height of a capital letter [m]."""
LIFETIME = 1.0
"""What is not drawn again goes after this [s]: a figure that stands still after the stream ended would be a lie."""

_WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_COLOURS = tuple(ColorRGBA(r=red, g=green, b=blue, a=1.0) for red, green, blue in SIDES)


def to_markers(figure: Figure | None, header: Header, lifetime: float = LIFETIME) -> MarkerArray:
    """Markers in metres in the frame of `header`, the camera optical frame; lifetime [s]: until they go by themselves.

    Always the same namespaces and ids (skeleton 0, landmarks 0, joint_angles 0..9, exercise 0); what there is not at
    present is deleted, so that a viewer needs to remember nothing.
    """
    joints = {} if figure is None else figure.joints
    markers = [_bones(figure, header), _landmarks(figure, header)]
    markers += [
        _words("joint_angles", number, joints.get(number), ANGLE_HEIGHT, header) for number in range(len(JOINTS))
    ]
    markers.append(_words("exercise", 0, None if figure is None else figure.title, TITLE_HEIGHT, header))
    whole, part = divmod(nanoseconds(lifetime), NANOSECONDS)
    for marker in markers:
        marker.lifetime = Duration(sec=whole, nanosec=part)
    return MarkerArray(markers=markers)


def to_camera(message: CameraInfo) -> CameraModel:
    """sensor_msgs/CameraInfo -> CameraModel; `calibrated` tells whether it can be used.

    Where the driver gives a region of interest (in pixels of the calibration), the pictures show that.
    """
    region, k = message.roi, [float(value) for value in message.k]
    width, height = message.width, message.height
    if region.width and region.height:
        width, height = region.width, region.height
        k[2], k[5] = k[2] - region.x_offset, k[5] - region.y_offset
    d = tuple(float(value) for value in message.d)
    return CameraModel(width, height, tuple(k), d, message.distortion_model)


def _bones(figure: Figure | None, header: Header) -> Marker:
    marker = _marker("skeleton", 0, Marker.LINE_LIST, header, figure is not None and bool(figure.bones))
    if figure is not None:
        ends = [index for bone in figure.bones for index in bone]
        marker.points = [_point(figure.points[index]) for index in ends]
        marker.colors = [_COLOURS[index] for index in ends]
        marker.scale = Vector3(x=BONE_WIDTH)
    return marker


def _landmarks(figure: Figure | None, header: Header) -> Marker:
    marker = _marker("landmarks", 0, Marker.SPHERE_LIST, header, figure is not None and bool(figure.seen))
    if figure is not None:
        marker.points = [_point(figure.points[index]) for index in figure.seen]
        marker.colors = [_COLOURS[index] for index in figure.seen]
        marker.scale = Vector3(x=DOT_SIZE, y=DOT_SIZE, z=DOT_SIZE)
    return marker


def _words(namespace: str, number: int, words: Words | None, height: float, header: Header) -> Marker:
    marker = _marker(namespace, number, Marker.TEXT_VIEW_FACING, header, words is not None)
    if words is not None:
        marker.pose.position = _point(words.at)
        marker.text = words.text
        marker.scale = Vector3(z=height)
        marker.color = _WHITE
    return marker


def _marker(namespace: str, number: int, kind: int, header: Header, there: bool) -> Marker:
    return Marker(
        header=header,
        ns=namespace,
        id=number,
        type=kind,
        action=Marker.ADD if there else Marker.DELETE,
        pose=Pose(),
    )


def _point(values: np.ndarray) -> Point:
    x, y, z = map(float, values)
    return Point(x=x, y=y, z=z)
