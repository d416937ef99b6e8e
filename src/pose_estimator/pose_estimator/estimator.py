"""The stage: one picture in, the pose of the person in it out. Free of ROS."""

import numpy as np

from fitness_core.filters import OneEuro
from fitness_core.types import Frame, Pose, nanoseconds
from pose_estimator.backend import PoseBackend

# Chosen on the elbow and knee angles of real clips at 24-30 fps: half of the jitter of a person at rest, 10 ms late,
# and a curl in a second keeps 97 % of its amplitude from 15 fps up (99 % from 30 fps up).
MIN_CUTOFF = 1.0
BETA = 40.0
FORGET_AFTER = nanoseconds(0.5)
"""A body that was out of sight for longer than this [ns] is smoothed from anew."""
NEW_BODY_AFTER = nanoseconds(1.0)
"""A body that was out of sight for longer than this [ns] is a new one."""


class PoseEstimator:
    """Landmarks of the most prominent person, smoothed by stamp with a One-Euro filter.

    min_cutoff [Hz] and beta [Hz per body size per second]: the landmarks in the picture are smoothed in pixels, the
    world landmarks in metres, both with speeds in body sizes (the longest side of the landmarks' bounding box) per
    second, so that the distance to the camera does not matter.
    """

    def __init__(
        self, backend: PoseBackend, smoothing: bool = True, min_cutoff: float = MIN_CUTOFF, beta: float = BETA
    ) -> None:
        self.smoothing = smoothing
        self._backend = backend
        self._image_filter = OneEuro(min_cutoff, beta)
        self._world_filter = OneEuro(min_cutoff, beta)
        self._bodies = 0
        self._stamp: int | None = None
        self._seen: int | None = None

    def tune(self, smoothing: bool, min_cutoff: float, beta: float) -> None:
        """Change the smoothing from the next picture on."""
        if smoothing != self.smoothing:
            self._forget()
        self.smoothing = smoothing
        for one_euro in (self._image_filter, self._world_filter):
            one_euro.min_cutoff, one_euro.beta = min_cutoff, beta

    def use(self, backend: PoseBackend) -> None:
        """Go on with another backend; the one until now is closed. Body and smoothing go on."""
        self._backend.close()
        self._backend = backend

    def step(self, frame: Frame) -> Pose:
        """The pose in a picture; `Pose.nobody` where nobody is seen.

        body_id is "person_1", "person_2", ...: the same as long as somebody is seen without a gap of more than 1 s
        (it says nothing about who that is). A stamp before the last one (a recording that started over) starts anew.
        """
        height, width = frame.image.shape[:2]
        if self._stamp is not None and frame.stamp < self._stamp:
            self._forget()
            self._seen = None
        self._stamp = frame.stamp
        found = self._backend.detect(frame.image, frame.stamp)
        if found is None:
            return Pose.nobody(frame.stamp, width, height, frame.frame_id)
        away = frame.stamp - self._seen if self._seen is not None else None
        if away is None or away > NEW_BODY_AFTER:
            self._bodies += 1
        if away is not None and away > FORGET_AFTER:
            self._forget()
        self._seen = frame.stamp
        image, world = found.image, found.world
        if self.smoothing:
            unit = np.array((width, height, width), np.float32)
            pixels = image * unit
            smooth = self._image_filter.step(frame.stamp, pixels, _size(pixels[:, :2], smallest=1.0))
            image = (smooth / unit).astype(np.float32)
            world = self._world_filter.step(frame.stamp, world, _size(world, smallest=0.1)).astype(np.float32)
        return Pose(
            stamp=frame.stamp,
            image=image,
            world=world,
            visibility=found.visibility,
            presence=found.presence,
            width=width,
            height=height,
            score=found.score,
            body_id=f"person_{self._bodies}",
            frame_id=frame.frame_id,
        )

    def close(self) -> None:
        """Free the backend."""
        self._backend.close()

    def _forget(self) -> None:
        self._image_filter.reset()
        self._world_filter.reset()


def _size(points: np.ndarray, smallest: float) -> float:
    """The longest side of the bounding box of points [33, 2 or 3], in their unit."""
    return max(float(np.ptp(points, axis=0).max()), smallest)
