"""What counting costs beside seeing: processor time of both stages in one run, so that the machine does not matter."""

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fitness_camera.sources import open_source
from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, nanoseconds
from pose_estimator.backends import make_backend
from pose_estimator.estimator import PoseEstimator
from rep_counter.counter import RepCounter
from rep_counter.rep_counter_node import BEFOREHAND

CLIP = "videos/deadlift/exercises_deadlift.mp4"
TIMES = 5
"""The clip's poses are counted so often in a row: three repetitions each time."""
MOST = 0.02
"""Of the processor time of the pose stage; 0.3 ms beside the 15 to 30 ms that a picture takes on a laptop's core."""


@pytest.mark.alone
def test_counter_and_form_cost_little_beside_the_pose_stage(data: Callable[[str], Path], record_property) -> None:
    with open_source(str(data(CLIP))) as source:
        frames = list(source)
    estimator = PoseEstimator(make_backend())
    estimator.step(frames[0])  # the first picture loads the network
    begun = time.process_time()
    poses = [estimator.step(frame) for frame in frames[1:]]
    seeing = (time.process_time() - begun) / len(poses)
    estimator.close()

    length = poses[-1].stamp - poses[0].stamp + nanoseconds(1 / 30)
    stream = [replace(pose, stamp=pose.stamp + turn * length) for turn in range(TIMES) for pose in poses]
    for module in BEFOREHAND:  # as the node does, beside its first poses: it costs as much as a thousand steps
        importlib.import_module(module)
    # Nor is it the counter's to look through what other tests have left in memory, a quarter of a second each time.
    gc.collect()
    gc.freeze()
    counter, events, spent = RepCounter(Catalogue.load()), [], 0.0
    for number, pose in enumerate(stream):
        if number % 3 == 0:
            probabilities = {"deadlift": 0.8, "squat": 0.1, "other": 0.1}
            counter.classify(
                Classification(
                    pose.stamp,
                    pose.stamp - nanoseconds(2),
                    ClassificationStatus.OK,
                    "deadlift",
                    0.8,
                    probabilities,
                    pose.body_id,
                )
            )
        begun = time.process_time()
        output = counter.step(pose)
        spent += time.process_time() - begun
        events += output.events
    gc.unfreeze()
    counting = spent / len(stream)

    assert sum(event.counted for event in events) >= 3 * TIMES - 1  # it did all its work
    record_property("pose_ms", seeing * 1e3)
    record_property("counter_ms", counting * 1e3)
    print(f"pose stage {seeing * 1e3:.1f} ms, counter and form {counting * 1e3:.2f} ms: ratio {counting / seeing:.4f}")
    assert counting < MOST * seeing
