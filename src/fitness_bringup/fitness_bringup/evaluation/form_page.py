"""The table of docs/form.md that is made of docs/form.evaluation.json, which `./fitness evaluate form --json` writes.

`python -m fitness_bringup.evaluation.form_page docs/form.evaluation.json docs/form.md` puts it there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from fitness_bringup.evaluation.figures import short, with_interval
from fitness_bringup.tables import markdown
from fitness_core.words import words_of

_HEAD = ("data", "rule", "camera", "people", "good / poor", "broken in good / poor", "AUC", "accuracy", "refitted")


def into_page(page: str, rows: list[dict[str, Any]]) -> str:
    """The page with a line for each row."""
    return markdown.put(page, "form rules", markdown.table(_HEAD, map(_line, rows)))


def _line(row: dict[str, Any]) -> list[str]:
    rule = f"**{words_of(row['exercise'])}, any**" if row["rule"] == "any" else f"`{row['rule']}`"
    return [
        row["data"],
        rule,
        row["camera"],
        str(row["people"]),
        f"{row['good']} / {row['poor']}",
        f"{row['broken_good']:.0%} / {row['broken_poor']:.0%}",
        with_interval(row["auc"], row["auc_interval"]),
        with_interval(row["accuracy"], row["accuracy_interval"]),
        "" if row["refitted"] is None else short(row["refitted"]),
    ]


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.write_text(into_page(target.read_text(), json.loads(Path(sys.argv[1]).read_text())))
