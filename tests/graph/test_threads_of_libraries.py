"""What libraries do beside the pose network: no threads that spin, no long imports while poses come."""

import os
import subprocess
import sys

import pytest

LOOK = """
import os, sys
class Look:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Look())
import {module}
"""
PREPARE = """
import sys
import rep_counter.rep_counter_node
from rep_counter.ros.beforehand import import_beforehand
print("scipy" in sys.modules)
thread = import_beforehand("scipy.ndimage", "scipy.linalg")
print(import_beforehand("scipy.ndimage", "scipy.linalg") is thread)
thread.join()
print("scipy.ndimage" in sys.modules and "scipy.linalg" in sys.modules)
"""


def printed(program: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60, env=environment)
    return done.stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "exercise_classifier.exercise_classifier_node",
        "rep_counter.rep_counter_node",
        "fitness_bringup.composition.live",
    ],
)
def test_numpy_is_imported_with_one_thread(module: str) -> None:
    assert printed(LOOK.format(module=module))[0] == "1"


def test_what_the_counter_needs_later_is_imported_in_a_thread_and_not_at_its_start() -> None:
    assert printed(PREPARE) == ["False", "True", "True"]
