"""The backends there are, and how one is made. Light to import: a command line names them.

Never mix two backends between training and inference: their angles differ by 1-2 degrees in the median, more on hard
pictures.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
DEFAULT = "mediapipe"


@dataclass(frozen=True, slots=True)
class Options:
    """How a backend is made; each takes what it has a use for. Raises InputError for what none can take.

    model: one of the backend's `models`, empty = its usual one. min_detection_confidence: to accept a body that is new
    in the picture, 0..1. min_tracking_confidence: to go on following it, 0..1. threads: of a network. networks: where
    their files are, see `litert.files.load`; empty = where the backend finds them itself.
    """

    model: str = ""
    min_detection_confidence: float = 0.5
    min_tracking_confidence: float = 0.5
    threads: int = 2
    networks: str = ""

    def __post_init__(self) -> None:
        for name in ("min_detection_confidence", "min_tracking_confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; accepted: 0 .. 1")
        if self.threads < 1:
            raise InputError(f"threads is {self.threads}; accepted: 1 or more")


def make_backend(name: str = DEFAULT, options: Options | None = None) -> PoseBackend:
    """Load a backend by its name; options: None = the usual ones.

    Raises InputError for an unknown name or model, or one whose file is not on this machine.
    """
    options = options or Options()
    return backend_class(name)(replace(options, model=model_of(name, options.model)))


def backend_class(name: str) -> type[PoseBackend]:
    """The class of a backend. Raises InputError for an unknown name, and where what it imports is not installed."""
    if name not in BACKENDS:
        raise InputError(f"pose backend {name!r} is not known; accepted: {', '.join(BACKENDS)}")
    module, _, kind = BACKENDS[name].partition(":")
    try:
        return getattr(import_module(module), kind)
    except ModuleNotFoundError as error:
        raise InputError(f"pose backend {name!r} needs {error.name}, which is not installed") from None


def model_of(name: str, model: str = "") -> str:
    """The model that a backend runs where this one is asked for, empty = none. Raises InputError for an unknown one."""
    models = backend_class(name).models
    if model and model not in models:
        raise InputError(f"pose model {model!r} is not known; {name} accepts: {', '.join(models)}")
    return model or models[0]


def preload(parameters: Mapping[str, object]) -> None:
    """Import what a node with these parameters will need; where it is not installed the node itself refuses it."""
    with contextlib.suppress(ImportError, InputError):
        backend_class(str(parameters.get("backend") or DEFAULT)).preload()
