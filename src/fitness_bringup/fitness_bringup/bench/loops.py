"""Contenders without ROS: the bare pose loop, a pose backend of ours, `analyze`, and the existing system's loop.

    python -m fitness_bringup.bench.loops KIND FOLDER

The bare loop is what any program with MediaPipe does at the least: BGR to RGB, `process`. Its pictures are decoded
beforehand, as are those of the graph's camera, so that it has no cost that the graph has in another thread.
"""

import math
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fitness_bringup.bench import clip, contender

Step = Callable[[np.ndarray], object]


def bare(folder: Path) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """MediaPipe Pose, model full, and nothing else; imported as the backend imports it, without TensorFlow."""
    from fitness_core.quiet import LITERT_CHATTER, without
    from pose_estimator.mediapipe_backend import load

    with without(LITERT_CHATTER):
        _, solution = load()
        pose = solution.Pose(model_complexity=1, smooth_landmarks=False)
        pose.process(np.zeros((clip.HEIGHT, clip.WIDTH, 3), np.uint8))
    return {}, _timed(folder, lambda picture: pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)))


def backend(folder: Path, name: str) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """`make_backend(name).detect`, as the pose stage calls it."""
    from pose_estimator.backends import make_backend

    made = make_backend(name)
    return {"name": name}, _timed(folder, lambda picture: made.detect(picture, time.time_ns()))


def analyze(folder: Path) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """`./fitness analyze` of the clip as a video, decoding included; without the time to load its models."""
    from fitness_bringup.analysis.analyze import examine

    video = str(clip.load(folder).video)

    def run(**_: Any) -> dict[str, Any]:
        moments: list[tuple[float, float]] = []
        report = examine(
            video, progress=lambda done, total: moments.append((time.perf_counter(), time.process_time()))
        ).report
        (begun, cpu), (ended, cpu_ended) = moments[0], moments[-1]
        return {
            "frames": len(moments) - 1,
            "seconds": ended - begun,
            "cpu": cpu_ended - cpu,
            "repetitions": len(report.reps),
        }

    return {}, run


def existing(folder: Path) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """The existing system's loop, rebuilt from its published description; only here a network runs in Keras.

    https://github.com/chrisprasanna/Exercise_Recognition_AI: for every picture MediaPipe Pose with its own smoothing,
    132 values (x, y, z, visibility of 33 landmarks), a window of 30 of them through LSTMs of 128, 256 and 128 units by
    `model.predict`, joint angles with fixed thresholds that count, landmarks and bars of probability drawn.
    """
    from mediapipe.python.solutions import drawing_utils
    from mediapipe.python.solutions import pose as solution

    from exercise_classifier.training.models.networks import build_lstm_stack

    labels = ("curl", "press", "squat")
    model = build_lstm_stack(30, len(labels), 132)
    model.predict(np.zeros((1, 30, 132), np.float32), verbose=0)
    pose = solution.Pose(min_detection_confidence=0.5, min_tracking_confidence=0.5)
    pose.process(np.zeros((clip.HEIGHT, clip.WIDTH, 3), np.uint8))
    window: deque[np.ndarray] = deque([np.zeros(132)] * 30, maxlen=30)
    count, stage = 0, "up"

    def step(picture: np.ndarray) -> None:
        nonlocal count, stage
        image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        image.flags.writeable = False
        results = pose.process(image)
        image.flags.writeable = True
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        found = results.pose_landmarks
        values = np.array([[p.x, p.y, p.z, p.visibility] for p in found.landmark]).flatten() if found else np.zeros(132)
        drawing_utils.draw_landmarks(image, found, solution.POSE_CONNECTIONS)
        window.append(values)
        probabilities = model.predict(np.expand_dims(np.array(window), 0), verbose=0)[0]
        if found:
            angle = _angle(*(found.landmark[point] for point in (11, 13, 15)))
            _angle(*(found.landmark[point] for point in (23, 25, 27)))
            if angle < 30:
                stage = "up"
            elif angle > 140 and stage == "up":
                stage, count = "down", count + 1
        for number, (label, share) in enumerate(zip(labels, probabilities, strict=True)):
            top = 60 + number * 40
            cv2.rectangle(image, (0, top), (int(share * 100), top + 30), (245, 117, 16), -1)
            cv2.putText(image, label, (0, top + 25), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2, cv2.LINE_AA)
        cv2.putText(image, f"curl {count}", (3, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2, cv2.LINE_AA)

    return {}, _timed(folder, step)


def _angle(first: Any, middle: Any, last: Any) -> float:
    turn = math.atan2(last.y - middle.y, last.x - middle.x) - math.atan2(first.y - middle.y, first.x - middle.x)
    degrees = abs(math.degrees(turn))
    return 360 - degrees if degrees > 180 else degrees


def _timed(folder: Path, step: Step) -> Callable[..., dict[str, Any]]:
    """Runs a step over the next pictures of the clip, again from its start at its end."""
    pictures = clip.load(folder).pictures
    at = 0

    def run(frames: int, **_: Any) -> dict[str, Any]:
        nonlocal at
        spans = []
        begun, cpu, calls = time.perf_counter(), time.process_time(), time.thread_time()
        for _number in range(frames):
            started = time.perf_counter()
            step(pictures[at % len(pictures)])
            spans.append(time.perf_counter() - started)
            at += 1
        return {
            "frames": frames,
            "seconds": time.perf_counter() - begun,
            "cpu": time.process_time() - cpu,
            "calls_cpu": time.thread_time() - calls,
            "latency_ms": float(np.median(spans)) * 1e3,
            "memory": contender.peak_memory(),
        }

    return run


def main() -> int:
    """The program."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    kinds: dict[str, Callable[[], tuple[dict[str, Any], Callable[..., dict[str, Any]]]]] = {
        "bare": lambda: bare(folder),
        "analyze": lambda: analyze(folder),
        "existing": lambda: existing(folder),
    }
    return contender.serve(kinds.get(kind, lambda: backend(folder, kind)))


if __name__ == "__main__":
    sys.exit(main())
