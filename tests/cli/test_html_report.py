"""The page and the table of a recording: complete, self-contained, and what the report says."""

import csv
import io
import math
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fitness_bringup.analysis.analyze import examine
from fitness_bringup.analysis.examination import COLUMNS, Examination, to_csv
from fitness_bringup.analysis.html_report import to_html
from fitness_bringup.composition.live import DEMO


@pytest.fixture(scope="module")
def demo() -> Examination:
    return examine(str(DEMO))


class Page(HTMLParser):
    """Counts elements, collects addresses and table cells, and holds that what is opened is closed."""

    VOID = {"meta", "link", "img", "br", "line", "rect", "polyline"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.addresses: list[str] = []
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action", "style")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self._open and self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data.strip()


def test_the_page_shows_sets_repetitions_and_plots(demo: Examination) -> None:
    page = Page(to_html(demo))
    assert page.counts["svg"] == 1 + len(demo.summaries) == 4
    counted = [row for row in page.rows if row and row[0].isdigit()]
    assert len(counted) == len(demo.events) == 10
    squat = [row for row in counted if float(row[1]) > 19]
    assert [row[0] for row in squat] == ["1", "2", "3", "4", "5"]
    event = next(event for event in demo.events if event.exercise == "squat")
    assert squat[0][2] == f"{event.duration:.2f}"
    assert "turns at" in (heads := next(row for row in page.rows if "range" in row))
    degrees = [math.degrees(value) for value in (event.range_of_motion, event.turn_value)]
    assert [squat[0][heads.index(name)] for name in ("range", "turns at")] == [
        f"{value:.0f}\N{DEGREE SIGN}" for value in degrees
    ]
    text = " ".join(page.words)
    for words in ("Biceps curl", "Overhead press", "Squat", "recognised", "repetition 5", demo.report.source):
        assert words in text
    assert page.counts["polyline"] >= 6, "left and right of three sets"


def test_the_page_needs_nothing_else(demo: Examination) -> None:
    text = to_html(demo)
    page = Page(text)
    assert "script" not in page.counts
    assert page.addresses == ["data:,"], "no icon, which a browser would ask a server for"
    assert "http" not in text and "url(" not in text and "@import" not in text
    assert "nan" not in text.lower().replace("namespace", "")
    assert "prefers-color-scheme: dark" in text
    assert to_html(demo) == text, "the same recording gives the same page"
    assert len(text) < 200_000


def test_what_the_source_is_called_is_text_and_nothing_more(tmp_path: Path) -> None:
    bag = tmp_path / "<script>alert(1)</script>"
    bag.mkdir(parents=True)
    for file in DEMO.iterdir():
        shutil.copy(file, bag)
    page = Page(to_html(examine(str(bag), exercise="squat")))
    assert "script" not in page.counts
    assert "<script>alert(1)<" in "".join(page.words)


def test_the_table_is_what_the_counter_told(demo: Examination) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(demo))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["exercise"] for row in rows] == ["curl"] * 3 + ["press"] * 2 + ["squat"] * 5
    assert [int(row["repetition"]) for row in rows] == [1, 2, 3, 1, 2, 1, 2, 3, 4, 5]
    for row, repetition in zip(rows, demo.report.reps, strict=True):
        assert float(row["end_s"]) == pytest.approx(repetition.time_s, abs=1e-3)
        assert float(row["range_deg"]) == pytest.approx(repetition.rom_deg, abs=1e-3)
        assert float(row["turn_deg"]) == pytest.approx(repetition.turn_deg, abs=1e-3)
        tempo = [float(row[part]) for part in ("out_s", "pause_s", "back_s")]
        assert sum(tempo) == pytest.approx(float(row["duration_s"]), abs=2e-3) and min(tempo) >= 0
        assert row["counted"] == "True" and row["reason"] == ""


def test_what_does_not_count_is_shown_with_its_reason() -> None:
    examined = examine(str(DEMO), exercise="front_raise")
    rejected = [event for event in examined.events if not event.counted]
    page = Page(to_html(examined))
    assert sum("not counted" in "".join(row) for row in page.rows) == len(rejected)


def test_the_command_writes_all_of_it(fitness, tmp_path: Path) -> None:
    page, table, report = (tmp_path / name for name in ("page.html", "table.csv", "report.json"))
    done = fitness("analyze", DEMO, "--html", page, "--csv", table, "--json", report)
    assert done.returncode == 0, done.stderr
    assert page.read_text().startswith("<!doctype html>")
    assert len(table.read_text().splitlines()) == 11 and report.exists()
    done = fitness("analyze", DEMO, "--html", tmp_path / "nowhere" / "page.html")
    assert done.returncode == 2 and "does not exist" in done.stderr
