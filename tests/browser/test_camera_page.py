"""A browser as the camera, end to end: a fake capture device plays squats, the graph behind the page counts them."""

from pathlib import Path

import cv2
from playwright.sync_api import expect

from fitness_datasets.bags import BagReader

CLIP = "videos/squat/mrpose_squat2.mp4"
BEGIN, SIDE = 5.5, 480
"""The clip begins with a logo [s]; longest side of the pictures [px]."""


def motion_jpeg(clip: Path, path: Path) -> Path:
    """The clip as Chromium's fake capture device takes it: JPEG after JPEG, 30 a second."""
    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * BEGIN)
    with path.open("wb") as file:
        while (picture := capture.read()[1]) is not None:
            height, width = picture.shape[:2]
            scale = SIDE / max(height, width)
            picture = cv2.resize(picture, (int(width * scale) // 2 * 2, int(height * scale) // 2 * 2))
            file.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


def test_repetitions_before_a_browsers_camera_are_counted(data, live, launch, visit, tmp_path: Path):
    pictures = motion_jpeg(data(CLIP), tmp_path / "squats.mjpeg")
    browser = launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={pictures}",
    )
    bag = tmp_path / "bag"
    running = live("--source", "browser", "--record", bag, "--no-overlay", "-p", "rep_counter.exercise:=squat")
    page = visit(browser, f"{running.address}/camera", 390, 844)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#count")).to_have_text("4")
    expect(page.locator("#exercise")).to_have_text("Squat")
    sent = int(page.locator("#sent").inner_text())
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#empty")).to_be_visible()
    watching = visit(browser, running.address)
    expect(watching.locator("#link-text")).to_have_text("No new pictures")
    shown = int(page.locator("#count").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    printed = running.end()
    with BagReader(bag) as recorded:
        poses = recorded.counts[recorded.find("body_pose")]
        events = [event for _, _, event in recorded.messages([recorded.find("rep_event")])]
        stamps = [pose.stamp for pose in recorded.poses()]
    # The end of the stream decides a repetition that was under way.
    assert shown <= sum(event.status == 0 for event in events) <= shown + 1
    assert 30 < poses <= sent + 10, "more poses than pictures"
    assert stamps == sorted(set(stamps))
    assert "squat" in printed
