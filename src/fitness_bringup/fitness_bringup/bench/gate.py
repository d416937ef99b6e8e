"""The camera of the graphs: pictures from memory, as fast as they come all the way.

How fast a graph is, is measured under back-pressure: its camera hands out a picture when the counter has confirmed
(rep_state) the one before the last. So at most two are on their way, the pose stage never waits for a picture, none is
ever replaced by a newer one, and what is counted has gone all the way: published, taken from DDS, processed, published,
classified, counted, published. A camera that is merely faster would measure how many pictures can be thrown away, a
slower one only itself. Everything else is the product's own: its nodes, parameters, QoS, executor and DDS profile.
"""

import threading
import time
from collections import deque

import numpy as np

from fitness_camera.source import Source
from fitness_core.types import Frame

ON_THEIR_WAY = 2
"""Pictures that may be unconfirmed under back-pressure: one in the pose stage, the next one waiting for it."""
APART = 0.01
"""Between two pictures under back-pressure, at the least, as from a camera of 100 Hz [s].

Of two at once the second takes the place of the first before anybody has taken that one; its confirmation then lets two
at once go again, and from then on the pose stage waits for every picture."""
STALLED = 5.0
"""When nothing is confirmed for so long, what is under way is lost, and the next pictures are handed out [s]."""


class GatedSource(Source):
    """Pictures from memory, stamped when they are handed out; only as many as a slice allows."""

    def __init__(self, pictures: np.ndarray) -> None:
        super().__init__("pictures in memory", "camera_optical_frame")
        self.live = True
        self.height, self.width = pictures.shape[1:3]
        self.handed_out = 0
        self.lost = 0
        # Plain arrays, as cameras give them: those of a mapped file cost at every touch.
        self._pictures = pictures.view(np.ndarray)
        self.cpu = 0.0
        """CPU time that handing out has taken, which no camera's read does [s]."""
        self._period = 0.0
        self._due = 0.0
        self._soonest = 0.0
        self._left = 0
        self._on_their_way: deque[int] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def allow(self, frames: int, rate: float) -> None:
        """Hand out so many pictures: one per 1 / rate [Hz], or with rate 0 each when one has been confirmed."""
        with self._changed:
            self._left, self._period = frames, 1 / rate if rate else 0.0
            self._on_their_way.clear()
            self._due = time.monotonic()
            self.lost = 0
            self._changed.notify()

    def confirm(self, stamp: int) -> None:
        """The picture of that stamp has come all the way; those before it that have not made way for it."""
        with self._changed:
            while self._on_their_way and self._on_their_way[0] <= stamp:
                self.lost += self._on_their_way.popleft() != stamp
            self._changed.notify()

    def read(self) -> Frame | None:
        begun = time.thread_time()
        try:
            return self._next()
        finally:
            self.cpu += time.thread_time() - begun

    def _next(self) -> Frame | None:
        with self._changed:
            while not self._changed.wait_for(self._may, STALLED):
                self.lost += len(self._on_their_way)
                self._on_their_way.clear()
        if self._closed:
            return None
        if self._period:
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._due += self._period
        else:
            time.sleep(max(0.0, self._soonest - time.monotonic()))
        picture = self._pictures[self.handed_out % len(self._pictures)]
        self.handed_out += 1
        stamp = time.time_ns()
        self._soonest = time.monotonic() + APART
        with self._changed:
            self._left -= 1
            self._on_their_way.append(stamp)
        return Frame(stamp, picture, self.frame_id)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _may(self) -> bool:
        return self._closed or (self._left > 0 and (self._period > 0 or len(self._on_their_way) < ON_THEIR_WAY))
