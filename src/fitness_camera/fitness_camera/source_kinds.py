"""What a source may be: one row for each kind, of which all else follows. Free of ROS, and light to import.

| source | is | stamps | end |
|---|---|---|---|
| `0`, `/dev/video0` | a camera (V4L2) | wall clock at acquisition | never: `read` returning None means lost |
| `rtsp://...`, `http://...` | a stream; over http also a file | as device; a file's as file | as device; as file |
| `browser` | the camera of a browser | when the page took it | never |
| `topic:/NAME` | the pictures of a robot's own driver | the driver's | never |
| a bag | landmarks in place of pictures | as recorded | last pose |
| `folder/` | pictures in the order of their names, numbers by value | number / rate, from 0 | last picture |
| `clip.mp4` | a video file | presentation time, from 0 | last picture that decodes |
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitness_core import paths
from fitness_core.errors import InputError

if TYPE_CHECKING:
    from fitness_camera.source import Source

TOPIC_PREFIX = "topic:"
"""What the name of a topic begins with as a source."""
# Of more digits Python makes no number; no device has as many.
_LONGEST_NUMBER = 1000
_ADDRESS = re.compile(r"(?!file:)[a-zA-Z][a-zA-Z0-9+.-]*://")
_DEVICE = re.compile("/dev/(?!shm/)")  # /dev/shm holds files in memory
# Before the host, as in RFC 3986, or in the query, as the CGI of many network cameras takes them (`?user=me&pwd=...`).
_USER = re.compile(r"(?<=://)[^/?#]*@")
_IN_QUERY = re.compile(r"(?<=[?&])((?:user|usr|login|pass|pwd|token|auth)[a-z]*=)[^&#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a source is opened. width, height [px], rate [Hz]: 0 = its own; frame_id: of every frame."""

    width: int = 0
    height: int = 0
    rate: float = 0.0
    frame_id: str = "camera_optical_frame"


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source.

    text: what it is, in words. matches: whether a text without blanks around it is meant as one. live: it is of now,
    and may come and go. open: of those that the camera node opens; it raises InputError, as `open_source` does.
    """

    text: str
    matches: Callable[[str], bool]
    live: bool = False
    open: "Callable[[str, Asked], Source] | None" = None


def shown(source: str) -> str:
    """A source as logs, diagnostics and recordings may tell it: an address without its user and password."""
    if not _ADDRESS.match(source):
        return source
    return _IN_QUERY.sub(r"\1...", _USER.sub("", source))


def path_of(text: str) -> Path:
    """The file or folder that a text names. Raises InputError where it cannot be looked at (`paths.given`)."""
    return paths.given(text.removeprefix("file://"))


def device_of(text: str) -> Path:
    """The device that a text names, by its number or its path."""
    return Path(f"/dev/video{int(text)}" if text.isdecimal() else text)


def _is_bag(text: str) -> bool:
    """A file of a bag, there or not, or a folder that holds such a file."""
    path, files = path_of(text), (".mcap", ".db3")
    if text and path.is_dir():
        return any(file.name == "metadata.yaml" or file.suffix in files for file in paths.inside(path))
    return path.suffix in files


def _open_device(text: str, asked: Asked) -> "Source":
    from fitness_camera import capture  # OpenCV only where there is something to open

    return capture.open_device(text, device_of(text), asked.width, asked.height, asked.rate, asked.frame_id)


def _open_address(text: str, asked: Asked) -> "Source":
    from fitness_camera import capture

    return capture.open_address(shown(text), text, asked.frame_id)


def _open_folder(text: str, asked: Asked) -> "Source":
    from fitness_camera.folder import FolderSource

    return FolderSource(path_of(text), asked.rate, asked.frame_id)


def _open_file(text: str, asked: Asked) -> "Source":
    from fitness_camera import capture

    path = path_of(text)
    if not path.is_file():
        raise InputError(f"source {text!r} is not there; accepted: {ACCEPTED}")
    return capture.open_file(text.removeprefix("file://"), path, asked.frame_id)


DEVICE = SourceKind(
    "a device (0, /dev/video0)",
    lambda text: (text.isdecimal() and len(text) < _LONGEST_NUMBER) or bool(_DEVICE.match(text)),
    live=True,
    open=_open_device,
)
ADDRESS = SourceKind(
    "an address (rtsp://, http://)", lambda text: bool(_ADDRESS.match(text)), live=True, open=_open_address
)
BROWSER = SourceKind("browser (a page on /camera)", lambda text: text == "browser", live=True)
TOPIC = SourceKind("topic:/NAME (your own driver)", lambda text: text.startswith(TOPIC_PREFIX), live=True)
BAG = SourceKind("a bag of landmarks", _is_bag)
FOLDER = SourceKind("a folder of pictures", lambda text: path_of(text).is_dir(), open=_open_folder)
FILE = SourceKind("a video file", lambda text: True, open=_open_file)

KINDS = (DEVICE, ADDRESS, BROWSER, TOPIC, BAG, FOLDER, FILE)
"""All of them; the first that matches is meant."""
OF_CAMERA = tuple(kind for kind in KINDS if kind.open)
"""Those that the camera node opens: for it any other text is the name of a file."""


def in_words(kinds: Iterable[SourceKind]) -> str:
    """Enumerate kinds of sources, for help and refusals."""
    *others, last = (kind.text for kind in kinds)
    return f"{', '.join(others)} or {last}"


def sentence(kinds: Iterable[SourceKind]) -> str:
    """The same with a capital letter in front."""
    words = in_words(kinds)
    return words[0].upper() + words[1:]


ACCEPTED = in_words(OF_CAMERA)


def kind_of(source: str, kinds: Iterable[SourceKind] = OF_CAMERA) -> SourceKind:
    """The kind that a text names. Raises InputError for an empty one, and a path that cannot be looked at."""
    text = source.strip()
    if not text:
        raise InputError(f"source is empty; accepted: {in_words(kinds)}")
    return next(kind for kind in kinds if kind.matches(text))


def is_live(source: str, kinds: Iterable[SourceKind] = OF_CAMERA) -> bool:
    """Whether a text names what is of now and may come and go (a device, an address), and not a recording."""
    return kind_of(source, kinds).live
