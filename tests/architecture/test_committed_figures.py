"""Pages show the figures that are committed beside them: counts of the shared data, the shipped model, form rules."""

import copy
import json
from pathlib import Path

from fitness_bringup.evaluation import form_page, shared_page
from fitness_bringup.evaluation.figures import shipped_evaluation
from fitness_bringup.evaluation.scores import NAMED
from fitness_bringup.tables import markdown

ROOT = Path(__file__).resolve().parents[2]
COUNTS, EVALUATION, README = (
    ROOT / name for name in ("docs/evaluation.counts.json", "docs/evaluation.md", "README.md")
)
FORM = ROOT / "docs/form.md"
AGAIN = f"run: python -m fitness_bringup.evaluation.shared_page {COUNTS} {EVALUATION} {README}"


def test_the_committed_pages_are_the_committed_counts():
    counts = json.loads(COUNTS.read_text())
    assert EVALUATION.read_text() == shared_page.into_evaluation(EVALUATION.read_text(), counts), AGAIN
    labels = shipped_evaluation()
    assert README.read_text() == shared_page.into_readme(README.read_text(), counts, labels), AGAIN


def test_the_committed_counts_are_of_the_labels_of_held_out_networks():
    assert "of networks that saw nothing of a clip's source" in json.loads(COUNTS.read_text())["labels"]


def test_a_set_that_is_counted_wrong_is_seen_in_both_pages():
    counts = json.loads(COUNTS.read_text())
    labels = shipped_evaluation()
    wrong = copy.deepcopy(counts)
    right = next(one for one in wrong["recordings"] if one["data"] == "clips" and one["off"].get(NAMED) == 0)
    right["off"][NAMED] = 5
    for page, into, of in (
        (EVALUATION, shared_page.into_evaluation, ()),
        (README, shared_page.into_readme, (labels,)),
    ):
        assert into(page.read_text(), wrong, *of) != into(page.read_text(), counts, *of)
    first = "sets counted exactly, the exercise not told; within one"
    cells = dict(markdown.rows(markdown.within(README.read_text(), "held out")))
    exact = int(cells[first].split()[0])
    told = shared_page.into_readme(README.read_text(), wrong, labels)
    assert f"| {first} | {exact - 1} of " in told


def test_the_committed_table_of_form_rules_is_the_committed_evaluation():
    page, rows = FORM.read_text(), json.loads(FORM.with_suffix(".evaluation.json").read_text())
    assert page == form_page.into_page(page, rows), (
        f"run: python -m fitness_bringup.evaluation.form_page docs/form.evaluation.json {FORM}"
    )
    wrong = [rows[0] | {"auc": 0.123}, *rows[1:]]
    assert "| .12 [" in form_page.into_page(page, wrong)
