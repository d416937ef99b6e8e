"""The table of sets: its totals are of all sets, however many, and a reset begins it anew."""

from playwright.sync_api import Browser, expect

from fitness_core.types import SetSummary, nanoseconds


def test_the_totals_are_of_more_sets_than_the_table_holds(told, browser: Browser, visit):
    told.silence = 0.0

    def finish(number: int) -> dict:
        start, end = nanoseconds(20.0 * number), nanoseconds(20.0 * number + 10)
        return told.known.take_set(SetSummary(end, "squat", number, start, end, 5, 0, 2.0, 1.5))

    for number in range(1, 206):
        finish(number)
    page = visit(browser, told.address)
    rows, totals = page.locator("#sets tr"), page.locator("#totals")
    expect(totals).to_have_text("205 sets, 1025 repetitions")
    expect(rows).to_have_count(200)
    for number in (206, 207):
        told.server.tell(finish(number))
    expect(totals).to_have_text("207 sets, 1035 repetitions")
    expect(rows).to_have_count(200)
    expect(rows.first).to_contain_text("207")
    told.known.forget_repetitions()
    told.server.tell({"type": "reset"})
    expect(rows).to_contain_text(["A set comes here"])
    expect(totals).to_have_text("")
    told.server.tell(finish(1))
    expect(totals).to_have_text("1 set, 5 repetitions")
    expect(rows).to_have_count(1)
