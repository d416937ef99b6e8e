"""What tests of every package share: the clips, and the command line as a user calls it."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "shared" / "data"

# Before anything imports ROS 2: a domain for this run of the tests, and one for each of its workers, which have the
# environment of the run. Neither a robot in the house nor another run is heard.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["ROS_DOMAIN_ID"] = str(int(os.environ["ROS_DOMAIN_ID"]) + int(worker.removeprefix("gw")))
else:
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 90)
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"


def pytest_configure(config: pytest.Config) -> None:
    """Let programs that tests start hear the signals that this run ignores: SIGHUP under nohup, SIGINT behind an `&`.

    An ignored signal is ignored by whatever is started; one with a handler is not. A run with workers hands it on to
    them as it is, and they come by here.
    """
    if not getattr(config.option, "numprocesses", None):
        for number in (signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session")
def needed() -> Callable[[object, str], None]:
    """needed(there, what): without what it needs a test fails in CI and is skipped elsewhere."""

    def need(there: object, what: str) -> None:
        if not there:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"needs {what}")

    return need


@pytest.fixture(scope="session")
def data(needed: Callable[[object, str], None]) -> Callable[[str], Path]:
    """A file of the shared data."""

    def find(name: str) -> Path:
        path = DATA / name
        needed(path.exists(), str(path))
        return path

    return find


@pytest.fixture(scope="session")
def fitness() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `./fitness ARGUMENTS` in the environment of the tests."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fitness_bringup.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture(scope="module")
def ros() -> Iterator[None]:
    """ROS 2 of one module of tests."""
    import rclpy  # here: most tests need none

    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nodes keep over a crash is of one test only."""
    monkeypatch.setenv("ROS_HOME", str(tmp_path_factory.mktemp("ros_home")))


# DDS participants that are left before they are cleared away; each module clears away its own.
_MANY_LEFT = 3


@pytest.fixture(autouse=True)
def few_participants() -> Iterator[None]:
    """Clear away what tests have left of DDS before it is much.

    rclpy's nodes hold themselves in circles, so that their participant lives until Python's collector comes by. Where
    that was while others were discovered, Fast DDS has waited for itself for ever.
    """
    yield
    if _participants() >= _MANY_LEFT:
        gc.collect()


@pytest.fixture(scope="module", autouse=True)
def no_participants_of_other_modules() -> Iterator[None]:
    """Every module begins without the participants of the one before."""
    yield
    if _participants():
        gc.collect()


def _participants() -> int:
    """How many participants of DDS live in this process: each has a thread for its events."""
    names = 0
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            names += (thread / "comm").read_text().startswith("dds.ev")
    return names
