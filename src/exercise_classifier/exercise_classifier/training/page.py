"""The evaluation as one HTML page that loads nothing else."""

from html import escape

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}}
table{{border-collapse:collapse;margin:1em 0}}td,th{{padding:.25em .6em;text-align:right;border:1px solid #ddd}}
th{{font-weight:600;background:#f6f6f6}}td:first-child,th:first-child{{text-align:left}}code{{background:#f3f3f3}}</style>
<h1>{title}</h1><p>{summary}</p><p>Made by <code>{command}</code></p>
<h2>Beside the existing system</h2>{beside}
<h2>Classes</h2><p>Bars: precision (dark) and recall (light); lines: 95 %, from resampling whole sources.</p>{bars}
{classes}
<h2>Confusion (rows true, columns predicted; shade: share of the row)</h2>{confusion}
<h2>Reliability</h2><p>Dots: accuracy over confidence, the size is the number of windows; on the line is calibrated.
ECE {ece:.3f}.</p>{reliability}
<h2>In front of the camera</h2>{noticed}
<h2>Wrong clips</h2>{wrong}</html>
"""


def page(result: dict) -> str:
    """The page (HTML) of what `evaluate` returns."""
    summary = (
        f"Macro F1 {_with_interval(result, 'macro_f1')}, accuracy {_with_interval(result, 'accuracy')}; "
        f"{result['n_windows']} windows of {result['n_sources']} sources, {result['split']} ({result['folds']}), no "
        "source on both sides of a split."
    )
    if "named_classes" in result:
        named = _with_interval(result["named_classes"], "macro_f1")
        summary += f" Of windows of classes with a name (all but `other`): macro F1 {named}."
    rows = [["ours", *_figures(result), ""]]
    for name, of in result.get("baselines", {}).items():
        above = of["ours_above"]
        rows.append([f"{name} on raw 132 values", *_figures(of), _with_interval(above, "macro_f1")])
    about = result["baseline"] if isinstance(result["baseline"], str) else "; ".join(result["baseline"].values())
    classes = [
        [
            label,
            _with_interval(of, "precision"),
            _with_interval(of, "recall"),
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
        bars=_bars(result["per_class"]),
        classes=_table(["class", "precision [95 %]", "recall [95 %]", "F1", "windows", "sources"], classes),
        confusion=_confusion(result),
        ece=result["ece"],
        reliability=_reliability(result["reliability"]),
        noticed=_table(["with the node's holding of labels", "figure"], _noticed(result))
        + _table(["each window for itself", "figure"], _noticed(result["without_holding"])[:-1]),
        wrong=_table(["clip", "is", "named", "label certain"], wrong),
    )


def _noticed(of: dict) -> list[list]:
    latency = of.get("latency_ms") or {}
    return [
        ["first right label, median [s]", f"{of['time_to_first_label_s']} {of['time_to_first_label_s_95'] or ''}"],
        ["first right label, 90 % [s]", of["time_to_first_label_p90_s"]],
        ["takes of an exercise named, never named", f"{of['takes_named']}, {of['exercise_takes_never_named']}"],
        ["changes of the label per minute of a set", f"{of['flicker_per_min']} ({of['flicker_minutes']} min)"],
        ["false labels per 10 minutes of idle", f"{of['idle_false_per_10min']} ({of['idle_minutes']} min)"],
        ["false labels per 10 minutes of other movement", f"{of['other_false_per_10min']} ({of['other_minutes']} min)"],
        ["a step [ms]: features, network", ", ".join(str(value) for value in latency.values()) or "not measured"],
    ]


def _with_interval(of: dict, key: str) -> str:
    low, high = of[f"{key}_95"]
    return f"{of[key]:.3f} [{low:.2f}, {high:.2f}]"


def _figures(of: dict) -> list[str]:
    return [_with_interval(of, "macro_f1"), _with_interval(of, "accuracy"), f"{of['ece']:.3f}"]


def _table(head: list[str], rows: list[list]) -> str:
    def cells(row: list, tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(value))}</{tag}>" for value in row) + "</tr>"

    return "<table>" + cells(head, "th") + "".join(cells(row, "td") for row in rows) + "</table>"


def _bars(classes: dict) -> str:
    parts = []
    for number, (label, of) in enumerate(classes.items()):
        top = 34 * number + 10
        parts.append(f'<text x="112" y="{top + 17}" text-anchor="end">{escape(label)}</text>')
        for line, (key, colour) in enumerate((("precision", "#1e6ec8"), ("recall", "#8fbce8"))):
            y = top + 12 * line
            low, high = (120 + 400 * value for value in of[f"{key}_95"])
            parts.append(f'<rect x="120" y="{y}" width="{400 * of[key]:.0f}" height="10" fill="{colour}"/>')
            parts.append(f'<path d="M{low:.0f} {y + 5}H{high:.0f}" stroke="#222"/>')
    height = 34 * len(classes) + 24
    marks = "".join(
        f'<path d="M{x} 4V{height - 20}" stroke="#ddd"/>'
        f'<text x="{x}" y="{height - 4}" text-anchor="middle">{text}</text>'
        for x, text in ((120, "0"), (320, "0.5"), (520, "1"))
    )
    return f'<svg width="560" height="{height}" font-size="12" font-family="sans-serif">{marks}{"".join(parts)}</svg>'


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
