"""What a screen reader says: each repetition once, also where it is in the same words as the one before."""

from playwright.sync_api import Browser, expect

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
