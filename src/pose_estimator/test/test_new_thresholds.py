"""Another backend takes over while pictures come: the old one is closed, the person stays the same."""

import numpy as np

from fitness_core.types import Frame, nanoseconds
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.estimator import PoseEstimator


class Still(PoseBackend):
    """Sees the same body in every picture."""

    def __init__(self) -> None:
        self.closed = False

    def detect(self, picture: np.ndarray, stamp: int) -> Detection:
        points, ones = np.full((33, 3), 0.5, np.float32), np.ones(33, np.float32)
        return Detection(points, points.copy(), ones, ones.copy(), 1.0)

    def close(self) -> None:
        self.closed = True


def test_a_new_backend_goes_on_where_the_old_one_was() -> None:
    old, new = Still(), Still()
    estimator = PoseEstimator(old)
    picture = np.zeros((48, 64, 3), np.uint8)
    before = estimator.step(Frame(nanoseconds(1.0), picture))
    estimator.use(new)
    after = estimator.step(Frame(nanoseconds(1.1), picture))
    assert (old.closed, new.closed) == (True, False)
    assert before.body_id == after.body_id == "person_1"
    estimator.close()
    assert new.closed
