"""Pages record and guide where each node is a process of its own, too: ./fitness live --processes, ros2 launch."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fitness_datasets.bags import BagReader

VIDEO = "videos/squat/nowva_squats.mp4"
TIMEOUT = 120.0
ADDRESS = re.compile(r"dashboard: (http://\S+)")
HAS_LAUNCH = shutil.which("ros2") is not None and importlib.util.find_spec("launch_ros") is not None


def by_processes(video: Path) -> list[str]:
    command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--processes", "--port", "0", "--loop"]
    return [*command, "--source", str(video)]


def by_launch(video: Path) -> list[str]:
    asked = ["port:=0", "loop:=true", f"source:={video}", "log_level:=info"]
    return ["ros2", "launch", "-n", "fitness_bringup", "live.launch.py", *asked]


@pytest.fixture(
    params=[
        pytest.param(by_processes, id="processes"),
        pytest.param(by_launch, id="launch", marks=pytest.mark.skipif(not HAS_LAUNCH, reason="no ros2 launch here")),
    ]
)
def graph(request, data: Callable[[str], Path], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The graph on a video, in an empty folder, and the address of its dashboard."""
    process = subprocess.Popen(
        request.param(data(VIDEO)),
        cwd=tmp_path,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said.append(line)
            if found := ADDRESS.search(line):
                yield process, found[1]
                break
        else:
            raise AssertionError("".join(said))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_page_records_guides_and_deletes(graph, browser: Browser, visit, tmp_path: Path) -> None:
    process, address = graph
    page = visit(browser, address)
    expect(page.locator("#record")).to_be_enabled()
    expect(page.locator("#guide")).to_be_enabled()
    answer = page.locator("#answer")
    page.locator("#record").click()
    expect(answer).to_contain_text("recording ")
    expect(page.locator("#record")).to_have_text("Stop recording")
    page.locator("#record").click()
    expect(answer).to_contain_text("recorded ")
    expect(page.locator("#record")).to_have_text("Record")
    (bag,) = (tmp_path / "recordings").iterdir()
    with BagReader(bag) as recorded:
        assert not recorded.recovered and recorded.counts["/fitness/exercise/info"] == 1

    page.locator("#guide").click()
    page.get_by_label("Pseudonym").fill("P01")
    page.get_by_label("The person has agreed to be recorded").check()
    page.get_by_role("button", name="Begin").click()
    expect(answer).to_contain_text("take of ")
    expect(page.locator("#record")).to_have_text("Stop recording")
    expect(page.locator("#instruction")).to_be_visible()
    page.locator("#record").click()
    expect(answer).to_contain_text("not kept")
    expect(page.locator("#record")).to_have_text("Record")

    page.goto(f"{address}/sessions")
    page.get_by_role("link", name=f"Delete {bag.name}").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("link", name=f"Delete {bag.name}")).to_have_count(0)
    (left,) = (tmp_path / "recordings").iterdir()
    assert left != bag
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0 and "Traceback" not in output, output
