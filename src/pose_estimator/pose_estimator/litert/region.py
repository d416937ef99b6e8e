"""The square of the picture that the landmark network sees: around the body, and turned so that it stands upright.

Sources: modules/pose_landmark/pose_detection_to_roi.pbtxt, pose_landmarks_to_roi.pbtxt, pose_landmark_filtering.pbtxt,
calculators/util/alignment_points_to_rects_calculator.cc and calculators/tensor/image_to_tensor_converter_opencv.cc in
https://github.com/google-ai-edge/mediapipe/tree/v0.10.21/mediapipe.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 1.25
"""The region is so many times as long as the circle of the body is wide."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square in the picture: centre x, y and length of a side [px]; rotation [rad], clockwise as one sees it."""

    x: float
    y: float
    side: float
    rotation: float

    @classmethod
    def of_body(cls, points: np.ndarray) -> "Region":
        """The region of a body by its two alignment points [2, 2 px].

        These are the middle of the hips, and where a circle around it that holds the whole body is above the head.
        """
        (x, y), (dx, dy) = points[0], points[1] - points[0]
        rotation = math.pi / 2 - math.atan2(-dy, dx)
        rotation -= 2 * math.pi * math.floor((rotation + math.pi) / (2 * math.pi))
        return cls(float(x), float(y), MARGIN * 2 * math.hypot(dx, dy), rotation)

    @classmethod
    def of_picture(cls, width: int, height: int) -> "Region":
        """The whole picture [px], with bars above and below or left and right."""
        return cls(width / 2, height / 2, float(max(width, height)), 0.0)

    @property
    def valid(self) -> bool:
        """Whether there is anything to see in it: a finite place, more than a pixel."""
        return math.isfinite(self.x + self.y + self.rotation) and 1 < self.side < math.inf

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [n, 2] of the region, 0..1, in pixels of the picture."""
        return (points - 0.5) * self.side @ self.turn().T + (self.x, self.y)

    def turn(self) -> np.ndarray:
        """The rotation as a matrix [2, 2] from the region to the picture."""
        cosine, sine = math.cos(self.rotation), math.sin(self.rotation)
        return np.array(((cosine, -sine), (sine, cosine)))

    def crop(self, picture_bgr: np.ndarray, side: int, border: int) -> np.ndarray:
        """What is in it, RGB uint8 [side, side, 3]; border: OpenCV's mode for what lies outside the picture."""
        turn = self.turn() * (self.side / side)
        corner = np.array((self.x, self.y)) - turn @ (side / 2, side / 2)
        cut = cv2.warpAffine(
            picture_bgr,
            np.column_stack((turn, corner)),
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        )
        return cv2.cvtColor(cut, cv2.COLOR_BGR2RGB)


class Steadier:
    """MediaPipe's One-Euro filter of the alignment points, so that the region does not tremble.

    MediaPipe's graph has it always, also where the smoothing of the landmarks is off. Unlike `filters.OneEuro` it
    takes speed between unfiltered values. Source: mediapipe/util/filtering/one_euro_filter.cc.
    """

    MIN_CUTOFF, BETA, DERIVATIVE_CUTOFF = 0.01, 10.0, 1.0

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next points pass unchanged."""
        self._raw: np.ndarray | None = None

    def step(self, points: np.ndarray, elapsed: float) -> np.ndarray:
        """The steadied points [2, 2 px] of the next picture, taken so much later [s]."""
        size = 2 * math.dist(points[0], points[1])
        if size < 1e-6:
            return points
        if self._raw is None:
            self._raw, self._value, self._speed = points, points, np.zeros_like(points)
            return points
        speed = (points - self._raw) / size / elapsed
        self._speed = self._speed + _alpha(self.DERIVATIVE_CUTOFF, elapsed) * (speed - self._speed)
        alpha = _alpha(self.MIN_CUTOFF + self.BETA * np.abs(self._speed), elapsed)
        self._raw, self._value = points, self._value + alpha * (points - self._value)
        return self._value


def _alpha(cutoff, elapsed: float):
    """Weight of the newest sample of a first-order low-pass with this cut-off [Hz] after this time [s]."""
    rate = 2 * math.pi * cutoff * elapsed
    return rate / (rate + 1)
