"""The network has the next picture while the pose of the one before is finished; nothing else changes by that."""

import numpy as np

from fitness_core.mailbox import Mailbox
from fitness_core.types import Frame, Pose, nanoseconds
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.estimator import Found, PoseEstimator
from pose_estimator.pipeline import Pipeline

PICTURE = np.zeros((48, 64, 3), np.uint8)


class Steps:
    """Notes the steps; arrives: pictures that come, or None for the end, while a step is under way."""

    def __init__(self, arrives: dict[str, int | None], fails: str = "") -> None:
        self.noted: list[str] = []
        self.failed: list[int | None] = []
        self._arrives, self._fails = arrives, fails
        self._mailbox: Mailbox[int] = Mailbox()

    def run(self) -> list[str]:
        self._mailbox.put(1)
        steps = (lambda of, name=name: self._step(name, of) for name in ("begin", "end", "finish"))
        Pipeline(*steps, lambda _, picture: self.failed.append(picture)).run(self._mailbox)
        return self.noted

    def _step(self, name: str, number: int) -> int:
        step = f"{name} {number}"
        self.noted.append(step)
        if step in self._arrives:
            picture = self._arrives[step]
            if picture is None:
                self._mailbox.close()
            else:
                self._mailbox.put(picture)
        if step == self._fails:
            raise RuntimeError(step)
        return number


def test_a_picture_that_waits_begins_before_the_one_before_is_finished() -> None:
    noted = Steps({"end 1": 2, "end 2": None}).run()
    assert noted == ["begin 1", "end 1", "begin 2", "finish 1", "end 2", "finish 2"]


def test_where_no_picture_waits_nothing_is_put_off() -> None:
    noted = Steps({"finish 1": 2, "finish 2": None}).run()
    assert noted == ["begin 1", "end 1", "finish 1", "begin 2", "end 2", "finish 2"]


def test_what_is_in_the_mailbox_when_it_is_closed_is_finished() -> None:
    noted = Steps({"begin 1": 2, "end 1": None}).run()
    assert noted == ["begin 1", "end 1", "begin 2", "finish 1", "end 2", "finish 2"]


def test_a_picture_that_fails_holds_up_no_other() -> None:
    steps = Steps({"end 1": 2, "finish 1": 3, "end 3": None}, fails="begin 2")
    assert steps.run() == ["begin 1", "end 1", "begin 2", "finish 1", "begin 3", "end 3", "finish 3"]
    assert steps.failed == [2]


class Walk(PoseBackend):
    """A body that walks, another one that takes its place, nobody for a while."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(3)
        self._body = self._random.uniform(0.3, 0.6, (33, 3)).astype(np.float32)

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        number = stamp // nanoseconds(0.05)
        if number % 40 in range(10, 14):
            return None
        image = self._body + self._random.normal(0, 0.004, (33, 3)).astype(np.float32)
        image[:, 0] += 0.3 * (number % 40 in range(20, 26)) + 0.001 * number
        ones = np.ones(33, np.float32)
        return Detection(image, self._body - 0.45, ones, ones, 0.9)

    def close(self) -> None:
        pass


def told(pose: Pose) -> tuple:
    return pose.stamp, pose.body_id, pose.lost, pose.image.tobytes(), pose.world.tobytes()


def test_poses_are_the_same_whether_the_next_picture_has_begun_or_not() -> None:
    # In the middle the recording starts over.
    stamps = [nanoseconds(0.05 * number) for number in (*range(60), *range(60))]
    frames = [Frame(stamp, PICTURE, "eye") for stamp in stamps]
    one_by_one = PoseEstimator(Walk())
    expected = [one_by_one.step(frame) for frame in frames]
    overlapping = PoseEstimator(Walk())
    poses: list[Pose] = []
    found: Found | None = None
    for frame in frames:
        begun = overlapping.begin(frame)
        if found is not None:
            poses.append(overlapping.pose(found))
        found = overlapping.end(begun)
    assert found is not None
    poses.append(overlapping.pose(found))
    assert [told(pose) for pose in poses] == [told(pose) for pose in expected]
    assert {pose.tracked for pose in poses} == {pose.lost for pose in poses} == {True, False}
