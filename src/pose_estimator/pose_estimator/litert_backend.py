"""BlazePose by LiteRT: the networks and steps of MediaPipe's pose graph, without MediaPipe.

Method: as of `mediapipe_backend`. What each step follows is said in the modules of `pose_estimator.litert`.
"""

import numpy as np

from fitness_core.types import SET_BACK
from pose_estimator.backend import Detection, PoseBackend, elapsed, score_of
from pose_estimator.litert import files
from pose_estimator.litert.detector import Detector
from pose_estimator.litert.landmarks import LandmarkNetwork
from pose_estimator.litert.region import Region, Steadier
from pose_estimator.options import Options


class LiteRtBackend(PoseBackend):
    """Follows one body: its landmarks say where to look in the next picture.

    The person detector runs only in pictures where no body is followed: the first, and those after one in which the
    landmark network was not min_tracking_confidence sure of a body. Landmarks are not smoothed here. The networks take
    turns, so that each has all of the threads.
    """

    distribution = "ai-edge-litert"
    models = ("full", "lite", "heavy")

    def __init__(self, options: Options) -> None:
        detector, landmarks = files.load(options.model, options.networks)
        self._detector: Detector | None = Detector(detector, options.min_detection_confidence, options.threads)
        self._landmarks: LandmarkNetwork | None = LandmarkNetwork(landmarks, options.threads)
        self._min_tracking_confidence = options.min_tracking_confidence
        self._steadier = Steadier()
        self._region: Region | None = None
        self._stamp: int | None = None
        self._shape: tuple[int, ...] = ()

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        assert self._detector is not None and self._landmarks is not None, "closed"
        # A region is in pixels.
        if picture_bgr.shape != self._shape or (self._stamp is not None and self._stamp - stamp > SET_BACK):
            self._lose()
        self._shape = picture_bgr.shape
        step = elapsed(self._stamp, stamp)
        self._stamp = stamp
        region = self._region or self._detector.find(picture_bgr)
        if region is None:
            return None
        body = self._landmarks.see(picture_bgr, region)
        if not body.confidence > self._min_tracking_confidence:
            self._lose()
            return None
        following = Region.of_body(self._steadier.step(body.alignment, step))
        self._region = following if following.valid else None
        height, width = picture_bgr.shape[:2]
        image = body.image / np.array((width, height, width), np.float32)
        return Detection(image, body.world, body.visibility, body.presence, score_of(body.visibility))

    def close(self) -> None:
        self._detector = self._landmarks = None

    def _lose(self) -> None:
        self._region = None
        self._steadier.reset()
