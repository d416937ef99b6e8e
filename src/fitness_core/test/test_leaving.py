"""A process that cannot leave the middleware ends all the same."""

import subprocess
import sys

# A native call that never returns and keeps Python's lock, as it was seen.
HANGS = "import ctypes; ctypes.PyDLL(None).sleep(600)"
LEAVES = """
from fitness_core.ros.process.leaving import leaving
with leaving({longest}):
    {what}
print("left")
"""
TIMEOUT = 60.0


def run(what: str, longest: float) -> subprocess.CompletedProcess[str]:
    code = LEAVES.format(longest=longest, what=what)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, check=False)


def test_a_process_that_hangs_while_it_leaves_ends_and_says_where():
    ended = run(HANGS, 0.5)
    assert ended.returncode == 1 and "left" not in ended.stdout
    assert "Timeout" in ended.stderr and 'File "<string>", line 4' in ended.stderr


def test_one_that_leaves_is_not_ended_afterwards():
    ended = run("pass", 0.2)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "left\n", "")
    later = run("pass\nimport time\ntime.sleep(0.6)", 0.2)
    assert (later.returncode, later.stdout) == (0, "left\n")
