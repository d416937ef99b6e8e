"""What is analysed: opens whatever a recording may be. Free of ROS."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitness_camera.source_kinds import ADDRESS, BAG, DEVICE, FILE, FOLDER, Asked, SourceKind, kind_of, path_of
from fitness_core.errors import InputError
from fitness_core.types import Frame, Pose
from fitness_datasets.topics import TOPICS

if TYPE_CHECKING:
    from fitness_datasets.bags import BagReader

_RECORDINGS = ADDRESS, BAG, FOLDER, FILE
_LOOKED_FOR = "body_pose", "camera/image_raw", "camera/image_raw/compressed"
_POSES, *_PICTURES = (TOPICS[name] for name in _LOOKED_FOR)


@dataclass(frozen=True, slots=True)
class Footage:
    """What is analysed: frames, or poses that were found before.

    total: how many of them, 0 = not known. rate: nominal [Hz], 0 = not known. undecoded: how many frames so far do not
    decode, or are missing, or are pictures or poses that a node would refuse. unfinished: a bag that breaks off.
    """

    frames: Iterable[Frame] | None
    poses: Iterable[Pose] | None
    total: int = 0
    rate: float = 0.0
    undecoded: Callable[[], int] = lambda: 0
    unfinished: bool = False


def place_of(source: str) -> Path | None:
    """The file or folder that a source names, there or not; None for an address or a device. Raises InputError."""
    return None if _kind_of(source).live else path_of(source)


def open_footage(source: str, fps: float, size: tuple[int, int], topic: str, resources: ExitStack) -> Footage:
    """Open what `source` names; it is closed with `resources`. Raises InputError for what is not a recording."""
    kind = _kind_of(source)
    if kind is DEVICE:
        raise _has_no_end(source)
    path = place_of(source) or Path(source)
    if not kind.live and not path.exists():
        raise InputError(
            f"{source} is not there; analyze takes a video, a folder of pictures, a bag (its folder, .mcap or .db3) or "
            "landmarks (.npz)"
        )
    if topic and kind is not BAG:
        raise InputError(f"--topic {topic}: {source} is no bag, and only bags hold topics")
    # Imported where needed: a mistake in the source is answered at once.
    if path.suffix == ".npz":
        from fitness_datasets.pose_files import read_pose_file

        if fps <= 0:
            raise InputError(f"{source}: a .npz does not hold its frame rate; give it with --fps (e.g. --fps 30)")
        poses = read_pose_file(path, fps, *size)
        return Footage(None, poses, len(poses), fps)
    if fps or any(size):
        raise InputError(f"{source}: --fps and --size are for .npz files; every other recording holds its own")
    if kind is BAG:
        from fitness_datasets.bags import BagReader

        return _of_bag(resources.enter_context(BagReader(path)), topic)
    assert kind.open is not None
    camera = resources.enter_context(kind.open(source.strip(), Asked()))
    if camera.live:
        raise _has_no_end(source)
    return Footage(camera, None, camera.frames, camera.rate, lambda: camera.undecoded)


def _kind_of(source: str) -> SourceKind:
    """What a source names. A number is a camera only where no recording here has that name."""
    text = source.strip()
    camera = DEVICE.matches(text) and not (text.isdecimal() and path_of(text).exists())
    return DEVICE if camera else kind_of(source, _RECORDINGS)


def _has_no_end(source: str) -> InputError:
    return InputError(f"{source} has no end and analyze takes recordings; use ./fitness live --source {source}")


def _of_bag(reader: "BagReader", topic: str) -> Footage:
    """Its poses, else its pictures. topic: the one that is meant, "" = find it."""
    name = "/" + topic.removeprefix("/")
    if not topic:
        try:
            name = next(filter(None, map(reader.find, _LOOKED_FOR)), "")
        except InputError as error:  # there are several
            raise InputError(f"{error}, with --topic NAME") from None
        if not name:
            raise InputError(f"{reader.path} holds neither poses nor pictures; record body_pose or camera/image_raw")
    elif reader.topics.get(name) not in (_POSES, *_PICTURES):
        usable = sorted(name for name, kind in reader.topics.items() if kind in (_POSES, *_PICTURES))
        raise InputError(
            f"--topic {topic} is no topic of poses or pictures in {reader.path}; it holds {', '.join(usable) or 'none'}"
        )
    poses = reader.topics[name] == _POSES
    return Footage(
        None if poses else reader.frames(name),
        reader.poses(name) if poses else None,
        reader.counts[name],
        undecoded=lambda: reader.refused,
        unfinished=reader.recovered,
    )
