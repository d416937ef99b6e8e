"""The recordings of a folder in a real browser: listed, read by anybody on any screen, kept, deleted."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, expect

from fitness_bringup.analysis.analyze import examine, to_text
from fitness_bringup.analysis.examination import to_csv
from fitness_bringup.analysis.html_report import to_html
from fitness_bringup.composition.live import DEMO
from fitness_visualization.dashboard.report_files import ReportFiles
from fitness_visualization.dashboard.server import Server, Settings
from fitness_visualization.dashboard.sessions import add_sessions


@pytest.fixture(scope="module")
def report() -> ReportFiles:
    """Of the demo."""
    examined = examine(str(DEMO))
    return ReportFiles(to_html(examined), to_csv(examined), to_text(examined.report))


@pytest.fixture
def site(report: ReportFiles, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A server of two recordings;"""
    for name in ("monday", "P01_S01/bag_001"):
        shutil.copytree(DEMO, tmp_path / name)
    pages = (partial(add_sessions, folder=tmp_path, analyse=lambda path: report),)
    server = Server(SimpleNamespace(look=lambda: False), Settings(port=0, pages=pages), print)
    server.start()
    yield SimpleNamespace(address=server.address, folder=tmp_path)
    server.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_are_for_anybody_on_any_screen(site, browser, visit, violations, scheme: str, width: int) -> None:
    page = visit(browser, f"{site.address}/sessions", width=width, color_scheme=scheme, bypass_csp=True)
    expect(page.get_by_role("row")).to_have_count(3)
    addresses = [
        page.url,
        *(page.get_by_role("link", name=name).first.evaluate("a => a.href") for name in ("Report of", "Delete")),
    ]
    for address in addresses:
        page.goto(address)
        assert violations(page) == [], address
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), (
            f"{address} is wider than the screen"
        )


def test_a_report_is_read_and_kept(site, browser: Browser, visit) -> None:
    page = visit(browser, f"{site.address}/sessions")
    with page.expect_download() as kept:
        page.get_by_role("link", name="Repetitions of monday as CSV").click()
    assert kept.value.suggested_filename == "monday.csv"
    assert len(Path(kept.value.path()).read_text().splitlines()) == 11
    page.get_by_role("link", name="Report of monday", exact=True).click()
    expect(page.get_by_role("heading", name="Set 3")).to_be_visible()
    assert page.locator("svg").count() == 4
    # The policy lets the page's own style through: the left side has its colour.
    stroke = page.locator("polyline.left").first.evaluate("line => getComputedStyle(line).stroke")
    assert stroke == "rgb(184, 69, 11)"
    page.get_by_role("link", name="All sessions").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_the_theme_that_was_chosen_is_that_of_the_list_too(site, browser: Browser, visit) -> None:
    page = visit(browser, f"{site.address}/sessions", color_scheme="light")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.get_by_role("link", name="Delete monday").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(13, 16, 18)")


def test_deleting_is_asked_twice(site, browser: Browser, visit) -> None:
    page = visit(browser, f"{site.address}/sessions")
    page.get_by_role("link", name="Delete monday").click()
    page.get_by_role("link", name="Keep it").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("link", name="Delete monday").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert not (site.folder / "monday").exists() and (site.folder / "P01_S01" / "bag_001").exists()


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_what_can_be_done_with_a_recording_is_in_view(site, browser: Browser, visit, width: int) -> None:
    long = "a very long name that somebody typed in a hurry on a monday morning before work"
    (site.folder / "monday").rename(site.folder / long)
    page = visit(browser, f"{site.address}/sessions", width=width)
    for name in (f"Report of {long}", f"Repetitions of {long} as CSV", f"Delete {long}"):
        box = page.get_by_role("link", name=name, exact=True).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, f"{name} has to be scrolled to"
    # It stays a table for who hears it.
    expect(page.get_by_role("row")).to_have_count(3)
