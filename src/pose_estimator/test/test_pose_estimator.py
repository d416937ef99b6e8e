"""The stage: who is tracked, and what smoothing does to a motion that is known."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from fitness_core.filters import OneEuro
from fitness_core.geometry import angles_of
from fitness_core.mailbox import Mailbox
from fitness_core.skeleton import INDEX
from fitness_core.types import Frame, nanoseconds
from pose_estimator.backend import Detection, PoseBackend
from pose_estimator.estimator import PoseEstimator

PICTURE = np.zeros((480, 640, 3), np.uint8)
STANDING = np.random.default_rng(0).uniform(0.2, 0.8, (33, 3)).astype(np.float32)


class Script(PoseBackend):
    """Finds what it is told; whoever looks again at the same picture finds nobody else."""

    def __init__(self, detections: list[Detection | None]) -> None:
        self.detections = iter(detections)
        self.closed = False
        self.stamp = -1

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        if stamp == self.stamp:
            return None
        self.stamp = stamp
        return next(self.detections)

    def close(self) -> None:
        self.closed = True


def detection(image: np.ndarray = STANDING, world: np.ndarray = STANDING) -> Detection:
    ones = np.ones(33, np.float32)
    return Detection(image.astype(np.float32), world.astype(np.float32), ones, ones * 0.5, 0.8)


def run(detections: list, times: list[float], **arguments) -> list:
    estimator = PoseEstimator(Script(detections), **arguments)
    return [estimator.step(Frame(nanoseconds(time), PICTURE, "eye")) for time, _ in zip(times, detections, strict=True)]


def curl(rate: float, frequency: float, size: float = 1.0, noise: float = 0.0) -> tuple[list, list[float]]:
    """A left arm that bends between 30 and 160 degrees; a person of 1.7 m, `size` times as large in the picture."""
    random = np.random.default_rng(1)
    times = [number / rate for number in range(round(4 * rate))]
    found = []
    for time in times:
        body = np.zeros((33, 3))
        body[:, 1] = np.linspace(-0.85, 0.85, 33)
        bend = np.radians(95 + 65 * np.sin(2 * np.pi * frequency * time))
        shoulder, elbow = np.array([0.2, -0.5, 0]), np.array([0.2, -0.2, 0])
        body[INDEX["left_shoulder"]], body[INDEX["left_elbow"]] = shoulder, elbow
        body[INDEX["left_wrist"]] = elbow + 0.25 * np.array([np.sin(bend), -np.cos(bend), 0])
        body += random.normal(0, noise, body.shape)
        pixels = np.array([320, 240, 0]) + body * 100 * size
        found.append(detection(pixels / np.array([640, 480, 640]), body))
    return found, times


def elbow_angles(poses: list, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """In the picture and in metres [deg], the first second left out."""
    image = np.degrees([angles_of(pose.pixels())[0] for pose in poses])
    world = np.degrees([angles_of(pose.world)[0] for pose in poses])
    return image[round(rate) :], world[round(rate) :]


def test_a_pose_carries_what_was_found_and_the_frames_stamp():
    [pose] = run([detection()], [1.5])
    assert (pose.stamp, pose.frame_id, pose.width, pose.height) == (1_500_000_000, "eye", 640, 480)
    assert pose.tracked and pose.body_id == "person_1" and pose.score == 0.8
    assert pose.image == pytest.approx(STANDING, abs=1e-6) and pose.world == pytest.approx(STANDING)
    assert pose.presence == pytest.approx(0.5) and pose.visibility == pytest.approx(1)
    assert pose.image.dtype == pose.world.dtype == np.float32


def test_nobody():
    [pose] = run([None], [2.0])
    assert not pose.tracked and pose.body_id == "" and np.isnan(pose.score)
    assert (pose.stamp, pose.frame_id, pose.width, pose.height) == (2_000_000_000, "eye", 640, 480)


def test_a_person_keeps_a_name_over_gaps():
    found = [detection(), None, detection(), None, None, detection(), detection()]
    poses = run(found, [0.0, 0.5, 1.0, 1.5, 2.0, 2.1, 7.2])
    assert [pose.body_id for pose in poses] == ["person_1", "", "person_1", "", "", "person_1", "person_1"]
    assert [pose.lost for pose in poses] == [False, True, False, True, True, False, False]


def test_without_a_lock_who_is_found_has_the_name_of_who_was_there_a_second_ago():
    found = [detection(), None, detection(STANDING + 5), None, None, detection(), detection()]
    poses = run(found, [0.0, 0.5, 1.0, 1.5, 2.0, 2.1, 3.2], hold=0.0)
    assert [pose.body_id for pose in poses] == ["person_1", "", "person_1", "", "", "person_2", "person_3"]


def test_a_recording_that_starts_over_starts_anew():
    away = detection(STANDING + 0.1, STANDING + 0.1)
    poses = run([detection(), detection(), away], [10.0, 10.1, 0.0])
    assert [pose.body_id for pose in poses] == ["person_1", "person_1", "person_2"]
    assert poses[2].image == pytest.approx(away.image, abs=1e-6)


@pytest.mark.parametrize("hold", [0.0, 3.0])
@pytest.mark.parametrize("late", [0.001, 0.04, 0.19])
def test_a_picture_that_others_have_overtaken_changes_nothing_about_those_to_come(late, hold):
    """Somebody who walks at a metre and a half per second, and one picture of it that comes late."""
    times = [10 + number / 30 for number in range(40)]
    found = [detection(STANDING + np.array([0.01 * number, 0, 0]), STANDING) for number in range(40)]
    as_usual = run(found, times, hold=hold)
    back = round(late * 30)
    overtaken = run(
        [*found[:30], found[29 - back], *found[30:]], [*times[:30], times[29] - late, *times[30:]], hold=hold
    )
    assert {pose.body_id for pose in overtaken} == {"person_1"}
    assert np.array_equal(overtaken[30].image, found[29 - back].image)
    for usual, pose in zip(as_usual, overtaken[:30] + overtaken[31:], strict=True):
        assert np.array_equal(usual.image, pose.image) and np.array_equal(usual.world, pose.world)


@pytest.mark.parametrize("back", [0.05, 0.15])
def test_a_clock_that_is_put_back_a_little_makes_no_new_person(back):
    found, times = curl(30, 1.0)
    poses = run(found, [time - back * (time > 2) for time in times])
    assert {pose.body_id for pose in poses} == {"person_1"} and not any(pose.lost for pose in poses)


def test_smoothing_starts_anew_after_half_a_second_out_of_sight():
    away = detection(STANDING + 0.01, STANDING + 0.01)
    kept = run([detection(), None, away], [0.0, 0.1, 0.2])[2]
    assert not np.allclose(kept.image, away.image, atol=1e-4)
    anew = run([detection(), None, away], [0.0, 0.3, 0.6])[2]
    assert np.allclose(anew.image, away.image, atol=1e-6) and np.allclose(anew.world, away.world, atol=1e-6)


def test_in_pictures_of_another_size_a_body_that_stands_still_is_where_it_was():
    estimator = PoseEstimator(Script([detection()] * 4))
    for number, scale in enumerate((1, 1, 2, 2)):
        pose = estimator.step(Frame(number * 33_000_000, np.zeros((240 * scale, 320 * scale, 3), np.uint8)))
        assert np.allclose(pose.image, STANDING, atol=1e-6)


def test_without_smoothing_landmarks_pass_unchanged():
    found, times = curl(30, 1, noise=0.01)
    for pose, raw in zip(run(found, times, smoothing=False), found, strict=True):
        assert np.array_equal(pose.image, raw.image) and np.array_equal(pose.world, raw.world)


@pytest.mark.parametrize(("rate", "frequency"), [(15, 1.0), (30, 1.0), (30, 1.5), (60, 2.0)])
def test_a_fast_curl_keeps_its_amplitude(rate, frequency):
    found, times = curl(rate, frequency)
    raw = elbow_angles(run(found, times, smoothing=False), rate)
    smooth = elbow_angles(run(found, times), rate)
    for before, after in zip(raw, smooth, strict=True):
        assert np.ptp(after) > 0.97 * np.ptp(before)


def test_a_person_at_rest_trembles_half_as_much():
    found, times = curl(30, 0, noise=0.003)
    raw = elbow_angles(run(found, times, smoothing=False), 30)
    smooth = elbow_angles(run(found, times), 30)
    for before, after in zip(raw, smooth, strict=True):
        assert np.diff(after, 2).std() < 0.5 * np.diff(before, 2).std()


def test_smoothing_does_not_depend_on_how_large_somebody_is_in_the_picture():
    near, times = curl(30, 1, size=2.0)
    far, _ = curl(30, 1, size=0.5)
    for one, other in zip(run(near, times), run(far, times), strict=True):
        near_body, far_body = one.pixels() - [320, 240, 0], other.pixels() - [320, 240, 0]
        assert near_body / 4 == pytest.approx(far_body, abs=0.01)


def test_smoothing_can_be_changed_on_the_way():
    found, times = curl(30, 1, noise=0.01)
    estimator = PoseEstimator(Script(found))
    for time in times[:10]:
        estimator.step(Frame(nanoseconds(time), PICTURE))
    estimator.tune(smoothing=False, min_cutoff=1.0, beta=40.0)
    assert np.array_equal(estimator.step(Frame(nanoseconds(times[10]), PICTURE)).world, found[10].world)
    estimator.tune(smoothing=True, min_cutoff=0.001, beta=0.0)
    first = estimator.step(Frame(nanoseconds(times[11]), PICTURE))
    later = [estimator.step(Frame(nanoseconds(time), PICTURE)) for time in times[12:]][-1]
    assert first.world == pytest.approx(found[11].world)
    assert later.world == pytest.approx(first.world, abs=0.02)  # a cut-off near zero holds what it has


def test_smoothing_can_be_switched_off_while_another_thread_smooths():
    found, times = curl(30, 1)
    estimator = PoseEstimator(Script(found))
    estimator.step(Frame(nanoseconds(times[0]), PICTURE))

    class Meanwhile(OneEuro):
        @property
        def beta(self) -> float:
            estimator.tune(smoothing=False, min_cutoff=1.0, beta=40.0)
            return 40.0

        @beta.setter
        def beta(self, _: float) -> None:
            pass

    estimator._filter.__class__ = Meanwhile
    assert estimator.step(Frame(nanoseconds(times[1]), PICTURE)).tracked
    assert np.array_equal(estimator.step(Frame(nanoseconds(times[2]), PICTURE)).world, found[2].world)


def test_landmarks_that_are_all_in_one_place_do_no_harm():
    point = detection(np.full((33, 3), 0.5), np.zeros((33, 3)))
    poses = run([point, replace(point), point], [0.0, 0.1, 0.2])
    assert all(np.isfinite(pose.image).all() and np.isfinite(pose.world).all() for pose in poses)


def test_closing_frees_the_backend():
    backend = Script([])
    PoseEstimator(backend).close()
    assert backend.closed


def test_a_mailbox_holds_the_newest_and_tells_what_it_replaced():
    mailbox: Mailbox[int] = Mailbox()
    replaced = [mailbox.put(item) for item in range(5)]
    assert (mailbox.take(), replaced) == (4, [False, True, True, True, True])
    assert not mailbox.put(5)
    mailbox.close()
    assert (mailbox.take(), mailbox.take()) == (5, None)


def test_a_mailbox_wakes_who_waits():
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    waiting = threading.Thread(target=lambda: taken.extend([mailbox.take(), mailbox.take()]))
    waiting.start()
    mailbox.put(1)
    mailbox.close()
    waiting.join(5)
    assert taken[0] == 1 and taken[1] is None
