"""From BlazePose's 33 landmarks to the 18 points of REP-155's skeleton. Free of ROS.

REP-155, https://www.ros.org/reps/rep-0155.html; the points are OpenPose's COCO model, in the order of
hri_msgs/Skeleton2D.
"""

import numpy as np

from fitness_core.skeleton import INDEX
from fitness_core.types import Pose

POINTS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("left_eye", "right_eye", "left_ear", "right_ear"),
)
"""Name of each point, in the order of the constants of hri_msgs/Skeleton2D."""
_NECK = POINTS.index("neck")
_SHOULDERS = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
# The nose stands in for the neck until it is put there.
_FROM = [INDEX.get(name, INDEX["nose"]) for name in POINTS]


def skeleton_of(pose: Pose) -> np.ndarray:
    """[18, 3]: x, y as shares of the picture's width and height, in 0..1, and confidence 0..1.

    The neck, which BlazePose has not, is halfway between the shoulders and as sure as the less sure of them. A point
    that was not measured, or is out of the picture, has confidence 0 (and is moved to the edge).
    """
    points = np.hstack([pose.image[_FROM, :2], pose.visibility[_FROM, None]]).astype(np.float64)
    shoulders = pose.image[_SHOULDERS, :2]
    points[_NECK] = [*shoulders.mean(axis=0), pose.visibility[_SHOULDERS].min()]
    measured = np.isfinite(points).all(axis=1)
    points[~measured] = 0.0
    places = np.clip(points[:, :2], 0.0, 1.0)
    inside = (places == points[:, :2]).all(axis=1)
    return np.hstack([places, np.where(inside, np.clip(points[:, 2:], 0.0, 1.0).T, 0.0).T])
