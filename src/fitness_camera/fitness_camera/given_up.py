"""What takes seconds to open keeps nobody waiting who no longer wants it. Free of ROS."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from fitness_camera.source import Source
from fitness_camera.source_kinds import ADDRESS

LOOK_PERIOD = 0.02
"""Between looks at whether it is still wanted [s]."""


def opened(source: str, open_it: Callable[[], Source], stopping: threading.Event) -> Source | None:
    """What `open_it` opens, or raises; None of an address that has not answered when `stopping` is set.

    What opens after all is closed then. FFmpeg cannot be interrupted while it waits, so an address is left to a thread
    of its own; no daemon, as a process that ends would be aborted, were it to answer just then. A device is not left
    behind: whoever wants it next could not have it.
    """
    if not ADDRESS.matches(source.strip()):
        return open_it()
    opening: Future[Source] = Future()
    threading.Thread(target=_fulfil, args=(opening, open_it), name="opening").start()
    while not stopping.wait(LOOK_PERIOD):
        if opening.done():
            return opening.result()
    opening.add_done_callback(_close)
    return None


def _fulfil(opening: "Future[Source]", open_it: Callable[[], Source]) -> None:
    try:
        opening.set_result(open_it())
    except Exception as error:  # whoever waits is told
        opening.set_exception(error)


def _close(opening: "Future[Source]") -> None:
    if opening.exception() is None:
        opening.result().close()
