import dataclasses
import itertools
import math

import numpy as np
import pytest

from fitness_core.geometry import joint_angles
from fitness_core.skeleton import INDEX
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    CuePriority,
    FormCue,
    Phase,
    Pose,
    RepState,
    nanoseconds,
)
from fitness_visualization.picture import banner, drawing, overlay
from fitness_visualization.picture.overlay import Overlay, Scene

SIZES = [(202, 360), (360, 202), (640, 480), (480, 854), (1920, 1080), (500, 500), (64, 48)]

# A person who stands in the middle with one arm out, seen from the front: x, y of the left side.
STANDING = {
    "nose": (0.5, 0.15),
    "ear": (0.52, 0.15),
    "eye": (0.51, 0.14),
    "shoulder": (0.56, 0.28),
    "elbow": (0.64, 0.40),
    "wrist": (0.66, 0.52),
    "hip": (0.54, 0.52),
    "knee": (0.54, 0.70),
    "ankle": (0.54, 0.88),
    "foot_index": (0.56, 0.92),
    "heel": (0.54, 0.91),
}


def standing(width=640, height=480) -> Pose:
    image = np.full((33, 3), np.nan, np.float32)
    for name, (x, y) in STANDING.items():
        for side, place in (("left_", x), ("right_", 1 - x)):
            if (index := INDEX.get(side + name, INDEX.get(name))) is not None:
                image[index] = (place, y, 0)
    visibility = np.where(np.isfinite(image[:, 0]), 0.99, np.nan).astype(np.float32)
    return Pose(5, image, np.full((33, 3), np.nan, np.float32), visibility, visibility, width, height, 0.9)


def squatting(pose: Pose, **state) -> Scene:
    probabilities = {"curl": 0.02, "press": 0.03, "squat": 0.9, "other": 0.05}
    return Scene(
        pose,
        joint_angles(pose),
        Classification(5, 0, ClassificationStatus.OK, "squat", 0.9, probabilities),
        RepState(5, "squat", **({"phase": Phase.OUT, "progress": 0.5, "count": 3} | state)),
    )


def grey(width=640, height=480) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def near(picture: np.ndarray, pose: Pose, name: str, reach: int = 6) -> np.ndarray:
    x, y = (pose.image[INDEX[name], :2] * (picture.shape[1], picture.shape[0])).round().astype(int)
    return picture[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].reshape(-1, 3)


def has_colour(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels.astype(int) - colour).max(axis=1) < 40).any())


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_copy_has_the_size_of_the_picture_which_stays_as_it_was(width, height):
    picture = grey(width, height)
    drawn = Overlay().draw(picture, squatting(standing(width, height)))
    assert drawn.shape == picture.shape
    assert drawn.dtype == np.uint8
    assert (picture == 128).all()
    assert (drawn != picture).any()


def test_each_side_has_its_colour_where_its_joints_are():
    pose = standing()
    drawn = Overlay().draw(grey(), Scene(pose))
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        assert has_colour(near(drawn, pose, f"left_{name}"), overlay.LEFT)
        assert has_colour(near(drawn, pose, f"right_{name}"), overlay.RIGHT)


def test_a_joint_is_drawn_where_it_is():
    here, there = standing(), standing()
    there.image[INDEX["left_wrist"], :2] = (0.8, 0.2)
    drawn = Overlay().draw(grey(), Scene(here))
    moved = Overlay().draw(grey(), Scene(there))
    assert has_colour(near(moved, there, "left_wrist"), overlay.LEFT)
    assert not has_colour(near(drawn, there, "left_wrist"), overlay.LEFT)
    assert (near(drawn, here, "left_wrist") != near(moved, here, "left_wrist")).any()


def test_hidden_landmarks_are_not_drawn():
    pose = standing()
    pose.visibility[INDEX["left_wrist"]] = 0.3
    assert not has_colour(near(Overlay().draw(grey(), Scene(pose)), pose, "left_wrist"), overlay.LEFT)
    assert has_colour(near(Overlay(min_visibility=0.2).draw(grey(), Scene(pose)), pose, "left_wrist"), overlay.LEFT)


def test_lines_grow_with_the_picture():
    def share(width, height):
        drawn = Overlay().draw(grey(width, height), Scene(standing(width, height)))
        return (drawn[: height // 2, width // 2 :] != 128).any(axis=2).mean()

    assert share(1920, 1440) == pytest.approx(share(640, 480), rel=0.3)


def test_angles_are_written_beside_visible_joints_only():
    pose = standing()
    angles = joint_angles(pose)
    without = Overlay().draw(grey(), Scene(pose))
    written = Overlay().draw(grey(), Scene(pose, angles))
    changed = (without != written).any(axis=2)
    x, y = pose.image[INDEX["left_knee"], :2] * (640, 480)
    assert changed[round(y) - 12 : round(y) + 12, round(x) : round(x) + 60].any()
    unknown = dataclasses.replace(angles, angles=np.full(10, np.nan, np.float32))
    unsure = dataclasses.replace(angles, confidences=np.full(10, 0.1, np.float32))
    for nothing in (unknown, unsure):
        np.testing.assert_array_equal(Overlay().draw(grey(), Scene(pose, nothing)), without)


@pytest.mark.parametrize(("size", "axis"), [((640, 480), 0), ((480, 854), 1)])
def test_no_angle_is_written_into_the_panel(size, axis):
    """It stays where it is for some pictures after the person has moved under it."""

    def moved(by: float) -> Pose:
        pose = standing(*size)
        pose.image[:, axis] += by
        return pose

    def drawn(angles: bool) -> np.ndarray:
        overlay = Overlay()
        overlay.draw(grey(*size), squatting(moved(0.3)))
        scene = squatting(moved(-0.3))
        return overlay.draw(grey(*size), scene if angles else dataclasses.replace(scene, angles=None))

    panel = (slice(14, 200), slice(14, 180)) if axis == 0 else (slice(12, 160), slice(12, 468))
    written = (drawn(True) != drawn(False)).any(axis=2)
    assert written.any() and not written[panel].any()


@pytest.mark.parametrize(
    "change", [{"count": 4}, {"count": 88}, {"progress": 0.9}, {"phase": Phase.BACK}, {"rejected": 2}, {"set_index": 2}]
)
@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 854)])
def test_what_the_counter_says_is_seen(width, height, change):
    pose = standing(width, height)
    before = Overlay().draw(grey(width, height), squatting(pose))
    after = Overlay().draw(grey(width, height), squatting(pose, **change))
    assert (before != after).any()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (480, 854)])
def test_the_count_is_big(width, height):
    pose = standing(width, height)
    differs = Overlay().draw(grey(width, height), squatting(pose, count=8)) != Overlay().draw(
        grey(width, height), squatting(pose, count=1)
    )
    rows = np.flatnonzero(differs.any(axis=(1, 2)))
    assert rows[-1] - rows[0] > min(width, height) / 9


def test_every_status_has_words():
    pictures = {}
    for status in ClassificationStatus:
        result = Classification(5, 0, status, "squat", 0.6) if status else Classification(5, 0, status)
        pictures[status.name] = Overlay().draw(grey(), Scene(standing(), None, result, RepState(5)))
    pictures["nobody"] = Overlay().draw(grey(), Scene(Pose.nobody(5, 640, 480), None, None, RepState(5)))
    for one, other in itertools.combinations(pictures, 2):
        assert (pictures[one] != pictures[other]).any(), f"{one} looks like {other}"
    nobody, no_body = (pictures[name][:200, :200] for name in ("nobody", "NO_BODY"))
    np.testing.assert_array_equal(nobody, no_body)


def test_a_bar_says_that_its_number_is_in_percent_and_keeps_its_name_clear_of_it(monkeypatch):
    drawn = []
    monkeypatch.setattr(drawing, "text", lambda canvas, words, *args, **kw: drawn.append((words, kw.get("fit"))))
    box = drawing.Box(0, 0, 150, 25)
    drawing.bar(np.zeros((30, 200, 3), np.uint8), box, "lateral raise", 0.87, (255, 255, 255), (0, 0, 0))
    (percent, _), (_, room) = drawn
    assert percent == "87 %"
    assert room + drawing.width_of("100 %", 25 * 0.46) < box.width


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 854)])
def test_the_name_over_the_count_is_that_of_what_is_counted(monkeypatch, width, height):
    written = []
    write = overlay.drawing.text
    monkeypatch.setattr(overlay.drawing, "text", lambda *args, **kw: (written.append(args[1]), write(*args, **kw)))
    scene = squatting(standing(width, height))
    for status, label, says in (("OK", "other", "looks like other"), ("UNCERTAIN", "front_raise", "not sure")):
        seen = Classification(5, 0, ClassificationStatus[status], label, 0.8, {"other": 0.8, "squat": 0.1})
        written.clear()
        Overlay().draw(grey(width, height), dataclasses.replace(scene, classification=seen))
        assert "squat" in written and says in written, written


def test_the_panel_leaves_the_person_alone():
    left, right = standing(), standing()
    left.image[:, 0] -= 0.35
    right.image[:, 0] += 0.35
    for pose, free in ((left, np.s_[:, 440:]), (right, np.s_[:, :200])):
        drawn = Overlay().draw(grey(), squatting(pose))
        assert has_colour(drawn[free].reshape(-1, 3), overlay.ACCENT)
        taken = np.s_[:, :200] if pose is left else np.s_[:, 440:]
        assert not has_colour(drawn[taken].reshape(-1, 3), overlay.ACCENT)


def test_the_panel_changes_sides_when_the_person_does_but_not_at_once():
    drawer = Overlay()
    pose = standing()
    pose.image[:, 0] += 0.35
    drawer.draw(grey(), squatting(pose))
    pose.image[:, 0] -= 0.7
    sides = [
        has_colour(drawer.draw(grey(), squatting(pose))[:, 440:].reshape(-1, 3), overlay.ACCENT) for _ in range(60)
    ]
    assert not sides[0]
    assert sides[-1]
    assert sides == sorted(sides)


def test_a_plain_background_keeps_the_aspect_of_the_pose():
    drawn = Overlay(size=(960, 540)).draw(None, Scene(standing(1080, 1920)))
    assert drawn.shape == (540, 960, 3)
    body = np.argwhere((drawn == overlay.LEFT).all(axis=2))
    assert body[:, 1].min() > 960 / 2 - 540 * 9 / 32
    assert body[:, 1].max() < 960 / 2 + 540 * 9 / 32
    wide = np.argwhere((Overlay().draw(None, Scene(standing(1920, 1080))) == overlay.LEFT).all(axis=2))
    assert np.ptp(wide[:, 1]) > 2 * np.ptp(body[:, 1])


def test_nothing_known_is_the_bare_picture():
    np.testing.assert_array_equal(Overlay().draw(grey(), Scene()), grey())
    assert (Overlay().draw(None, Scene()) < 80).all()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_where_there_is_nothing_to_say_there_is_no_panel(width, height):
    pose = standing(width, height)
    hidden = dataclasses.replace(pose, visibility=np.zeros(33, np.float32))
    np.testing.assert_array_equal(Overlay().draw(grey(width, height), Scene(hidden)), grey(width, height))
    assert (Overlay().draw(grey(width, height), Scene(hidden, state=RepState(5))) != grey(width, height)).any()


def test_letters_with_accents_are_written_without_them():
    def told(words: str) -> np.ndarray:
        return Overlay().draw(grey(), Scene(instruction=words))

    np.testing.assert_array_equal(
        told("Knie über die Füße, s'il vous plaît"), told("Knie uber die Fu?e, s'il vous plait")
    )
    np.testing.assert_array_equal(told("膝を"), told("??"))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -5.0])
@pytest.mark.parametrize("background", [True, False])
def test_no_number_breaks_it(value, background):
    pose = standing()
    scene = squatting(pose, progress=value, count=12345)
    for part in (pose.image, pose.visibility, scene.angles.angles, scene.angles.confidences):
        part[::3] = value
    result = dataclasses.replace(
        scene.classification, confidence=value, probabilities={"squat": value, "über_lang" * 9: value}
    )
    drawn = Overlay().draw(None if background else grey(), dataclasses.replace(scene, classification=result))
    assert drawn.dtype == np.uint8


def test_many_classes_fit():
    probabilities = {f"exercise_{number}": number / 300 for number in range(24)}
    result = Classification(5, 0, ClassificationStatus.OK, "exercise_23", 0.08, probabilities)
    for width, height in SIZES:
        Overlay().draw(grey(width, height), Scene(standing(width, height), None, result, RepState(5)))


def test_a_pose_without_a_size_is_drawn():
    assert Overlay().draw(None, Scene(standing(0, 0))).any()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_instruction_is_written_over_the_whole_width(width, height):
    scene = squatting(standing(width, height))
    without = Overlay().draw(grey(width, height), scene)
    told = Overlay().draw(
        grey(width, height), dataclasses.replace(scene, instruction="Step back until your feet are in the picture.")
    )
    assert told.shape == without.shape
    changed = (told != without).any(axis=2)
    assert changed.any(axis=0).mean() > 0.9
    assert changed.any(axis=1).mean() < 0.2


@pytest.mark.parametrize(("width", "height"), [(480, 854), (640, 480), (3840, 2160)])
def test_a_long_sentence_is_written_in_letters_that_can_be_read(width, height):
    words = "Please repeat take 3: no repetition was counted, nobody stood well for more than half of the time."
    canvas = np.zeros((height, width, 3), np.uint8)
    banner.draw(canvas, words, (255, 255, 255), (0, 0, 0))
    rows = np.flatnonzero((canvas > 128).any(axis=(1, 2)))
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    assert len(lines) == 2 and min(map(len, lines)) >= 0.02 * min(width, height)
    columns = np.flatnonzero((canvas > 128).any(axis=(0, 2)))
    assert columns[0] > 0 and columns[-1] < width - 1, "a line is cut off"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_instruction_hides_nothing_of_the_panel(width, height):
    probabilities = {f"exercise_{number}": number / 300 for number in range(24)}
    result = Classification(5, 0, ClassificationStatus.OK, "exercise_23", 0.08, probabilities)
    scene = Scene(None, None, result, RepState(5))
    panel = Overlay().draw(grey(width, height), scene) != 128
    sentence = Overlay().draw(grey(width, height), Scene(None, instruction="Step back.")) != 128
    assert panel.any() and sentence.any() and not (panel & sentence).any()


def test_a_form_cue_is_shown_for_some_seconds_where_there_is_no_instruction():
    scene = squatting(standing())
    text = "Try to go a little lower."
    said = FormCue(scene.pose.stamp - nanoseconds(1.0), "squat", "squat_depth", text, CuePriority.CORRECTION)
    without = Overlay().draw(grey(), scene)
    assert (Overlay().draw(grey(), dataclasses.replace(scene, cue=said)) != without).any()
    long_ago = dataclasses.replace(said, stamp=scene.pose.stamp - nanoseconds(9.0))
    assert (Overlay().draw(grey(), dataclasses.replace(scene, cue=long_ago)) == without).all()
    told = dataclasses.replace(scene, instruction="Rest.")
    assert (Overlay().draw(grey(), dataclasses.replace(told, cue=said)) == Overlay().draw(grey(), told)).all()
