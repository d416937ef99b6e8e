"""`~` in an option is the user's home, whatever its path is used for: of `--record=~/bag` the shell leaves it."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fitness_bringup.composition.live import DEMO
from fitness_core.catalogue import SHIPPED


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    made.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.chdir(elsewhere)
    shutil.copytree(SHIPPED, made / "mine")
    (made / "mine.yaml").write_text("/**/rep_counter: {ros__parameters: {restore_within: 7.0}}\n")
    return made


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that somebody else listens on: the dashboard, and so the graph, does not start."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize("known", [False, True])
def test_a_graph_that_does_not_start_leaves_no_bag_there(fitness, home: Path, taken: str, known: bool) -> None:
    given = ["--record=~/bag", "--catalogue=~/mine", "--params=~/mine.yaml", "--port", taken]
    if known:
        (home / "bag").mkdir()
        given.append("--another-bag")
    before = sorted(home.iterdir())
    done = fitness("live", "--demo", *given)
    *told, error = done.stderr.splitlines()
    assert done.returncode == 2 and error.startswith("error: dashboard: the dashboard cannot listen on")
    assert told == ([f"recording goes on in {home / 'bag_2'}"] if known else [])
    assert sorted(path for path in home.iterdir() if path.name != ".ros") == before
    assert list(Path.cwd().iterdir()) == []


def test_what_is_written_goes_there(fitness, home: Path) -> None:
    assert fitness("policies", "--out=~/policies").returncode == 0
    done = fitness("live", "--demo", "--no-dashboard", "--unpaced", "--record-video=~/annotated.mp4")
    assert done.returncode == 0, done.stderr
    assert (home / "policies" / "policy.xml").is_file() and (home / "annotated.mp4").is_file()
    assert list(Path.cwd().iterdir()) == []


def test_of_a_recording_that_is_there(fitness, home: Path) -> None:
    shutil.copytree(DEMO, home / "demo")
    done = fitness("analyze", "~/demo", "--json=~/report.json", "--catalogue=~/mine")
    assert done.returncode == 0, done.stderr
    assert (home / "report.json").is_file()


@pytest.mark.parametrize(
    "command",
    [
        ("soak", "--source=~/none.mcap"),
        ("faults", "--kills=1", "--source=~/none.mcap"),
        ("bench", "~/none.mp4"),
        ("dataset", "~/none.mcap", "--out=~/dataset"),
        ("evaluate", "counts", "--clips=~/none.csv"),
        ("train", "--clips=~/none.csv"),
    ],
)
def test_it_is_looked_for_there(fitness, home: Path, command: tuple[str, ...]) -> None:
    done = fitness(*command)
    assert done.returncode == 2 and f"{home}/none." in done.stderr, done.stderr
    assert not Path("~").exists()
