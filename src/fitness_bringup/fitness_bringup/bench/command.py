"""`./fitness bench`: runs the contenders in turn and puts together what came of them."""

import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from fitness_bringup import __version__
from fitness_bringup.bench import clip
from fitness_bringup.bench.contender import Contender
from fitness_bringup.bench.machine import Others, machine
from fitness_bringup.bench.result import Samples, per_frame, result_of
from fitness_bringup.bench.targets import TARGETS
from fitness_bringup.tables.terminal import table
from fitness_core.command_line import check_different, check_spares, check_writable, write_file
from fitness_core.errors import InputError

CAMERA_RATE = 30.0
"""Of the runs at a camera's own rate [Hz]."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    rounds: turns of every contender. frames: pictures of one slice; existing: of the existing system's. pictures: of
    the clip. watched: seconds at the camera's rate for latencies and drops. starts: of `./fitness live`. only: names of
    contenders; empty = all. scaling: how cost grows with sizes, rates, viewers, lengths too.
    """

    rounds: int = 9
    frames: int = 90
    existing: int = 20
    pictures: int = 360
    watched: float = 30.0
    starts: int = 3
    only: tuple[str, ...] = ()
    scaling: bool = True


QUICK = Plan(rounds=3, frames=24, existing=5, pictures=240, watched=8.0, starts=1, scaling=False)
"""About a minute on a machine that does nothing else."""

# The product's own launch does not check fields; the developers' environment may.
_ENVIRONMENT = {"ROS_PYTHON_CHECK_FIELDS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(source: str, plan: Plan, json_file: Path | None, html_file: Path | None) -> None:
    """The command: measure, print, write. Raises InputError for a clip or a file that cannot be used."""
    check_writable(json_file, html_file)
    check_different(json_file, html_file)
    if source:
        check_spares(Path(source), json_file, html_file)
    console = Console()
    result = measure(source, plan, lambda line: Console(stderr=True).print(line, highlight=False))
    if json_file is not None:
        write_file(json_file, json.dumps(result, indent=1) + "\n")
    if html_file is not None:
        from fitness_bringup.bench.page import to_html

        write_file(html_file, to_html(result))
    show(result, console)


def measure(source: str, plan: Plan, say: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Everything in one run; see docs/performance.md for what each number is."""
    begun = time.monotonic()
    others = Others()
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("pictures ...")
        prepared = clip.prepare(source, folder, plan.pictures)
        load_before = os.getloadavg()[0]
        with ExitStack() as resources:
            runners = _start(folder, plan, missing, resources)
            say(f"{', '.join(runners)}: loading ...")
            for name in list(runners):
                try:
                    runners[name].await_ready()
                except (InputError, RuntimeError) as error:
                    if name in ("bare", "one"):
                        raise
                    missing[name] = str(error)
                    del runners[name]
            samples = _rounds(runners, plan, say)
            cameras = _cameras(runners, plan, say)
            watched = (
                runners["one"].run(frames=round(plan.watched * CAMERA_RATE), rate=CAMERA_RATE) if plan.watched else {}
            )
            scaling = _scaling(runners, plan, say)
        starts = _starts(folder, plan, say)
        costs = _costs(folder, plan, missing)
    result = result_of(samples, cameras, watched, starts, costs, missing)
    result["scaling"] |= scaling
    head = {
        "version": __version__,
        "clip": prepared.name,
        "plan": "quick" if plan == QUICK else "full" if plan == Plan() else "other",
        "seconds": round(time.monotonic() - begun, 1),
        "machine": machine() | {"load_before": load_before, "others_cores": round(others.cores(), 2)},
    }
    return head | result


def _start(folder: Path, plan: Plan, missing: dict[str, str], resources: ExitStack) -> dict[str, Contender]:
    wanted: dict[str, tuple[object, ...]] = {
        "bare": ("loops", "bare", folder),
        "one": ("graphs", "one", folder, "bench"),
        "processes": ("graphs", "processes", folder, "bench_processes"),
        "second": ("graphs", "one", folder, "bench_second"),
        "analyze": ("loops", "analyze", folder),
        "mediapipe": ("loops", "mediapipe", folder),
        "litert": ("loops", "litert", folder),
        "existing": ("loops", "existing", folder),
        "watch": ("graphs", "watch", folder, "bench_live"),
    }
    if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("keras") is None:
        missing["existing"] = "TensorFlow and Keras are not installed (./fitness train installs them)"
        del wanted["existing"]
    if not plan.scaling:
        del wanted["watch"]
    if plan.only:
        wanted = {name: wanted[name] for name in plan.only}
    runners: dict[str, Contender] = {}
    for name, (module, *arguments) in wanted.items():
        runners[name] = Contender(str(module), *arguments, environment=_ENVIRONMENT)
        resources.callback(runners[name].close)
    return runners


def _rounds(runners: dict[str, Contender], plan: Plan, say: Callable[[str], None]) -> Samples:
    """Every contender once per round; the order turns, so that none always comes after the same one."""
    names = [name for name in runners if name not in ("second", "watch")]
    samples: Samples = {name: [] for name in names}
    for number in range(-1, plan.rounds):
        say(f"round {number + 1} of {plan.rounds} ..." if number >= 0 else "warming up ...")
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            if name == "analyze" and number % 3:
                continue
            sample = runners[name].run(frames=plan.existing if name == "existing" else plan.frames)
            if number >= 0:
                samples[name].append(sample | {"round": number})
    return samples


def _cameras(runners: dict[str, Contender], plan: Plan, say: Callable[[str], None]) -> list[tuple[float, float]]:
    """CPU per picture [ms] of one graph, and of two at once, in turns."""
    if "second" not in runners:
        return []
    say("two cameras ...")
    one, second = runners["one"], runners["second"]
    pairs = []
    slice_ = {"frames": plan.frames, "rate": CAMERA_RATE / 2}
    second.run(frames=10)
    for _ in range(max(1, plan.rounds // 3)):
        alone = one.run(**slice_)
        one.begin(**slice_)
        second.begin(**slice_)
        both = [one.result(), second.result()]
        pairs.append((per_frame(alone), sum(map(per_frame, both))))
    return pairs


def _starts(folder: Path, plan: Plan, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Starts of `./fitness live`. Nobody else runs: a graph that starts tells each other one of all its topics."""
    if not plan.starts or plan.only:
        return []
    with closing(Contender("graphs", "watch", folder, "bench_live", environment=_ENVIRONMENT)) as watch:
        watch.await_ready()
        starts = []
        for number in range(plan.starts):
            say(f"start {number + 1} of {plan.starts} ...")
            starts.append(watch.run(for_seconds=5.0))
        return starts


def _costs(folder: Path, plan: Plan, missing: dict[str, str]) -> list[dict[str, Any]]:
    """What steps and replays cost, several times; nobody else is ready meanwhile, for no ratio is made of it."""
    if not plan.starts or plan.only:
        return []
    with closing(Contender("costs", folder, environment=_ENVIRONMENT)) as costs:
        try:
            costs.await_ready()
        except (InputError, RuntimeError) as error:
            missing["costs"] = str(error)
            return []
        return [costs.run(scaling=plan.scaling and not turn) for turn in range(plan.starts)]


def _scaling(runners: dict[str, Contender], plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """CPU per picture of the whole graph at several camera rates, and with several viewers of its overlay."""
    if not plan.scaling or "watch" not in runners:
        return {}
    one, watch = runners["one"], runners["watch"]
    found: dict[str, Any] = {"camera_rate_cpu_ms": {}, "viewers_cpu_ms": {}}
    for rate in (10, 20, 30):
        say(f"camera of {rate} Hz ...")
        sample = one.run(frames=rate * 3, rate=float(rate))
        found["camera_rate_cpu_ms"][str(rate)] = per_frame(sample)
    for count in (0, 1, 2, 4):
        say(f"{count} viewers ...")
        watch.run(viewed="bench", count=count)
        one.run(frames=15, rate=15.0)
        found["viewers_cpu_ms"][str(count)] = per_frame(one.run(frames=45, rate=15.0))
    watch.run(viewed="bench", count=0)
    return found


def show(result: dict[str, Any], console: Console) -> None:
    """Tables on a terminal: frames per second, then the targets."""
    rates = table("contender", "pictures/s", "quartiles", "CPU [ms/picture]")
    for name, of in result["fps"].items():
        low, high = of["quartiles"]
        rates.add_row(name, f"{of['median']:.1f}", f"{low:.1f} .. {high:.1f}", f"{result['cpu_ms_of'][name]:.2f}")
    console.print(rates)
    targets = table("target", "wanted", "measured", "met")
    for target in TARGETS:
        value = target.value(result)
        measured = "not measured" if value is None else f"{value:.3g}"
        targets.add_row(target.name, target.wanted, measured, {True: "yes", False: "no", None: ""}[target.met(result)])
    console.print(targets)
    for name, reason in result["missing"].items():
        console.print(f"{name}: not measured: {reason}", highlight=False, markup=False)
