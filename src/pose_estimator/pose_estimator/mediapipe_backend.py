"""BlazePose by MediaPipe's legacy Pose solution (0.10.21): ships its model, calls nobody.

Method: Bazarevsky et al. 2020, https://arxiv.org/abs/2006.10204; the world landmarks are those of GHUM,
Grishchenko et al. 2022, https://arxiv.org/abs/2206.11678.
"""

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from fitness_core.errors import InputError
from fitness_core.quiet import LITERT_CHATTER, without
from pose_estimator.backend import MODELS, Detection, PoseBackend, score_of

# From one picture to the next, as MediaPipe counts them [us].
_STEP = 33333


class MediaPipeBackend(PoseBackend):
    """MediaPipe Pose, following one body, its own smoothing off (it counts frames; ours goes by stamp)."""

    def __init__(self, model: str, min_detection_confidence: float, min_tracking_confidence: float) -> None:
        _require(model)
        # OpenCV's own threads look for work by spinning: they take the time that one thread needs to turn the colours
        # six times over, from MediaPipe's.
        cv2.setNumThreads(1)
        self._rgb: np.ndarray = np.zeros((480, 640, 3), np.uint8)
        with without(LITERT_CHATTER):
            _, pose = load()
            self._pose = pose.Pose(
                model_complexity=MODELS.index(model),
                smooth_landmarks=False,
                min_detection_confidence=min_detection_confidence,
                min_tracking_confidence=min_tracking_confidence,
            )
            # The first inference is ten times slower than the others: not at the expense of the first picture.
            self.detect_rgb(self._rgb)
        # The landmark model says a first word too, when it first sees somebody.
        self._spoken = False

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        return self.begin(picture_bgr, stamp)()

    def begin(self, picture_bgr: np.ndarray, stamp: int) -> Callable[[], Detection | None]:
        # Into the place of the one before, of which MediaPipe has made a copy.
        self._rgb = rgb = cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2RGB, self._rgb)
        if self._spoken:
            self._show(rgb)
            return self._detection
        return lambda: self._first(rgb)

    def detect_rgb(self, picture: np.ndarray) -> Detection | None:
        """`detect` for an RGB picture."""
        self._show(picture)
        return self._detection()

    def _first(self, rgb: np.ndarray) -> Detection | None:
        with without(LITERT_CHATTER):
            detection = self.detect_rgb(rgb)
        self._spoken = detection is not None
        return detection

    # `Pose.process` in two halves, between which the network runs in threads of MediaPipe; and without what it then
    # does to the landmarks: it deletes the presence of each.

    def _show(self, rgb: np.ndarray) -> None:
        pose = self._pose
        pose._graph_outputs.clear()
        pose._simulated_timestamp += _STEP
        packet = pose._make_packet(pose._input_stream_type_info["image"], rgb).at(pose._simulated_timestamp)
        pose._graph.add_packet_to_input_stream(stream="image", packet=packet)

    def _detection(self) -> Detection | None:
        self._pose._graph.wait_until_idle()
        landmarks = self._content("pose_landmarks")
        if landmarks is None:
            return None
        image = np.array([(p.x, p.y, p.z, p.visibility, p.presence) for p in landmarks.landmark], np.float32)
        world = np.array([(p.x, p.y, p.z) for p in self._content("pose_world_landmarks").landmark], np.float32)
        visibility, presence = image[:, 3].copy(), image[:, 4].copy()
        return Detection(image[:, :3].copy(), world, visibility, presence, score_of(visibility))

    def _content(self, stream: str) -> Any:
        """What came out of one end of MediaPipe's graph; None for nothing."""
        pose = self._pose
        packet = pose._graph_outputs.get(stream)
        return None if packet is None else pose._get_packet_content(pose._output_stream_type_info[stream], packet)

    def close(self) -> None:
        if self._pose is not None:
            self._pose.close()
            self._pose = None


def _require(model: str) -> None:
    # MediaPipe would try to download what is missing; what runs in a home fetches nothing by itself.
    found = importlib.util.find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        raise InputError("MediaPipe is not installed; install mediapipe 0.10.21 (./fitness doctor says how)")
    path = Path(found.submodule_search_locations[0]) / f"modules/pose_landmark/pose_landmark_{model}.tflite"
    if not path.is_file():
        raise InputError(
            f"pose model {model!r} needs {path.name}, which MediaPipe does not ship; take it from the npm package "
            f"@mediapipe/pose (0.5.1675469404) and put it into {path.parent}"
        )


def load() -> tuple[ModuleType, ModuleType]:
    """MediaPipe's modules `solution_base` and `pose`; the first time it takes a second."""
    with _placeholders("tensorflow", "matplotlib", "matplotlib.pyplot"):
        from mediapipe.python import solution_base
        from mediapipe.python.solutions import pose
    return solution_base, pose


@contextlib.contextmanager
def _placeholders(*names: str) -> Iterator[None]:
    """Let MediaPipe's import find nothing behind these, which it imports (seconds, 600 MB) but does not need.

    tensorflow is made absent (it asks and goes on without), matplotlib empty (its drawing helpers only name it).
    Those that are imported already stay, and whoever imports them later gets the real ones.
    """
    absent = [name for name in names if name not in sys.modules]
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    for name in absent:
        modules[name] = None if name == "tensorflow" else ModuleType(name)
    try:
        yield
    finally:
        for name in absent:
            del modules[name]
