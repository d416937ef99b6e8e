"""What stands on the picture of the live page is read from afar: nothing lies on it, and it has the room there is."""

import pytest
from playwright.sync_api import Browser, expect

ORDER = "Stand so that the camera sees you from head to feet, then raise a hand"
CUE = "Keep your elbows high, both of them, all the way."
# Whether what is seen at the middle and near the corners of an element is the element itself.
ON_TOP = """(element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const at = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]];
    return at.every(([x, y]) =>
        document.elementFromPoint(left + x * (right - left), top + y * (bottom - top)) === element);
}"""
WIDE = "(element) => element.offsetWidth / element.parentElement.clientWidth"


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800)])
def test_what_a_person_is_told_is_not_covered(told, browser: Browser, visit, width: int, height: int):
    told.stand(1000.0)
    told.silence = 0.0
    page = visit(browser, told.address, width, height)
    expect(page.locator("#link-text")).to_have_text("Connected")
    told.server.tell({"type": "cue", "stamp": 0, "text": CUE, "priority": "correction"})
    cue = page.locator("#cue")
    expect(cue).to_be_visible()
    assert cue.evaluate(WIDE) > 0.6 and cue.evaluate(ON_TOP)
    told.server.tell(told.known.take_instruction(ORDER))
    instruction = page.locator("#instruction")
    expect(instruction).to_be_visible()
    # As in the annotated picture: a cue gives way to an instruction.
    expect(cue).to_be_hidden()
    assert instruction.evaluate(WIDE) > 0.6 and instruction.evaluate(ON_TOP)


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800)])
def test_any_count_fits_into_its_ring(told, browser: Browser, visit, width: int, height: int):
    page = visit(browser, told.address, width, height)
    for count in (8, 88, 888, 8888):
        told.count("squat", count)
        expect(page.locator("#count")).to_have_text(str(count))
        page.wait_for_timeout(500)  # the beat is over
        number = page.locator("#count").bounding_box()
        ring = page.locator(".dial .track").bounding_box()
        assert number and ring and number["width"] < 0.85 * ring["width"], count


def test_the_count_is_there_on_a_screen_that_is_enlarged_four_times(told, browser: Browser, visit):
    page = visit(browser, told.address, 320, 256)  # 1280 x 1024 at 400 %
    told.count("lateral_raise", 12, rejected=3)
    expect(page.locator("#count")).to_have_text("12")
    number = page.locator("#count").bounding_box()
    assert number and number["height"] > 50
    # Nothing lies on it, and nothing leads to the side.
    page.locator("#count").scroll_into_view_if_needed()
    assert page.locator("#count").evaluate(ON_TOP)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("width", [360, 1280])
def test_text_is_as_large_as_the_person_has_set_it(told, browser: Browser, launch, visit, width: int):
    sizes = []
    for by in (browser, launch("--blink-settings=defaultFontSize=32")):
        page = visit(by, told.address, width)
        expect(page.locator("#link-text")).to_have_text("Connected")
        sizes.append(page.evaluate("parseFloat(getComputedStyle(document.getElementById('link-text')).fontSize)"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert sizes[1] > 1.7 * sizes[0]


def test_what_the_numbers_are_of_is_said(told, browser: Browser, visit):
    page = visit(browser, told.address, 1280, 800)
    group = page.locator("#last")
    expect(page.locator("#last-title")).to_have_text("Last repetition")
    assert group.get_attribute("aria-labelledby") == "last-title"
    # That of a set is not how long the set took.
    expect(page.get_by_role("columnheader", name="Time a rep")).to_be_visible()
