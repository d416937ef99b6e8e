"""What is asked of the body over a whole repetition."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitness_core.catalogue import Catalogue, Inside, Posture, Steady, Still
from fitness_core.geometry import joint_angles
from fitness_core.skeleton import INDEX
from fitness_core.types import Classification, ClassificationStatus, Pose, Reason, nanoseconds
from rep_counter.body import whole
from rep_counter.body.whole import bounces, comes_inside, falls, keeps_steady, stays, throughout, trunks_of
from rep_counter.counter import RepCounter

CATALOGUE = Catalogue.load()
G = 9.81 / 0.5
"""Free fall [torso lengths/s2]: the figure's torso is half a metre."""


def lifted(pose: Pose, torsos: float, points: tuple[str, ...] | None = None) -> Pose:
    """The pose with its points (all of them) so much higher in the picture; the figure's torso is half of 2.2 m."""
    image = pose.image.copy()
    rows = slice(None) if points is None else [INDEX[point] for point in points]
    image[rows, 1] -= torsos * 0.5 / 2.2
    return replace(pose, image=image)


def jump(figure, speed: float, rate: float, fall: float = G) -> list[Pose]:
    """Stands for a second, takes off at a speed [torso lengths/s], lands, stands for a second."""
    times = np.arange(0, 2 + 2 * speed / fall, 1 / rate)
    return [figure(t, **{}) if not 1 < t < 1 + 2 * speed / fall else _at(figure, t, speed, fall) for t in times]


def _at(figure, t: float, speed: float, fall: float) -> Pose:
    up = t - 1
    return lifted(figure(t), speed * up - fall * up * up / 2)


@settings(max_examples=20, deadline=None)
@given(
    speed=st.floats(3.4, 6.0),
    rate=st.sampled_from([10.0, 15.0, 30.0, 60.0]),
    height=st.floats(1.5, 2.0),
    seed=st.integers(0, 99),
)
def test_a_jump_is_told_at_any_rate_and_of_any_body(figure, speed, rate, height, seed):
    rng = np.random.default_rng(seed)
    poses = jump(figure, speed, rate, 9.81 / (0.288 * height))
    poses = [lifted(pose, rng.normal(0, 0.005)) for pose in poses]
    assert falls(trunks_of(poses), 0.3)


@settings(max_examples=20, deadline=None)
@given(seconds_each=st.floats(0.8, 4.0), depth=st.floats(0.2, 1.0), rate=st.sampled_from([10.0, 15.0, 30.0, 60.0]))
def test_who_stays_on_the_feet_does_not_fly(figure, seconds_each, depth, rate):
    """The fastest: 13 torso lengths/s2, the most that feet on the ground were seen to do."""
    times = np.arange(0, 6, 1 / rate)
    depth = min(depth, 13 / (2 * (np.pi / seconds_each) ** 2))
    poses = [lifted(figure(t), depth * np.cos(2 * np.pi * t / seconds_each) / 2) for t in times]
    assert not falls(trunks_of(poses), 0.3)


@settings(max_examples=20, deadline=None)
@given(
    pull=st.floats(16, 22), drop=st.floats(0.7, 1.2), rest=st.floats(0.3, 1.0), rate=st.sampled_from([15.0, 24.0, 60.0])
)
def test_who_drops_into_a_brisk_squat_does_not_fly(figure, pull, drop, rest, rate):
    """Down as fast as a body falls, up again as fast as feet can: no way up is part of the fall."""
    half = np.sqrt(drop / pull)  # to the middle of the way down, and from it to the bottom [s]
    up = np.pi * np.sqrt(drop / (2 * 13))  # a cosine, slowed by 13 torso lengths/s2 at most [s]

    def height(t: float) -> float:
        t = max(0.0, t - 1)
        if t < half:
            return -pull * t * t / 2
        if t < 2 * half:
            return -drop + pull * (2 * half - t) ** 2 / 2
        return -drop * (1 + np.cos(np.pi * min(1.0, (t - 2 * half) / up))) / 2

    poses = [lifted(figure(t), height(t)) for t in np.arange(0, 1 + 2 * half + up + rest, 1 / rate)]
    assert not falls(trunks_of(poses), 0.3)


@pytest.mark.parametrize("standing", [("left_ankle", "right_ankle"), ("left_ankle",)])
def test_who_stands_on_a_foot_that_is_seen_does_not_fly_however_fast_the_trunk_rises(figure, standing):
    rows = [INDEX[ankle] for ankle in standing]
    poses = []
    for flying in jump(figure, 4.0, 30):
        image, visibility = flying.image.copy(), flying.visibility.copy()
        image[rows] = figure(0.0).image[rows]
        poses.append(replace(flying, image=image, visibility=visibility))
    assert not falls(trunks_of(poses), 0.3)
    for pose in poses:
        pose.visibility[rows] = 0.1
    assert falls(trunks_of(poses), 0.3), "one that is guessed tells nothing"


def test_a_cut_or_a_landmark_that_jumps_is_no_flight(figure):
    times = np.arange(0, 3, 1 / 30)
    cut = [lifted(figure(t), 0.8 if t > 1.5 else 0.0) for t in times]
    glitch = [lifted(figure(t), 0.8 if 1.5 < t < 1.55 else 0.0) for t in times]
    assert not falls(trunks_of(cut), 0.3) and not falls(trunks_of(glitch), 0.3)


def test_nothing_is_told_of_what_is_hidden_or_too_slow_a_camera(figure):
    hidden = [replace(pose, visibility=np.zeros(33, np.float32)) for pose in jump(figure, 4.0, 30)]
    assert not falls(trunks_of(hidden), 0.3) and not falls(trunks_of([]), 0.3)
    assert not falls(trunks_of(jump(figure, 4.0, 5)), 0.3)
    assert stays(Still(point="wrist", within=0.1), hidden, 0.3) and stays(Still(point="wrist", within=0.1), [], 0.3)
    assert throughout((Posture(**{"point": "hip", "is": "above", "of": "shoulder"}),), hidden, 0.3)


def test_the_hand_that_moves_less_is_asked(figure):
    still = Still(point="wrist", within=0.5)
    one = [lifted(figure(t), t, ("left_wrist",)) for t in np.arange(0, 2, 0.1)]
    both = [lifted(figure(t), t, ("left_wrist", "right_wrist")) for t in np.arange(0, 2, 0.1)]
    assert stays(still, one, 0.3) and not stays(still, both, 0.3)


def test_one_landmark_that_is_not_measured_rejects_nothing(figure):
    poses = [figure(number / 30) for number in range(60)]
    still = CATALOGUE["push_up"].still[0]
    hip = INDEX["left_hip"]
    image, visibility = poses[30].image.copy(), poses[30].visibility.copy()
    image[hip] = visibility[hip] = np.nan
    assert stays(still, poses, 0.5) and stays(still, [*poses[:30], replace(poses[30], image=image), *poses[31:]], 0.5)
    nowhere = [replace(pose, image=np.full_like(pose.image, np.nan)) for pose in poses]
    assert stays(still, nowhere, 0.5), "what is not measured is not judged"


def test_a_posture_throughout_bears_a_flip_and_no_more(figure):
    upright = Posture(**{"point": "shoulder", "is": "above", "of": "hip", "by": 0.5, "throughout": True})
    poses = [figure(t) for t in np.arange(0, 2, 0.1)]
    bowed = lifted(poses[0], -1.2, ("left_shoulder", "right_shoulder"))
    assert throughout((upright,), [*poses, bowed], 0.3)
    assert not throughout((upright,), [*poses, *[bowed] * 4], 0.3)


def test_the_arms_of_a_deadlift_hang(figure):
    always = tuple(condition for condition in CATALOGUE["deadlift"].posture if condition.throughout)
    hanging, raised = ([figure(t, arm=arm) for t in np.arange(0, 2, 0.1)] for arm in (5, 170))
    assert throughout(always, hanging, 0.5) and not throughout(always, raised, 0.5)
    assert not throughout(always, [*hanging[:15], *raised[15:]], 0.5), "a clean, a snatch"


def lifting(figure, wave, lean: float) -> list[Pose]:
    """Three times both arms go up; the forearms lean outwards by so much [deg]: on a wide bar, that is pulled down."""
    return [figure(time, arm=arm, elbow=arm + lean) for time, arm in wave(3, 2.0, 55, 140, 30)]


@pytest.mark.parametrize(("lean", "told", "presses"), [(0, "", 3), (-10, "", 3), (30, "", 0), (30, "press", 3)])
def test_who_lifts_has_the_hands_over_the_elbows_unless_presses_were_asked_for(figure, wave, lean, told, presses):
    counter, events = RepCounter(CATALOGUE, told), []
    for pose in lifting(figure, wave, lean):
        counter.classify(sure(pose.stamp, "press"))
        events += counter.step(pose).events
    events += counter.finish().events
    assert sum(event.counted for event in events) == presses


def test_hands_over_elbows_are_judged_where_the_camera_sees_it(figure, wave):
    inside, both = Inside(point="wrist", of="elbow", within=0.05), ("left", "right")
    wide = lifting(figure, wave, 30)
    assert comes_inside(inside, lifting(figure, wave, 0), both, 0.5) and not comes_inside(inside, wide, both, 0.5)
    for_a_while = [*wide[:60], *lifting(figure, wave, -10)[60:90]]
    assert comes_inside(inside, for_a_while, both, 0.5), "for part of the way is enough"
    assert not comes_inside(inside, wide, ("left",), 0.5), "each arm by itself, too"
    from_beside = [replace(pose, image=(pose.image - [0.5, 0, 0]) * [0.1, 1, 1] + [0.5, 0, 0]) for pose in wide]
    hidden = [replace(pose, visibility=np.full_like(pose.visibility, 0.2)) for pose in wide]
    nowhere = [replace(pose, image=np.full_like(pose.image, np.nan)) for pose in wide]
    for poses in (from_beside, hidden, nowhere, []):
        assert comes_inside(inside, poses, both, 0.5)
    one_arm = [replace(pose, image=pose.image.copy(), visibility=pose.visibility.copy()) for pose in wide]
    for pose in one_arm:
        pose.image[INDEX["left_wrist"]] = pose.visibility[INDEX["left_wrist"]] = np.nan
    assert not comes_inside(inside, one_arm, both, 0.5), "the arm that is seen is judged"


@pytest.mark.parametrize(("elbows", "told", "squats"), [(15, "", 3), (40, "", 3), (70, "", 0), (70, "squat", 3)])
def test_a_joint_that_should_keep_steady_unless_the_exercise_was_asked_for(figure, wave, elbows, told, squats):
    """Knees that bend by 90 degrees, and elbows that bend with them."""
    asked = CATALOGUE["squat"].model_copy(update={"steady": (Steady(joint="elbow", share=0.5),)})
    counter, events = RepCounter(Catalogue([asked]), told), []
    for time, knee in wave(3, 2.0, 170, 80, 30):
        pose = figure(time, knee=knee, elbow=170 - elbows * (170 - knee) / 90)
        counter.classify(sure(pose.stamp, "squat"))
        events += counter.step(pose).events
    events += counter.finish().events
    assert sum(event.counted for event in events) == squats


def test_how_steady_a_joint_is_is_judged_on_each_side_that_is_seen(figure):
    steady = Steady(joint="elbow", share=0.5)

    def holds(*elbows, driven=90):
        moved = [joint_angles(figure(0.1 * number, elbow=elbow)) for number, elbow in enumerate(elbows)]
        return keeps_steady(steady, moved, np.radians(driven))

    bending = np.linspace(170, 90, 20)
    assert not holds(*bending) and holds(*bending, driven=180) and holds(*np.linspace(170, 130, 20))
    assert not holds(*((170, elbow) for elbow in bending)), "a row with one arm"
    assert holds(*[170] * 19, 60), "one flip"
    assert holds(*[np.nan] * 11, *bending[:9]) and holds(), "not seen for most of it"


def sure(stamp: int, exercise: str = "squat") -> Classification:
    """A classifier that sees the exercise."""
    probabilities = {exercise: 0.9, "other": 0.1}
    return Classification(stamp, stamp - nanoseconds(2), ClassificationStatus.OK, exercise, 0.9, probabilities)


@pytest.mark.parametrize(("jumps", "told", "squats"), [(False, "", 4), (True, "", 0), (True, "squat", 4)])
def test_squats_count_and_jump_squats_do_not_unless_squats_were_asked_for(figure, wave, jumps, told, squats):
    """However sure the classifier is: from the bottom up faster and faster, then through the air."""
    counter, counted, reasons = RepCounter(Catalogue.load(), told), Counter(), set()
    rate, each = 30, 2.0
    for number, (time, knee) in enumerate(wave(4, each, 170, 80, rate)):
        pose = figure(time, knee=knee)
        flight = (time - 1.5) % each - (each - 0.25)  # a quarter of a second before it is over it takes off
        began = 1.5 + each - 0.25
        if jumps and began < time < began + 3.5 * each:
            up = flight if flight >= 0 else flight + each
            pose = lifted(pose, max(0.0, 5.0 * up - G * up * up / 2))
        if number % 3 == 0:
            counter.classify(sure(pose.stamp))
        for event in counter.step(pose).events:
            counted[event.exercise] += event.counted
            reasons.add(event.reason)
    for event in counter.finish().events:
        counted[event.exercise] += event.counted
    assert counted.total() == squats
    assert reasons <= ({Reason.NONE} if squats else {Reason.WRONG_POSTURE})


@pytest.mark.parametrize(("second", "squats"), [("person_2", 3), ("person_1", 2)])
def test_a_jump_of_somebody_else_spoils_no_squat(figure, wave, second, squats):
    """The first squat begins within a second of the landing."""
    jumps = [pose for pose in jump(figure, 4.0, 30) if pose.stamp < nanoseconds(1 + 8.0 / G + 0.1)]
    begin = jumps[-1].stamp / 1e9 + 1 / 30
    poses = [figure(begin + time, knee=angle) for time, angle in wave(3, 2.0, 170, 75, 30, lead=0.2)]
    poses = jumps + [replace(pose, body_id=second) for pose in poses]
    counter = RepCounter(CATALOGUE)
    outputs = [*counter.steps(poses, [sure(pose.stamp) for pose in poses]), counter.finish()]
    assert sum(event.counted for output in outputs for event in output.events) == squats


@pytest.mark.parametrize(("hop", "counted"), [(0.25, 4), (0.05, 0)])
def test_a_jumping_jack_is_a_jump(figure, wave, hop, counted):
    """Arms that meet overhead while one stands are none; the legs are hidden."""
    legs = [INDEX[f"{side}_{point}"] for side in ("left", "right") for point in ("knee", "ankle", "foot_index")]
    poses = []
    for time, arm in wave(4, 1.2, 10.0, 165.0, 30):
        pose = lifted(figure(time, arm=arm), hop * np.sin(np.radians(arm - 10) * 180 / 155) ** 2)
        pose.visibility[legs] = 0.1
        poses.append(pose)
    counter = RepCounter(CATALOGUE, "jumping_jack")
    outputs = [*counter.steps(poses), counter.finish()]
    assert sum(event.counted for output in outputs for event in output.events) == counted


def test_a_bounce_is_not_asked_of_a_hidden_trunk(figure):
    still = [figure(t) for t in np.arange(0, 1, 0.1)]
    assert not bounces(trunks_of(still), 0.15, 0.3)
    assert bounces(trunks_of([replace(pose, visibility=np.zeros(33, np.float32)) for pose in still]), 0.15, 0.3)
    assert bounces([], 0.15, 0.3)


@pytest.mark.parametrize(("elbow", "counted"), [(170.0, 4), (30.0, 0)])
def test_a_raise_begins_with_hanging_arms(figure, wave, elbow, counted):
    """Not so a punch or a press, whose hands are at the shoulders before."""
    counter = RepCounter(CATALOGUE, "lateral_raise")
    arms = wave(4, 2.0, 10.0, 85.0, 30)
    poses = [figure(time, elbow=elbow + (170 - elbow) * (arm - 10) / 75, arm=arm) for time, arm in arms]
    outputs = [*counter.steps(poses), counter.finish()]
    assert sum(event.counted for output in outputs for event in output.events) == counted


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_the_median_is_that_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).random(count, np.float32)
    assert whole._median(values) == np.median(values)
    values[0] = np.nan
    assert np.isnan(whole._median(values))


@pytest.mark.parametrize(("share", "counted"), [(1.0, 4), (0.75, 4), (0.3, 0)])
def test_a_squat_is_of_both_legs(figure, wave, share, counted):
    """In a side lunge one knee bends a third as far as the other."""
    counter = RepCounter(Catalogue.load(), exercise="squat")
    events = []
    for time, knee in wave(4, 2.5, 175.0, 70.0, 30):
        events += counter.step(figure(time, knee=(knee, 175 - share * (175 - knee)))).events
    events += counter.finish().events
    assert sum(event.counted for event in events) == counted
