"""docs/evaluation.md shows what docs/evaluation.elsewhere.csv holds."""

import csv
from pathlib import Path

import pytest

from fitness_bringup.evaluation import elsewhere, elsewhere_page
from fitness_bringup.evaluation.elsewhere import GIVEN, NOT_GIVEN, WAYS
from fitness_bringup.tables import markdown
from fitness_core.errors import InputError

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE, PAGE = DOCS / "evaluation.elsewhere.csv", DOCS / "evaluation.md"
COLUMNS = ("round", "source", "exercise", "reps", "certain", "notes", *WAYS)


def clips(tmp_path: Path, *rows: dict[str, str]) -> list[elsewhere.Clip]:
    file = tmp_path / "clips.csv"
    usual = {"round": "1", "source": "ann/gym:a.mp4", "exercise": "squat", "certain": "yes"}
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(usual | row for row in rows)
    return elsewhere.read(file)


def test_the_committed_page_is_the_committed_table():
    page = PAGE.read_text()
    made = elsewhere_page.into_page(page, elsewhere.read(TABLE))
    assert page == made, f"run: python -m fitness_bringup.evaluation.elsewhere_page {TABLE} {PAGE}"


@pytest.mark.parametrize(
    ("reps", "counted", "off"),
    [
        ("5", "squat 5", 0),
        ("5-6", "squat 5", 0),
        ("5-6", "squat 6", 0),
        ("5-6", "squat 8", 2),
        ("5-6", "", 5),
        ("5", "squat 5, curl 2", 2),
        ("5", "curl 2; squat 6", 2),
        ("5", "lunge 5", 5),
    ],
)
def test_a_set_is_exact_if_its_exercise_alone_is_counted_right(tmp_path, reps, counted, off):
    [clip] = clips(tmp_path, {"reps": reps, GIVEN: counted})
    assert clip.off(GIVEN) == off


def test_clips_of_one_owner_are_one_source(tmp_path):
    sets = clips(
        tmp_path,
        {"reps": "2", NOT_GIVEN: "squat 2"},
        {"reps": "4-5", NOT_GIVEN: "squat 3", "source": "ann/other:b.mp4"},
        {"reps": "1", NOT_GIVEN: "squat 3", "source": "bob/gym:c.mp4"},
        {"reps": "1", NOT_GIVEN: "squat 1", "source": "bob/gym:d.mp4"},
    )
    found = elsewhere.scored(sets, NOT_GIVEN)
    assert (found["sets"], found["sources"]) == (4, 2)
    assert (found["exact"], found["obo"], found["mae"]) == (0.5, 0.75, 0.55)


@pytest.mark.parametrize("row", [{"round": "99"}, {"reps": "many"}, {GIVEN: "squat"}, {GIVEN: "squat two"}])
def test_a_row_that_is_not_understood_is_refused(tmp_path, row):
    with pytest.raises(InputError):
        clips(tmp_path, row)


def test_only_what_is_between_the_marks_of_a_page_is_replaced():
    page = "a\n<!-- b -->\nold\n<!-- /b -->\nc\n"
    assert markdown.put(page, "b", "new") == "a\n<!-- b -->\nnew\n<!-- /b -->\nc\n"
    with pytest.raises(InputError, match="<!-- d -->"):
        markdown.put(page, "d", "new")
