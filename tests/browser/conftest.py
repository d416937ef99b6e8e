"""A real browser, and the graph as a user starts it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))  # the helper beside the tests

from told import Told

DEADLINE = 60.0
expect.set_options(timeout=1000 * DEADLINE)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OUTAGE = ("net::ERR_CONNECTION", "WebSocket connection to", "status of 401")
"""The browser's own words about a server that is gone, or asks for a token."""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@dataclass
class Live:
    """`./fitness live` under way. address: of the dashboard."""

    process: subprocess.Popen[str]
    address: str

    def end(self) -> str:
        """Ctrl-C; what it printed at its end."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> str:
        """It ends by itself; what it printed then."""
        printed, errors = self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors, errors
        return printed


def wait_until(page: Page, expression: str) -> None:
    """Wait for a JavaScript expression to hold. (Playwright's own way is eval, which the page's policy forbids.)"""
    deadline = time.monotonic() + DEADLINE
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(50)


def chromium() -> str | None:
    """This machine's Chromium, None where it has none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def until() -> Callable[[Page, str], None]:
    return wait_until


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[str]]:
    """What axe-core finds of WCAG 2.2 A and AA in a page, with the elements; the page is visited with bypass_csp."""

    def find(page: Page) -> list[str]:
        found = Axe().run(page, options={"runOnly": RULES})
        return [f"{v['id']}: {[node['html'][:120] for node in v['nodes']]}" for v in found.response["violations"]]

    return find


# Not of the session: while Playwright runs, this thread has an event loop, and tests elsewhere start their own.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def launch(playwright: Playwright, needed: Callable[[object, str], None]) -> Iterator[Callable[..., Browser]]:
    """Starts the machine's Chromium."""
    path = chromium()
    browsers = []

    def start(*flags: str) -> Browser:
        needed(path, "Chromium: apt-get install chromium")
        # Playwright gives every browser a profile of its own, empty.
        browsers.append(playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags]))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture
def visit() -> Iterator[Callable[..., Page]]:
    """Opens a page; a message on its console, or an error in it, fails the test."""
    contexts, complaints = [], []

    def go(browser: Browser, address: str, width: int = 1440, height: int = 900, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(DEADLINE * 1000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield go
    for context in contexts:
        context.close()
    assert [text for text in complaints if not any(words in text for words in OUTAGE)] == []


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Live]]:
    """Starts `./fitness live` on a free port; ends it after the tests of the module."""
    started = []

    def start(*arguments: object, port: int = 0) -> Live:
        folder = tmp_path_factory.mktemp("live")
        command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--port", str(port), *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("dashboard: "):
                # What it goes on to say is read when it ends; a pipe holds minutes of status lines.
                return Live(process, line.split()[1])
        raise AssertionError("".join(said))

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def told() -> Iterator[Told]:
    """A graph that says what the test wants."""
    graph = Told()
    yield graph
    graph.server.close()
