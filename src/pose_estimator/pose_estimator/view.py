"""What of a picture a backend is shown, and how much of it is new. Pictures are BGR uint8 [height, width, 3]."""

import numpy as np

from pose_estimator.backend import Detection
from pose_estimator.lock import Sight

Box = tuple[int, int, int, int]
"""Left, top, right, bottom [px]."""
_GREY = 114
# A person fits into this, from the mid-hips [m].
_REACH = 1.3
# Around the landmarks, as a share of their box: hair, hands, what is worn.
_MARGIN = 0.12
# A cell of the thumbnail is new when it is lighter or darker by this [grey levels].
_NEW = 15
_ROWS, _COLUMNS = 24, 32


def box_around(sight: Sight, picture: np.ndarray) -> Box:
    """Where a person must be who has not left the place."""
    reach = _REACH * sight.scale
    return _clipped(sight.x - reach, sight.y - reach, sight.x + reach, sight.y + reach, picture)


def box_of(found: Detection, picture: np.ndarray) -> Box:
    """What a body takes of the picture."""
    height, width = picture.shape[:2]
    pixels = found.image[:, :2] * np.array((width, height), np.float32)
    (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
    beside, above = _MARGIN * (right - left), _MARGIN * (bottom - top)
    return _clipped(left - beside, top - above, right + beside, bottom + above, picture)


def _clipped(left: float, top: float, right: float, bottom: float, picture: np.ndarray) -> Box:
    height, width = picture.shape[:2]
    return (
        int(min(max(left, 0), width)),
        int(min(max(top, 0), height)),
        int(min(max(right, 0), width)),
        int(min(max(bottom, 0), height)),
    )


def only(picture: np.ndarray, box: Box) -> np.ndarray:
    """The picture with nothing outside of the box."""
    left, top, right, bottom = box
    shown = np.full_like(picture, _GREY)
    shown[top:bottom, left:right] = picture[top:bottom, left:right]
    return shown


def without(picture: np.ndarray, box: Box) -> np.ndarray:
    """The picture with nothing inside of the box."""
    left, top, right, bottom = box
    shown = picture.copy()
    shown[top:bottom, left:right] = _GREY
    return shown


def prominence(found: Detection, picture: np.ndarray) -> float:
    """How much a body is what the camera is pointed at: its size [px], down to half of it at the picture's sides."""
    left, top, right, bottom = box_of(found, picture)
    off = abs((left + right) / picture.shape[1] - 1)
    return float(np.hypot(right - left, bottom - top)) * (1 - 0.5 * off)


class Change:
    """How much of each picture is new."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._shape: tuple[int, ...] = ()

    def step(self, picture: np.ndarray) -> float:
        """Share of the picture [0..1] that differs from the one before; 1 for the first, or one of another shape."""
        height, width = picture.shape[:2]
        down, across = max(height // _ROWS, 1), max(width // _COLUMNS, 1)
        cells = picture[down // 2 :: down, across // 2 :: across, 1]
        before, self._before = self._before, cells.astype(np.int16)
        shape, self._shape = self._shape, picture.shape
        if before is None or shape != picture.shape:
            return 1.0
        return float(np.count_nonzero(np.abs(self._before - before) > _NEW) / before.size)
