"""A bag that is written by a thread of its own, so that a slow disk never holds up who receives messages."""

import contextlib
import queue
import threading
from collections import Counter
from pathlib import Path

from fitness_datasets.bags import FLUSH_PERIOD, BagWriter

MAX_WAITING = 256_000_000
"""Bytes that may wait for the disk; what comes on top is dropped and counted."""


class Recording:
    """Takes messages at once and writes them to a new bag in the background.

    path, topics: as in `BagWriter`. counts: topic -> messages taken in. bytes: taken in. dropped: messages that came
    when too much was waiting or the disk had failed. problem: why the disk failed, one line; empty while it works.
    """

    def __init__(self, path: Path, topics: dict[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self.bytes = 0
        self.dropped = 0
        self.problem = ""
        self._written = 0
        self._writer = BagWriter(path, topics)
        self._queue: queue.SimpleQueue[tuple[str, int, bytes] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that wait for the disk."""
        return self.bytes - self._written

    def put(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        """Take in a message; never waits for the disk."""
        if self.problem or self.waiting > MAX_WAITING:
            self.dropped += 1
            return
        self.counts[topic] += 1
        self.bytes += len(cdr)
        self._queue.put((topic, stamp_ns, cdr))

    def close(self) -> None:
        """Write what is waiting and close the bag. What a failed disk took before it failed stays readable."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                try:
                    entry = self._queue.get(timeout=FLUSH_PERIOD)
                except queue.Empty:
                    self._writer.flush()
                    continue
                if entry is None:
                    break
                self._writer.write(*entry)
                self._written += len(entry[2])
            self._writer.close()
        except OSError as error:
            self.problem = (
                f"{self._writer.path}: {error.strerror or error}; recording has stopped, what was written stays"
            )
            with contextlib.suppress(OSError):
                self._writer.close()
