"""A process leaves the middleware within bounded time, or ends without.

Fast DDS 2.14 may wait for itself for ever, with a core to itself: while a participant is destroyed
`DomainParticipant::set_listener` holds the lock that `onWriterDiscovery` waits for, when another process says in this
moment that it has left. So it happens where a whole graph ends at once. Nothing of Python runs meanwhile.
"""

import contextlib
import faulthandler
from collections.abc import Iterator

LONGEST = 10.0
"""A process may take so long to leave [s]; a fraction of a second is usual."""
_STANDARD_ERROR = 2


@contextlib.contextmanager
def leaving(longest: float = LONGEST) -> Iterator[None]:
    """Around what destroys nodes and shuts down: where that hangs the process ends, with code 1, and says where.

    longest [s]. Others take the process for gone when they have not heard of it for a while, as after a crash.
    """
    # Its thread needs no lock of Python's.
    faulthandler.dump_traceback_later(longest, exit=True, file=_STANDARD_ERROR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
