"""What is old is not shown as if it were now: the camera is gone, nobody is there, the graph began anew."""

import numpy as np
from playwright.sync_api import Browser, expect

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


def test_a_page_that_is_opened_late_says_so_too(told, browser: Browser, visit):
    told.stand(1000.0)
    told.silence = 42.0
    page = visit(browser, told.address)
    expect(page.locator("#link-text")).to_have_text("No new pictures")
    expect(page.locator("#latency")).to_have_text(NOTHING)
