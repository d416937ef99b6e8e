"""Bags: rosbag2 recordings, written as MCAP, read as MCAP or sqlite3, without rosbag2 itself.

Format: https://github.com/ros2/rosbag2, https://mcap.dev/spec. Message definitions are the bag's own where it
has them.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import merge
from pathlib import Path
from typing import Any, TypeVar

from rosbags.rosbag2 import (
    CompressionFormat,
    CompressionMode,
    Reader,
    StoragePlugin,
    Writer,
)
from rosbags.rosbag2.storage_mcap import McapReader, McapWriter
from rosbags.typesys.store import Typestore

from fitness_core.errors import InputError
from fitness_core.ros.images import to_frame
from fitness_core.ros.messages import from_body_pose
from fitness_core.ros.serialized import pose_of
from fitness_core.types import Frame, Pose
from fitness_datasets.bag_types import definitions, installed_types, qos_of, typestore
from fitness_datasets.topics import TOPICS
from fitness_datasets.unfinished_mcap import UnfinishedMcap, is_begun, is_finished

FLUSH_PERIOD = 1.0
"""A writer that is killed, or whose machine loses power, loses at most what came in its last so many seconds [s]."""

COMPRESSED = (".mcap.zstd", ".db3.zstd")
"""What the files of a bag end in that `ros2 bag record --compression-mode file` has compressed."""

Read = TypeVar("Read")

_AT_ONCE = ("fitness_msgs/msg/TakeLabel",)  # on the disk before anything else is written


class BagWriter:
    """Writes a rosbag2 bag (a folder with an MCAP file and, once closed, metadata.yaml).

    path: folder that does not exist yet; its parents are made. topics: topic -> type, for example
    "fitness_msgs/msg/BodyPose". compress: zstd inside the MCAP file (stock readers take it); not for pictures while
    they are taken. The QoS that a stock player offers is recorded: reliable, and latched where the graph is, but for
    what it keeps for nodes that start again (body_pose, exercise).
    Not safe to call from two threads. Raises InputError where something is at `path` or it cannot be made, or a
    type is not known.
    """

    def __init__(self, path: Path, topics: dict[str, str], compress: bool = False) -> None:
        self.path = Path(path)
        self.bytes = 0
        self._dirty = False
        self._flushed = time.monotonic()
        if self.path.exists() or self.path.is_symlink():
            raise InputError(f"{self.path} exists; recordings are never overwritten: give another path")
        store = typestore({})
        unknown = sorted({name for name in topics.values() if name not in store.fielddefs})
        if unknown:
            raise InputError(
                f"message type {unknown[0]!r} is not known; ROS 2 Jazzy's common types and fitness_msgs are"
            )
        self._writer = Writer(self.path, version=9, storage_plugin=StoragePlugin.MCAP)
        if compress:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        try:
            self._writer.open()
        except OSError as error:
            raise InputError(f"{self.path} cannot be written ({error.strerror}); give a folder that can") from None
        self._connections = {
            topic: self._writer.add_connection(topic, name, typestore=store, offered_qos_profiles=[qos_of(name)])
            for topic, name in topics.items()
        }

    def write(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        """Add a message: its CDR bytes as rclpy serializes them, and the time at which it was received [ns].

        Raises OSError where the disk refuses; nothing should be written after that but `close`.
        """
        self._writer.write(self._connections[topic], stamp_ns, cdr)
        self.bytes += len(cdr)
        self._dirty = True
        # A take that its label ends is told as kept a moment later, and must not be gone with the last second then.
        if self._connections[topic].msgtype in _AT_ONCE or time.monotonic() - self._flushed > FLUSH_PERIOD:
            self.flush()

    def flush(self) -> None:
        """Put what was written on the disk, so that it survives the death of this process and a cut of the power."""
        self._flushed = time.monotonic()
        if self._dirty:
            storage = self._writer.storage
            assert isinstance(storage, McapWriter)
            storage.close_chunk()
            storage.bio.flush()
            # 10 to 35 ms once a second, measured with and without pictures; nobody who receives waits for it.
            os.fsync(storage.bio.fileno())
            self._dirty = False

    def close(self) -> None:
        """Write index and metadata.yaml. Raises OSError where the disk refuses; what is there stays readable."""
        if self._writer.storage is None:
            return
        try:
            self._writer.close()
        except OSError:
            with contextlib.suppress(OSError):
                self._writer.abort()
            raise

    def remove_empty(self) -> None:
        """Remove the bag, once closed, where nothing was written into it; never what somebody else has put there."""
        if not self.bytes:
            with contextlib.suppress(OSError):
                for file in (self._writer.metapath, self.path / f"{self.path.name}.mcap"):
                    file.unlink()
                self.path.rmdir()

    def __enter__(self) -> "BagWriter":
        return self

    def __exit__(self, *error: object) -> None:
        # Closed properly after an error too: what was recorded until then is as good as any.
        self.close()


class BagReader:
    """Reads a rosbag2 bag, MCAP or sqlite3: a folder, or one .mcap or .db3 file; also of a recorder that was killed.

    topics: topic -> type. counts: topic -> number of messages. recovered: the recorder did not close the bag, and
    what it had written until its last second is read. Raises InputError for what is missing, no bag, empty or
    corrupt, here or while reading.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.recovered = False
        self.refused, self.refusal = 0, ""
        self._readers: list[Reader | McapReader] = []
        try:
            self._open()
            self._connections = [c for reader in self._readers for c in reader.connections]
            self._definitions = definitions(self._connections)
        except InputError:
            self.close()
            raise
        except Exception as error:  # rosbags raises whatever broken bytes lead it to
            self.close()
            raise self._damaged(error) from None
        self.topics = {connection.topic: connection.msgtype for connection in self._connections}
        self.counts = dict.fromkeys(self.topics, 0)
        for connection in self._connections:
            self.counts[connection.topic] += connection.msgcount
        if not sum(self.counts.values()):
            self.close()
            raise InputError(f"{self.path} is a bag without a message; record it again")
        self._store: Typestore | None = None

    def close(self) -> None:
        """Close the files."""
        for reader in self._readers:
            reader.close()
        self._readers = []

    def __enter__(self) -> "BagReader":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def find(self, name: str) -> str:
        """The recorded topic that is `name` of the graph (a key of `TOPICS`), whatever its namespace; "" = none.

        A name that starts with "/" is taken as it is. Raises InputError where several could be meant.
        """
        if name.startswith("/"):
            return name if name in self.topics else ""
        candidates = self.find_all(name)
        if len(candidates) > 1:
            raise InputError(
                f"{self.path} has {len(candidates)} topics that could be {name}: "
                f"{', '.join(sorted(candidates))}; name the one that is meant"
            )
        return candidates[0] if candidates else ""

    def find_all(self, name: str) -> list[str]:
        """The recorded topics that could be `name` of the graph: by the end of their names, else by their type."""
        candidates = [topic for topic in self.topics if f"/{topic}".endswith(f"/{name}")]
        if not candidates:
            claimed = {topic for topic in self.topics for known in TOPICS if f"/{topic}".endswith(f"/{known}")}
            candidates = [
                topic
                for topic, type_name in self.topics.items()
                if type_name == TOPICS.get(name) and topic not in claimed and "overlay/image" not in topic
            ]
        return candidates

    def raw(self, topics: Iterable[str] | None = None) -> Iterator[tuple[str, str, int, bytes]]:
        """Topic, type, time of reception [ns] and CDR bytes of every message, in the order of reception.

        topics: only these; None = all.
        """
        wanted = set(self.topics if topics is None else topics)
        streams, found = [], 0
        for reader in self._readers:
            # rosbags takes no connections for all connections
            if connections := [c for c in reader.connections if c.topic in wanted]:
                streams.append(reader.messages(connections))
        try:
            for connection, stamp, data in merge(*streams, key=lambda entry: entry[1]):
                found += 1
                yield connection.topic, connection.msgtype, stamp, bytes(data)
        except Exception as error:
            raise self._damaged(error) from None
        # In damaged bytes rosbags may find the end of what it reads.
        written = sum(self.counts.get(topic, 0) for topic in wanted)
        if found < written and not self.recovered:
            raise self._damaged(ValueError(f"{found} of its {written} messages can be read"))

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[tuple[str, int, Any]]:
        """Topic, time of reception [ns] and message (a rosbags object with the type's fields), like `raw`."""
        if self._store is None:
            self._store = typestore(self._definitions)
        for topic, name, stamp, cdr in self.raw(topics):
            try:
                message = self._store.deserialize_cdr(cdr, name)
            except Exception as error:
                raise self._damaged(error) from None
            yield topic, stamp, message

    def poses(self, topic: str = "body_pose") -> Iterator[Pose]:
        """The recorded poses, without those that a node would refuse: `refused` counts them, `refusal` says why.

        Raises InputError where there are none, or none of use.
        """
        return self._of_use(self._poses(topic), "poses")

    def _of_use(self, reads: Iterable[Callable[[], Read]], what: str) -> Iterator[Read]:
        self.refused, found = 0, False
        for read in reads:
            try:
                one = read()
            except InputError as error:
                self.refused += 1
                self.refusal = str(error)
                continue
            found = True
            yield one
        if self.refused and not found:
            raise InputError(f"{self.path}: none of its {self.refused} {what} can be used: {self.refusal}")

    def _poses(self, topic: str) -> Iterator[Callable[[], Pose]]:
        name = self._require(topic, "poses")
        if self.topics[name] in self.outdated():
            for _, _, message in self.messages([name]):
                yield partial(self._pose_of_older, message)
            return
        for _, _, _, cdr in self.raw([name]):
            yield partial(pose_of, cdr)

    @contextlib.contextmanager
    def older(self) -> Iterator[None]:
        """Around what reads fields of messages: InputError for one that another version of fitness_msgs lacks."""
        try:
            yield
        except AttributeError as error:
            if not (outdated := self.outdated()):
                raise
            raise InputError(
                f"{self.path} was recorded with another version of {', '.join(outdated)}, without a field that this "
                f"one needs ({error}); use the version that it was recorded with"
            ) from None

    def _pose_of_older(self, message: Any) -> Pose:
        with self.older():
            return from_body_pose(message)

    def frames(self, topic: str = "camera/image_raw") -> Iterator[Frame]:
        """The recorded pictures, raw or compressed, without those that a node would refuse, as `poses`."""
        name = self.find(topic) or self.find(f"{topic}/compressed") or self._require(topic, "pictures")
        return self._of_use((partial(to_frame, message) for _, _, message in self.messages([name])), "pictures")

    def outdated(self) -> list[str]:
        """Types of fitness_msgs whose fields in this bag are not those of the installed fitness_msgs.

        `messages` reads them all the same; their CDR bytes must not be published.
        """
        ours = installed_types()
        return sorted(
            name
            for name, (_, fields) in self._definitions.items()
            if name.startswith("fitness_msgs/") and (name not in ours or ours[name][1] != fields)
        )

    def _require(self, name: str, what: str) -> str:
        topic = self.find(name)
        if not topic:
            raise InputError(
                f"{self.path} has no {what}: no topic of type {TOPICS.get(name, name)}; it has "
                + ", ".join(f"{topic} ({kind})" for topic, kind in sorted(self.topics.items()))
            )
        return topic

    def _open(self) -> None:
        accepted = "give the folder of a rosbag2 bag, or its .mcap or .db3 file"
        if not self.path.exists():
            raise InputError(f"{self.path} does not exist; {accepted}")
        every = [self.path] if self.path.is_file() else sorted(self.path.iterdir())
        files = [file for file in every if file.suffix in (".mcap", ".db3")]
        # What was cut short after the bag was finished, by a copy or a full disk, is read like an unfinished one.
        whole = all(file.suffix != ".mcap" or is_finished(file) for file in files)
        if self.path.is_dir() and (self.path / "metadata.yaml").exists() and whole:
            try:
                self._add(Reader(self.path))
                return
            except Exception as error:
                # Of a recorder that died while it wrote it, metadata.yaml may be empty, or end somewhere.
                if not files or "files are missing" in str(error):
                    raise
                self.recovered = True
        if compressed := [file.name for file in every if file.name.endswith(COMPRESSED)]:
            raise InputError(
                f"{self.path} has {', '.join(compressed)} but no metadata.yaml of a finished bag; unpack with "
                "`zstd -d --rm` what is compressed, and give its folder"
            )
        if not files:
            raise InputError(f"{self.path} is not a bag (no metadata.yaml, .mcap or .db3); {accepted}")
        # The last file of a bag that is split may hold nothing yet where the recorder died.
        begun = [file for file in files if is_begun(file)]
        if not begun:
            raise InputError(f"{files[0]} is empty; {accepted}")
        self.recovered |= begun != files
        for file in begun:
            if file.suffix == ".mcap" and not is_finished(file):
                self.recovered = True
                self._add(UnfinishedMcap(file))
            else:
                self._add(Reader(file))

    def _add(self, reader: Reader | McapReader) -> None:
        reader.open()
        self._readers.append(reader)

    def _damaged(self, error: Exception) -> InputError:
        if isinstance(error, PermissionError):
            return InputError(f"{self.path} cannot be read ({error.strerror})")
        reason = " ".join(str(error).split()) or type(error).__name__
        return InputError(f"{self.path} is not a readable bag, or it is damaged: {reason}")
