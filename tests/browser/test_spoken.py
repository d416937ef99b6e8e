"""What a screen reader says: each repetition once, also where it is in the same words as the one before."""

import pytest
from playwright.sync_api import Browser, Page, expect

from fitness_core.types import Reason, RepEvent, nanoseconds

LISTEN = """() => {
    window.said = [];
    for (const element of document.querySelectorAll("[aria-live], output, [role=status], [role=alert]")) {
        if (element.ariaLive === "off") continue;
        new MutationObserver(() => said.push(element.textContent)).observe(element, {childList: true, subtree: true});
    }
}"""


def test_each_repetition_is_said_once(told, browser: Browser, visit, until):
    told.silence = 0.0
    told.stand(1000.0)
    told.count("squat", 1)
    page = visit(browser, told.address)
    expect(page.locator("#count")).to_have_text("1")
    page.evaluate(LISTEN)
    told.count("squat", 2)
    expect(page.locator("#count")).to_have_text("2")
    for number in (1, 2):
        at = nanoseconds(1000.0 + number)
        event = RepEvent(at, "squat", 1, number, Reason.SHALLOW, at - nanoseconds(1), at, at, 0.5)
        told.server.tell(told.known.take_repetition(event))
        page.wait_for_timeout(300)
    assert page.evaluate("said") == ["2", "Not counted: shallow", "Not counted: shallow"]


def regions(page: Page) -> list[str]:
    """The texts of the live regions in Chromium's accessibility tree."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def text(node: dict) -> str:
        own = node["name"]["value"] if node.get("role", {}).get("value") == "StaticText" else ""
        return own + "".join(text(by_id[child]) for child in node.get("childIds", []) if child in by_id)

    def begins_here(node: dict) -> bool:
        return not node["ignored"] and any(each["name"] == "live" for each in node.get("properties", []))

    return [text(node) for node in nodes if begins_here(node)]


@pytest.mark.parametrize(
    ("path", "message", "shown"),
    [
        ("", {"type": "cue", "stamp": 0, "text": "Go lower", "priority": "correction"}, "#cue"),
        ("", {"type": "instruction", "text": "Go lower"}, "#instruction"),
        ("/camera", {"type": "instruction", "text": "Go lower"}, "#instruction"),
    ],
)
def test_what_the_person_is_told_comes_into_a_region_that_is_there(told, browser: Browser, visit, path, message, shown):
    page = visit(browser, f"{told.address}{path}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    before = regions(page)
    told.server.tell(message)
    expect(page.locator(shown)).to_be_visible()
    after = regions(page)
    # A region that comes with its words is one that no screen reader has been listening to.
    assert len(after) == len(before) and "Go lower" in after and "Go lower" not in before


def test_a_cue_that_comes_again_is_said_again(told, browser: Browser, visit, until):
    told.stand(1000.0)
    told.silence = 0.0
    page = visit(browser, told.address)
    expect(page.locator("#link-text")).to_have_text("Connected")
    page.evaluate(LISTEN)
    for number in (1, 2):
        told.server.tell({"type": "cue", "stamp": 0, "text": "Go lower", "priority": "correction"})
        until(page, f"said.filter((text) => text.includes('Go lower')).length == {number}")
