"""The lock on the trainee: occlusion, return, passers-by, cuts; and what the estimator makes of it."""

from dataclasses import replace

import numpy as np
import pytest

from fitness_core.ros import messages
from fitness_core.types import Frame, Pose, nanoseconds
from fitness_msgs.msg import BodyPose
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.estimator import PoseEstimator
from pose_estimator.lock import LockState, PersonLock, Sight, sight_of

RED = np.array([90.0, 80.0, 60.0, 60.0, 5.0, 0.0])
BLUE = np.array([110.0, -40.0, -70.0, 120.0, 0.0, -60.0])
STEP = 1 / 30
TRAINEE = Sight(320, 240, 150, RED)


def locked(**arguments) -> tuple[PersonLock, float]:
    """A lock that has known the trainee for two seconds, and the time of its next picture [s]."""
    lock, time = PersonLock(**arguments), 0.0
    while time < 2:
        assert lock.step(nanoseconds(time), TRAINEE)
        time += STEP
    return lock, time


def show(lock: PersonLock, time: float, seconds: float, sight: Sight | None) -> tuple[list[bool], float]:
    """What the lock says to a body that stands there for so long."""
    taken = []
    for _ in range(round(seconds / STEP)):
        taken.append(lock.step(nanoseconds(time), sight))
        time += STEP
    return taken, time


def test_searches_locks_on_loses_and_finds_again():
    lock, time = PersonLock(), 0.0
    assert lock.state == LockState.SEARCHING
    lock, time = locked()
    assert lock.state == LockState.LOCKED
    taken, time = show(lock, time, 1.0, None)
    assert not any(taken) and lock.state == LockState.LOST
    taken, time = show(lock, time, 1.0, replace(TRAINEE, x=340))
    assert all(taken) and (lock.state, lock.bodies) == (LockState.LOCKED, 1)


@pytest.mark.parametrize(("colours", "bodies"), [(RED, 1), (RED + 20, 2)])
def test_who_is_found_again_badly_is_known_by_the_clothes(colours, bodies):
    """Lost in the middle of an exercise, found at another size: the network's first landmarks tell it badly."""
    lock, time = locked()
    _, time = show(lock, time, 0.2, None)
    taken, _ = show(lock, time, 1.0, replace(TRAINEE, x=345, scale=210, colours=colours))
    assert not any(taken[:8]), "one picture may be of anybody"
    assert (all(taken[10:]), all(taken[-5:]), lock.bodies) == (bodies == 1, True, bodies)


def test_a_passer_by_is_not_the_trainee():
    """In other clothes, larger, walking at 1.2 m/s from the trainee's place on."""
    lock, time = locked()
    for number in range(25):
        passing = Sight(330 + number * STEP * 1.2 * 200, 220, 200, BLUE)
        assert not lock.step(nanoseconds(time), passing)
        assert lock.place is TRAINEE
        time += STEP
    taken, _ = show(lock, time, 0.5, TRAINEE)
    assert all(taken) and lock.bodies == 1 and lock.refused == 25


def test_nobody_leaps_whatever_the_clothes():
    lock, time = locked()
    assert not lock.step(nanoseconds(time), replace(TRAINEE, x=620))
    assert not lock.step(nanoseconds(time + STEP), replace(TRAINEE, scale=300))
    assert lock.step(nanoseconds(time + 2 * STEP), TRAINEE)


@pytest.mark.parametrize(
    "change",
    [
        {"colours": BLUE},  # arms or a dumbbell before the chest
        {"x": 326},
        {"scale": 156},
        {"colours": RED + 20, "x": 323, "scale": 153},
    ],
)
def test_what_happens_to_one_person_loses_no_lock(change):
    lock, time = locked()
    taken, _ = show(lock, time, 2.0, replace(TRAINEE, **change))
    assert all(taken) and lock.bodies == 1


def test_a_jump_at_five_pictures_a_second_loses_no_lock():
    lock, time = locked()
    for height in (0.0, 0.2, 0.0, 0.2, 0.0):
        assert lock.step(nanoseconds(time), replace(TRAINEE, y=240 - height * 150))
        time += 0.2


def test_a_clock_that_stands_still_breaks_nothing():
    """A stall, then pictures with one stamp: a driver whose clock has stopped."""
    lock, time = locked()
    taken = [lock.step(nanoseconds(time + 1.0), TRAINEE) for _ in range(5)]
    later, _ = show(lock, time + 1.0 + STEP, 1.0, TRAINEE)
    assert all(taken) and all(later) and lock.bodies == 1


def test_the_place_is_held_up_to_a_bound():
    lock, time = locked(hold=1.5)
    _, time = show(lock, time, 1.4, None)
    assert lock.state == LockState.LOST
    _, time = show(lock, time, 0.3, None)
    assert lock.state == LockState.SEARCHING
    taken, time = show(lock, time, 0.2, replace(TRAINEE, x=100))
    assert all(taken) and lock.bodies == 1, "the same clothes and size: the same person, wherever"
    lock, time = locked(hold=1.5)
    _, time = show(lock, time, 2.0, None)
    taken, _ = show(lock, time, 0.2, replace(TRAINEE, x=100, colours=BLUE))
    assert all(taken) and lock.bodies == 2, "other clothes: somebody else"


@pytest.mark.parametrize(("colours", "bodies"), [(RED, 1), (BLUE, 2)])
def test_a_time_without_pictures_is_part_of_the_hold(colours, bodies):
    """The camera was away, or the node was deactivated."""
    lock, time = locked()
    assert lock.step(nanoseconds(time + 60), replace(TRAINEE, x=300, colours=colours))
    assert (lock.state, lock.bodies) == (LockState.LOCKED, bodies)


def test_who_stays_where_the_trainee_was_becomes_another_one():
    lock, time = locked()
    taken, _ = show(lock, time, 1.5, Sight(330, 180, 170, BLUE))
    assert not any(taken[:20]) and all(taken[-10:]) and lock.bodies == 2


@pytest.mark.parametrize(("away", "stays"), [(0.2, True), (1.0, False)])
def test_who_was_away_has_not_stayed(away, stays):
    """Two who pass by, a second apart, each seen for a moment; or one whom the network misses in a few pictures."""
    lock, time = locked()
    passing = Sight(330, 180, 170, BLUE)
    taken, time = show(lock, time, 0.7, passing)
    assert not any(taken)
    _, time = show(lock, time, away, None)
    taken, _ = show(lock, time, 0.5, passing)
    assert any(taken) == stays and lock.bodies == 1 + stays
    assert any(show(lock, time + 0.5, 0.5, passing)[0]), "but who stays on is taken"


def test_a_cut_is_no_passer_by():
    lock, time = locked()
    assert lock.step(nanoseconds(time), Sight(100, 100, 300, BLUE), changed=0.9)
    taken, _ = show(lock, time + STEP, 1.0, Sight(100, 100, 300, BLUE))
    assert all(taken) and lock.bodies == 1


@pytest.mark.parametrize("missed", [0, 3])
@pytest.mark.parametrize(("changed", "colours", "same"), [(0.4, RED, True), (0.4, BLUE, False), (0.2, RED, False)])
def test_a_cut_before_a_plain_wall_shows_the_same_clothes(changed, colours, same, missed):
    """Of such a wall little is new: a third of the picture, and the trainee's clothes where nobody gets at once."""
    lock, time = locked()
    near = Sight(330, 200, 250, colours)
    if missed:
        assert not lock.step(nanoseconds(time), None, changed=changed)
        _, time = show(lock, time + STEP, missed * STEP, None)
        taken = [lock.step(nanoseconds(time), near)]
    else:
        taken = [lock.step(nanoseconds(time), near, changed=changed)]
    more, _ = show(lock, time + STEP, 0.4, near)
    assert (all(taken + more), any(taken + more)) == (same, same)
    assert lock.bodies == 1


def test_the_size_does_not_change_with_the_posture():
    random = np.random.default_rng(0)
    picture = np.zeros((480, 640, 3), np.uint8)
    for bend in (0.0, 0.5, 1.0):
        world = random.normal(0, 0.05, (33, 3)) + np.linspace([0, -0.8, 0], [0, 0.8 - bend, 0.3], 33)
        world = world.astype(np.float32)
        pixels = world[:, :2] * 150 + [320, 240]
        image = np.hstack([pixels / [640, 480], np.zeros((33, 1))]).astype(np.float32)
        ones = np.ones(33, np.float32)
        sight = sight_of(Detection(image, world, ones, ones, 1.0), picture)
        assert (sight.x, sight.y, sight.scale) == pytest.approx((320, 240, 150), rel=1e-3)


class Room(PoseBackend):
    """Sees who stands where, where the picture shows them; follows whom it saw last, like BlazePose."""

    def __init__(self, people: dict[float, float]) -> None:
        self.people = people  # centre [share of the width] -> height [share of the picture's]
        self.followed: float | None = None

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        seen = [x for x in self.people if tuple(picture_bgr[240, int(x * 640)]) != (114, 114, 114)]
        if self.followed is not None and self.followed not in seen:
            self.followed = None
            return None
        if not seen:
            return None
        self.followed = self.followed if self.followed is not None else seen[0]
        tall = self.people[self.followed]
        world = np.random.default_rng(0).normal(0, 0.1, (33, 3)).astype(np.float32)
        world[:, 1] += np.linspace(-0.85, 0.85, 33)
        image = np.zeros((33, 3), np.float32)
        image[:, :2] = (world[:, :2] * tall * 480 / 1.7 + [self.followed * 640, 240]) / [640, 480]
        ones = np.ones(33, np.float32)
        return Detection(image, world, ones, ones.copy(), 1.0)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("people", "trainee"),
    [
        ({0.2: 0.4, 0.55: 0.8}, 0.55),  # the larger one
        ({0.05: 0.6, 0.5: 0.6}, 0.5),  # the one in the middle
        ({0.5: 0.8, 0.9: 0.5}, 0.5),  # who was found first, where it is as good
        ({0.3: 0.6}, 0.3),
    ],
)
def test_locks_on_by_size_and_centre(people, trainee):
    estimator = PoseEstimator(Room(people), smoothing=False)
    picture = np.full((480, 640, 3), 60, np.uint8)
    poses = [estimator.step(Frame(nanoseconds(number * STEP), picture)) for number in range(5)]
    for pose in poses:
        assert float(pose.image[:, 0].mean()) == pytest.approx(trainee, abs=0.05) and pose.body_id == "person_1"


class Standing(PoseBackend):
    """Sees the same body in every picture, whatever its size."""

    def __init__(self) -> None:
        world = np.random.default_rng(0).normal(0, 0.1, (33, 3)).astype(np.float32)
        world[:, 1] += np.linspace(-0.85, 0.85, 33)
        image = np.array((0.5, 0.5, 0), np.float32) + world * np.array((0.3, 0.4, 0), np.float32)
        ones = np.ones(33, np.float32)
        self.body = Detection(image, world, ones, ones.copy(), 1.0)

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        return self.body

    def close(self) -> None:
        pass


def test_who_is_twice_as_large_in_pictures_twice_as_large_is_the_same():
    estimator = PoseEstimator(Standing())
    sizes = [(480, 640)] * 60 + [(960, 1280)] * 30 + [(480, 640)] * 30
    frames = [Frame(nanoseconds(n * STEP), np.full((*size, 3), 60, np.uint8)) for n, size in enumerate(sizes)]
    assert [estimator.step(frame).body_id for frame in frames] == ["person_1"] * len(frames)


def test_after_a_time_without_pictures_the_most_prominent_one_is_looked_for_anew():
    room = Room({0.5: 0.8})
    estimator = PoseEstimator(room, smoothing=False)
    picture = np.full((480, 640, 3), 60, np.uint8)
    assert estimator.step(Frame(0, picture)).tracked
    room.people, room.followed = {0.2: 0.5, 0.6: 0.8}, None
    pose = estimator.step(Frame(nanoseconds(60), picture))
    assert float(pose.image[:, 0].mean()) == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize(
    ("pose", "status"),
    [
        (Pose.nobody(1, 640, 480), BodyPose.STATUS_SEARCHING),
        (replace(Pose.nobody(1, 640, 480), lost=True), BodyPose.STATUS_LOST),
    ],
)
def test_the_status_says_so(pose, status):
    message = messages.to_body_pose(pose)
    assert message.status == status
    assert messages.from_body_pose(message).lost == pose.lost
    assert (BodyPose.STATUS_SEARCHING, BodyPose.STATUS_LOCKED) == (BodyPose.STATUS_NO_BODY, BodyPose.STATUS_TRACKED)


def test_what_is_no_number_is_nobody_also_before_somebody_is_locked_on():
    class Broken(PoseBackend):
        def __init__(self) -> None:
            pass

        def detect(self, picture: np.ndarray, stamp: int) -> Detection:
            points, ones = np.full((33, 3), 0.5, np.float32), np.ones(33, np.float32)
            points[3] = np.nan
            return Detection(points, points.copy(), ones, ones.copy(), 1.0)

        def close(self) -> None:
            pass

    estimator = PoseEstimator(Broken())
    poses = [estimator.step(Frame(nanoseconds(n / 30), np.zeros((48, 64, 3), np.uint8))) for n in range(60)]
    assert not any(pose.tracked or pose.body_id for pose in poses)
