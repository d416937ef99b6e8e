"""The stage: one picture in, the pose of the person in it out. Free of ROS."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from fitness_core.filters import OneEuro
from fitness_core.types import SET_BACK, Frame, Pose, nanoseconds
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.lock import CUT, HOLD, LockState, PersonLock, sight_of
from pose_estimator.view import Box, Change, box_around, box_of, only, prominence, without

# Chosen on the elbow and knee angles of real clips at 24-30 fps: half of the jitter of a person at rest, 10 ms late,
# and a curl in a second keeps 97 % of its amplitude from 15 fps up (99 % from 30 fps up).
MIN_CUTOFF = 1.0
BETA = 40.0
FORGET_AFTER = nanoseconds(0.5)
"""A body that was out of sight for longer than this [ns] is smoothed from anew."""
# A body is at least so large, in the picture [px] and in space [m].
_SMALLEST = np.array((1.0, 0.1))
# Somebody else than who was found first is the trainee where so much more prominent.
_MORE_PROMINENT = 1.25


@dataclass(frozen=True, slots=True)
class Begun:
    """A picture that the network works on. wait: for whom it finds."""

    frame: Frame
    wait: Callable[[], Detection | None]
    changed: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """The trainee in a picture, not smoothed yet; detection: None where that one is not seen. lost: hidden."""

    frame: Frame
    detection: Detection | None
    body_id: str = ""
    lost: bool = False


class PoseEstimator:
    """Landmarks of one person, the trainee, smoothed by stamp with a One-Euro filter.

    Locks on to the most prominent person by size and centre, and stays with that one (`lock.PersonLock`): while
    somebody passes in front there is no pose (`Pose.lost`), for `hold` seconds at most. hold = 0: no lock, whoever is
    found is the trainee; so it is with a backend that gives no metres, too.

    min_cutoff [Hz] and beta [Hz per body size per second]: the landmarks in the picture are smoothed in pixels, the
    world landmarks in metres, both with speeds in body sizes (the longest side of the landmarks' bounding box) per
    second, so that the distance to the camera does not matter.
    """

    def __init__(
        self,
        backend: PoseBackend,
        smoothing: bool = True,
        min_cutoff: float = MIN_CUTOFF,
        beta: float = BETA,
        hold: float = HOLD,
    ) -> None:
        self.smoothing = smoothing
        self.lock = PersonLock(hold)
        self._change = Change()
        self._backend = backend
        self._filter = OneEuro(min_cutoff, beta)  # of landmarks in the picture and in the world, [2, 33, 3]
        self._begun: int | None = None
        self._stamp: int | None = None
        self._seen: int | None = None
        self._size = (0, 0)

    def tune(self, smoothing: bool, min_cutoff: float, beta: float) -> None:
        """Change the smoothing from the next picture on; another thread may be at a pose."""
        self.smoothing = smoothing
        self._filter.min_cutoff, self._filter.beta = min_cutoff, beta

    def use(self, backend: PoseBackend) -> None:
        """Go on with another backend; the one until now is closed. Body and smoothing go on."""
        self._backend.close()
        self._backend = backend

    def step(self, frame: Frame) -> Pose:
        """The pose in a picture; `Pose.nobody` where nobody is seen.

        body_id is "person_1", "person_2", ...: the same as long as it is the same person for all that can be seen; it
        says nothing about who that is. A stamp that is older than the newest by more than `SET_BACK` (a recording that
        started over) starts anew; one that is older by less is of a picture that others have overtaken: its pose is not
        smoothed, and changes nothing about those to come.
        """
        return self.pose(self.end(self.begin(frame)))

    # The parts of a step. What the next picture's network must know (who is followed, and where alone to look) is
    # known when `end` returns, so that it may begin before `pose`.

    def begin(self, frame: Frame) -> Begun:
        """Let the network begin with a picture. `end` comes before any other picture begins."""
        if self._begun is not None and self._begun - frame.stamp > SET_BACK:
            self.lock.reset()
            self._begun = None
        # For the lock no time passes until stamps go on from the newest.
        self._begun = frame.stamp if self._begun is None else max(self._begun, frame.stamp)
        self.lock.wait(self._begun)
        if self.lock.place is None:
            return Begun(frame, self._backend.begin(frame.image, frame.stamp), None)
        changed = self._change.step(frame.image)
        cut = changed > CUT
        shown = frame.image if cut else only(frame.image, box_around(self.lock.place, frame.image))
        return Begun(frame, self._backend.begin(shown, frame.stamp), changed)

    def end(self, begun: Begun) -> Found:
        """Wait for the network, and tell the trainee from others."""
        frame, lock = begun.frame, self.lock
        picture, stamp = frame.image, frame.stamp
        assert self._begun is not None
        changed = self._change.step(picture) if begun.changed is None else begun.changed
        found = _of_numbers(begun.wait())
        if found is not None and np.isnan(found.world).all():
            lock.hold = 0  # without metres there is no telling people apart
        if lock.hold > 0 and lock.state == LockState.SEARCHING and found is not None:
            found = self._most_prominent(picture, found, stamp)
        sight = sight_of(found, picture) if found is not None else None
        if lock.step(self._begun, sight, changed):
            return Found(frame, found, f"person_{lock.bodies}")
        return Found(frame, None, lost=lock.state == LockState.LOST)

    def pose(self, found: Found) -> Pose:
        """The pose of who was found, smoothed; in the order of the pictures."""
        frame, detection = found.frame, found.detection
        height, width = frame.image.shape[:2]
        if self._stamp is not None and self._stamp - frame.stamp > SET_BACK:
            self._forget()
            self._stamp = self._seen = None
        overtaken = self._stamp is not None and frame.stamp < self._stamp
        if not overtaken:
            self._stamp = frame.stamp
        if detection is None:
            return replace(Pose.nobody(frame.stamp, width, height, frame.frame_id), lost=found.lost)
        if self._seen is not None and frame.stamp - self._seen > FORGET_AFTER:
            self._forget()
        if self._size != (width, height):  # pixels of another size are elsewhere
            self._forget()
            self._size = width, height
        if not overtaken:
            self._seen = frame.stamp
        image, world = detection.image, detection.world
        if not self.smoothing:
            self._forget()
        elif not overtaken:
            unit = _unit(width, height)
            points = np.empty((2, *image.shape), np.float32)  # in pixels, in metres
            np.multiply(image, unit, out=points[0])
            points[1] = world
            smooth = self._filter.step(frame.stamp, points.astype(float), _sizes(points)[:, None, None])
            image, world = (smooth[0] / unit).astype(np.float32), smooth[1].astype(np.float32)
        return Pose(
            stamp=frame.stamp,
            image=image,
            world=world,
            visibility=detection.visibility,
            presence=detection.presence,
            width=width,
            height=height,
            score=detection.score,
            body_id=found.body_id,
            frame_id=frame.frame_id,
        )

    def _most_prominent(self, picture: np.ndarray, found: Detection, stamp: int) -> Detection:
        """This body, or another one that is larger and more in the middle; the backend then follows it."""
        other = self._look(without(picture, box_of(found, picture)), stamp, box_of(found, picture))
        if other is None:
            return _of_numbers(self._backend.detect(picture, stamp)) or found
        if prominence(other, picture) > _MORE_PROMINENT * prominence(found, picture):
            return other
        return self._look(without(picture, box_of(other, picture)), stamp, box_of(other, picture)) or found

    def _look(self, shown: np.ndarray, stamp: int, hidden: Box) -> Detection | None:
        """A body outside of the box that was painted over."""
        left, top, right, bottom = hidden
        # The first look ends following who is no longer shown, the second one searches.
        for _ in range(2):
            found = _of_numbers(self._backend.detect(shown, stamp))
            if found is not None:
                sight = sight_of(found, shown)
                if not (left < sight.x < right and top < sight.y < bottom):
                    return found
        return None

    def close(self) -> None:
        """Free the backend."""
        self._backend.close()

    def _forget(self) -> None:
        self._filter.reset()


@lru_cache(maxsize=4)
def _unit(width: int, height: int) -> np.ndarray:
    return np.array((width, height, width), np.float32)


def _sizes(points: np.ndarray) -> np.ndarray:
    """The longest side [2] of the bounding box of landmarks [2, 33, 3]: of the picture's x and y [px], of space [m]."""
    sides = np.maximum.reduce(points, axis=1) - np.minimum.reduce(points, axis=1)
    sides[0, 2] = 0.0
    return np.maximum(np.maximum.reduce(sides, axis=1), _SMALLEST)


def _of_numbers(found: Detection | None) -> Detection | None:
    """Nobody, where a network gives something else than numbers."""
    return found if found is not None and np.isfinite(found.image).all() else None
