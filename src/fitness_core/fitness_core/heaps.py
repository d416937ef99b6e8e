"""How many heaps the C library keeps for the threads of a process, and what it keeps in them that nobody uses."""

import contextlib
import ctypes
import os
import time

HEAPS = 2
GIVE_BACK_PERIOD = 30.0
"""Between two times that a process gives back what it does not use [s]."""
_M_ARENA_MAX = -8  # malloc.h
_due = 0.0


def bound_heaps() -> None:
    """Let all threads share two heaps, unless MALLOC_ARENA_MAX says otherwise; of another library than glibc: nothing.

    glibc gives every thread a heap, up to eight for each core, and each keeps what is freed in it. A video that is
    opened again, a decoder, DDS and the pose network come with a dozen threads through whose hands pictures go: in
    the graph that was 100 MB that nobody used, and it grew. See mallopt(3), M_ARENA_MAX.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Give pages of the heaps that nobody uses back to the system, where that was not done for `GIVE_BACK_PERIOD`.

    Call it now and then. glibc by itself gives back the end of a heap only: one small thing that stays there keeps all
    below it, which in the graph was 6 to 10 MB that came and went. It takes about 1 ms. See malloc_trim(3); of another
    library than glibc: nothing.
    """
    global _due
    now = time.monotonic()
    if now >= _due:
        _due = now + GIVE_BACK_PERIOD
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
