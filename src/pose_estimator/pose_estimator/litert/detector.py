"""Finds a person anywhere in the picture.

Sources: modules/pose_detection/pose_detection_cpu.pbtxt, calculators/tflite/ssd_anchors_calculator.cc,
calculators/tensor/tensors_to_detections_calculator.cc and calculators/util/non_max_suppression_calculator.cc in
https://github.com/google-ai-edge/mediapipe/tree/v0.10.21/mediapipe.
The network: Bazarevsky et al. 2020, https://arxiv.org/abs/2006.10204.
"""

import cv2
import numpy as np

from pose_estimator.litert.files import NetworkFile
from pose_estimator.litert.network import Network
from pose_estimator.litert.region import Region

SIDE = 224
# Stride of a layer [px] -> boxes at each of its places.
_LAYERS = {8: 2, 16: 2, 32: 6}
_ANCHORS = 2254
_VALUES = 12
_OVERLAP = 0.3
# Float32 holds exp of it; MediaPipe's own limit is 100.
_LARGEST_LOGIT = 80.0


def anchors() -> np.ndarray:
    """Centres of the anchor boxes [2254, 2: x, y], 0..1; they are all as large as the picture."""
    layers = []
    for stride, boxes in _LAYERS.items():
        places = (np.arange(SIDE // stride) + 0.5) * stride / SIDE
        grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, boxes, axis=0))
    return np.concatenate(layers).astype(np.float32)


class Detector:
    """The most certain person in a picture, as the region of the body; min_confidence: 0..1."""

    def __init__(self, model: NetworkFile, min_confidence: float, threads: int) -> None:
        self._network = Network(model, (_ANCHORS * _VALUES, _ANCHORS), threads)
        self._anchors = anchors()
        self._min_confidence = min_confidence

    def find(self, picture_bgr: np.ndarray) -> Region | None:
        """The region of the body; None where nobody is found."""
        height, width = picture_bgr.shape[:2]
        whole = Region.of_picture(width, height)
        # Bars are black: what is outside the picture is nothing.
        cut = whole.crop(picture_bgr, self._network.side, cv2.BORDER_CONSTANT)
        values, logits = self._network.run(cut, -1.0, 1.0)
        points = best(values, logits[:, 0], self._anchors, self._min_confidence)
        if points is None:
            return None
        region = Region.of_body(whole.to_picture(points))
        return region if region.valid else None


def best(values: np.ndarray, logits: np.ndarray, centres: np.ndarray, min_confidence: float) -> np.ndarray | None:
    """The two alignment points [2, 2] of the most certain body, 0..1 of the square around the picture.

    values [n, 12] and logits [n]: what the network says of each anchor box: x, y, width, height, four points x, y, in
    pixels from the anchor's centre [n, 2]. Boxes that overlap the most certain one by more than 0.3 of their union are
    of the same body: their points are averaged by confidence. None where none is certain enough.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    kept = (scores >= min_confidence) & (values[:, 2] >= 0) & (values[:, 3] >= 0)
    if not kept.any():
        return None
    scores, values, centres = scores[kept], values[kept] / SIDE, centres[kept]
    low = centres + values[:, :2] - values[:, 2:4] / 2
    high = low + values[:, 2:4]
    top = scores.argmax()
    inside = np.clip(np.minimum(high, high[top]) - np.maximum(low, low[top]), 0, None).prod(axis=1)
    area = (high - low).prod(axis=1)
    union = area + area[top] - inside
    same = inside > _OVERLAP * union
    if not same.any():  # a box without area
        same[top] = True
    points = centres[same, None] + values[same, 4:8].reshape(-1, 2, 2)
    return np.average(points, axis=0, weights=scores[same])
