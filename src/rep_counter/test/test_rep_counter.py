"""What the counter counts, and what it does not."""

from dataclasses import replace

import numpy as np
import pytest
from counted_runs import CATALOGUE, counted, label, run
from hypothesis import given, settings
from hypothesis import strategies as st

from fitness_core.catalogue import Catalogue, Half
from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX
from fitness_core.types import Classification, ClassificationStatus, Phase, Pose, Reason, nanoseconds
from rep_counter.counter import RepCounter


def test_squats_are_counted_and_measured(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(5, 2.0, 170, 70, 30)]
    events, summaries, states = run(poses, lambda time: "squat" if time > 2 else "other")
    assert counted(events) == {"squat": 5}
    assert [event.index for event in events] == [1, 2, 3, 4, 5]
    assert all(0.9 < event.duration < 2.0 for event in events)
    assert all(np.degrees(event.range_of_motion) == pytest.approx(100, abs=5) for event in events)
    assert all(event.symmetry == pytest.approx(1, abs=0.02) for event in events)
    assert [(summary.exercise, summary.repetitions) for summary in summaries] == [("squat", 5)]
    assert {Phase.REST, Phase.OUT, Phase.TURN, Phase.BACK} <= {state.phase for state in states}
    assert max(state.count for state in states) == 5


@pytest.mark.parametrize("rate", [10, 15, 30, 60])
def test_frame_rate_does_not_matter(figure, wave, rate):
    poses = [figure(time, elbow=angle) for time, angle in wave(4, 1.8, 165, 50, rate)]
    assert counted(run(poses, lambda time: "curl")[0]) == {"curl": 4}


def test_press_grows_towards_its_turning_point(figure, wave):
    poses = [figure(time, elbow=angle, arm=angle) for time, angle in wave(3, 2.0, 70, 165, 30)]
    assert counted(run(poses, lambda time: "press")[0]) == {"press": 3}


def test_a_label_that_flips_for_a_moment_loses_nothing(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(5, 2.0, 170, 70, 30)]
    flips = lambda time: "press" if 4.0 <= time < 4.15 or 6.0 <= time < 6.25 else "squat"  # noqa: E731
    events, summaries, _ = run(poses, flips)
    assert counted(events) == {"squat": 5}
    assert len(summaries) == 1


def test_late_label_credits_back_to_the_first_repetition(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(3, 1.5, 170, 70, 30)]
    # The window reaches back two seconds: the classifier is sure only when the second repetition is under way.
    events, _, _ = run(poses, lambda time: "squat" if time > 3.2 else "")
    assert counted(events) == {"squat": 3}
    assert [event.index for event in events if event.counted] == [1, 2, 3]


def test_the_last_of_a_set_that_the_recording_cuts_off_is_not_lost_to_a_few_labels(figure, wave):
    """The classifier gets no window of it; what it said before, and the rules that are kept, speak for one more."""
    poses = [figure(time, knee=angle) for time, angle in wave(4, 1.5, 170, 70, 30)]
    turns = [time for time, angle in wave(4, 1.5, 170, 70, 30) if angle < 71]
    poses = [pose for pose in poses if pose.stamp / 1e9 < turns[-1] + 0.2]
    flips = lambda time: "press" if time > turns[-1] - 0.6 else "squat"  # noqa: E731
    assert counted(run(poses, flips)[0]) == {"squat": 4}
    # A whole window of another exercise is another matter.
    refuted = lambda time: "press" if time > turns[-1] - 1.8 else "squat"  # noqa: E731
    assert counted(run(poses, refuted)[0])["squat"] == 3


def test_another_exercise_counts_nothing(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(5, 2.0, 170, 70, 30)]
    assert run(poses, lambda time: "other")[0] == []
    assert run(poses)[0] == []


def test_standing_still_with_noise_counts_nothing(figure):
    noise = np.random.default_rng(1).normal(0, 3, 600)
    poses = [figure(frame / 30, knee=170 + noise[frame], elbow=165 + noise[-frame]) for frame in range(600)]
    assert counted(run(poses, lambda time: "squat")[0]) == {}


def test_a_shallow_attempt_is_told_and_not_counted(figure, wave):
    good = wave(3, 2.0, 170, 70, 30)
    shallow = [(good[-1][0] + 1 / 30 + time, angle) for time, angle in wave(1, 2.0, 170, 130, 30)]
    events, _, _ = run([figure(time, knee=angle) for time, angle in good + shallow], lambda time: "squat")
    assert counted(events) == {"squat": 3}
    assert [event.reason for event in events if not event.counted] == [Reason.SHALLOW]
    assert [event.index for event in events if not event.counted] == [0]


@pytest.mark.parametrize("exercise", ["", "squat"])
def test_failed_attempts_that_lead_up_to_a_set_are_told_with_it(figure, wave, exercise):
    """As when the first squats are not deep enough; a step or two on the way to the place are no attempts."""
    walk = wave(4, 1.0, 170, 150, 30)
    failed = [(walk[-1][0] + 1 / 30 + time, angle) for time, angle in wave(2, 2.0, 170, 134, 30, lead=0.5)]
    good = [(failed[-1][0] + 1 / 30 + time, angle) for time, angle in wave(3, 2.0, 170, 118, 30, lead=0.5)]
    poses = [figure(time, knee=angle) for time, angle in walk + failed + good]
    events, summaries, _ = run(poses, lambda time: "squat", exercise=exercise)
    assert [event.reason for event in events] == [Reason.SHALLOW] * 2 + [Reason.NONE] * 3
    assert [event.turn for event in events] == sorted(event.turn for event in events)
    assert {event.set_index for event in events} == {1}
    assert [(summary.repetitions, summary.rejected) for summary in summaries] == [(3, 2)]
    assert summaries[0].start == events[2].start


@pytest.mark.parametrize(("stood", "turn", "squats"), [(2.5, 120, 0), (2.5, 80, 1), (0.2, 120, 1)])
def test_standing_with_bent_knees_and_bending_them_a_little_more_is_no_squat(figure, stood, turn, squats):
    corners = [(0, 170), (1.5, 170), (2, 147)]
    corners += [(2 + stood, 147), (2.5 + stood, turn), (3 + stood, 165), (5 + stood, 165)]
    times = np.arange(0, 5 + stood, 1 / 30)
    angles = np.interp(times, *zip(*corners, strict=True))
    poses = [figure(time, knee=angle) for time, angle in zip(times, angles, strict=True)]
    events, _, _ = run(poses, lambda time: "squat")
    assert sum(event.counted for event in events) == squats


def test_curl_with_elbows_at_shoulder_height_is_wrong_posture(figure, wave):
    hanging = wave(2, 2.0, 165, 50, 30)
    raised = [(hanging[-1][0] + 1 / 30 + time, angle) for time, angle in wave(1, 2.0, 165, 50, 30)]
    poses = [figure(time, elbow=angle) for time, angle in hanging]
    poses += [figure(time, elbow=angle, arm=88) for time, angle in raised]
    events, _, _ = run(poses, lambda time: "curl")
    assert counted(events) == {"curl": 2}
    assert Reason.WRONG_POSTURE in {event.reason for event in events}


@pytest.mark.parametrize("exercise", ["squat", ""])
def test_legs_that_are_seen_for_a_third_of_a_squat_count_where_squats_were_asked_for(figure, wave, exercise):
    def close(time: float, angle: float) -> Pose:
        seen = np.full(33, 0.99, np.float32)
        seen[INDEX["left_ankle"] :] = 0.99 if angle > 150 or angle < 82 else 0.1
        return figure(time, knee=angle, visibility=seen)

    poses = [close(time, angle) for time, angle in wave(3, 2.0, 170, 70, 30)]
    events, _, _ = run(poses, lambda time: "squat", exercise=exercise)
    assert counted(events) == ({"squat": 3} if exercise else {})


def test_hidden_legs_count_no_squats(figure, wave):
    hidden = np.full(33, 0.99, np.float32)
    hidden[INDEX["left_knee"] :] = 0.02
    poses = [figure(time, knee=angle, visibility=hidden) for time, angle in wave(3, 2.0, 170, 70, 30)]
    assert counted(run(poses, exercise="squat")[0]) == {}


def test_body_lost_for_a_moment_and_for_long(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(4, 2.0, 170, 70, 30)]
    gone = lambda pose: Pose.nobody(pose.stamp, pose.width, pose.height)  # noqa: E731
    brief = [gone(pose) if 3.0 < pose.stamp / 1e9 < 3.5 else pose for pose in poses]
    assert counted(run(brief, lambda time: "squat")[0]) == {"squat": 4}
    long = [gone(pose) if 1.5 + 2.0 * 1.5 < pose.stamp / 1e9 < 1.5 + 2.0 * 2.5 + 1 else pose for pose in poses]
    assert 2 <= counted(run(long, lambda time: "squat")[0])["squat"] <= 4


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(0.0, 3.0, 3), (0.5, 3.5, 3), (0.5, 3.0, 3), (0.0, 2.5, 3), (0.5, 1.0, 1)]
)
def test_halves_at_the_ends_of_a_recording(figure, first, last, expected):
    """Recordings from phase `first` to phase `last` of a set: a half at one end counts one, two halves make one."""
    times = np.arange(0, (last - first) * 2.0, 1 / 30)
    poses = [figure(time, knee=120 + 50 * np.cos(2 * np.pi * (time / 2 + first))) for time in times]
    assert counted(run(poses, exercise="squat")[0]) == {"squat": expected}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0.0, 3.0, 3), (0.5, 3.5, 3), (0.5, 3.0, 3), (0.0, 2.5, 2), (0.0, 0.5, 0), (0.5, 1.0, 1), (0.0, 2.8, 3)],
)
def test_where_only_the_way_back_counts_a_recording_that_ends_before_it_holds_no_more(figure, first, last, expected):
    """A bar that is put down is no lift: the way out alone is none, the way back, or most of it, is one."""
    squat = Catalogue([CATALOGUE["squat"].model_copy(update={"half": Half.BACK})])
    times = np.arange(0, (last - first) * 2.0, 1 / 30)
    poses = [figure(time, knee=120 + 50 * np.cos(2 * np.pi * (time / 2 + first))) for time in times]
    events, summaries, _ = run(poses, counter=RepCounter(squat, "squat"))
    assert counted(events) == ({"squat": expected} if expected else {})
    assert [summary.repetitions for summary in summaries] == ([expected] if expected else [])


@pytest.mark.parametrize(("half", "expected"), [(Half.ANY, [1]), (Half.BACK, [])])
def test_a_lone_way_out_opens_no_set_where_it_does_not_count(figure, half, expected):
    squat = Catalogue([CATALOGUE["squat"].model_copy(update={"half": half})])
    poses = [
        figure(time, knee=120 + 50 * np.cos(np.pi * min(max(0.0, time - 2), 1.25))) for time in np.arange(0, 4, 1 / 30)
    ]
    _, summaries, _ = run(poses, counter=RepCounter(squat, "squat"))
    assert [summary.repetitions for summary in summaries] == expected


def test_one_glitched_frame_counts_nothing(figure):
    poses = [figure(frame / 30, elbow=165) for frame in range(150)]
    for frame in (40, 90, 91):
        poses[frame] = figure(frame / 30, elbow=40)
    assert counted(run(poses, exercise="curl")[0]) == {}


def test_time_jumping_back_starts_anew_and_loses_nothing(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(2, 2.0, 170, 70, 30)]
    events, summaries, _ = run(poses + poses, exercise="squat")
    assert counted(events) == {"squat": 4}
    assert [summary.set_index for summary in summaries] == [1, 2]


@pytest.mark.parametrize("late", [0.001, 0.15])
def test_a_pose_that_others_have_overtaken_changes_nothing(figure, wave, late):
    poses = [figure(time, knee=angle) for time, angle in wave(3, 2.0, 170, 70, 30)]
    for place in range(40, len(poses), 30):
        after = poses[place]
        poses.insert(place + 1, replace(poses[place - 2], stamp=after.stamp - nanoseconds(late)))
    events, summaries, _ = run(poses, lambda time: "squat")
    assert counted(events) == {"squat": 3}
    assert [summary.set_index for summary in summaries] == [1]


def test_labels_without_probabilities_count_as_well(figure, wave):
    def label_alone(time: float) -> Classification:
        name = "lunge" if round(10 * time) % 3 == 0 else "squat"
        return replace(label(time, name), probabilities={name: 0.9})

    counter = RepCounter(CATALOGUE)
    events = []
    for time, angle in wave(6, 2.0, 170, 70, 30):
        counter.classify(label_alone(time))
        events += counter.step(figure(time, knee=angle)).events
    assert counted(events + counter.finish().events) == {"squat": 6}


def test_a_body_without_extent_is_survived(figure):
    point = replace(figure(0), image=np.full((33, 3), 0.5, np.float32), world=np.zeros((33, 3), np.float32))
    events, _, _ = run([replace(point, stamp=nanoseconds(number / 30)) for number in range(300)])
    assert not events


def test_order_of_pose_and_label_does_not_matter(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(3, 2.0, 170, 70, 30)]
    before, after = RepCounter(CATALOGUE), RepCounter(CATALOGUE)
    for pose in poses:
        said = label(pose.stamp / 1e9, "squat" if pose.stamp > 2e9 else "other")
        before.classify(said)
        first = before.step(pose)
        second = after.step(pose)
        after.classify(said)
        assert first.events == second.events
        assert repr(first.state) == repr(second.state)  # NaN differs from itself


def test_given_exercise_must_be_in_the_catalogue():
    with pytest.raises(InputError, match=r"'yoga' is not in the catalogue; it has: curl, "):
        RepCounter(CATALOGUE, "yoga")


@settings(max_examples=40, deadline=None)
@given(
    repetitions=st.integers(1, 8),
    seconds_each=st.floats(1.2, 5.0),
    turn=st.floats(60, 115),
    dropped=st.floats(0, 0.2),
    noise=st.floats(0, 3),
    seed=st.integers(0, 1000),
)
def test_any_tempo_depth_noise_and_dropped_frames(figure, wave, repetitions, seconds_each, turn, dropped, noise, seed):
    random = np.random.default_rng(seed)
    poses = [
        figure(time, knee=min(180, angle + random.normal(0, noise)))
        for time, angle in wave(repetitions, seconds_each, 168, turn, 30)
        if random.random() >= dropped
    ]
    assert counted(run(poses, exercise="squat")[0]) == {"squat": repetitions}


def test_a_repetition_that_is_credited_late_moved_no_less(figure, wave):
    def tempos(late):
        counter, found, held = RepCounter(CATALOGUE), [], []
        squats = list(wave(3, 3.0, 170, 70, 30))
        standing = [(squats[-1][0] + number / 30, 170.0) for number in range(1, 600)]
        for time, angle in squats + standing:
            said = label(time, "squat" if time < 11 else "other")
            if late and time < 24:
                held.append(said)
            else:
                for one in [*held, said]:
                    counter.classify(one)
                held = []
            found += counter.step(figure(time, knee=angle)).events
        return [(*event.tempo, event.smoothness) for event in found + counter.finish().events]

    in_time, late = tempos(late=False), tempos(late=True)
    assert len(in_time) == len(late) == 3
    np.testing.assert_allclose(late, in_time, atol=0.15)


def test_a_source_that_becomes_slow_for_good_is_told_of_a_few_times(figure, wave):
    counter, events, at = RepCounter(CATALOGUE, "squat"), [], 0.0
    for time, angle in wave(40, 4.0, 170, 70, 30):
        if time >= at:
            events += counter.step(figure(time, knee=angle)).events
            at = time + (1 / 1.5 if time > 12 else 0.0)
    assert 1 <= sum(event.reason == Reason.INTERRUPTED for event in events) <= 6


@pytest.mark.parametrize(("least", "probability", "counts"), [(0.5, 0.4, 0), (0.5, 0.6, 6), (0.0, 0.4, 6)])
def test_where_many_movements_look_alike_the_labels_alone_must_say_it(figure, wave, least, probability, counts):
    """Alike repetitions in a row speak for an exercise, but not for one that dances and gestures look like."""
    squat = Catalogue([CATALOGUE["squat"].model_copy(update={"least_probability": least})])
    poses = [figure(time, knee=angle) for time, angle in wave(6, 2.0, 170, 70, 30)]
    events, _, _ = run(poses, lambda time: "squat", counter=RepCounter(squat), probability=probability)
    assert counted(events) == ({"squat": counts} if counts else {})


def test_a_pose_that_came_late_has_a_state_of_its_own(figure, wave):
    counter = RepCounter(CATALOGUE, "squat")
    for time, angle in wave(1, 2.0, 170, 70, 30):
        counter.step(figure(time, knee=angle))
    late = figure(time - 0.05, body_id="person_7")
    state = counter.step(late).state
    assert (state.stamp, state.body_id) == (late.stamp, "person_7")


def test_what_is_shown_is_not_told_for_longer_than_it_is_so(figure, wave):
    counter = RepCounter(CATALOGUE)
    for time, angle in wave(1, 2.0, 170, 160, 30):  # too little for a squat
        counter.classify(label(time, "squat"))
        output = counter.step(figure(time, knee=angle))
    assert output.state.exercise == "squat"
    # The classifier has nothing to say of somebody else yet; or it has died.
    silent = Classification(nanoseconds(time + 0.1), 0, ClassificationStatus.WARMING_UP)
    for says, after in ((silent, 0.5), (None, 3.0)):
        counter = RepCounter(CATALOGUE)
        counter.classify(label(time, "squat"))
        assert counter.step(figure(time + 0.15)).state.exercise == "squat"
        if says:
            counter.classify(says)
        assert counter.step(figure(time + after)).state.exercise == ""
