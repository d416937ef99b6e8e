"""The backends there are, and how one is made. Light to import: a command line names them.

Never mix two backends between training and inference: their angles differ by 1-2 degrees in the median, more on hard
pictures.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from fitness_core.errors import InputError
from pose_estimator.options import Options

if TYPE_CHECKING:
    from pose_estimator.backend import PoseBackend

BACKENDS = {
    "mediapipe": "pose_estimator.mediapipe_backend:MediaPipeBackend",
    "litert": "pose_estimator.litert_backend:LiteRtBackend",
}
"""Name -> module:class. The module is imported when the backend is made: `import mediapipe` alone takes seconds."""
DEFAULT = "mediapipe"


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
