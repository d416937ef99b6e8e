"""How a program of the graph is told to end."""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable

AGAIN = 1.0
"""Only a signal that comes so long after the first is a second one [s]: where a process group is told to end, a launch
that is told too hands it on to nodes that have heard."""


def on_signal(callback: Callable[[], None]) -> None:
    """Call `callback` once, from a thread, on the first SIGINT, SIGTERM or SIGHUP; one `AGAIN` later ends it at once.

    rclpy's own handlers invalidate the context first, after which a node cannot publish its last words.
    """
    heard: set[int] = set()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Python's own handlers wait until rcl_wait returns; the wake-up descriptor is written at once, on any thread.
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What was started by nohup is not told when its terminal closes.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: heard.add(number))

    def ignore() -> None:
        # While Python ends they have their default again, and one that is handed on kills a program that is done.
        for number in heard:
            signal.signal(number, signal.SIG_IGN)

    atexit.register(ignore)

    def wait() -> None:
        os.read(reader, 1)
        first = time.monotonic()
        callback()
        while os.read(reader, 1):
            if time.monotonic() - first > AGAIN:
                os._exit(130)

    threading.Thread(target=wait, name="signals", daemon=True).start()
