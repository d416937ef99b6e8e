"""What is old is not shown as if it were now: the camera is gone, nobody is there, the graph began anew."""

import math
import time
from itertools import count

import numpy as np
from playwright.sync_api import Browser, Locator, expect
from told import Told

from fitness_core.types import Classification, ClassificationStatus, JointAngles, Phase, Reason, RepEvent, nanoseconds

DEADLINE = 60.0
NOTHING = "\u2013"


def test_a_camera_that_gives_nothing_any_more_is_said(told, browser: Browser, visit, until):
    told.image = np.full((480, 640, 3), 255, np.uint8)
    told.label("squat", 0.9)
    told.count("squat", 4)
    told.stand(1000.0)
    told.stand(1000.1)
    page = visit(browser, told.address)
    expect(page.locator("#link-text")).to_have_text("Connected")
    expect(page.locator("#fps")).to_have_text("10")
    expect(page.locator("#sure")).to_have_text("90 % sure")
    expect(page.locator("#phase")).to_have_text("ready")
    until(page, "fitness.pictures > 2")
    # The picture that stays is not one picture after the other.
    assert page.evaluate("fitness.drawn") == 1
    expect(page.locator("#link-text")).to_have_text("No new pictures")
    expect(page.locator("#empty")).to_contain_text("Is the camera still on")
    expect(page.locator("#fps")).to_have_text(NOTHING)
    expect(page.locator("#latency")).to_have_text(NOTHING)
    expect(page.locator("#sure")).not_to_contain_text("sure")
    expect(page.locator("#phase")).not_to_contain_text("ready")
    expect(page.locator("#count")).to_have_text("4")
    told.stand(1010.0)
    expect(page.locator("#link-text")).to_have_text("Connected")
    expect(page.locator("#empty")).to_be_hidden()


def test_a_counter_and_a_classifier_that_answer_no_more_are_said(told, browser: Browser, visit):
    told.label("squat", 0.9)
    told.count("squat", 4, Phase.OUT)
    told.stand(1000.0)
    told.angles = JointAngles(told.pose.stamp, np.full(10, 1.8, np.float32), np.ones(10, np.float32))
    page = visit(browser, told.address)
    link, sure, stamps = page.locator("#link-text"), page.locator("#sure"), count(1)

    def stand_until(said: Locator, words: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while said.inner_text() != words:
            assert time.monotonic() < deadline, said.inner_text()
            told.stand(1000 + next(stamps) / 10)
            page.wait_for_timeout(100)

    stand_until(link, "Connected")
    told.answered.remove("exercise")
    stand_until(sure, "The classifier does not answer")
    assert (link.inner_text(), page.locator("#count").inner_text()) == ("Connected", "4")
    told.answered.remove("rep_state")
    stand_until(link, "The counter does not answer")
    expect(page.locator("#count")).to_have_text(NOTHING)
    expect(page.locator("#phase")).not_to_contain_text("out")
    told.answered += ["rep_state", "exercise"]
    stand_until(link, "Connected")
    expect(page.locator("#count")).to_have_text("4")
    expect(sure).to_have_text("90 % sure")


def test_a_page_that_is_opened_late_says_so_too(told, browser: Browser, visit):
    told.stand(1000.0)
    told.silence = 42.0
    page = visit(browser, told.address)
    expect(page.locator("#link-text")).to_have_text("No new pictures")
    expect(page.locator("#latency")).to_have_text(NOTHING)


def test_a_graph_that_began_anew_shows_nothing_of_before(told, browser: Browser, visit, until):
    told.silence = 0.0
    told.image = np.full((480, 640, 3), (0, 0, 255), np.uint8)
    told.stand(1000.0)
    told.count("squat", 7)
    told.known.take_repetition(RepEvent(0, "squat", 1, 7, Reason.NONE, 0, 1, nanoseconds(1.5), 1.5))
    page = visit(browser, told.address)
    expect(page.locator("#count")).to_have_text("7")
    expect(page.locator("#last-time")).to_have_text("1.5 s")
    until(page, "fitness.pictures > 1")
    told.server.close()
    expect(page.locator("#link-text")).to_have_text("Reconnecting")
    begun = Told(port=int(told.address.rpartition(":")[2]))
    try:
        expect(page.locator("#link-text")).to_have_text("Connected")
        expect(page.locator("#empty")).to_contain_text("Waiting for the first picture")
        expect(page.locator("#count")).to_have_text("0")
        expect(page.locator("#last-time")).to_have_text(NOTHING)
        # What was asked for with that is drawn with the next picture of the screen.
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        red = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
        assert page.locator("#stage").evaluate(red) == 0, "the picture of before is still there"
    finally:
        begun.server.close()


def test_nobody_looks_like_no_exercise(told, browser: Browser, visit):
    told.silence = 0.0
    told.stand(1000.0)
    told.label("squat", 0.9)
    page = visit(browser, told.address)
    expect(page.locator("#bars")).to_contain_text("90 %")
    told.stand(1001.0, somebody=False)
    told.known.take_classification(Classification(0, 0, ClassificationStatus.NO_BODY))
    expect(page.locator("#sure")).to_have_text("Nobody in view")
    expect(page.locator("#bars")).to_have_text("Move, and the likeliest exercises show here")
    told.label("squat", 0.7)
    expect(page.locator("#bars li").first).to_contain_text("Squat70 %")
    expect(page.locator("#sure")).to_have_text("70 % sure")
    # A classifier of somebody else's that does not say how sure it is.
    told.known.take_classification(Classification(0, 0, ClassificationStatus.OK, "squat", math.nan, {}))
    expect(page.locator("#sure")).to_have_text(" ")
