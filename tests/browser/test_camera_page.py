"""A browser as the camera, end to end: a fake capture device plays squats, the graph behind the page counts them."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from fitness_core.quiet_opencv import cv2
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
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#size")).to_have_text("\N{EN DASH}")  # told with the number of pictures, twice a second
    sent = int(page.locator("#sent").inner_text())
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
    assert 30 < poses <= sent, "more poses than pictures"
    assert stamps == sorted(set(stamps))
    assert "squat" in printed


@pytest.fixture(scope="module")
def camera(live, launch):
    """A graph whose camera is a browser, and a browser with a camera."""
    running = live("--source", "browser", "--no-overlay")
    yield launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"), f"{running.address}/camera"
    running.end()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_who_holds_the_camera(camera, visit, violations, scheme: str):
    page = visit(*camera, color_scheme=scheme, bypass_csp=True)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    assert violations(page) == []
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#sent")).not_to_have_text("0")
    assert violations(page) == []
    page.get_by_role("button", name="Stop").click()


def test_a_second_camera_is_told_why_it_has_to_wait(camera, visit):
    browser, address = camera
    first, second = visit(browser, address), visit(browser, address)
    for page in (first, second):
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#size")).to_contain_text("\N{MULTIPLICATION SIGN}" if page is first else "\u2013")
    expect(second.locator("#answer")).to_contain_text("Another page is the camera already")
    first.get_by_role("button", name="Stop").click()
    expect(second.locator("#sent")).not_to_have_text("0")
    expect(second.locator("#answer")).to_have_text("")


def test_a_camera_that_the_system_takes_away_is_said(camera, visit):
    page = visit(*camera)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#sent")).not_to_have_text("0")
    page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#answer")).to_contain_text("The camera has stopped")
    expect(page.locator("#start")).to_have_text("Start")
    expect(page.locator("#empty")).to_be_visible()


def test_a_press_too_many_leaves_no_camera_on(camera, visit):
    browser, address = camera
    page = visit(browser, address)
    page.add_init_script(
        "window.opened = []; const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (asked) => {"
        " const stream = await get(asked); opened.push(stream); return stream; };"
    )
    page.reload()
    page.get_by_role("button", name="Start").click(click_count=2)
    expect(page.locator("#sent")).not_to_have_text("0")
    page.get_by_role("button", name="Stop").click()
    live = "opened.flatMap((stream) => stream.getTracks()).filter((track) => track.readyState == 'live').length"
    assert page.evaluate("opened.length") == 1
    assert page.evaluate(live) == 0


def test_the_screen_stays_on_after_the_page_was_out_of_sight(camera, visit):
    browser, address = camera
    page = visit(browser, address)
    page.add_init_script(
        "window.asked = 0; const release = async () => {};"
        "const request = async () => { asked += 1; return {release}; };"
        "Object.defineProperty(navigator, 'wakeLock', {value: {request}})"
    )
    page.reload()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#sent")).not_to_have_text("0")
    assert page.evaluate("asked") == 1
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("asked") == 2


def test_a_graph_with_another_source_says_so_before_a_camera_is_switched_on(live, browser, visit):
    running = live("--demo", "--loop")
    page = visit(browser, f"{running.address}/camera")
    expect(page.locator("#answer")).to_contain_text("start it with ./fitness live --source browser")
    expect(page.locator("#start")).to_be_disabled()
    running.end()
