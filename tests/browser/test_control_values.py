"""What the controls show is what the graph says, also while they have the focus; not while somebody moves them."""

from playwright.sync_api import Browser, expect


def test_a_control_that_has_the_focus_shows_what_others_have_set(told, browser: Browser, visit):
    told.thresholds = {"detection": 0.4}
    page = visit(browser, told.address)
    pick, slider, number = page.locator("#pick"), page.locator("#detection"), page.locator("output[for=detection]")
    expect(slider).to_have_value("0.4")
    pick.focus()
    told.exercise = "curl"
    expect(pick).to_have_value("curl")
    slider.focus()
    told.thresholds = {"detection": 0.7}
    expect(slider).to_have_value("0.7")
    # What is asked for and not done does not stay.
    page.keyboard.press("ArrowRight")
    expect(page.locator("#answer")).to_have_text("done")
    expect(slider).to_have_value("0.7")
    expect(number).to_have_text("0.70")
    pick.select_option("squat")
    expect(pick).to_have_value("curl")


def test_a_slider_is_left_alone_while_it_is_moved(told, browser: Browser, visit):
    told.thresholds = {"detection": 0.4}
    page = visit(browser, told.address)
    pick, slider = page.locator("#pick"), page.locator("#detection")
    expect(slider).to_have_value("0.4")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    page.mouse.down()
    for exercise in ("curl", "squat"):  # the graph is told of twice
        told.exercise = exercise
        expect(pick).to_have_value(exercise)
        assert slider.input_value() == "1"
    page.mouse.up()
    expect(slider).to_have_value("0.4")
