"""The body in space: a person of known place and camera is put there, whatever the camera."""

import math

import numpy as np
import pytest

from fitness_core.geometry import joint_angles
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, RepState
from fitness_visualization.space.camera_model import CameraModel
from fitness_visualization.space.figure import figure_of, stand

SIZE = 640, 480
CALIBRATED = CameraModel(*SIZE, (500.0, 0, 330.0, 0, 510.0, 250.0, 0, 0, 1.0), (-0.28, 0.07, 0.001, -0.002, 0.0))


def person() -> np.ndarray:
    """Landmarks [33, 3] in metres around the mid-hips, x right, y down, z away; facing the camera."""
    points = np.zeros((33, 3))
    for side, sign in (("left", 1), ("right", -1)):
        for name, place in {
            "shoulder": (0.18, -0.5, 0.0),
            "elbow": (0.25, -0.25, 0.05),
            "wrist": (0.25, 0.0, -0.1),
            "hip": (0.1, 0.0, 0.0),
            "knee": (0.12, 0.4, -0.1),
            "ankle": (0.12, 0.8, 0.05),
            "heel": (0.12, 0.85, 0.1),
            "foot_index": (0.14, 0.87, -0.1),
        }.items():
            points[INDEX[f"{side}_{name}"]] = np.multiply(place, (sign, 1, 1))
    points[INDEX["nose"]] = (0, -0.72, -0.1)
    return points


def seen_by(
    camera: CameraModel, place: tuple[float, float, float], visible: float = 1.0, body: np.ndarray | None = None
) -> Pose:
    """The pose of a person at `place` [m] in the camera optical frame, as an undistorted camera sees it."""
    world = person() if body is None else body
    points = world + place
    k = np.array(camera.k).reshape(3, 3)
    pixels = points[:, :2] / points[:, 2:] * (k[0, 0], k[1, 1]) + k[:2, 2]
    image = np.column_stack((pixels / (camera.width, camera.height), np.zeros(33)))
    scores = np.full(33, visible, np.float32)
    return Pose(5, image.astype(np.float32), world.astype(np.float32), scores, scores, camera.width, camera.height)


@pytest.mark.parametrize("place", [(0.0, 0.1, 3.0), (-0.8, 0.3, 2.0), (1.0, -0.2, 6.0)])
@pytest.mark.parametrize("size", [(640, 480), (480, 854)])
def test_a_person_is_put_where_they_stand(place, size) -> None:
    camera = CameraModel.assumed(*size, math.radians(60))
    placed = stand(seen_by(camera, place), camera)
    assert placed == pytest.approx(person() + place, abs=0.01)


def test_distortion_is_taken_into_account() -> None:
    import cv2

    place = (0.6, 0.2, 2.5)
    pose = seen_by(CALIBRATED, place)
    k, d = np.array(CALIBRATED.k).reshape(3, 3), np.array(CALIBRATED.d)
    pixels, _ = cv2.projectPoints(person() + place, np.zeros(3), np.zeros(3), k, d)
    image = np.column_stack((pixels[:, 0] / SIZE, np.zeros(33))).astype(np.float32)
    distorted = Pose(5, image, pose.world, pose.visibility, pose.presence, *SIZE)
    assert stand(distorted, CALIBRATED) == pytest.approx(person() + place, abs=0.02)
    plain = CameraModel(*SIZE, CALIBRATED.k)
    assert np.abs(stand(distorted, plain) - person() - place).max() > 0.03


@pytest.mark.parametrize(
    ("model", "d"),
    [
        ("plumb_bob", (-0.28, 0.07, 0.001, -0.002, 0.05)),
        ("rational_polynomial", (0.2, -0.1, 0.001, -0.002, 0.03, 0.4, -0.05, 0.02)),
    ],
)
def test_every_coefficient_of_a_calibration_is_heeded(model: str, d: tuple[float, ...]) -> None:
    import cv2

    straight = np.array([[0.3, 0.2], [-0.4, 0.1], [0.1, -0.3]])
    points, k = np.column_stack((straight, np.ones(3))), np.array(CALIBRATED.k).reshape(3, 3)
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), k, np.array(d))
    assert CameraModel(*SIZE, CALIBRATED.k, d, model).rays(pixels[:, 0] / SIZE) == pytest.approx(straight, abs=1e-4)


@pytest.mark.parametrize("size", [(640, 480), (480, 640)])
def test_an_assumed_camera_spans_its_angle_along_the_longer_side(size: tuple[int, int]) -> None:
    camera = CameraModel.assumed(*size, math.radians(60))
    widest = np.tan(math.radians(30)) * np.array(size) / max(size)
    shares = np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])
    assert camera.rays(shares) == pytest.approx(np.array([-widest, [0.0, 0.0], widest]))


def test_a_fisheye_has_a_model_of_its_own() -> None:
    import cv2

    place = (0.4, 0.1, 2.5)
    camera = CameraModel(*SIZE, CALIBRATED.k, (0.05, 0.01, 0.0, 0.0), "equidistant")
    k, d = np.array(camera.k).reshape(3, 3), np.array(camera.d)
    pixels, _ = cv2.fisheye.projectPoints((person() + place)[:, None], np.zeros(3), np.zeros(3), k, d)
    pose = seen_by(camera, place)
    image = np.column_stack((pixels[:, 0] / SIZE, np.zeros(33))).astype(np.float32)
    assert stand(Pose(5, image, pose.world, pose.visibility, pose.presence, *SIZE), camera) == pytest.approx(
        person() + place, abs=0.02
    )


@pytest.mark.parametrize("model", ["plumb_bob", "equidistant", "rational_polynomial"])
@pytest.mark.parametrize("more", range(8))
def test_zeros_behind_the_coefficients_of_a_driver_change_nothing(model: str, more: int) -> None:
    given = (0.05, 0.01, 0.001, 0.002)
    points = np.array([[0.2, 0.3], [0.8, 0.6]])
    exact = CameraModel(*SIZE, CALIBRATED.k, given, model).rays(points)
    assert CameraModel(*SIZE, CALIBRATED.k, given + (0.0,) * more, model).rays(points) == pytest.approx(exact, abs=1e-6)


def test_a_resized_picture_keeps_the_calibration() -> None:
    pose = seen_by(CameraModel(*SIZE, CALIBRATED.k), (0.3, 0.1, 3.0))
    half = Pose(5, pose.image, pose.world, pose.visibility, pose.presence, 320, 240)
    assert stand(half, CameraModel(*SIZE, CALIBRATED.k)) == pytest.approx(np.add(person(), (0.3, 0.1, 3.0)), abs=0.01)


def test_an_uncalibrated_camera_says_so() -> None:
    assert not CameraModel(640, 480, (0.0,) * 9).calibrated
    assert not CameraModel(0, 0, ()).calibrated
    assert CALIBRATED.calibrated


def test_nobody_and_nonsense_stand_nowhere() -> None:
    camera = CameraModel.assumed(*SIZE, math.radians(60))
    assert stand(Pose.nobody(1, *SIZE), camera) is None
    hidden = seen_by(camera, (0, 0, 3), visible=0.2)
    assert stand(hidden, camera) is None
    pose = seen_by(camera, (0, 0, 3))
    without_metres = Pose(5, pose.image, np.full((33, 3), np.nan, np.float32), pose.visibility, pose.presence, *SIZE)
    assert stand(without_metres, camera) is None
    # A picture upside down is no person before the camera.
    upside_down = Pose(5, 1 - pose.image, pose.world, pose.visibility, pose.presence, *SIZE)
    assert stand(upside_down, camera) is None


def test_who_is_seen_by_the_face_alone_has_no_title() -> None:
    camera = CameraModel.assumed(*SIZE, math.radians(60))
    body = person()
    body[1:11] = body[0] + np.random.default_rng(0).uniform(-0.1, 0.1, (10, 3))
    pose = seen_by(camera, (0, 0, 3), body=body)
    pose.visibility[:] = [0 < index < 11 for index in range(33)]  # the face, without the nose: none of it is drawn
    figure = figure_of(pose, None, RepState(5, "squat", count=2), camera)
    assert figure is not None and (figure.seen, figure.title) == ((), None)


def test_the_figure_has_bones_angles_and_a_title_of_what_is_seen() -> None:
    camera = CameraModel.assumed(*SIZE, math.radians(60))
    pose = seen_by(camera, (0, 0, 3))
    pose.visibility[INDEX["left_wrist"]] = 0.1
    figure = figure_of(pose, joint_angles(pose), RepState(5, "front_raise", count=7), camera)
    assert figure is not None
    drawn = {index for bone in figure.bones for index in bone}
    assert INDEX["left_wrist"] not in drawn and INDEX["left_wrist"] not in figure.seen
    assert INDEX["right_wrist"] in drawn
    assert 0 not in figure.joints and 1 in figure.joints  # the left elbow needs the wrist
    degrees = math.degrees(joint_angles(pose).angles[1])
    assert figure.joints[1].text == f"{degrees:.0f} deg"
    assert figure.title is not None and figure.title.text == "front raise 7"
    assert figure.title.at[1] < figure.points[INDEX["nose"], 1], "y is down: above is less"
    assert figure_of(pose, None, None, camera).title is None
