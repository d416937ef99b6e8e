"""The dashboard in a real browser: what a person sees is what the graph says, and what they do reaches it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fitness_datasets.bags import BagReader

CLIP = "videos/squat/mrpose_squat2.mp4"
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900), "television": (1920, 1080)}
# Repetitions in the finished sets on the page.
SHOWN = "[...document.querySelectorAll('#sets tr')].reduce((sum, row) => sum + (+row.dataset.repetitions || 0), 0)"
MOVE = """(slider) => {
    slider.value = 0.3;
    slider.dispatchEvent(new Event("input"));
    slider.dispatchEvent(new Event("change"));
}"""
# Texts that do not fit their element.
CUT = """[...document.querySelectorAll("button, h1, h2, dd, dt, label")]
    .filter((e) => e.offsetParent && getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1)
    .map((e) => e.textContent)"""


@pytest.fixture(scope="module")
def demo(live) -> Iterator:
    """The demo, again and again."""
    running = live("--demo", "--loop")
    yield running
    running.end()


def test_the_count_on_the_page_is_that_of_the_repetition_events(
    data, live, browser: Browser, visit, until, tmp_path: Path
):
    bag = tmp_path / "bag"
    running = live("--source", data(CLIP), "--record", bag, "--no-overlay", "-p", "rep_counter.exercise:=squat")
    page = visit(browser, running.address)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    expect(page.locator("#exercise")).to_have_text("Squat")
    # The picture moves: two looks at it differ by more than noise.
    until(page, "fitness.pictures > 5")
    first = page.locator("#stage").screenshot()
    drawn = page.evaluate("fitness.pictures")
    until(page, f"fitness.pictures > {drawn + 10}")
    assert page.locator("#stage").screenshot() != first
    # A slider sets the parameter on the node, which says so.
    page.locator("#detection").evaluate(MOVE)
    expect(page.locator("#answer")).to_have_text("pose_estimator.min_detection_confidence = 0.3")
    # Without the picture the skeleton goes on, and no picture is sent any more.
    page.keyboard.press("p")
    expect(page.locator("#picture")).to_have_text("Picture off")
    expect(page.locator("#count")).to_have_text("3")
    pictures = page.evaluate("fitness.pictures")
    page.keyboard.press("p")
    until(page, f"fitness.pictures > {pictures}")
    # To the end of the clip: every event has come, and the last set with it.
    expect(page.locator("#link")).to_have_attribute("data-state", "lost")
    shown = page.evaluate(SHOWN)
    printed = running.wait()
    with BagReader(bag) as recorded:
        events = [event for _, _, event in recorded.messages([recorded.find("rep_event")])]
    counted = sum(event.status == 0 for event in events)
    assert counted > 3 and shown == counted
    assert f"squat {counted}" in printed


def test_controls_reach_the_graph(demo, browser: Browser, visit):
    page = visit(browser, demo.address)
    expect(page.locator("#count")).not_to_have_text("0")
    page.select_option("#pick", "squat")
    expect(page.locator("#answer")).to_have_text("counting squat")
    page.select_option("#pick", "")
    expect(page.locator("#answer")).to_have_text("the classifier decides")
    page.locator("h1").click()
    page.keyboard.press("r")
    expect(page.locator("#answer")).to_have_text("counting anew")
    expect(page.locator("#count")).to_have_text("0")
    expect(page.locator("#record")).to_be_enabled()
    page.keyboard.press("b")
    expect(page.locator("#record")).to_have_text("Stop recording")
    page.keyboard.press("b")
    expect(page.locator("#record")).to_have_text("Record")
    expect(page.locator("#answer")).to_contain_text("recorded 20")
    # Sliders of nodes that do not run in a replay cannot be moved.
    expect(page.locator("#detection")).to_be_disabled()
    expect(page.locator("#confidence")).to_be_enabled()


def test_an_exercise_that_somebody_else_asked_for_is_shown_as_such(live: Callable, browser: Browser, visit):
    # A namespace of its own: the other graph of these tests runs meanwhile.
    own = "--namespace", "asked"
    running = live("--demo", "--loop", "--no-overlay", *own, "-p", "rep_counter.exercise:=front_raise")
    page = visit(browser, running.address)
    expect(page.locator("#pick")).to_have_value("front_raise")
    expect(page.locator("#exercise")).to_have_text("Front raise")
    expect(page.locator("#sure")).to_have_text("only this is counted")
    page.select_option("#pick", "")
    expect(page.locator("#answer")).to_have_text("the classifier decides")
    expect(page.locator("#sure")).not_to_have_text("only this is counted")
    page.wait_for_timeout(1500)
    expect(page.locator("#pick")).to_have_value("")
    running.end()


def test_keys_can_be_switched_off(demo, browser: Browser, visit):
    page = visit(browser, demo.address)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    page.keyboard.press("?")
    expect(page.locator("#help-dialog")).to_be_visible()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    expect(page.locator("#help-dialog")).to_be_hidden()


@pytest.mark.parametrize("size", SIZES)
def test_it_fits_every_screen(demo, browser: Browser, visit, until, size: str):
    width, height = SIZES[size]
    page = visit(browser, demo.address, width, height)
    expect(page.locator("#count")).to_be_visible()
    until(page, "fitness.drawn > 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the screen"
    number = page.evaluate("parseFloat(getComputedStyle(document.getElementById('count')).fontSize)")
    assert number > 0.12 * min(width, height), "not to be read from across the room"
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_anybody(demo, browser: Browser, visit, violations, scheme: str):
    page = visit(browser, demo.address, color_scheme=scheme, bypass_csp=True)
    expect(page.locator("#bars .bar-fill").first).to_be_attached()
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []


def test_the_page_comes_back_when_the_server_does(live: Callable, browser: Browser, visit, until):
    first = live("--demo", "--loop", "--no-overlay")
    page = visit(browser, first.address)
    until(page, "fitness.drawn > 3")
    first.process.send_signal(signal.SIGINT)
    expect(page.locator("#link")).to_have_attribute("data-state", "lost")
    expect(page.locator("#link-text")).to_have_text("Reconnecting")
    first.process.communicate()
    drawn = page.evaluate("fitness.drawn")
    second = live("--demo", "--loop", "--no-overlay", port=int(first.address.rpartition(":")[2]))
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    until(page, f"fitness.drawn > {drawn + 3}")
    second.end()


def test_a_wrong_token_shows_what_to_do(live: Callable, browser: Browser, visit):
    running = live("--demo", "--loop", "--no-overlay", "--bind", "0.0.0.0")
    link = running.address.replace("THIS-MACHINE", "127.0.0.1")
    page = visit(browser, link.partition("?")[0])
    expect(page.locator("body")).to_contain_text("open the link that was printed")
    page = visit(browser, link)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    assert "token" not in page.url
    assert page.evaluate("document.cookie") == "", "a script can read the cookie"
    running.end()
