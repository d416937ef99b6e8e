"""MCAP files of a recorder that was killed. Format: https://mcap.dev/spec."""

from collections.abc import Collection, Generator
from io import BytesIO
from pathlib import Path

from rosbags.interfaces import Connection
from rosbags.rosbag2.storage_mcap import McapReader, read_sized, read_string

_MCAP_MAGIC = b"\x89MCAP0\r\n"


class UnfinishedMcap(McapReader):
    """An MCAP file whose writer was killed: no index, perhaps half a record at its end. Read from its beginning."""

    def _open(self) -> None:
        assert self.bio
        bio = self.bio
        size = self.path.stat().st_size
        if bio.read(len(_MCAP_MAGIC)) != _MCAP_MAGIC or bio.read(1) != b"\x01":
            raise ValueError("not an MCAP file")
        if read_string(BytesIO(read_sized(bio))) != "ros2":
            raise ValueError("not an MCAP file of ROS 2")
        self.data_start = self.data_end = bio.tell()
        while len(start := bio.read(9)) == 9 and start[0]:
            end = bio.tell() + int.from_bytes(start[1:], "little")
            if end > size:
                break
            self.data_end = end
            bio.seek(end)
        self.meta_scan()
        assert self.statistics
        counts = self.statistics.channel_message_counts
        self.connections = [c._replace(msgcount=counts.get(c.id, 0)) for c in self.connections]

    def messages(
        self, connections: Collection[Connection], start: int | None = None, stop: int | None = None
    ) -> Generator[tuple[Connection, int, bytes], None, None]:
        # The order of reception; without an index there is no other.
        return self.messages_scan(connections, start, stop)


def is_finished(file: Path) -> bool:
    """Whether the writer closed it."""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - len(_MCAP_MAGIC)))
        return stream.read() == _MCAP_MAGIC


def is_begun(file: Path) -> bool:
    """Whether anything of it has reached the disk, of an MCAP file more than the mark that it begins with."""
    with file.open("rb") as stream:
        first = stream.read(len(_MCAP_MAGIC) + 1)
    return any(first) and first != _MCAP_MAGIC
