"""The report of a recording in a real browser: nothing in its plots is cut off."""

import pytest
from playwright.sync_api import Browser

from fitness_bringup.analysis import plots
from fitness_bringup.tables.pages import template_file

CUT = """[...document.querySelectorAll("text")].filter((text) => {
    const inner = text.getBoundingClientRect(), outer = text.closest("svg").getBoundingClientRect();
    return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
}).map((text) => text.textContent)"""


@pytest.mark.parametrize("duration", [1.8, 9.0, 30.0, 100.0, 3600.0])
def test_no_label_of_a_plot_is_cut_off(browser: Browser, duration: float):
    page = browser.new_page()
    bars = [plots.Bar(0, duration, "curl", 1, "")]
    plot = plots.timeline([("recognised", bars), ("sets", bars)], [], duration)
    page.set_content(f"<style>{template_file('report.css')}</style>{plot}")
    assert page.evaluate(CUT) == []
    page.close()
