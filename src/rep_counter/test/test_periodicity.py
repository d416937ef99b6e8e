"""Counting without knowing the exercise: synthetic movement, and the min-max scaled sequences of the shared data."""

import csv
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fitness_core.catalogue import Catalogue
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, SetSummary, nanoseconds
from rep_counter.body.periodicity import Movement, count
from rep_counter.counter import RepCounter


def stamps_of(frames: int, fps: float) -> np.ndarray:
    return (np.arange(frames) * 1e9 / fps).astype(np.int64)


def body(figure, wave, repetitions: int, seconds_each: float, rate: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    poses = [figure(time, elbow=angle) for time, angle in wave(repetitions, seconds_each, 170, 60, rate)]
    return np.array([pose.pixels()[:, :2] for pose in poses]), np.array([pose.stamp for pose in poses])


@settings(max_examples=15, deadline=None)
@given(
    repetitions=st.integers(2, 8),
    seconds_each=st.floats(1.0, 4.0),
    scale=st.floats(0.2, 5.0),
    rate=st.sampled_from([10.0, 15.0, 30.0, 60.0]),
)
@example(repetitions=2, seconds_each=1.875, scale=1.0, rate=10.0)  # an overtone of it is steadier than itself
def test_counts_what_it_was_never_told(figure, wave, repetitions, seconds_each, scale, rate):
    points, stamps = body(figure, wave, repetitions, seconds_each, rate)
    found = count(points * scale + 17.0, stamps)
    assert found.repetitions == repetitions
    assert found.period == pytest.approx((stamps[-1] - stamps[0]) / 1e9 / repetitions, rel=0.05)


def test_frames_without_a_body_are_bridged(figure, wave):
    points, stamps = body(figure, wave, 6, 2.0)
    points[np.random.default_rng(0).random(len(points)) < 0.2] = np.nan
    assert count(points, stamps).repetitions == 6


def test_a_landmark_that_is_never_measured_is_left_out(figure, wave):
    points, stamps = body(figure, wave, 6, 2.0)
    points[:, INDEX["left_pinky"]] = np.nan
    assert count(points, stamps).repetitions == 6


def test_what_one_person_did_is_not_told_of_the_next(figure, wave):
    counter, told = RepCounter(Catalogue.load()), []
    poses = [figure(time, knee=angle) for time, angle in wave(6, 2.0, 170, 70, 30)]
    end = poses[-1].stamp / 1e9
    poses += [figure(end + (number + 1) / 30, body_id="person_2") for number in range(300)]
    for pose in poses:
        told.append(counter.step(pose).periodicity)
    assert any(bout.repetitions for bout in told if bout is not None and bout.body_id == "person_1")
    assert not any(bout.repetitions for bout in told if bout is not None and bout.body_id == "person_2")


@pytest.mark.parametrize("asked_after", [0.0, 4.5])
def test_a_set_that_is_asked_for_has_a_second_opinion(figure, wave, asked_after):
    counter = RepCounter(Catalogue.load())
    for time, elbow in wave(6, 2.0, 170, 50, 30):
        if time >= asked_after:
            counter.set_exercise("curl")
        counter.step(figure(time, elbow=elbow))
    (summary,) = counter.finish().summaries
    assert abs(summary.second_opinion - summary.repetitions) <= 1


def test_nothing_repeats_in_a_body_that_trembles(figure):
    rng = np.random.default_rng(0)
    points = np.array([figure(time / 30).world for time in range(300)])
    found = count(points + rng.normal(0, 0.004, points.shape), stamps_of(300, 30))
    assert (found.repetitions, found.strength) == (0, 0.0)
    assert math.isnan(found.period)


def test_nobody_and_next_to_nothing(figure):
    nobody = np.full((60, 33, 2), np.nan)
    assert count(nobody, stamps_of(60, 30)).repetitions == 0
    assert count(nobody[:1], stamps_of(1, 30)).repetitions == 0


def test_a_bout_is_told_every_two_seconds_and_ends(figure, wave):
    movement, told = Movement(), []
    samples = list(wave(8, 2.0, 170, 60, 30))
    samples += [(samples[-1][0] + number / 30, 170.0) for number in range(1, 600)]
    for time, elbow in samples:
        movement.add(figure(time, elbow=elbow))
        bout = movement.bout()
        if bout is not None:
            told.append(bout)
    assert np.diff([bout.stamp for bout in told]).min() >= nanoseconds(2.0)
    assert max(bout.repetitions for bout in told) == 8
    assert told[0].repetitions == told[-1].repetitions == 0
    assert told[-1].start == told[-1].stamp


def test_only_what_is_remembered_is_counted(figure):
    movement = Movement()
    assert movement.count(0, nanoseconds(10)) is None
    for number in range(130):
        movement.add(figure(float(number)))
    assert movement.count(0, nanoseconds(10)) is None
    assert movement.count(nanoseconds(100), nanoseconds(120)) is not None
    movement.add(Pose.nobody(nanoseconds(131), 640, 480))
    assert movement.count(nanoseconds(130.5), nanoseconds(131)) is None


@pytest.mark.parametrize("repetitions", [2, 5])
def test_a_set_has_a_second_opinion_where_there_are_enough_repetitions(figure, wave, repetitions):
    counter = RepCounter(Catalogue.load(), "curl")
    for time, elbow in wave(repetitions, 2.0, 170, 50, 30):
        counter.step(figure(time, elbow=elbow))
    (summary,) = counter.finish().summaries
    assert summary.repetitions == repetitions
    assert summary.second_opinion == (-1 if repetitions == 2 else repetitions)


def test_a_set_is_in_doubt_where_the_opinions_are_more_than_one_apart():
    def of(repetitions: int, second: int) -> SetSummary:
        return SetSummary(0, "curl", 1, 0, 0, repetitions, 0, 2.0, 1.5, second_opinion=second)

    assert not of(5, 6).in_doubt and not of(5, -1).in_doubt
    assert of(5, 7).in_doubt and of(5, 3).in_doubt


@pytest.mark.parametrize("half", [0, 1])
def test_real_sequences_scaled_by_their_box(half, data):
    """Countix-Fitness: min-max scaled, frame rate unknown. Constants chosen on half 0, half 1 only looked at."""
    table = data("poses.csv")
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["layout"] == "blazepose33_minmax_xyz"][half::2]
    errors, near = [], []
    for row in rows:
        points = np.load(table.parent / row["file"])["landmarks"].astype(float)
        points[(points == 0).all(axis=(1, 2))] = np.nan
        error = abs(count(points[:, :, :2], stamps_of(len(points), 30)).repetitions - int(row["reps"]))
        errors.append(error / int(row["reps"]))
        near.append(error <= 1)
    assert len(rows) == 74
    assert np.mean(near) >= 0.60
    assert np.mean(errors) <= 0.25


def test_two_minutes_are_counted_within_four_megabytes():
    stamps = stamps_of(1200, 10)
    points = np.tile(np.random.default_rng(0).random((33, 2), np.float32), (len(stamps), 1, 1))
    points[:, :11, 1] += np.sin(np.pi * stamps / 1e9)[:, None]  # a period of 2 s
    count(points, stamps)  # what it imports
    tracemalloc.start()
    try:
        counted = count(points, stamps)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counted.repetitions == 60
    assert most < 4e6, "the heap of the process grows by what is asked for at once"


def test_what_was_a_set_is_not_told_again_as_movement_of_no_exercise(figure, wave):
    counter, summaries, bouts = RepCounter(Catalogue.load(), "squat"), [], []
    moved = list(wave(8, 2.0, 170, 70, 30))
    moved += [(moved[-1][0] + frame / 30, 170.0) for frame in range(1, 600)]
    for time, knee in moved:
        output = counter.step(figure(time, knee=knee))
        summaries += output.summaries
        bouts += [output.periodicity] if summaries and output.periodicity else []
    assert [summary.repetitions for summary in summaries] == [8]
    assert bouts and not any(bout.repetitions for bout in bouts)
