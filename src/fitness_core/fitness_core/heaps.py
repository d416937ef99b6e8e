"""How many heaps the C library keeps for the threads of a process."""

import contextlib
import ctypes
import os

HEAPS = 2
_M_ARENA_MAX = -8  # malloc.h


def bound_heaps() -> None:
    """Let all threads share two heaps, unless MALLOC_ARENA_MAX says otherwise; of another library than glibc: nothing.

    glibc gives every thread a heap, up to eight for each core, and each keeps what is freed in it. A video that is
    opened again, a decoder, DDS and the pose network come with a dozen threads through whose hands pictures go: in
    the graph that was 100 MB that nobody used, and it grew. See mallopt(3), M_ARENA_MAX.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, HEAPS)
