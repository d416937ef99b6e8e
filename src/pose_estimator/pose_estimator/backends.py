"""The backends there are, and how one is made. Light to import: a command line names them.

Never mix two backends between training and inference: their angles differ by 1-2 degrees in the median, more on hard
pictures.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fitness_core.errors import InputError

if TYPE_CHECKING:
    from pose_estimator.backend import PoseBackend

BACKENDS = {
    "mediapipe": "pose_estimator.mediapipe_backend:MediaPipeBackend",
    "litert": "pose_estimator.litert_backend:LiteRtBackend",
}
"""Name -> module:class. The module is imported when the backend is made: `import mediapipe` alone takes seconds."""
MODELS = ("lite", "full", "heavy")
"""Sizes of the landmark model: about 10, 15 and 33 ms per picture on one desktop core."""
THREADS = 2


def make_backend(
    name: str = "mediapipe",
    model: str = "full",
    min_detection_confidence: float = 0.5,
    min_tracking_confidence: float = 0.5,
    threads: int = THREADS,
    networks: str = "",
) -> PoseBackend:
    """Load a backend by its name; the rest as in `backend.Options`.

    Raises InputError for an unknown name or model, or one whose file is not on this machine.
    """
    from pose_estimator.backend import Options

    if name not in BACKENDS:
        raise InputError(f"pose backend {name!r} is not known; accepted: {', '.join(BACKENDS)}")
    if model not in MODELS:
        raise InputError(f"pose model {model!r} is not known; accepted: {', '.join(MODELS)}")
    for label, value in (
        ("min_detection_confidence", min_detection_confidence),
        ("min_tracking_confidence", min_tracking_confidence),
    ):
        if not 0 <= value <= 1:
            raise InputError(f"{label} is {value}; accepted: 0 .. 1")
    if threads < 1:
        raise InputError(f"threads is {threads}; accepted: 1 or more")
    module, _, kind = BACKENDS[name].partition(":")
    options = Options(model, min_detection_confidence, min_tracking_confidence, threads, networks)
    return getattr(import_module(module), kind)(options)
