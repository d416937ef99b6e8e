"""What belongs to a set, and when it is over."""

import math
from dataclasses import replace

import numpy as np
import pytest
from counted_runs import CATALOGUE, counted, label, run

from fitness_core.types import Pose, nanoseconds
from rep_counter.counter import RepCounter


def test_two_exercises_are_two_sets(figure, wave):
    squats = wave(3, 2.0, 170, 70, 30)
    change = squats[-1][0] + 1 / 30
    curls = [(change + time, angle) for time, angle in wave(3, 2.0, 165, 50, 30)]
    poses = [figure(time, knee=angle) for time, angle in squats] + [figure(time, elbow=angle) for time, angle in curls]
    events, summaries, _ = run(poses, lambda time: "squat" if time < change + 1 else "curl")
    assert counted(events) == {"squat": 3, "curl": 3}
    assert [(s.exercise, s.set_index, s.repetitions) for s in summaries] == [("squat", 1, 3), ("curl", 2, 3)]


def test_rest_ends_a_set_without_waiting_for_the_stream_to_end(figure, wave):
    poses = [figure(time, knee=angle) for time, angle in wave(2, 2.0, 170, 70, 30)]
    end = poses[-1].stamp / 1e9
    poses += [figure(end + frame / 30) for frame in range(1, 300)]
    counter = RepCounter(CATALOGUE)
    for pose in poses:
        counter.classify(label(pose.stamp / 1e9, "squat"))
        if summaries := counter.step(pose).summaries:
            break
    assert summaries[0].repetitions == 2
    assert pose.stamp < poses[-1].stamp


def test_a_set_ends_while_the_person_sits(figure, wave):
    counter, closed = RepCounter(CATALOGUE, "squat"), math.inf
    stood = list(wave(5, 2.0, 170, 70, 30))
    for number in range(40 * 30):
        stood.append((stood[-1][0] + 1 / 30, max(80.0, 170.0 - 3 * number)))
    for time, angle in stood:
        if counter.step(figure(time, knee=angle)).summaries:
            closed = min(closed, time)
    assert closed < 30, "a squat lasts 15 s at most"


@pytest.mark.parametrize(("asked", "squats"), [(6.3, 2), (6.8, 3)])
def test_another_exercise_asked_for_ends_the_set_and_what_is_past_its_turning_point_counts(figure, wave, asked, squats):
    """The third squat turns at 6.5 s. As at the end of a recording, and nothing of it is counted once more."""
    counter, events, summaries = RepCounter(CATALOGUE), [], []
    for time, angle in wave(6, 2.0, 170, 70, 30):
        if time >= asked and not counter.exercise:
            counter.set_exercise("curl")
        counter.classify(label(time, "squat"))
        output = counter.step(figure(time, knee=angle))
        events, summaries = events + output.events, summaries + output.summaries
    events += counter.finish().events
    assert counted(events) == {"squat": squats}
    assert [(summary.exercise, summary.repetitions) for summary in summaries] == [("squat", squats)]


@pytest.mark.parametrize("ends_by", ["another body", "another exercise", "the end"])
def test_a_repetition_that_has_just_ended_is_not_lost(figure, wave, ends_by):
    """A squat must not end in a jump, which is known half a second later only."""
    squat = [figure(time, knee=angle) for time, angle in wave(1, 2.0, 170, 70, 30) if time < 3.4]
    after = [figure(3.4 + number / 30) for number in range(60)] if ends_by != "the end" else []
    if ends_by == "another body":
        after = [replace(pose, body_id="person_2") for pose in after]
    counter, events = RepCounter(CATALOGUE), []
    for pose in squat + after:
        if ends_by == "another exercise" and pose.stamp > squat[-1].stamp and not counter.exercise:
            counter.set_exercise("curl")
        counter.classify(label(pose.stamp / 1e9, "squat", 0.95))
        events += counter.step(pose).events
    assert counted(events + counter.finish().events) == {"squat": 1}


@pytest.mark.parametrize("first", [None, "other"])
def test_what_was_done_long_before_a_set_is_none_of_it(figure, wave, first):
    """One squat while the classifier is silent or doubtful, and twelve seconds later five of them."""
    lone, five = wave(1, 2.0, 170, 70, 30), wave(5, 2.0, 170, 70, 30)
    between = lone[-1][0] + 8.0
    poses = [figure(time, knee=angle) for time, angle in lone]
    poses += [figure(lone[-1][0] + number / 30) for number in range(1, 240)]
    poses += [figure(between + time, knee=angle) for time, angle in five]
    poses += [figure(between + five[-1][0] + number / 30) for number in range(1, 240)]
    counter, events, summaries = RepCounter(CATALOGUE), [], []
    for pose in poses:
        time = pose.stamp / 1e9
        if time > between:
            counter.classify(label(time, "squat"))
        elif first:
            counter.classify(label(time, first, 0.6))
        output = counter.step(pose)
        events, summaries = events + output.events, summaries + output.summaries
    assert counted(events) == {"squat": 5}
    assert [(summary.repetitions, summary.start < summary.end) for summary in summaries] == [(5, True)]


def test_what_is_credited_while_nobody_is_seen_is_of_who_did_it(figure, wave):
    seen = [figure(time, knee=angle) for time, angle in wave(2, 2.0, 170, 70, 30) if time < 5.15]
    gone = [Pose.nobody(seen[-1].stamp + nanoseconds(number / 30), 640, 480) for number in range(1, 300)]
    events, summaries, _ = run(seen + gone, lambda time: "squat" if time > 5 else None)
    assert counted(events) == {"squat": 2}
    assert {event.body_id for event in events} == {summary.body_id for summary in summaries} == {"person_1"}


@pytest.mark.parametrize("away", [1.5, 5.0, 30.0])
@pytest.mark.parametrize("exercise", ["", "squat"], ids=["classified", "asked for"])
@pytest.mark.parametrize("squats", [1, 3])
def test_half_a_repetition_before_the_picture_is_empty_counts_as_at_the_end_of_a_recording(
    figure, wave, squats, exercise, away
):
    """A title at the end of a film, or who walks off: the last squat turns two seconds and a half before it is over."""
    seen = [figure(time, knee=angle) for time, angle in wave(squats, 2.0, 170, 70, 30) if time < 2 * squats + 0.8]
    gone = [Pose.nobody(seen[-1].stamp + nanoseconds(number / 30), 640, 480) for number in range(1, round(30 * away))]
    events, summaries, _ = run(seen + gone, lambda time: "squat" if time < seen[-1].stamp / 1e9 else None, exercise)
    assert [event.whole for event in events if event.counted] == [True] * (squats - 1) + [False]
    assert [summary.repetitions for summary in summaries] == [squats]


def test_one_picture_without_anybody_ends_no_set_within_a_slow_repetition(figure):
    """Two squats, and a third that holds: the set has rested for long enough, but for the one that is under way."""
    bends = [
        (0, 170),
        (1, 170),
        (2, 70),
        (3, 170),
        (4, 70),
        (5, 170),
        (7, 170),
        (9, 70),
        (13, 70),
        (15, 170),
        (17, 170),
    ]
    times, angles = zip(*bends, strict=True)
    poses = [figure(number / 30, knee=np.interp(number / 30, times, angles)) for number in range(17 * 30)]
    poses[12 * 30] = Pose.nobody(poses[12 * 30].stamp, 640, 480)
    events, summaries, _ = run(poses, lambda time: "squat")
    assert counted(events) == {"squat": 3} and [summary.repetitions for summary in summaries] == [3]


def test_a_set_is_over_when_another_exercise_is_asked_for_whatever_labels_go_on_to_say(figure, wave):
    counter, events, summaries = RepCounter(CATALOGUE), [], []
    for time, angle in wave(8, 2.0, 170, 70, 30):
        if time > 8 and not counter.exercise:
            counter.set_exercise("curl")
        counter.classify(label(time, "squat"))
        output = counter.step(figure(time, knee=angle))
        events, summaries = events + output.events, summaries + output.summaries
    events += counter.finish().events
    assert [(summary.exercise, summary.repetitions) for summary in summaries] == [("squat", 3)]
    assert len([event for event in events if event.counted]) == 3 and events[-1].stamp <= nanoseconds(8.1)


def test_what_was_done_before_an_exercise_was_asked_for_is_none_of_its_set(figure, wave):
    counter, events = RepCounter(CATALOGUE), []
    for time, angle in wave(8, 2.0, 160, 40, 30):
        if time > 10 and not counter.exercise:
            counter.set_exercise("curl")
        counter.classify(label(time, "other"))
        events += counter.step(figure(time, elbow=angle)).events
    events += counter.finish().events
    counted = [event for event in events if event.counted]
    assert counted and all(event.turn > nanoseconds(10) for event in counted)


@pytest.mark.parametrize("at", [6.2, 6.45, 6.6, 6.8, 7.0])
@pytest.mark.parametrize("exercise", ["", "squat"], ids=["classified", "asked for"])
def test_a_repetition_in_which_all_is_forgotten_counts_once(figure, wave, exercise, at):
    """The third squat turns at 6.5 s."""
    counter, events, anew = RepCounter(CATALOGUE, exercise), [], False
    for time, angle in wave(6, 2.0, 170, 70, 30):
        if time >= at and not anew:
            anew = True
            events += counter.begin_anew().events
        counter.classify(label(time, "squat"))
        events += counter.step(figure(time, knee=angle)).events
    events += counter.finish().events
    assert counted(events) == {"squat": 6}
    assert events[-1].set_index == 1


def test_what_was_done_while_another_was_asked_for_is_not_counted_afterwards(figure, wave):
    counter, events = RepCounter(CATALOGUE, "squat"), []
    moved = list(wave(5, 2.0, 165, 50, 30))
    moved += [(moved[-1][0] + frame / 30, 165.0) for frame in range(1, 300)]
    for time, angle in moved:
        if time > 12:
            counter.set_exercise("")
        counter.classify(label(time, "curl"))
        events += counter.step(figure(time, elbow=angle)).events
    assert not counted(events + counter.finish().events)
