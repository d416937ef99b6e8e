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
heaps.give_back(now=True)
assert before - held() > 40_000, "but where it is asked for"
"""


def test_what_is_freed_in_the_middle_of_a_heap_is_given_back():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


KEEPING = """
import resource

import numpy as np

from fitness_core import heaps


def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        arrays = [np.ones(50_000) for _ in range(10)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


heaps.keep_freed()
faults()
assert faults() < 500, "of 50 times 1000 pages"
"""


def test_what_is_kept_is_no_new_memory_of_the_system():
    done = subprocess.run([sys.executable, "-c", KEEPING], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
