"""The evaluation as one HTML page that loads nothing else."""

from html import escape

from fitness_core.words import words_of

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>:root{{color-scheme:light dark;--ground:#fcfcfb;--text:#1c1b19;--muted:#5c5953;--line:#dcd9d3;--head:#f3f1ee;
--dark:#1e6ec8;--light:#8fbce8}}
@media (prefers-color-scheme:dark){{:root{{--ground:#161513;--text:#f0eeea;--muted:#b3aea5;--line:#3d3a35;
--head:#201f1c;--dark:#6aa9f0;--light:#2f5e94}}}}
body{{font:1rem/1.5 system-ui,sans-serif;max-width:66rem;margin:0 auto;padding:1.5rem 1rem 3rem;
background:var(--ground);color:var(--text)}}h1{{font-size:1.5rem;margin:0}}h2{{font-size:1.2rem;margin:2.5rem 0 .5rem}}
.muted{{color:var(--muted);font-size:.9rem}}.scroll{{overflow-x:auto}}code{{overflow-wrap:anywhere}}
table{{border-collapse:collapse;font-size:.95rem;font-variant-numeric:tabular-nums}}td,th{{padding:.3rem .6rem;
text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}}th{{font-weight:600;color:var(--muted)}}
td:first-child,th:first-child{{text-align:left}}svg{{display:block;max-width:100%;height:auto;font:12px system-ui,
sans-serif}}svg text{{fill:var(--text)}}.dark{{fill:var(--dark)}}.light{{fill:var(--light)}}
.line{{stroke:var(--text);fill:none}}.grid{{stroke:var(--line);fill:none}}</style>
<h1>{title}</h1><p>{summary}</p><p class="muted">Made by <code>{command}</code></p>
<h2>Beside the existing system</h2>{beside}
<h2>Classes</h2><p class="muted">Bars: precision (strong), recall (pale); lines: 95 %, of resampled sources.</p>
{bars}{classes}
<h2>Confusion</h2><p class="muted">Windows; rows true, columns predicted; shade: share of the row.</p>{confusion}
<h2>Reliability</h2><p class="muted">Dots: accuracy over confidence, the size is the number of windows; on the line is
calibrated. ECE {ece:.3f}; each fold has the temperature that fits the other folds best.</p>{reliability}
<h2>In front of the camera</h2>{noticed}
<h2>Wrong clips</h2>{wrong}</html>
"""


def page(result: dict) -> str:
    """The page (HTML) of what `evaluate` returns."""
    alone = result["network_alone"]
    summary = (
        f"Macro F1 {_with_interval(result, 'macro_f1')}, accuracy {_with_interval(result, 'accuracy')}; "
        f"{result['n_windows']} windows of {result['n_sources']} sources, {result['split']} ({result['folds']}), no "
        f"source on both sides of a split. {result['n_still_windows_left_out']} more, in which an exercise is named "
        f"but its joints do not move, are left out. {alone['n_windows_at_rest']} are of who stands still by the node's "
        "own rule (rest.py), which makes windows of exercises and of `other` idle in truth, too, where nobody "
        f"has looked; without it macro F1 is {alone['macro_f1']:.3f}."
    )
    if "named_classes" in result:
        named = _with_interval(result["named_classes"], "macro_f1")
        summary += f" Of windows of classes with a name (all but `other`): macro F1 {named}."
    rows = [["ours", *_figures(result), ""]]
    if (grouped := result.get("on_folds_of_baselines")) is not None:
        rows.append([f"ours, on the {grouped['folds']} grouped folds of those below", *_figures(grouped), ""])
    for name, of in result.get("baselines", {}).items():
        above = of["ours_above"]
        rows.append([f"{name} on raw 132 values", *_figures(of), _with_interval(above, "macro_f1")])
    about = result["baseline"] if isinstance(result["baseline"], str) else "; ".join(result["baseline"].values())
    classes = [
        [
            words_of(label),
            _with_interval(of, "precision"),
            _with_interval(of, "recall"),
            f"{of['f1']:.3f}",
            of["n_windows"],
            of["n_sources"],
        ]
        for label, of in result["per_class"].items()
    ]
    wrong = [
        [clip["clip"], words_of(clip["expected"]), words_of(clip["main"]), "yes" if clip["certain"] else "no"]
        for clip in result["clips"]["wrong"]
    ]
    return _PAGE.format(
        title=f"Evaluation of {escape(result['name'])}",
        summary=escape(summary),
        command=escape(result["command"]),
        beside=_table(["model", "macro F1 [95 %]", "accuracy [95 %]", "ECE", "ours is above by [95 %]"], rows)
        + f'<p class="muted">{escape(about)}</p>',
        bars=_bars(result["per_class"]),
        classes=_table(["class", "precision [95 %]", "recall [95 %]", "F1", "windows", "sources"], classes),
        confusion=_confusion(result),
        ece=result["ece"],
        reliability=_reliability(result["reliability"]),
        noticed=_noticed(result),
        wrong=_table(["clip", "is", "named", "label certain"], wrong),
    )


def _noticed(result: dict) -> str:
    """What a person notices, of the node's labels and of each window for itself."""

    def rows(of: dict) -> list[tuple[str, str]]:
        low, high = of["time_to_first_label_s_95"] or (None, None)
        interval = "" if low is None else f" [{low:.2f}, {high:.2f}]"
        changes, idle, other = "flicker_per_min", "idle_false_per_10min", "other_false_per_10min"
        return [
            ("first right label, median [s]", _number(of["time_to_first_label_s"]) + interval),
            ("first right label, 90 % [s]", _number(of["time_to_first_label_p90_s"])),
            ("takes of an exercise named, never named", f"{of['takes_named']}, {of['exercise_takes_never_named']}"),
            ("changes of the label per minute of a set", _over(of, changes, "flicker_minutes")),
            ("false labels per 10 minutes of idle", _over(of, idle, "idle_minutes")),
            ("false labels per 10 minutes of other movement", _over(of, other, "other_minutes")),
        ]

    both = zip(rows(result), rows(result["without_holding"]), strict=True)
    figures = [[what, held, alone] for (what, held), (_, alone) in both]
    latency = ", ".join(f"{value:.2f}" for value in (result.get("latency_ms") or {}).values()) or "not measured"
    figures.append(["a step [ms]: features, network", latency, ""])
    return _table(["", "labels as the node holds them", "each window for itself"], figures)


def _over(of: dict, key: str, minutes: str) -> str:
    return f"{_number(of[key])} ({of[minutes]:.1f} min)"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _with_interval(of: dict, key: str) -> str:
    low, high = of[f"{key}_95"]
    return f"{of[key]:.3f} [{low:.2f}, {high:.2f}]"


def _figures(of: dict) -> list[str]:
    return [_with_interval(of, "macro_f1"), _with_interval(of, "accuracy"), f"{of['ece']:.3f}"]


def _table(head: list[str], rows: list[list]) -> str:
    def cells(row: list, tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(value))}</{tag}>" for value in row) + "</tr>"

    return _scrolling("<table>" + cells(head, "th") + "".join(cells(row, "td") for row in rows) + "</table>")


def _scrolling(table: str) -> str:
    """A table that moves within a narrow screen instead of the page with it."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="table">{table}</div>'


WIDE = 16
"""Letters that surely fit before a bar."""


def _bars(classes: dict) -> str:
    parts = []
    for number, (label, of) in enumerate(classes.items()):
        top = 34 * number + 10
        # A name that is wider than its place is drawn narrower.
        narrow = ' textLength="108" lengthAdjust="spacingAndGlyphs"' if len(label) > WIDE else ""
        parts.append(f'<text x="112" y="{top + 17}" text-anchor="end"{narrow}>{escape(words_of(label))}</text>')
        for line, (key, shade) in enumerate((("precision", "dark"), ("recall", "light"))):
            y = top + 12 * line
            low, high = (120 + 400 * value for value in of[f"{key}_95"])
            parts.append(f'<rect x="120" y="{y}" width="{400 * of[key]:.0f}" height="10" class="{shade}"/>')
            parts.append(f'<path d="M{low:.0f} {y + 5}H{high:.0f}" class="line"/>')
    height = 34 * len(classes) + 24
    marks = "".join(
        f'<path d="M{x} 4V{height - 20}" class="grid"/>'
        f'<text x="{x}" y="{height - 4}" text-anchor="middle">{text}</text>'
        for x, text in ((120, "0"), (320, "0.5"), (520, "1"))
    )
    return f'<svg width="560" viewBox="0 0 560 {height}" role="img" aria-label="Classes">{marks}{"".join(parts)}</svg>'


def _confusion(result: dict) -> str:
    head = "".join(f"<th>{escape(words_of(label))}</th>" for label in ("", *result["classes"]))
    rows = []
    for label, row in zip(result["classes"], result["confusion"]["windows"], strict=True):
        whole = max(sum(row), 1)
        cells = "".join(
            f'<td style="background:rgba(30,110,200,{0.85 * value / whole:.2f})">{value}</td>' for value in row
        )
        rows.append(f"<tr><th>{escape(words_of(label))}</th>{cells}</tr>")
    return _scrolling(f"<table><tr>{head}</tr>{''.join(rows)}</table>")


def _reliability(bins: list[dict]) -> str:
    most = max((of["n_windows"] for of in bins), default=1)
    dots = "".join(
        f'<circle cx="{40 + 300 * of["confidence"]:.0f}" cy="{320 - 300 * of["accuracy"]:.0f}" '
        f'r="{3 + 9 * (of["n_windows"] / most) ** 0.5:.1f}" class="dark" fill-opacity=".7"/>'
        for of in bins
    )
    return (
        '<svg width="380" viewBox="0 0 380 360" role="img" aria-label="Reliability">'
        '<rect x="40" y="20" width="300" height="300" class="grid"/>'
        '<path d="M40 320L340 20" class="line" stroke-dasharray="4"/>'
        f'{dots}<text x="150" y="350">confidence</text><text x="4" y="16">accuracy</text>'
        '<text x="30" y="335">0</text><text x="335" y="335">1</text></svg>'
    )
