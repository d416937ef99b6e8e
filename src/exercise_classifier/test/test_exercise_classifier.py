"""The stage on real landmarks."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from exercise_clips import EXERCISES, START, poses_of

from exercise_classifier.classifier import ExerciseClassifier
from exercise_classifier.window import MIN_SEEN
from fitness_core.types import NANOSECONDS, Classification, ClassificationStatus, Pose, nanoseconds, seconds


@pytest.fixture(scope="module")
def classifier() -> ExerciseClassifier:
    return ExerciseClassifier()


def results(classifier: ExerciseClassifier, poses: list[Pose]) -> list[Classification]:
    classifier.reset()
    return [result for pose in poses if (result := classifier.step(pose)) is not None]


def named(found: list[Classification]) -> list[Classification]:
    return [result for result in found if result.label]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_names_the_exercise(classifier, exercise):
    found = named(results(classifier, poses_of(exercise)))
    assert Counter(result.label for result in found).most_common(1)[0][0] == exercise
    for result in found:
        assert tuple(result.probabilities) == classifier.info.labels
        assert sum(result.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
        assert 0 < result.confidence <= 1
        trusted = result.confidence >= classifier.info.confidence_threshold
        assert result.status == (ClassificationStatus.OK if trusted else ClassificationStatus.UNCERTAIN)
        assert 0 <= result.stamp - result.window_start <= nanoseconds(classifier.info.window_duration)


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("rate", (10.0, 15.0))
def test_the_frame_rate_does_not_matter(classifier, exercise, rate):
    dense = {round(seconds(r.stamp - START), 1): r for r in named(results(classifier, poses_of(exercise)))}
    sparse = {round(seconds(r.stamp - START), 1): r for r in named(results(classifier, poses_of(exercise, rate)))}
    both = sorted(dense.keys() & sparse.keys())
    assert len(both) > 20
    differences = [
        max(abs(dense[at].probabilities[label] - sparse[at].probabilities[label]) for label in classifier.info.labels)
        for at in both
    ]
    assert np.median(differences) < 0.03
    # The first windows hold little, and a label that they chose is held for a moment.
    settled = [at for at in both if at >= both[0] + 1.0]
    assert np.mean([dense[at].label == sparse[at].label for at in settled]) >= 0.95


@pytest.mark.parametrize("rate", (5.0, 10.0, 30.0))
def test_results_come_at_the_rate_asked_for(rate):
    classifier = ExerciseClassifier(rate=rate)
    found = results(classifier, poses_of("curl"))
    span = seconds(found[-1].stamp - found[0].stamp)
    assert (len(found) - 1) / span == pytest.approx(rate, rel=0.05)


def test_warming_up_then_a_label(classifier):
    found = results(classifier, poses_of("squat"))
    first = named(found)[0]
    assert seconds(first.stamp - START) == pytest.approx(MIN_SEEN, abs=0.15)
    before = [result for result in found if result.stamp < first.stamp]
    assert before and all(result.status == ClassificationStatus.WARMING_UP for result in before)
    assert all(not result.probabilities and np.isnan(result.confidence) for result in before)


def test_the_threshold_can_be_changed_while_it_runs():
    classifier = ExerciseClassifier()
    own = classifier.info.confidence_threshold
    classifier.trust(1.0)
    doubtful = named(results(classifier, poses_of("squat")))
    assert doubtful and all(
        result.status == ClassificationStatus.UNCERTAIN for result in doubtful if result.confidence < 1
    )
    classifier.trust(None)
    assert classifier.info.confidence_threshold == own


def test_nobody(classifier):
    nobody = [Pose.nobody(START + n * NANOSECONDS // 30, 640, 480) for n in range(90)]
    found = results(classifier, nobody)
    assert found[-1].status == ClassificationStatus.NO_BODY and not found[-1].label
    gone = poses_of("curl")
    last = gone[-1].stamp
    gone += [Pose.nobody(last + n * NANOSECONDS // 30, 640, 480) for n in range(1, 60)]
    assert results(classifier, gone)[-1].status == ClassificationStatus.NO_BODY


def test_time_that_jumps_back_starts_anew(classifier):
    poses = poses_of("curl")
    results(classifier, poses)
    again = classifier.step(poses[0])
    assert again is not None and again.status == ClassificationStatus.WARMING_UP


def test_nothing_that_runs_imports_tensorflow():
    package = Path(__file__).parents[1] / "exercise_classifier"
    for path in package.glob("*.py"):
        for word in ("tensorflow", "keras", "exercise_classifier.training"):
            assert f"import {word}" not in path.read_text() and f"from {word}" not in path.read_text(), path.name
