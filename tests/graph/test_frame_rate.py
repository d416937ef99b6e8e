"""A clip at 10, 15 and 30 frames per second gives the same labels at the same times: real clip, network and model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exercise_classifier.classifier import ExerciseClassifier
from fitness_camera.sources import open_source
from fitness_core.types import ClassificationStatus, Frame, seconds
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator

CLIP = "videos/squat/fitnesstransformer_bodyweight_squats.mp4"
FULL_RATE = 30
TOLERANCE = 0.5
GLIMPSE = 0.3
"""A stretch of a label that is shorter than this is none [s]."""


def segments(frames: list[Frame]) -> list[tuple[str, float, float]]:
    """Label, begin and end of each stretch of sure labels [s]."""
    found: list[tuple[str, float, float]] = []
    classifier, estimator = ExerciseClassifier(), PoseEstimator(make_backend())
    try:
        for frame in frames:
            result = classifier.step(estimator.step(frame))
            if result is None or result.status != ClassificationStatus.OK:
                continue
            at = seconds(result.stamp - frames[0].stamp)
            if found and found[-1][0] == result.label and at - found[-1][2] < TOLERANCE:
                found[-1] = (result.label, found[-1][1], at)
            else:
                found.append((result.label, at, at))
    finally:
        estimator.close()
    return [segment for segment in found if segment[2] - segment[1] >= GLIMPSE]


@pytest.mark.timeout(600)
def test_the_frame_rate_changes_no_segment(data: Callable[[str], Path]) -> None:
    with open_source(str(data(CLIP))) as source:
        frames = list(source)
        assert source.rate == pytest.approx(FULL_RATE)
    expected = segments(frames)
    assert "squat" in {label for label, _, _ in expected}
    for rate in (15, 10):
        found = segments(frames[:: FULL_RATE // rate])
        assert [label for label, _, _ in found] == [label for label, _, _ in expected], rate
        for (_, begin, end), (_, wanted_begin, wanted_end) in zip(found, expected, strict=True):
            assert begin == pytest.approx(wanted_begin, abs=TOLERANCE), rate
            assert end == pytest.approx(wanted_end, abs=TOLERANCE), rate
