"""The result of `./fitness bench` as a page: docs/performance.md with its plots, or one HTML file.

python -m fitness_bringup.bench.page RESULT.json docs
"""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fitness_bringup.bench.result import LEAST_SHARE, bare_share
from fitness_bringup.bench.targets import TARGETS
from fitness_bringup.tables import markdown, pages

NAMES = {
    "bare": "bare MediaPipe loop (a)",
    "one": "our graph, one process (b)",
    "processes": "our graph, separate processes (c)",
    "analyze": "./fitness analyze (d)",
    "existing": "existing system's loop (e)",
    "mediapipe": "backend mediapipe alone",
    "litert": "backend litert alone",
}
"""The contenders in words."""
RATIOS = {
    "graph_vs_pose": "pictures/s: graph in one process, of the bare loop",
    "processes_vs_pose": "pictures/s: graph in separate processes, of the bare loop",
    "graph_vs_existing": "pictures/s: graph in one process, of the existing system",
    "analyze_vs_pose": "pictures/s: analyze, of the bare loop",
    "litert_latency_vs_mediapipe": "latency: backend litert, of mediapipe",
    "litert_cpu_vs_mediapipe": "CPU per picture: backend litert, of mediapipe",
    "graph_cpu_vs_pose": "CPU per picture: graph in one process, of the bare loop",
    "two_cameras": "CPU per picture: graphs of two cameras, of one",
}
"""The ratios in words."""
GROWTH = {
    "picture_size_ms": ("Time per picture, by size", "size, step", "ms"),
    "replay_speed_of_length": ("Replay speed, by length", "times the demo's length", "times real time"),
    "dataset_windows_per_s": ("Making a dataset", "", "windows per second"),
    "camera_rate_cpu_ms": ("CPU per picture, by camera rate", "pictures per second", "ms"),
    "viewers_cpu_ms": ("CPU per picture, by viewers of the overlay", "viewers", "ms"),
}
"""What grows, as a title with the head of its table."""
METHOD = (
    "The contenders take turns of about a second on the same pictures (640x480, decoded beforehand, except for "
    "analyze). The order changes every round.",
    "A ratio is the median of the ratios within the rounds, so that other load affects both sides.",
    "The graphs run under back-pressure: the camera hands out a picture once the counter has confirmed the one before "
    "the last. Every picture that is counted went through pose, classifier and counter over DDS. In one process the "
    "picture itself is handed over without DDS while nobody else subscribes to it.",
    "Latency from stamp to RepEvent is measured at 30 Hz and given without and with the time of the pose network.",
    "`./fitness live` is started, and recordings are replayed, after the other contenders have ended, because a "
    "starting graph announces all its topics to every other one. Of five replays in a row the median is given. The "
    "first replay of a process also loads SciPy (50 times real time for the demo's 33 s) and is left out.",
)
"""How it is measured, a point each."""
_BY_DIFFERENCE = (
    "CPU beyond pose is that of the graph's whole process minus that of the bare loop, per picture. This result is "
    "older than the measurement by thread (bench/cpu.py) and varies with MediaPipe's own CPU."
)
_BY_THREAD = (
    "CPU beyond pose is that of all threads of the graph's process except MediaPipe's own, by the kernel's clock of "
    "each thread. It leaves out what the pose thread spends in the backend's calls (colours, handing the picture to "
    "MediaPipe, taking its landmarks: {calls:.2f} ms a picture; the bare loop's thread takes {bare:.2f} for the same) "
    "and the benchmark's own share of this process ({itself:.2f} ms). Pictures are decoded beforehand on both sides. "
    "What is left out and what is counted add up to {low:.1%} to {high:.1%} of the process's CPU.",
    "The difference of the CPU of the two loops, an earlier measure of the same, is {difference:.2f} ms, its middle "
    "half {quartiles}: two numbers of some 25 ms that vary by more than their difference. Only this difference "
    "includes that MediaPipe itself takes longer when others use the caches, and that the backend takes landmarks in "
    "fewer steps than MediaPipe's own code.",
)
_LESS_ITSELF = (
    "The CPU of the graph leaves out the benchmark's own share of its process: handing out pictures one at a time and "
    "hearing the results ({:.2f} ms a picture)."
)
INTRODUCTION = """\
What the graph costs beside the bare pose network, measured side by side in one run by `./fitness bench` (five minutes;
`--quick`: one). What makes it fast, and how much runs differ: [what-makes-it-fast.md](what-makes-it-fast.md).

Do not edit this page: `./fitness shell -- python -m fitness_bringup.bench.page baseline.json docs` makes it from
`src/fitness_bringup/fitness_bringup/bench/baseline.json`, a result of `./fitness bench --json`."""

_WIDTH, _BAR, _LEFT = 720, 26, 250


def _method(result: dict[str, Any]) -> list[str]:
    of = result["cpu_ms_per_frame"]
    itself = of.get("benchmark_itself")
    if "difference_of_loops" not in of:
        return [*METHOD, _BY_DIFFERENCE, *([_LESS_ITSELF.format(itself)] if itself is not None else [])]
    low, high = result["threads_accounted_for"]
    numbers = {
        "calls": of["calls_of_network"],
        "bare": of["calls_in_bare_loop"],
        "itself": itself,
        "low": low,
        "high": high,
        "difference": of["difference_of_loops"],
        "quartiles": " .. ".join(map(_number, result["cpu_ms_per_frame_quartiles"]["difference_of_loops"])),
    }
    return [*METHOD, *(point.format(**numbers) for point in _BY_THREAD)]


def to_markdown(result: dict[str, Any], plot: str) -> str:
    """docs/performance.md. plot: path of the plot, from there."""
    parts = ["# Performance", INTRODUCTION, _circumstances(result), "## Targets", markdown.table(*_targets(result))]
    parts += ["## How it is measured", "\n".join(f"- {point}" for point in _method(result))]
    parts += [
        "## Side by side",
        f"![Pictures per second and CPU per picture]({plot})",
        markdown.table(*_contenders(result)),
    ]
    for title, head, rows in _details(result):
        parts += [f"## {title}", markdown.table(head, rows)]
    if result["missing"]:
        parts += ["## Not measured", "\n".join(f"- {name}: {reason}" for name, reason in result["missing"].items())]
    return "\n\n".join(parts) + "\n"


def to_html(result: dict[str, Any]) -> str:
    """The same as one page that needs nothing else."""
    return pages.template("bench.html.j2", {}).render(
        circumstances=_circumstances(result).replace("**", ""),
        targets=_targets(result, strong=""),
        method=_method(result),
        plot=Markup(to_svg(result)),
        contenders=_contenders(result),
        details=_details(result),
        missing=result["missing"],
    )


def to_svg(result: dict[str, Any]) -> str:
    """Bars: pictures per second of every contender with the middle half of its rounds, and CPU per picture."""
    bars = [
        (NAMES.get(name, name), of["median"], of["quartiles"], f"{of['median']:.1f}")
        for name, of in result["fps"].items()
    ]
    costs = [
        (NAMES.get(name, name), value, [value, value], f"{value:.1f}")
        for name, value in result["cpu_ms_of"].items()
        if value
    ]
    height = (len(bars) + len(costs)) * _BAR + 120
    drawn = _bars("pictures per second", bars, 30, "#2a78b8")
    drawn += _bars("CPU per picture [ms]", costs, 75 + len(bars) * _BAR, "#c2671b")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="Pictures per second and CPU per picture" font-family="sans-serif" font-size="13">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>{"".join(drawn)}</svg>\n'
    )


def _bars(title: str, bars: Sequence[tuple[str, float, list[float], str]], top: int, colour: str) -> list[str]:
    scale = (_WIDTH - _LEFT - 70) / max((max(value, *quartiles) for _, value, quartiles, _ in bars), default=1.0)
    drawn = [f'<text x="10" y="{top - 8}" font-weight="bold">{escape(title)}</text>']
    for number, (name, value, (low, high), words) in enumerate(bars):
        y = top + number * _BAR
        drawn += [
            f'<text x="{_LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{y + 3}" width="{value * scale:.1f}" height="{_BAR - 8}" fill="{colour}"/>',
            f'<path d="M{_LEFT + low * scale:.1f} {y + 12}H{_LEFT + high * scale:.1f}" stroke="#111"/>',
            f'<text x="{_LEFT + max(value, high) * scale + 6:.1f}" y="{y + 16}">{words}</text>',
        ]
    return drawn


def _circumstances(result: dict[str, Any]) -> str:
    of, share = result["machine"], bare_share(result)
    busy = (
        f" **The machine was busy with other work: the bare loop got {share:.2f} of a core. Memory says something, "
        "CPU a little, times and pictures per second nothing; run it again on an idle machine.**"
    )
    return (
        f"Clip: {result['clip']}. Machine: {of['cpu']}, {of['cores']} cores, {of['memory_gb']} GB, {of['system']}, "
        f"Python {of['python']}; load before the run {of['load_before']:.1f}. The {result['plan']} plan took "
        f"{result['seconds']:.0f} s.{busy if share < LEAST_SHARE else ''}"
    )


def _targets(result: dict[str, Any], strong: str = "**") -> tuple[list[str], list[list[str]]]:
    words = {True: "yes", False: f"{strong}no{strong}", None: "not measured"}
    rows = [[t.name, t.wanted, _number(t.value(result)), words[t.met(result)]] for t in TARGETS]
    return ["target", "wanted", "measured", "met"], rows


def _contenders(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows = []
    for name, of in result["fps"].items():
        low, high = of["quartiles"]
        cpu = _number(result["cpu_ms_of"][name])
        rows.append([NAMES.get(name, name), _number(of["median"]), f"{low:.1f} .. {high:.1f}", str(of["n"]), cpu])
    return ["contender", "pictures/s", "middle half of the rounds", "rounds", "CPU [ms/picture]"], rows


def _details(result: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    quartiles = result["ratios_quartiles"]
    ratios = [
        [RATIOS.get(name, name), _number(value), " .. ".join(map(_number, quartiles.get(name, [])))]
        for name, value in result["ratios"].items()
    ]
    beyond = result.get("threads_beyond_pose_ms", {})
    threads = [[name, _number(value), _number(beyond.get(name))] for name, value in result["threads_cpu_ms"].items()]
    sections = [
        ("Ratios", ["ratio", "median", "middle half"], ratios),
        ("Latency at 30 Hz", ["from stamp to RepEvent", "ms"], _pairs(result["latency_ms"])),
        ("CPU by thread of the one-process graph", ["thread", "ms per picture", "of it beyond pose"], threads),
        ("Peak memory", ["process", "MB"], _pairs(result["memory_mb"])),
        ("Start of ./fitness live", ["until", "s"], _pairs(result["start_s"])),
        ("Pictures at 30 Hz", ["what became of them", "pictures"], _pairs(result["drops_of"])),
        ("Single steps", ["step", "CPU [ms]"], _pairs(result["steps_ms"])),
    ]
    for name, values in result["scaling"].items():
        title, *head = GROWTH[name]
        of_all = values if isinstance(values, dict) else {"on this machine": values}
        rows = [
            [f"{key} {inner}".strip(), _number(number)]
            for key, of in of_all.items()
            for inner, number in (of.items() if isinstance(of, dict) else [("", of)])
        ]
        sections.append((title, head, rows))
    return [section for section in sections if section[2]]


def _pairs(values: dict[str, Any]) -> list[list[str]]:
    return [[name.replace("_", " "), _number(value)] for name, value in values.items() if value is not None]


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def main() -> int:
    """Write performance.md and images/performance.svg into a folder."""
    result, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    (folder / "images" / "performance.svg").write_text(to_svg(result))
    (folder / "performance.md").write_text(to_markdown(result, "images/performance.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
