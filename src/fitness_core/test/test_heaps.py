"""Memory that nobody uses is the system's again."""

import subprocess
import sys

CODE = """
from pathlib import Path

import numpy as np

from fitness_core import heaps


def held():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


pieces = [np.ones(8000) for _ in range(1000)]  # too small for pages of their own
del pieces[:-1]  # what is left stands at the end of the heap
before = held()
heaps.give_back()
after = held()
assert before - after > 40_000, (before, after)
pieces = [np.ones(8000) for _ in range(1000)]
del pieces[:-1]
before = held()
heaps.give_back()
assert held() > before - 1000, "not so soon again"
"""


def test_what_is_freed_in_the_middle_of_a_heap_is_given_back():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
