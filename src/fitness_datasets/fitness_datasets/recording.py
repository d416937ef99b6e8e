"""A bag that is written by a thread of its own, so that a slow disk never holds up who receives messages."""

import contextlib
import queue
import threading
from collections import Counter
from pathlib import Path

from fitness_datasets.bags import FLUSH_PERIOD, BagWriter
from fitness_datasets.topics import TOPICS

MAX_WAITING = 256_000_000
"""Bytes that may wait for the disk; what comes on top is dropped and counted."""

_FACT = TOPICS["exercise/info"]  # what a classifier says of itself when it starts; alone it is no recording


class Recording:
    """Takes messages at once and writes them to a new bag in the background. A bag that nothing came for is not left.

    path, topics: as in `BagWriter`. counts: topic -> messages taken in. bytes: taken in. dropped: messages that came
    when too much was waiting or the disk had failed. problem: why the disk failed, one line; empty while it works.
    """

    def __init__(self, path: Path, topics: dict[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self.bytes = 0
        self.dropped = 0
        self.problem = ""
        self._written = 0
        self._facts = {topic for topic, kind in topics.items() if kind == _FACT}
        # They wait for the first message that is none; where nothing else is recorded, for nothing.
        self._held: list[tuple[str, int, bytes]] | None = None if self._facts == topics.keys() else []
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
        if self._held is not None:
            self._held.append((topic, stamp_ns, cdr))
            if topic in self._facts:
                return
            held, self._held = self._held, None
            for entry in held:
                self._hand_over(*entry)
            return
        self._hand_over(topic, stamp_ns, cdr)

    def _hand_over(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        self.counts[topic] += 1
        self.bytes += len(cdr)
        self._queue.put((topic, stamp_ns, cdr))

    def close(self) -> None:
        """Write what is waiting and close the bag. What a failed disk took before it failed stays readable.

        A bag that nothing came for is removed: nobody could read it, and it would be in the way of the next one.
        """
        self._queue.put(None)
        self._thread.join()
        if not (self.counts or self.problem):
            self._writer.remove_empty()

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
        except Exception as error:
            # Whatever it is: nobody else would tell that nothing is written any more.
            why = (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"
            self.problem = f"{self._writer.path}: {why}; recording has stopped, what was written stays"
            with contextlib.suppress(OSError):
                self._writer.close()
