"""The figures of docs/evaluation.md and README.md that are of the shared data.

`./fitness evaluate counts` with the options of docs/evaluation.md (Reproduce) writes docs/evaluation.counts.json;
`python -m fitness_bringup.evaluation.shared_page docs/evaluation.counts.json docs/evaluation.md README.md` puts its
figures, and those of the shipped model's evaluation, between the marks of both pages.
"""

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from fitness_bringup.evaluation.figures import interval, shipped_evaluation, short
from fitness_bringup.evaluation.peers import PEERS
from fitness_bringup.evaluation.scores import GIVEN, NAMED, scores
from fitness_bringup.tables import markdown

EIGHT = ("curl", "press", "squat", "push_up", "sit_up", "jumping_jack", "lunge", "deadlift")
"""The exercises of the design's targets."""

_FEW = 5  # with fewer sources, resampling them says nothing


def into_evaluation(page: str, counts: dict[str, Any]) -> str:
    """docs/evaluation.md with its table A. counts: what `./fitness evaluate counts --json` wrote."""
    return markdown.put(page, "shared", _table(counts))


def into_readme(page: str, counts: dict[str, Any], labels: dict[str, Any]) -> str:
    """README.md with its table of held-out figures. labels: the shipped model's evaluation."""
    return markdown.put(page, "held out", _readme(counts, labels))


def _table(counts: dict[str, Any]) -> str:
    clips = _sets(counts, "clips")
    rows = [
        _row("clips, eleven exercises", clips),
        _row("of these, count certain", [one for one in clips if one["certain"]]),
        _row("eight exercises", _of(clips, EIGHT)),
    ]
    for peer in PEERS:
        ruled = _of(clips, peer.rules)
        rows.append(_row(f"{_listed(peer.rules)}; given: {peer.name}", ruled, peer.name))
    for data, name in (
        ("UI-PRMD, good form", "UI-PRMD squat, lunge: good form"),
        ("UI-PRMD, poor form", "UI-PRMD squat, lunge: poor form"),
        ("CMU", "CMU squat, jumping jack"),
        ("pose files", "Fit3D squat"),
        ("scaled pose files", "Countix, five exercises"),
    ):
        rows.append([name, *_size(_sets(counts, data)), *_scored(_sets(counts, data), GIVEN), "", "", ""])
    for group, name in (
        ("all", "Countix, by the counter that knows no exercises"),
        ("other half", "of these, the half that no constant was chosen on"),
    ):
        found = counts["any_exercise"][group]
        rows.append([name, str(found["sets"]), "", "", "", *_figures(found)])
    told = (f"{way}{figure}" for way in ("given: ", "not given: ") for figure in ("exact", "OBO", "MAE"))
    return markdown.table(["sets", "n (sources)", *told], rows)


def _row(name: str, sets: Sequence[dict[str, Any]], given: str = GIVEN) -> list[str]:
    return [name, *_size(sets), *_scored(sets, given), *_scored(sets, NAMED)]


def _scored(sets: Sequence[dict[str, Any]], way: str) -> list[str]:
    return _figures(
        scores([one["off"][way] for one in sets], [one["count"] for one in sets], [one["source"] for one in sets])
    )


def _figures(found: dict[str, Any]) -> list[str]:
    figures = ("exact", "obo", "mae")
    if found["sources"] < _FEW:
        return [short(found[figure]) for figure in figures]
    return [interval(found, figure) for figure in figures]


def _size(sets: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{len(sets)} ({len({one['source'] for one in sets})})"]


def _sets(counts: dict[str, Any], data: str) -> list[dict[str, Any]]:
    return [one for one in counts["recordings"] if one["data"] == data and one["off"]]


def _of(sets: Sequence[dict[str, Any]], exercises: Collection[str]) -> list[dict[str, Any]]:
    return [one for one in sets if one["exercise"] in exercises]


def _listed(exercises: Collection[str]) -> str:
    return ", ".join(name.replace("_", "-") for name in exercises)


def _readme(counts: dict[str, Any], labels: dict[str, Any]) -> str:
    clips, main = _sets(counts, "clips"), labels["clips"]
    certain = [one for one in clips if one["certain"]]
    other = [one for one in counts["negatives"] if one["data"] == "clips" and one["exercise"] in ("other", "idle")]
    phantoms, wrong, of = (
        sum(one[key] for one in other) for key in ("phantoms", "recordings_with_phantoms", "recordings")
    )
    wait, flicker = labels["time_to_first_label_s"], labels["flicker_per_min"]
    named = short(labels["named_classes"]["macro_f1"])
    rows = [
        [
            "clips whose main label is right: of an exercise; of other movement and idling",
            f"{main['exercise_right']}; {main['negative_right']}",
        ],
        ["time to the first right label; label changes within a set", f"{wait:.1f} s; {flicker:.1f} a minute"],
        [
            f"macro F1 of windows [95 %], {len(labels['classes'])} classes (target: .90); all but `other`",
            f"{interval(labels, 'macro_f1')}; {named}",
        ],
        ["sets counted exactly, the exercise not told; within one", _right(clips)],
        ["the same, only sets whose true count is certain", _right(certain)],
        [f"repetitions counted in {of} clips of other movement and idling", f"{phantoms}, in {wrong} clips"],
    ]
    return markdown.table(["people and footage that the networks did not see", "ten folds by source"], rows)


def _right(sets: Sequence[dict[str, Any]]) -> str:
    exact, within_one = (sum(one["off"][NAMED] <= most for one in sets) for most in (0, 1))
    return f"{exact} of {len(sets)}; {within_one}"


if __name__ == "__main__":
    counted = json.loads(Path(sys.argv[1]).read_text())
    evaluation, readme = (Path(path) for path in sys.argv[2:4])
    evaluation.write_text(into_evaluation(evaluation.read_text(), counted))
    readme.write_text(into_readme(readme.read_text(), counted, shipped_evaluation()))
