"""Where the networks are: in an installed MediaPipe, which need not be importable, or in a file that the user names."""

import os
import sys
import zipfile
import zlib
from pathlib import Path

from fitness_core import paths
from fitness_core.errors import InputError

_DETECTOR = ("pose_detection.tflite", "pose_detector.tflite")
_WHEEL = "the wheel of mediapipe 0.10.21 for any platform"
_HOW_FULL = (
    "a folder with pose_detection.tflite and pose_landmark_full.tflite, a .task bundle of MediaPipe's pose "
    f"landmarker, or {_WHEEL}; docs/backends.md says how to get one"
)
# The wheel holds no other.
_HOW_ANOTHER = (
    f"a folder with pose_detection.tflite (out of {_WHEEL}) and pose_landmark_{{model}}.tflite (of the npm package "
    "@mediapipe/pose 0.5.1675469404), or a .task bundle of MediaPipe's pose landmarker; see docs/backends.md"
)


class NetworkFile(bytes):
    """A .tflite file in memory. place: where it was found."""

    place: str

    @classmethod
    def of(cls, content: bytes, place: str) -> "NetworkFile":
        """What was found at a place."""
        made = cls(content)
        made.place = place
        return made


def load(model: str, networks: str = "") -> tuple[NetworkFile, NetworkFile]:
    """The person detector and the landmark network.

    model: "lite", "full" or "heavy". networks: a folder, a .task bundle (which holds one model, whatever its size) or
    a .whl of MediaPipe; empty = what the environment variable FITNESS_POSE_NETWORKS says, else the MediaPipe on
    Python's path. Nothing is downloaded. Raises InputError with what is accepted where a network is not there.
    """
    how = _HOW_FULL if model == "full" else _HOW_ANOTHER.format(model=model)
    networks = networks or os.environ.get("FITNESS_POSE_NETWORKS", "")
    if not networks:
        folders = [Path(entry) / "mediapipe" / "modules" for entry in sys.path]
        folder = next((folder for folder in folders if folder.is_dir()), None)
        if folder is None:
            raise InputError(f"the pose networks are not on this machine; name in FITNESS_POSE_NETWORKS {how}")
        return _from_folder(folder, model, how)
    path = paths.given(networks)
    if path.is_dir():
        return _from_folder(path, model, how)
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise InputError(f"pose networks {networks!r}: no such folder or bundle; accepted: {how}")
    return _from_bundle(path, model, how)


def _names(model: str) -> tuple[str, ...]:
    return (f"pose_landmark_{model}.tflite", "pose_landmarks_detector.tflite")


def _from_folder(folder: Path, model: str, how: str) -> tuple[NetworkFile, NetworkFile]:
    found = []
    for names in (_DETECTOR, _names(model)):
        path = next((path for name in names for path in sorted(folder.rglob(name))), None)
        if path is None:
            raise InputError(f"{folder} has no {names[0]}; accepted: {how}")
        try:
            found.append(NetworkFile.of(path.read_bytes(), str(path)))
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); accepted: {how}") from None
    return found[0], found[1]


def _from_bundle(path: Path, model: str, how: str) -> tuple[NetworkFile, NetworkFile]:
    found = []
    try:
        with zipfile.ZipFile(path) as bundle:
            inside = {Path(name).name: name for name in bundle.namelist()}
            for names in (_DETECTOR, _names(model)):
                name = next((inside[name] for name in names if name in inside), None)
                if name is None:
                    raise InputError(f"{path} holds no {names[0]}; accepted: {how}")
                found.append(NetworkFile.of(bundle.read(name), f"{name} in {path}"))
    # A RuntimeError: encrypted, or packed in a way that Python does not know.
    except (zipfile.BadZipFile, OSError, zlib.error, EOFError, RuntimeError) as error:
        raise InputError(f"{path} is damaged ({error}); fetch it again: {how}") from None
    return found[0], found[1]
