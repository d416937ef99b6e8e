"""Contender without a graph: what single steps cost, and how fast recorded landmarks are gone through.

python -m fitness_bringup.bench.costs FOLDER
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fitness_bringup.bench import clip, contender
from fitness_bringup.composition.live import DEMO
from fitness_core.types import Pose, nanoseconds, seconds

SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
"""Pictures whose conversion is timed [px]."""
LENGTHS = (1, 4, 16)
"""Bags as many times as long as the demo."""
REPLAYS = 5
"""Replays of the demo in a row: one alone, of a tenth of a second, is mostly that of a processor which had rested."""


def prepare(folder: Path) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """Read the demo's poses; every slice then times everything once."""
    from fitness_datasets.bags import BagReader

    with BagReader(DEMO) as bag:
        poses = list(bag.poses())
    _replay(DEMO)  # what a process loads once, whatever it replays, is not a matter of its speed

    def run(scaling: bool = False, **_: Any) -> dict[str, Any]:
        replay_speed = float(np.median([_replay(DEMO) for _ in range(REPLAYS)]))
        found: dict[str, Any] = {"replay_speed": replay_speed, "steps_ms": _steps(poses) | _messages(poses[0])}
        if scaling:
            found["picture_size_ms"] = {f"{width}x{height}": _picture(width, height) for width, height in SIZES}
            found["replay_speed_of_length"] = {str(times): _replay_of(poses, times) for times in LENGTHS}
            found["dataset_windows_per_s"] = _dataset()
        return found

    return {}, run


def _replay(bag: Path) -> float:
    """Recorded seconds per second: bag read, classified, counted, as `analyze` does, without making a report."""
    from exercise_classifier.classifier import ExerciseClassifier
    from fitness_bringup.analysis.pipeline import Pipeline
    from fitness_core.catalogue import Catalogue
    from fitness_datasets.bags import BagReader
    from rep_counter.counter import RepCounter

    pipeline = Pipeline(ExerciseClassifier(), RepCounter(Catalogue.load()))
    with BagReader(bag) as reader:
        begun = time.perf_counter()
        first = last = None
        for moment in pipeline.through(reader.poses()):
            first, last = first or moment.pose, moment.pose
        assert first is not None and last is not None
        pipeline.finish(last)
        return seconds(last.stamp - first.stamp) / (time.perf_counter() - begun)


def _replay_of(poses: list[Pose], times: int) -> float:
    from rclpy.serialization import serialize_message

    from fitness_core.ros.messages import to_body_pose
    from fitness_datasets.bags import BagWriter

    length = poses[-1].stamp - poses[0].stamp + nanoseconds(1 / 15)
    with tempfile.TemporaryDirectory() as folder:
        bag = Path(folder, "bag")
        with BagWriter(bag, {"/body_pose": "fitness_msgs/msg/BodyPose"}) as writer:
            for turn in range(times):
                for pose in poses:
                    moved = replace(pose, stamp=pose.stamp + turn * length)
                    writer.write("/body_pose", moved.stamp, serialize_message(to_body_pose(moved)))
        return _replay(bag)


def _steps(poses: list[Pose]) -> dict[str, float]:
    from exercise_classifier.classifier import ExerciseClassifier
    from fitness_core.catalogue import Catalogue
    from rep_counter.counter import RepCounter

    classifier, counter = ExerciseClassifier(), RepCounter(Catalogue.load())
    spent = {"classifier": [], "counter": []}  # type: dict[str, list[float]]
    for pose in poses:
        begun = time.thread_time()
        found = classifier.step(pose)
        if found is not None:
            spent["classifier"].append(time.thread_time() - begun)
            counter.classify(found)
        begun = time.thread_time()
        counter.step(pose)
        spent["counter"].append(time.thread_time() - begun)
    return {name: float(np.mean(values)) * 1e3 for name, values in spent.items()}


def _messages(pose: Pose) -> dict[str, float]:
    from rclpy.serialization import deserialize_message, serialize_message

    from fitness_core.ros.messages import from_body_pose, to_body_pose
    from fitness_core.ros.serialized import of_pose, pose_of
    from fitness_msgs.msg import BodyPose

    message = to_body_pose(pose)
    cdr = serialize_message(message)
    return {
        "pose_to_message": _mean(lambda: to_body_pose(pose)),
        "pose_serialize": _mean(lambda: serialize_message(message)),
        "pose_deserialize": _mean(lambda: deserialize_message(cdr, BodyPose)),
        "pose_from_message": _mean(lambda: from_body_pose(message)),
        "pose_write_in_place": _mean(lambda: of_pose(pose)),
        "pose_read_in_place": _mean(lambda: pose_of(cdr)),
    }


def _picture(width: int, height: int) -> dict[str, float]:
    from rclpy.serialization import deserialize_message, serialize_message
    from sensor_msgs.msg import Image

    from fitness_core.ros.images import to_bgr, to_image
    from fitness_core.ros.serialized import image_of

    picture = np.zeros((height, width, 3), np.uint8)
    message = to_image(picture)
    cdr = serialize_message(message)
    return {
        "to_message": _mean(lambda: to_image(picture), 20),
        "serialize": _mean(lambda: serialize_message(message), 20),
        "deserialize": _mean(lambda: deserialize_message(cdr, Image), 20),
        "from_message": _mean(lambda: to_bgr(message), 20),
        "read_in_place": _mean(lambda: to_bgr(image_of(cdr)), 20),
    }


def _dataset() -> float:
    """Windows per second that a dataset is made of, from takes of landmarks: cutting and features."""
    from exercise_classifier.features import FEATURE_SETS
    from exercise_classifier.training.data.windows import LABELS, Shape, all_windows
    from exercise_classifier.training.synthetic.takes import take_of

    rng = np.random.default_rng(0)
    takes = [take_of("squat", f"take {number}", rng) for number in range(8)]
    begun = time.perf_counter()
    windows = all_windows(takes, Shape(), 0.2, LABELS, FEATURE_SETS["body_frame"])
    return len(windows.y) / (time.perf_counter() - begun)


def _mean(work: Callable[[], object], times: int = 100) -> float:
    """CPU time of one call [ms]."""
    work()
    begun = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - begun) / times * 1e3


def main() -> int:
    """The program."""
    return contender.serve(lambda: prepare(clip.load(Path(sys.argv[1])).video.parent))


if __name__ == "__main__":
    sys.exit(main())
