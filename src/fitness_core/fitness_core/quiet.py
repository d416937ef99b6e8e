"""Keeps the chatter of C++ libraries off stderr, and only that."""

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator

LITERT_CHATTER = re.compile(rb"^[IW]\d{4} |before absl::InitializeLog\(\)|^INFO: Created TensorFlow Lite")
"""Information and warnings of Google's loggers ("I0000 00:00:...", "W0000 00:00:...") and of LiteRT; errors stay."""

_LOCK = threading.Lock()


@contextlib.contextmanager
def without(chatter: re.Pattern[bytes]) -> Iterator[None]:
    """While inside, lines on file descriptor 2 that match are dropped; all others are written when it is left.

    For libraries that log before anybody can tell them not to. One caller at a time: the descriptor is the process's.
    """
    with _LOCK, tempfile.TemporaryFile() as kept:
        try:
            stderr = os.dup(2)
        except OSError:  # there is no stderr
            yield
            return
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            kept.seek(0)
            lines = b"".join(line for line in kept if not chatter.search(line))
            if lines:
                os.write(2, lines)
