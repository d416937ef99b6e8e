"""The pinhole camera that a picture was taken with: calibrated, or assumed from a field of view. Free of ROS."""

import math
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, slots=True)
class CameraModel:
    """Fields of sensor_msgs/CameraInfo that a ray needs.

    width, height [px] of the pictures that were calibrated. k: 3x3 by rows [px]. d: distortion coefficients of
    `model` (plumb_bob, rational_polynomial or equidistant; empty = none).
    """

    width: int
    height: int
    k: tuple[float, ...]
    d: tuple[float, ...] = ()
    model: str = "plumb_bob"

    @classmethod
    def assumed(cls, width: int, height: int, field_of_view: float) -> "CameraModel":
        """An undistorted camera that looks through the middle of its picture [px].

        field_of_view: angle that the longer side of the picture spans [rad].
        """
        focal = max(width, height) / 2 / math.tan(field_of_view / 2)
        return cls(width, height, (focal, 0.0, width / 2, 0.0, focal, height / 2, 0.0, 0.0, 1.0))

    @property
    def calibrated(self) -> bool:
        """Whether it can be used: an uncalibrated sensor_msgs/CameraInfo is all zeros."""
        return self.width > 0 and self.height > 0 and len(self.k) == 9 and self.k[0] > 0 and self.k[4] > 0

    def rays(self, points: np.ndarray) -> np.ndarray:
        """Directions x / z, y / z [n, 2] through points [n, 2] of a picture, in shares of its width and height.

        In shares, so that the picture may have been resized since. NaN stays NaN.
        """
        pixels = np.asarray(points, float) * (self.width, self.height)
        k = np.array(self.k, float).reshape(3, 3)
        rays = (pixels - k[:2, 2]) / (k[0, 0], k[1, 1])
        seen = np.isfinite(pixels).all(axis=1)
        if any(self.d) and seen.any():
            fisheye = self.model == "equidistant"
            undistort = cv2.fisheye.undistortPoints if fisheye else cv2.undistortPoints
            sizes = (4,) if fisheye else (4, 5, 8, 12, 14)  # OpenCV takes no other; drivers append zeros
            d = np.zeros(next((size for size in sizes if size >= len(self.d)), sizes[-1]))
            d[: len(self.d)] = self.d[: len(d)]
            rays[seen] = undistort(pixels[seen][:, None], k, d)[:, 0]
        return rays
