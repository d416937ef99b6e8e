"""The result of `./fitness bench` as a page: docs/performance.md with its plots, or one HTML file.

python -m fitness_bringup.bench.page RESULT.json docs
"""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from fitness_bringup.bench import compare
from fitness_bringup.bench.targets import TARGETS

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
INTRODUCTION = """\
Made of `src/fitness_bringup/fitness_bringup/bench/baseline.json`, which is the result of `./fitness bench --json`,
by `python -m fitness_bringup.bench.page baseline.json docs`; do not edit. The contenders take turns, a second or so
each, on the same pictures (640x480, decoded beforehand, but for `analyze`); the order turns every round. A ratio is
the median of the ratios within the rounds, so that what else the machine did meets both sides. The graphs run under
back-pressure: their camera hands out a picture when the counter has confirmed the one before the last, so every
picture that is counted went all the way through pose, classifier and counter, by DDS; one that made way for a newer
one is not counted. In one process the picture itself is handed over while nobody else subscribes to it. CPU beyond
pose is the graph's whole process less the bare loop's, per picture. The latency from stamp to RepEvent is taken at 30
Hz and without the time that the pose network took for that picture; with it, it is given beside."""
TRIMMED = """\
- **Executor** (`fitness_core/ros/executor.py`). rclpy's SingleThreadedExecutor looked at all 220 entities of
  the graph three times for each message. Ours waits for messages and timers alone; services, clients and
  actions wake it by a thread, events of publishers are looked at once a second. What this gave and what the next
  point gave was not told apart. rclpy's experimental EventsExecutor hung in the same place and is not used.
- **Poses and pictures in place** (`fitness_core/ros/serialized.py`). rclpy made 66 objects for every pose at
  each of its subscribers; now an array is laid over the received bytes, and a pose is written as one array: 0.29
  ms became 0.02 and 0.24 became 0.008. A picture costs 1.0 instead of 2.1 ms from publisher to array, copied once
  per hop: into the message, by DDS, out of DDS.
- **Field checks.** `ROS_PYTHON_CHECK_FIELDS` is nowhere set by the product; the benchmark switches it off for
  those who develop with it.
- **Drawing** happens in a thread of the overlay, and only while somebody looks. The classifier runs at 10 Hz of
  stamps.
- **Bags** are read in place too, a tenth of the time, without a message between bytes and pose.
- **Many poses at once.** Recorded poses go through classifier and counter in blocks: windows, features, the network
  and joint angles of a whole block are computed together, only the machines and the credit go pose by pose. A stage's
  `step` is its `steps` with one pose, and tests hold that both tell the same. The network's LSTM is exported unrolled:
  of 32 windows at once each takes 0.07 ms. One window takes 0.15 instead of 0.25 where windows follow each other; where
  other work puts the weights out of the cache between them, 0.23 to 0.41 as against 0.28 to 0.30. A replay takes a
  quarter of the processor time. The first one of a process loads SciPy besides, which makes it 50 times real time for
  the demo's 33 s; it is not among those that are told.
  They are made five in a row after the other contenders have ended, and the median is told: one alone between other
  work, as it was measured before, is a tenth of a second of a processor that had rested, 205 to 230 times real time
  where five in a row and a bag of nine minutes have 310 to 350.
- **Replays.** The network has its windows in a thread, which needs no Python meanwhile, while features of the next
  ones are made and the block before is counted; where no core is free that gives nothing. The heaps keep what is
  freed: arrays of 400 kB that are made and freed in turn were 8500 page faults in a replay of the demo, a quarter of
  the classifier's processor time. Repetitions are judged from one memory of bodies, heights of several poses at once,
  each trunk measured once: the counter takes 49 instead of 62 ms of the demo, with the same bits for 41 k poses of
  132 clips. In turns with the version before, three times, the median of 25 replays was 99, 108 and 137 ms instead of
  130, 145 and 172, while others computed beside them. With less of a core free, 140 instead of 162.
- **The counter's step.** What exercises share is measured once, thresholds are computed when a range is learnt, and
  what is credited to one exercise is open for no other, so that most labels find nothing to decide.
- **Pictures past DDS** (`fitness_core/ros/handover.py`). Where all who subscribe to a picture are in the camera's own
  process, the array is handed to them, with the same stamp and in the same order: no copy instead of three, and the
  executor is not woken. When anybody else subscribes all get it through DDS. The camera's thread went from 1.06 to 0.25
  ms per picture, the executor was spared 0.35. Poses go through DDS always: 30 s of them are kept for who comes late.
- **Threads of libraries.** OpenBLAS and OpenCV share work that takes microseconds among threads which wait by
  spinning, on cores that the pose network needs: turning the colours of a picture took 0.64 ms of CPU, 0.10 with one
  thread, and a singular value decomposition of the counter was half of the executor's time where others were busy too.
- **Long imports.** What the counter needs first in the middle of a set (SciPy) is imported in a thread after the first
  pose; in the callback, it held all up for most of a second.
- **Start.** The network is loaded in a thread while the other nodes are imported and made; what writes bags, pages and
  tables is imported when it is first needed.
- **Turns of Python's threads.** Who comes back from a wait while another thread computes had to wait for 5 ms, the
  interval that Python sets; now 0.5. Where no other thread computes it makes no difference.
- **The network has the next picture** (`pose_estimator/pipeline.py`). Where a picture waits, its network begins as soon
  as it is known who is followed and where alone to look. The pose of the one before is smoothed and published while
  MediaPipe's own threads work, and so is all that it wakes: none of that asks for Python's lock while a picture is
  shown. Between two pictures the network rests for 1.1 ms, 3.4 before, 0.8 in the bare loop.
- **The counter goes first** (`fitness_core/ros/executor.py`). Of what a pose wakes the counter's callback comes first
  and the classifier's after all that came of the others; the counter's file is written once the event is delivered.
- **A wait** (`fitness_core/ros/entities.py`). What it asks of each message and timer is looked up once, and held until
  there is something else to wait for; callbacks are called without a task of rclpy's: 0.019 ms, 0.066 before.
- **What nobody needs yet.** A state is read by who needs more than its stamp, a pose once for all nodes of a process;
  the classifier looks at poses when a label is due; angles are made while a page is open; landmarks in the picture and
  in the world are smoothed in one filter. With the point before, the executor's thread went from 3.1 to 2.1 ms per
  picture, the pose thread from 1.8 to 1.5, all beyond pose from 4.7 to 3.0, in turns beside two others who computed.
- **Landmarks** are read from the bytes of MediaPipe's message, as an array: 0.003 ms, 0.023 as objects, twice per
  picture. The executor looks once, and not until nothing is found, for what comes of urgent callbacks before those
  that can wait. In three runs in turns with the version before, beside others who computed, the pose thread took 1.4
  to 1.7 instead of 1.6 to 1.8 ms per picture, with a buffer for colours that is used again; of the executor, 2.0 to
  2.5 ms, no gain could be told from noise, nor of the whole.
- How much a run differs from the next: three on the idle machine within an hour, the same nodes, gave one process .98,
  .94 and .96 of the bare loop, separate processes .99, .91 and .97, the existing system's 4.5, 3.9 and 4.1 times, all
  beyond pose 2.3, 3.2 and 3.0 ms, two cameras 2.01, 2.16 and 2.17. The tables are of the last, which is in the middle.
- Looked at and left: two threads for classifier and counter of a replay wait for Python's lock as long as they save.
  The garbage collector takes 0.007 ms of a picture. XNNPACK packs the weights of the unrolled network anew for each
  of its steps, 8 MB: 0.12 ms, 0.31 after others had the cache; without it 0.21 and 0.29."""

_WIDTH, _BAR, _LEFT = 720, 26, 250


def to_markdown(result: dict[str, Any], plot: str) -> str:
    """docs/performance.md. plot: path of the plot, from there."""
    parts = ["# Performance", INTRODUCTION, _circumstances(result), "## Targets", _markdown(*_targets(result))]
    parts += ["## Side by side", f"![Pictures per second and CPU per picture]({plot})", _markdown(*_contenders(result))]
    for title, head, rows in _details(result):
        parts += [f"## {title}", _markdown(head, rows)]
    parts += ["## What was trimmed, and what it gave", TRIMMED]
    if result["missing"]:
        parts += ["## Not measured", "\n".join(f"- {name}: {reason}" for name, reason in result["missing"].items())]
    return "\n\n".join(parts) + "\n"


def to_html(result: dict[str, Any]) -> str:
    """The same as one page that needs nothing else."""
    parts = [
        "<h1>Performance</h1>",
        f"<p>{escape(INTRODUCTION)}</p>",
        f"<p>{escape(_circumstances(result).replace('**', ''))}</p>",
    ]
    parts += ["<h2>Targets</h2>", _table(*_targets(result)), "<h2>Side by side</h2>", to_svg(result)]
    parts.append(_table(*_contenders(result)))
    for title, columns, rows in _details(result):
        parts += [f"<h2>{escape(title)}</h2>", _table(columns, rows)]
    parts += [f"<p>{escape(name)}: not measured: {escape(reason)}</p>" for name, reason in result["missing"].items()]
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "td,th{padding:.2rem .8rem;text-align:right}td:first-child,th:first-child{text-align:left}svg{max-width:100%}"
    )
    head = f'<meta charset="utf-8"><title>Performance</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


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
    of, share = result["machine"], compare.share(result)
    busy = (
        f" **The machine was busy with other work: the bare loop got {share:.2f} of a core. Memory says something, "
        "CPU a little, times and pictures per second nothing; run it again on an idle machine.**"
    )
    return (
        f"Clip: {result['clip']}. Machine: {of['cpu']}, {of['cores']} cores, {of['memory_gb']} GB, {of['system']}, "
        f"Python {of['python']}; load before the run {of['load_before']:.1f}. The {result['plan']} plan took "
        f"{result['seconds']:.0f} s.{busy if share < compare.LEAST_SHARE else ''}"
    )


def _targets(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    words = {True: "yes", False: "**no**", None: "not measured"}
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
        [name, _number(value), " .. ".join(map(_number, quartiles.get(name, [])))]
        for name, value in result["ratios"].items()
    ]
    sections = [
        ("Ratios", ["ratio", "median", "middle half"], ratios),
        ("Latency at 30 Hz", ["from stamp to RepEvent", "ms"], _pairs(result["latency_ms"])),
        ("CPU by thread of the one-process graph", ["thread", "ms per picture"], _pairs(result["threads_cpu_ms"])),
        ("Peak memory", ["process", "MB"], _pairs(result["memory_mb"])),
        ("Start of ./fitness live", ["until", "s"], _pairs(result["start_s"])),
        ("Pictures at 30 Hz", ["what became of them", "pictures"], _pairs(result["drops_of"])),
        ("Single steps", ["step", "CPU [ms]"], _pairs(result["steps_ms"])),
    ]
    for name, values in result["scaling"].items():
        flat = values if isinstance(values, dict) else {"": values}
        rows = [
            [f"{key} {inner}", _number(number)]
            for key, of in flat.items()
            for inner, number in (of.items() if isinstance(of, dict) else [("", of)])
        ]
        sections.append((f"Growth: {name.replace('_', ' ')}", ["at", "value"], rows))
    return [section for section in sections if section[2]]


def _pairs(values: dict[str, Any]) -> list[list[str]]:
    return [[name.replace("_", " "), _number(value)] for name, value in values.items() if value is not None]


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell.replace('**', ''))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"


def main() -> int:
    """Write performance.md and images/performance.svg into a folder."""
    result, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    (folder / "images" / "performance.svg").write_text(to_svg(result))
    (folder / "performance.md").write_text(to_markdown(result, "images/performance.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
