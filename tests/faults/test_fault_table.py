"""The table of docs/reliability.md: a run replaces the rows of the faults that it injected."""

from pathlib import Path

import pytest

from fitness_bringup.faults.table import Fault, as_json, into_page
from fitness_bringup.tables.markdown import rows, within
from fitness_core.errors import InputError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def test_a_run_of_kills_only_leaves_the_rows_of_other_faults(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(PAGE.read_text())
    before = rows(within(page.read_text(), "faults"))
    into_page(as_json([Fault("rep_counter killed -9", 2, [0.5, 0.7], 0, 2), Fault("meteorite", 1)]), page)
    after = rows(within(page.read_text(), "faults"))
    assert after[0] == ["rep_counter killed -9", "2", "2", "0.6", "0.7", "0", "2"]
    assert after[1:-1] == before[1:] and len(before) == 15
    assert after[-1] == ["meteorite", "1", "0", "-", "-", "0", "0"]
    into_page({"faults": []}, page)
    assert rows(within(page.read_text(), "faults")) == after


def test_a_page_without_a_table_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(InputError, match="the page has no <!-- faults -->"):
        into_page({"faults": []}, page)
