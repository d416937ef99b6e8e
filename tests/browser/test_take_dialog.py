"""A guided take on the page: the dialog asks for what it needs, the countdown fills the picture, then it is decided."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.server import Server, Settings
from fitness_visualization.dashboard.state import State


class Guide:
    """A graph that guides: the test says what happens next."""

    def __init__(self) -> None:
        self.known = State(Catalogue.load())
        self.asked: list[requests.Request] = []
        self.phase: str | None = None
        self.recorder_answers = True
        self.refusal = self.problem = ""
        self.server = Server(self, Settings(port=0), print)

    def hello(self) -> dict:
        return self.known.hello() | {"picture": False}

    def look(self) -> bool:
        return False

    async def ready(self) -> None:
        """There is nothing to wait for."""

    def state(self) -> dict:
        return self.known.now(None, None)

    def picture(self) -> None:
        """There is none."""

    async def graph(self) -> dict:
        told = {"thresholds": {}, "nodes": {}, "exercise": "", "pictures": False}
        bag = {"on": bool(self.asked), "bag": "today"} | ({"problem": self.problem} if self.problem else {})
        recording = {"recording": bag} if self.recorder_answers else {}
        return {"type": "graph", "guide": True, "take": self.phase} | recording | told

    async def act(self, request: requests.Request) -> str:
        self.asked.append(request)
        if self.refusal:
            raise InputError(self.refusal)
        return "take of squat begun" if isinstance(request, requests.Take) else "stopped"

    def take(self, phase: str, **more: object) -> None:
        """What happens in the take."""
        self.phase = phase if phase != "over" else None
        self.server.tell({"type": "take", "phase": phase} | more)

    def say(self, text: str) -> None:
        """An instruction to the person."""
        self.server.tell(self.known.take_instruction(text))


@pytest.fixture
def guide() -> Iterator[Guide]:
    made = Guide()
    made.server.start()
    yield made
    made.server.close()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_page_guides_through_a_take(guide: Guide, browser: Browser, visit, width: int, height: int):
    page = visit(browser, guide.server.address, width, height)
    expect(page.locator("#empty")).to_contain_text("Is the camera connected")
    expect(page.locator("#guide")).to_be_enabled()
    page.locator("#guide").scroll_into_view_if_needed()
    page.keyboard.press("g")
    expect(page.get_by_label("Pseudonym")).to_have_value("")  # not the key that opened it
    begin = page.get_by_role("button", name="Begin")
    begin.click()
    expect(page.locator("#take-dialog")).to_be_visible()  # a pseudonym and consent are asked for
    page.get_by_label("Pseudonym").fill("P01")
    page.locator("#take-exercise").select_option("squat")
    page.locator("#take-repetitions").fill("3")
    begin.click()
    expect(page.locator("#take-dialog")).to_be_visible()
    page.get_by_label("The person has agreed to be recorded").check()
    begin.click()
    expect(page.locator("#take-dialog")).to_be_hidden()
    expect(page.locator("#answer")).to_have_text("take of squat begun")
    (take,) = guide.asked
    assert isinstance(take, requests.Take)
    assert (take.subject, take.exercise, take.repetitions, take.consent) == ("P01", "squat", 3, True)
    instruction = page.locator("#instruction")
    expect(page.locator("#stage")).to_be_in_viewport(ratio=0.9)  # there it is told what to do
    guide.say("Come closer to the camera: you are too small in the picture.")
    expect(instruction).to_contain_text("Come closer")
    sentence = instruction.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    for number in "321":
        guide.say(number)
        expect(instruction).to_have_text(number)
        # To be read by the person, who stands where the whole body is in view.
        assert instruction.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") > 5 * sentence
        box, stage = instruction.bounding_box(), page.locator("#stage").bounding_box()
        assert box is not None and stage is not None
        assert box["y"] >= stage["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
    guide.say("Go: squat, 0 of 3.")
    expect(instruction).to_have_text("Go: squat, 0 of 3.")
    expect(page.locator("#record")).to_have_text("Stop recording")
    expect(page.locator("#review")).to_be_hidden()
    guide.take("review", repetitions=3)
    expect(page.locator("#review")).to_be_in_viewport(ratio=1)
    expect(page.locator("#answer")).to_have_text("The take is over, with 3 repetitions")
    page.get_by_role("button", name="Keep take").click()
    expect(page.locator("#answer")).to_have_text("stopped")
    assert guide.asked[-1].decision == "keep"
    guide.take("over", kept=True, message="")
    guide.say("")
    expect(page.locator("#answer")).to_have_text("Take kept")
    expect(page.locator("#review")).to_be_hidden()
    expect(instruction).to_be_hidden()


def test_consent_is_asked_for_at_every_take_and_of_every_person(guide: Guide, browser: Browser, visit):
    page = visit(browser, guide.server.address)
    agreed, begin = page.get_by_label("The person has agreed to be recorded"), page.get_by_role("button", name="Begin")
    page.locator("#guide").click()
    page.get_by_label("Pseudonym").fill("P01")
    agreed.check()
    page.get_by_label("Pseudonym").fill("P02")
    expect(agreed).not_to_be_checked()
    begin.click()
    expect(page.locator("#take-dialog")).to_be_visible()
    agreed.check()
    page.keyboard.press("Escape")
    page.locator("#guide").click()
    expect(agreed).not_to_be_checked()
    agreed.check()
    begin.click()
    expect(page.locator("#answer")).to_have_text("take of squat begun")
    page.locator("#guide").click()
    expect(agreed).not_to_be_checked()
    assert [take.subject for take in guide.asked] == ["P02"]


def test_the_take_of_another_page_moves_nothing_where_ones_own_was_refused(guide: Guide, browser: Browser, visit):
    guide.refusal = "a take is under way"
    page = visit(browser, guide.server.address, 390, 844)
    expect(page.locator("#guide")).to_be_enabled()
    page.locator("#guide").click()
    page.get_by_label("Pseudonym").fill("P01")
    page.get_by_label("The person has agreed to be recorded").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#answer")).to_have_text("a take is under way")
    page.evaluate("scrollTo(0, 0)")
    guide.take("review", repetitions=3)
    expect(page.locator("#answer")).to_have_text("The take is over, with 3 repetitions")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert page.evaluate("scrollY") == 0


def test_what_was_chosen_stays_when_the_connection_comes_back(guide: Guide, browser: Browser, visit):
    page = visit(browser, guide.server.address)
    page.locator("#guide").click()
    page.locator("#take-exercise").select_option("lunge")
    again = Server(guide, Settings(port=urlsplit(guide.server.address).port), print)
    guide.server.close()
    expect(page.locator("#link")).not_to_have_attribute("data-state", "live")
    guide.server = again
    again.start()
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    expect(page.locator("#take-exercise")).to_have_value("lunge")


def test_a_recording_is_stopped_though_nothing_is_heard_of_it(guide: Guide, browser: Browser, visit):
    page = visit(browser, guide.server.address)
    expect(page.locator("#record")).to_be_enabled()
    guide.recorder_answers = False
    for words in ("Stop recording", "Record"):
        page.locator("#record").click()
        expect(page.locator("#record")).to_have_text(words)
    assert [request.on for request in guide.asked] == [True, False]


def test_a_take_that_another_page_began_and_left_can_be_decided(guide: Guide, browser: Browser, visit):
    guide.phase = "review"
    page = visit(browser, guide.server.address, 1440, 900)
    page.get_by_role("button", name="Keep take").click()
    expect(page.locator("#answer")).to_have_text("stopped")
    assert guide.asked[-1].decision == "keep"
    guide.phase = None
    expect(page.locator("#review")).to_be_hidden()


def test_why_a_recording_fails_is_said_once(guide: Guide, browser: Browser, visit):
    page = visit(browser, guide.server.address)
    page.locator("#record").click()
    guide.problem = "today: No space left on device; recording has stopped, what was written stays"
    expect(page.locator("#answer")).to_have_text(guide.problem)
    expect(page.locator("#answer")).to_have_class("answer bad")
    guide.refusal = "it cannot be kept"
    page.locator("#reset").click()
    expect(page.locator("#answer")).to_have_text("it cannot be kept")
    guide.phase = "review"  # with the next report
    expect(page.locator("#review")).to_be_visible()
    expect(page.locator("#answer")).to_have_text("it cannot be kept")
