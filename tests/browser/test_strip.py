"""The signals of the live page: the lines of the two sides are told apart as in the report of a recording."""

import cv2
import numpy as np
from playwright.sync_api import Browser, Locator, expect

from fitness_core.skeleton import JOINTS
from fitness_core.types import JointAngles, Reason, RepEvent, nanoseconds

SIDES = {"left": (5, 74, 166), "right": (184, 92, 23)}
"""The colours of the light theme, BGR."""
BAD = (30, 38, 179)


def solidity(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    """Of the row with most of a colour: the share of it between its first and its last pixel."""
    has = np.abs(picture.astype(int) - colour).max(axis=2) < 60
    columns = np.flatnonzero(has[has.sum(axis=1).argmax()])
    return len(columns) / (columns[-1] - columns[0] + 1)


def seen_on(strip: Locator) -> np.ndarray:
    """The picture of it, BGR."""
    return cv2.imdecode(np.frombuffer(strip.screenshot(), np.uint8), cv2.IMREAD_COLOR)


def test_a_repetition_of_the_loop_before_is_not_marked_in_this_one(told, browser: Browser, visit, until):
    told.silence = 0.0
    page = visit(browser, told.address, color_scheme="light")
    expect(page.locator("#link-text")).to_have_text("Connected")
    strip, spoken = page.locator("#strip"), page.locator("#spoken")

    def stand(stamp: float) -> None:
        told.stand(stamp)
        until(page, f"fitness.drawn && fitness.draws.at(-1)[0] === {stamp}")

    def tell(end: float, reason: Reason) -> None:
        at = nanoseconds(end)
        event = RepEvent(at, "squat", 1, 1, reason, at - nanoseconds(2), at - nanoseconds(1), at, 2.0)
        told.server.tell(told.known.take_repetition(event))
        expect(spoken).to_have_text(f"Not counted: {reason.name.lower().replace('_', ' ')}")

    def marked() -> bool:
        return bool((np.abs(seen_on(strip).astype(int) - BAD).max(axis=2) < 25).any())

    stand(1099.0)
    stand(1000.0)
    tell(1098.0, Reason.SHALLOW)  # of before, decided at the end of the recording
    for stamp in range(1001, 1100, 7):
        stand(float(stamp))
    assert not marked()
    tell(1098.5, Reason.TOO_FAST)
    stand(1100.0)
    assert marked()
    stand(1099.9)  # overtaken by the one before
    assert marked()
    stand(1099.0)
    assert not marked()


def test_left_is_solid_and_right_is_dashed(told, browser: Browser, visit):
    told.silence = 0.0
    page = visit(browser, told.address, color_scheme="light")
    expect(page.locator("#link-text")).to_have_text("Connected")
    bent = [1.8 if joint.name.startswith("left") else 2.6 for joint in JOINTS]
    for number in range(30):
        told.stand(1000 + number / 2)
        told.angles = JointAngles(told.pose.stamp, np.array(bent, np.float32), np.ones(10, np.float32))
        page.wait_for_timeout(60)
    seen = seen_on(page.locator("#strip"))
    assert solidity(seen, SIDES["left"]) > 0.95
    assert 0.4 < solidity(seen, SIDES["right"]) < 0.85


RECORDED = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const { width } = this.measureText(text);
    const left = x - { left: 0, center: width / 2, right: width }[this.textAlign];
    if (this.canvas.id === "strip") written.push([String(text), left, left + width, this.canvas.clientWidth]);
    return fill.call(this, text, x, y);
};
"""
"""Keeps the words on the strip: text, left and right edge, width of the strip [px]."""


def test_why_a_repetition_is_not_counted_is_not_cut_off(told, browser: Browser, visit, until):
    told.silence = 0.0
    page = visit(browser, "about:blank", 768, 1024)
    page.add_init_script(RECORDED)
    page.goto(told.address)
    expect(page.locator("#link-text")).to_have_text("Connected")
    told.stand(1000.0)
    until(page, "fitness.drawn > 0")
    # Given up right after its turning point, and just now.
    start, turn, end = map(nanoseconds, (995.0, 999.9, 1000.0))
    told.server.tell(
        told.known.take_repetition(RepEvent(end, "squat", 1, 1, Reason.NOT_VISIBLE, start, turn, end, 2.0))
    )
    until(page, "written.some(([text]) => text === 'not visible')")
    for text, left, right, width in page.evaluate("written"):
        assert left >= 0 and right <= width, text
