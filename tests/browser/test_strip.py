"""The signals of the live page: the lines of the two sides are told apart as in the report of a recording."""

import cv2
import numpy as np
from playwright.sync_api import Browser, expect

from fitness_core.skeleton import JOINTS
from fitness_core.types import JointAngles

SIDES = {"left": (6, 79, 176), "right": (184, 92, 23)}
"""The colours of the light theme, BGR."""


def solidity(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    """Of the row with most of a colour: the share of it between its first and its last pixel."""
    has = np.abs(picture.astype(int) - colour).max(axis=2) < 60
    columns = np.flatnonzero(has[has.sum(axis=1).argmax()])
    return len(columns) / (columns[-1] - columns[0] + 1)


def test_left_is_solid_and_right_is_dashed(told, browser: Browser, visit):
    told.silence = 0.0
    page = visit(browser, told.address, color_scheme="light")
    expect(page.locator("#link-text")).to_have_text("Connected")
    bent = [1.8 if joint.name.startswith("left") else 2.6 for joint in JOINTS]
    for number in range(30):
        told.stand(1000 + number / 2)
        told.angles = JointAngles(told.pose.stamp, np.array(bent, np.float32), np.ones(10, np.float32))
        page.wait_for_timeout(60)
    strip = page.locator("#strip")
    seen = cv2.imdecode(np.frombuffer(strip.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert solidity(seen, SIDES["left"]) > 0.95
    assert 0.4 < solidity(seen, SIDES["right"]) < 0.85
