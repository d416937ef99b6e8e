"""How many heaps the C library keeps for the threads of a process, and what it keeps in them that nobody uses."""

import contextlib
import ctypes
import os
import time

HEAPS = 2
GIVE_BACK_PERIOD = 10.0
"""Between two times that a process gives back what it does not use [s]."""
KEPT = 256 << 20
"""Bytes that a heap keeps at its end at the most, where `keep_freed` asked for it."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_LARGEST = 32 << 20  # bytes that glibc takes from a heap at the most
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


def keep_freed() -> None:
    """Let the heaps keep what is freed, for what is done next: for a process that does one thing and ends.

    Arrays of some 100 kB that are made and freed in turn are otherwise new memory of the system every time: in a replay
    of recorded poses that was a quarter of its processor time. See mallopt(3); of another library than glibc: nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, KEPT)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST)


def give_back(now: bool = False) -> None:
    """Give pages of the heaps that nobody uses back to the system: now, or where it is `GIVE_BACK_PERIOD` ago.

    Call it now and then. glibc by itself gives back the end of a heap only: one small thing that stays there keeps all
    below it, which in the graph was 6 to 10 MB that came and went. It takes about 1 ms. See malloc_trim(3); of another
    library than glibc: nothing.
    """
    global _due
    at = time.monotonic()
    if now or at >= _due:
        _due = at + GIVE_BACK_PERIOD
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
