"""Shared memory of the middleware that its process left behind when it was killed.

Fast DDS keeps what a process sends in a segment under /dev/shm, 35 MB with our profile, and removes it when the process
ends by itself. One that was killed leaves its own there for good: memory that nobody uses, and names that every new
process goes through when it starts (2000 of them cost it half a second).

The lock on the file beside a segment tells whether its process is alive; `fastdds shm clean` goes by it too:
https://fast-dds.docs.eprosima.com/en/2.14.x/fastddscli/cli/cli.html#shm. Not every installation has that command.
"""

import fcntl
import re
import time
from pathlib import Path

FOLDER = Path("/dev/shm")
"""Where Linux has shared memory."""
_LOCK = re.compile(r"(fastrtps_[0-9a-f]{16})_el")
# A process makes the file before it locks it [s].
_NEW = 1.0


def sweep(folder: Path = FOLDER) -> int:
    """Remove the segments of processes that are no more; how many there were.

    What belongs to another user, or goes meanwhile, is left alone.
    """
    swept = 0
    for lock in folder.glob("fastrtps_*_el"):
        named = _LOCK.fullmatch(lock.name)
        try:
            if named is None or time.time() - lock.stat().st_mtime < _NEW:
                continue
            with lock.open() as file:
                # Held by its process for as long as that lives, whatever it dies of.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (folder / named[1]).unlink(missing_ok=True)
                lock.unlink()
                swept += 1
        except OSError:
            continue
    return swept
