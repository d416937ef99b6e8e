"""A page that nobody sees gets no pictures."""

import time

import numpy as np
from playwright.sync_api import Browser

DEADLINE = 60.0
# Playwright cannot bring another window before a page.
SEE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_pictures_come_while_the_page_is_in_view(told, browser: Browser, visit, until):
    told.silence = 0.0
    told.image = np.full((480, 640, 3), 255, np.uint8)
    told.stand(1000.0)
    page = visit(browser, told.address)
    until(page, "fitness.pictures > 2")
    page.evaluate(SEE, True)
    deadline = time.monotonic() + DEADLINE
    while told.server.picture_wanted:
        assert time.monotonic() < deadline, "it goes on asking for pictures"
        page.wait_for_timeout(10)
    until(page, "fitness.echoes.length > 5")  # what was on its way has come
    pictures = told.server.pictures
    told.stand(1001.0)
    until(page, "fitness.drawn > 1")
    assert told.server.pictures == pictures
    page.evaluate(SEE, False)
    until(page, f"fitness.pictures > {pictures}")
