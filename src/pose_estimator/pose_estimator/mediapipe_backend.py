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
from fitness_core.skeleton import N_LANDMARKS
from pose_estimator.backend import USUAL_STEP, Detection, PoseBackend, elapsed, score_of
from pose_estimator.options import Options

# As MediaPipe numbers them.
_COMPLEXITIES = {"lite": 0, "full": 1, "heavy": 2}
# A landmark as it is written: field 1, of 25 bytes; in it fields 1 to 5, each a tag and a float. Where the first float
# is, and the bytes from one to the next.
_LENGTH, _FIRST, _NUMBER = 27, 3, 5
_TAGS = tuple(
    (at, bytes([tag]) * N_LANDMARKS)
    for at, tag in ((0, 0x0A), (1, 25), *((2 + _NUMBER * field, field + 1 << 3 | 5) for field in range(5)))
)


class MediaPipeBackend(PoseBackend):
    """MediaPipe Pose, following one body, its own smoothing off (it counts frames; ours goes by stamp).

    It decides itself how many threads it has, and finds its networks itself.
    """

    distribution = "mediapipe"
    models = ("full", "lite", "heavy")

    @classmethod
    def preload(cls) -> None:
        load()

    def __init__(self, options: Options) -> None:
        _require(options.model)
        # OpenCV's own threads look for work by spinning: they take the time that one thread needs to turn the colours
        # six times over, from MediaPipe's.
        cv2.setNumThreads(1)
        self._rgb: np.ndarray = np.zeros((480, 640, 3), np.uint8)
        self._stamp: int | None = None
        with without(LITERT_CHATTER):
            _, pose = load()
            from mediapipe.python._framework_bindings import _packet_getter

            self._written: Callable[[Any], bytes] = _packet_getter._get_serialized_proto
            self._pose = pose.Pose(
                model_complexity=_COMPLEXITIES[options.model],
                smooth_landmarks=False,
                min_detection_confidence=options.min_detection_confidence,
                min_tracking_confidence=options.min_tracking_confidence,
            )
            # The first inference is ten times slower than the others: not at the expense of the first picture.
            self.detect_rgb(self._rgb)
        # The landmark model says a first word too, when it first sees somebody.
        self._spoken = False

    def detect(self, picture_bgr: np.ndarray, stamp: int) -> Detection | None:
        return self.begin(picture_bgr, stamp)()

    def begin(self, picture_bgr: np.ndarray, stamp: int) -> Callable[[], Detection | None]:
        # Into the place of the one before, of which MediaPipe has made a copy. It makes none of what cannot be written
        # to, but then lets go of it in a thread of its own without Python's lock, and NumPy's memory breaks.
        self._rgb = rgb = cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2RGB, self._rgb)
        step = elapsed(self._stamp, stamp)
        self._stamp = stamp
        if self._spoken:
            self._show(rgb, step)
            return self._detection
        return lambda: self._first(rgb, step)

    def detect_rgb(self, picture: np.ndarray, step: float = USUAL_STEP) -> Detection | None:
        """`detect` for an RGB picture, taken so much later [s] than the one before."""
        self._show(picture, step)
        return self._detection()

    def _first(self, rgb: np.ndarray, step: float) -> Detection | None:
        with without(LITERT_CHATTER):
            detection = self.detect_rgb(rgb, step)
        self._spoken = detection is not None
        return detection

    # `Pose.process` in two halves, between which the network runs in threads of MediaPipe; and without what it then
    # does to the landmarks: it deletes the presence of each. The time of a picture is its own, where the solution takes
    # each for 33 ms later than the last: by it MediaPipe steadies the region in which it follows the body, and at 8 Hz
    # that came to lag behind.

    def _show(self, rgb: np.ndarray, step: float) -> None:
        pose = self._pose
        pose._graph_outputs.clear()
        pose._simulated_timestamp += round(step * 1_000_000)
        packet = pose._make_packet(pose._input_stream_type_info["image"], rgb).at(pose._simulated_timestamp)
        pose._graph.add_packet_to_input_stream(stream="image", packet=packet)

    def _detection(self) -> Detection | None:
        self._pose._graph.wait_until_idle()
        found = self._landmarks("pose_landmarks")
        if found is None:
            return None
        world = self._landmarks("pose_world_landmarks")
        assert world is not None  # both or none
        visibility, presence = found[:, 3].copy(), found[:, 4].copy()
        return Detection(found[:, :3].copy(), world[:, :3].copy(), visibility, presence, score_of(visibility))

    def _landmarks(self, stream: str) -> np.ndarray | None:
        """Landmarks [33, 5] of one end of MediaPipe's graph: x, y, z, visibility, presence; None for nothing."""
        pose = self._pose
        packet = pose._graph_outputs.get(stream)
        if packet is None or packet.is_empty():
            return None
        found = landmarks_in(self._written(packet))
        if found is None:
            message = pose._get_packet_content(pose._output_stream_type_info[stream], packet)
            found = np.array([(p.x, p.y, p.z, p.visibility, p.presence) for p in message.landmark], np.float32)
        return found

    def close(self) -> None:
        if self._pose is not None:
            self._pose.close()
            self._pose = None


def landmarks_in(written: bytes) -> np.ndarray | None:
    """The numbers [33, 5] of a LandmarkList in the bytes of its protocol buffer; None where it is written otherwise.

    As an array over the bytes: 3 us, 23 as objects. Each landmark is its tag and length, then five times the tag of a
    number and four bytes: https://protobuf.dev/programming-guides/encoding.
    """
    if len(written) != N_LANDMARKS * _LENGTH:
        return None
    if any(written[at::_LENGTH] != tags for at, tags in _TAGS):
        return None
    return np.ndarray((N_LANDMARKS, 5), "<f4", written, _FIRST, (_LENGTH, _NUMBER)).astype(np.float32)


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
