"""Landmarks of the body in a region.

Sources: modules/pose_landmark/tensors_to_pose_landmarks_and_segmentation.pbtxt and
pose_landmarks_and_segmentation_inverse_projection.pbtxt, calculators/tensor/tensors_to_landmarks_calculator.cc,
calculators/util/refine_landmarks_from_heatmap_calculator.cc, landmark_projection_calculator.cc and
world_landmark_projection_calculator.cc in https://github.com/google-ai-edge/mediapipe/tree/v0.10.21/mediapipe.
The networks: https://arxiv.org/abs/2006.10204, https://arxiv.org/abs/2206.11678.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pose_estimator.litert.files import NetworkFile
from pose_estimator.litert.network import Network
from pose_estimator.litert.region import Region

SIDE = 256
COUNT = 33
# The network has 39 points: the landmarks, the two alignment points, and four of no use.
_ALL = 39
_USED = COUNT + 2
_HEATMAP = 64
# The graph's text says 7; MediaPipe 0.10.21 computes with its calculator's default, as its landmarks show: with 9 they
# are ours within 0.03 px in the median, with 7 up to 1.8 px off.
_KERNEL = 9
_CONFIDENT = 0.5


@dataclass(frozen=True, slots=True)
class Body:
    """What the landmark network saw.

    image [33, 3]: x, y [px of the picture], z in the same scale. world [33, 3] metres, origin mid-hips. visibility,
    presence [33], 0..1. alignment [2, 2 px]: the points that make the next region. confidence: 0..1, that the region
    shows a body at all.
    """

    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    alignment: np.ndarray
    confidence: float


class LandmarkNetwork:
    """The landmarks of the body in a region of a picture."""

    def __init__(self, model: NetworkFile, threads: int) -> None:
        sizes = (_ALL * 5, 1, _HEATMAP * _HEATMAP * _ALL, _ALL * 3)
        self._network = Network(model, sizes, threads)

    def see(self, picture_bgr: np.ndarray, region: Region) -> Body:
        """The body that the region of a BGR picture shows, whether it shows one or not."""
        cut = region.crop(picture_bgr, self._network.side, cv2.BORDER_REPLICATE)
        raw, confidence, heatmap, world = self._network.run(cut, 0.0, 1.0)
        return decode(raw.reshape(_ALL, 5), float(confidence[0]), heatmap, world.reshape(_ALL, 3), region)


def decode(raw: np.ndarray, confidence: float, heatmap: np.ndarray, world: np.ndarray, region: Region) -> Body:
    """The body from the outputs of the landmark network.

    raw [39, 5]: x, y, z [px of its input], visibility and presence before the sigmoid. heatmap [64, 64, 39] before the
    sigmoid. world [39, 3] metres, in the turned region.
    """
    points = refine(raw[:_USED, :2] / SIDE, heatmap)
    placed = region.to_picture(points)
    depth = raw[:COUNT, 2:3] * (region.side / SIDE)
    upright = world[:COUNT].copy()
    upright[:, :2] = upright[:, :2] @ region.turn().T
    return Body(
        image=np.hstack((placed[:COUNT], depth)).astype(np.float32),
        world=upright,
        visibility=_sigmoid(raw[:COUNT, 3]),
        presence=_sigmoid(raw[:COUNT, 4]),
        alignment=placed[COUNT:],
        confidence=confidence,
    )


def refine(points: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Points [n, 2], 0..1, moved to the centre of mass of the 9 x 9 places of their heatmap around them.

    heatmap [64, 64, 39] before the sigmoid. A point outside, or where the heatmap is nowhere sure, stays.
    """
    size = heatmap.shape[0]
    reach = np.arange(_KERNEL) - _KERNEL // 2
    middle = np.trunc(points * size).astype(int)
    columns, rows = middle[:, :1] + reach, middle[:, 1:] + reach
    there = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[:, None, :]
    safe = np.clip(rows, 0, size - 1)[:, :, None], np.clip(columns, 0, size - 1)[:, None, :]
    weights = np.where(there, _sigmoid(heatmap[*safe, np.arange(len(points))[:, None, None]]), 0)
    total = weights.sum(axis=(1, 2))
    moved = np.stack(((weights.sum(axis=1) * columns).sum(axis=1), (weights.sum(axis=2) * rows).sum(axis=1)), axis=1)
    inside = ((middle >= 0) & (middle < size)).all(axis=1)
    sure = inside & (weights.max(axis=(1, 2)) >= _CONFIDENT)
    return np.where(sure[:, None], moved / np.maximum(total, 1e-9)[:, None] / size, points)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    # Beyond it float32 overflows, with a warning; there the result is 0 to 34 digits already.
    return 1 / (1 + np.exp(np.minimum(-values, 80)))
