"""The held-out evaluation alone: `./fitness evaluate --clips ../shared/data/clips.csv [--json FILE] [--html FILE]`."""

import argparse
import json
import sys
import time
from html import escape
from pathlib import Path

from exercise_classifier.training import experiment, fit, fitting
from exercise_classifier.training.config import TrainingConfig
from exercise_classifier.training.experiment import Inputs
from exercise_classifier.training.takes import counts
from fitness_core.errors import InputError

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}}
table{{border-collapse:collapse;margin:1em 0}}td,th{{padding:.25em .6em;text-align:right;border:1px solid #ddd}}
th{{font-weight:600;background:#f6f6f6}}td:first-child,th:first-child{{text-align:left}}code{{background:#f3f3f3}}</style>
<h1>{title}</h1><p>{summary}</p><p>Made by <code>{command}</code></p>
<h2>Beside the existing system</h2>{beside}
<h2>Classes</h2>{classes}
<h2>Confusion (rows true, columns predicted; shade: share of the row)</h2>{confusion}
<h2>Reliability</h2><p>Dots: accuracy over confidence, the size is the number of windows; on the line is calibrated.
ECE {ece:.3f}.</p>{reliability}
<h2>Wrong clips</h2>{wrong}</html>
"""


def evaluate(config: TrainingConfig, inputs: Inputs, command: str) -> dict:
    """The evaluation of a configuration: every window judged by a network that saw nothing of its source."""
    fitting.prepare()
    begun = time.monotonic()
    data = experiment.load(config, inputs)
    pool = experiment.training_windows(config, data)
    checked = experiment.checked_windows(config, data)
    result, _ = experiment.held_out_report(config, data, inputs, pool, checked)
    experiment.forget(inputs)
    return {
        "name": config.name,
        **result,
        "data": {"clips": counts(data.takes), "extra": counts(data.extra), "synthetic": counts(data.made)},
        "command": command,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def page(result: dict) -> str:
    """The evaluation as one HTML page that loads nothing else."""
    low, high = result["macro_f1_95"]
    summary = (
        f"Macro F1 {result['macro_f1']:.3f} [{low:.2f}, {high:.2f}], accuracy {result['accuracy']:.3f}; "
        f"{result['n_windows']} windows of {result['n_sources']} sources, {result['split']} ({result['folds']}), no "
        f"source on both sides of a split. While idle {result['idle_false_per_10min']} false labels per 10 minutes; "
        f"first right label after {result['time_to_first_label_s']} s (median); {result['flicker_per_min']} changes of "
        "the label per minute of a set."
    )
    rows = [["ours", *_figures(result), ""]]
    for name, of in result.get("baselines", {}).items():
        above = of["ours_above"]
        low, high = above["macro_f1_95"]
        rows.append([f"{name} on raw 132 values", *_figures(of), f"{above['macro_f1']:.3f} [{low:.2f}, {high:.2f}]"])
    about = result["baseline"] if isinstance(result["baseline"], str) else "; ".join(result["baseline"].values())
    classes = [
        [
            label,
            *(f"{of[key]:.2f} [{of[key + '_95'][0]:.2f}, {of[key + '_95'][1]:.2f}]" for key in ("precision", "recall")),
            of["f1"],
            of["n_windows"],
            of["n_sources"],
        ]
        for label, of in result["per_class"].items()
    ]
    wrong = [
        [clip["clip"], clip["expected"], clip["main"], "yes" if clip["certain"] else "no"]
        for clip in result["clips"]["wrong"]
    ]
    return _PAGE.format(
        title=f"Evaluation of {escape(result['name'])}",
        summary=escape(summary),
        command=escape(result["command"]),
        beside=_table(["model", "macro F1 [95 %]", "accuracy [95 %]", "ECE", "ours is above by [95 %]"], rows)
        + f"<p>{escape(about)}</p>",
        classes=_table(["class", "precision [95 %]", "recall [95 %]", "F1", "windows", "sources"], classes),
        confusion=_confusion(result),
        ece=result["ece"],
        reliability=_reliability(result["reliability"]),
        wrong=_table(["clip", "is", "named", "label certain"], wrong),
    )


def _figures(of: dict) -> list[str]:
    def with_interval(key: str) -> str:
        low, high = of[f"{key}_95"]
        return f"{of[key]:.3f} [{low:.2f}, {high:.2f}]"

    return [with_interval("macro_f1"), with_interval("accuracy"), f"{of['ece']:.3f}"]


def _table(head: list[str], rows: list[list]) -> str:
    def cells(row: list, tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(value))}</{tag}>" for value in row) + "</tr>"

    return "<table>" + cells(head, "th") + "".join(cells(row, "td") for row in rows) + "</table>"


def _confusion(result: dict) -> str:
    head = "".join(f"<th>{escape(label)}</th>" for label in ("", *result["classes"]))
    rows = []
    for label, row in zip(result["classes"], result["confusion"]["windows"], strict=True):
        whole = max(sum(row), 1)
        cells = "".join(
            f'<td style="background:rgba(30,110,200,{0.85 * value / whole:.2f})">{value}</td>' for value in row
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _reliability(bins: list[dict]) -> str:
    most = max((of["n_windows"] for of in bins), default=1)
    dots = "".join(
        f'<circle cx="{40 + 300 * of["confidence"]:.0f}" cy="{320 - 300 * of["accuracy"]:.0f}" '
        f'r="{3 + 9 * (of["n_windows"] / most) ** 0.5:.1f}" fill="#1e6ec8" fill-opacity=".7"/>'
        for of in bins
    )
    return (
        '<svg width="380" height="360" font-size="12" font-family="sans-serif">'
        '<rect x="40" y="20" width="300" height="300" fill="none" stroke="#999"/>'
        '<path d="M40 320L340 20" stroke="#999" stroke-dasharray="4"/>'
        f'{dots}<text x="150" y="350">confidence</text><text x="4" y="16">accuracy</text>'
        '<text x="30" y="335">0</text><text x="335" y="335">1</text></svg>'
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, or 2 for bad input."""
    parser: argparse.ArgumentParser = fit.arguments_of("evaluate", "Say how a model does on people it has not seen.")
    parser.add_argument("--json", type=Path, help="write the evaluation as JSON (default: standard output)")
    parser.add_argument("--html", type=Path, help="write it as one page with plots")
    given = parser.parse_args(arguments)
    try:
        config, inputs = fit.read(given)
        result = evaluate(config, inputs, fit.command_of(given, "evaluate"))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = json.dumps(result, indent=1) + "\n"
    if given.html is not None:
        given.html.write_text(page(result))
    if given.json is not None:
        given.json.write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
