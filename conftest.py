"""What tests of every package share: the clips, and the command line as a user calls it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """A file of the shared data; without it the test fails in CI and is skipped elsewhere."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            if os.environ.get("CI") == "true":
                pytest.fail(f"{path} is not there")
            pytest.skip(f"needs {path}")
        return path

    return find


@pytest.fixture(scope="session")
def fitness() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `./fitness ARGUMENTS` in the environment of the tests."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fitness_bringup.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run
