"""The link with the token in a real browser: wherever it is clicked, it opens the page, and stays in no address."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect
from told import Told

# What the line about the link says from now on.
LISTEN = """() => {
    window.said = [];
    const line = document.getElementById("link-text");
    new MutationObserver(() => said.push(line.textContent)).observe(line, { childList: true, subtree: true });
}"""


def test_the_link_opens_from_the_page_of_another_site_and_again(browser: Browser, visit):
    told = Told(host="0.0.0.0")
    try:
        link = told.address.replace("THIS-MACHINE", "127.0.0.1")
        page = visit(browser, link.partition("?")[0])
        # Another site than 127.0.0.1: the cookie is not sent with what comes from there.
        elsewhere = "http://localhost:9/mail"
        mail = f'<!doctype html><html lang="en"><title>Mail</title><a href="{link}">dashboard</a></html>'
        page.route(elsewhere, lambda route: route.fulfill(content_type="text/html", body=mail))
        for _ in range(2):
            page.goto(elsewhere)
            page.get_by_role("link").click()
            expect(page.locator("#link-text")).to_have_text("Connected")
            assert "token" not in page.url
        page.goto(link)
        expect(page.locator("#link-text")).to_have_text("Connected")
        assert "token" not in page.url
    finally:
        told.server.close()


def test_a_page_goes_on_saying_that_it_needs_the_new_link(browser: Browser, visit):
    told = Told(host="0.0.0.0")
    page = visit(browser, told.address.replace("THIS-MACHINE", "127.0.0.1"))
    expect(page.locator("#link-text")).to_have_text("Connected")
    told.server.close()
    again = Told(host="0.0.0.0", port=urlsplit(told.address).port)
    try:
        expect(page.locator("#link-text")).to_have_text("Open its new link")
        page.evaluate(LISTEN)
        for _ in range(2):
            with page.expect_response("**/api/state"):
                pass
        assert page.evaluate("said") == []
    finally:
        again.server.close()
