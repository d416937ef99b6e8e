"""`./fitness bench`: runs the contenders in turn and puts together what came of them."""

import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from fitness_bringup import __version__
from fitness_bringup.bench import clip
from fitness_bringup.bench.contender import Contender
from fitness_bringup.bench.cpu import MOST_AMISS
from fitness_bringup.bench.machine import Others, machine
from fitness_bringup.bench.targets import TARGETS
from fitness_bringup.tables import table
from fitness_core.command_line import check_writable
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

Samples = dict[str, list[dict[str, Any]]]
# The product's own launch does not check fields; the developers' environment may.
_ENVIRONMENT = {"ROS_PYTHON_CHECK_FIELDS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(source: str, plan: Plan, json_file: Path | None, html_file: Path | None) -> None:
    """The command: measure, print, write. Raises InputError for a clip or a file that cannot be used."""
    check_writable(json_file, html_file)
    console = Console()
    result = measure(source, plan, lambda line: Console(stderr=True).print(line, highlight=False))
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n")
    if html_file is not None:
        from fitness_bringup.bench.page import to_html

        html_file.write_text(to_html(result))
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
            starts = []
            if "watch" in runners:
                for number in range(plan.starts):
                    say(f"start {number + 1} of {plan.starts} ...")
                    starts.append(runners["watch"].run(for_seconds=5.0))
            scaling = _scaling(runners, plan, say)
        costs = _costs(folder, plan, missing)
    result = _result(samples, cameras, watched, starts, costs, missing)
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
    """CPU seconds per second of one graph at the camera's rate, and of two at once, in turns."""
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
        per_frame = [sample["cpu"] / max(1, sample["frames"]) for sample in (alone, *both)]
        pairs.append((per_frame[0], sum(per_frame[1:])))
    return pairs


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
        found["camera_rate_cpu_ms"][str(rate)] = _per_frame(sample)
    for count in (0, 1, 2, 4):
        say(f"{count} viewers ...")
        watch.run(viewed="bench", count=count)
        one.run(frames=15, rate=15.0)
        found["viewers_cpu_ms"][str(count)] = _per_frame(one.run(frames=45, rate=15.0))
    watch.run(viewed="bench", count=0)
    return found


def _result(
    samples: Samples,
    cameras: list[tuple[float, float]],
    watched: dict[str, Any],
    starts: list[dict[str, Any]],
    costs: list[dict[str, Any]],
    missing: dict[str, str],
) -> dict[str, Any]:
    ratios: dict[str, float | None] = {}
    spread: dict[str, list[float]] = {}

    def ratio(name: str, above: str, below: str, value: Callable[[dict[str, Any]], float] = _fps) -> None:
        pairs = {sample["round"]: value(sample) for sample in samples.get(below, [])}
        values = [value(s) / pairs[s["round"]] for s in samples.get(above, []) if s["round"] in pairs]
        ratios[name] = _median(values)
        if values:
            spread[name] = _quartiles(values)

    ratio("graph_vs_pose", "one", "bare")
    ratio("processes_vs_pose", "processes", "bare")
    ratio("graph_vs_existing", "one", "existing")
    ratio("analyze_vs_pose", "analyze", "bare")
    ratio("litert_latency_vs_mediapipe", "litert", "mediapipe", lambda sample: sample["latency_ms"])
    ratio("litert_cpu_vs_mediapipe", "litert", "mediapipe", _per_frame)
    ratio("graph_cpu_vs_pose", "one", "bare", _per_frame)
    doubled = [both / alone for alone, both in cameras]
    ratios["two_cameras"] = _median(doubled)
    if doubled:
        spread["two_cameras"] = _quartiles(doubled)

    cpu = {name: _median([_per_frame(sample) for sample in of]) for name, of in samples.items()}
    bare = {sample["round"]: _per_frame(sample) for sample in samples["bare"]}
    graph = samples["one"]
    difference = [_per_frame(sample) - bare[sample["round"]] for sample in graph]
    accounted = [sample["accounted_for"] for sample in graph]
    beyond = [_ms(sample, sum(sample["beyond_pose"].values())) for sample in graph]
    if any(abs(share - 1) > MOST_AMISS for share in accounted):
        missing["beyond_pose"] = (
            f"the graph's threads add up to {min(accounted):.3f} .. {max(accounted):.3f} of its process's CPU"
        )
        beyond = []
    latency = watched.get("beyond_ms", []), watched.get("whole_ms", [])
    counts = watched.get("counts", {})
    return {
        "ratios": ratios,
        "ratios_quartiles": spread,
        "fps": {name: _summary([_fps(sample) for sample in of]) for name, of in samples.items() if of},
        "latency_ms": {
            "stamp_to_rep_p50": _percentile(latency[0], 50),
            "stamp_to_rep_p95": _percentile(latency[0], 95),
            "with_pose_p50": _percentile(latency[1], 50),
            "with_pose_p95": _percentile(latency[1], 95),
            "repetitions": len(latency[0]),
            "pose": watched.get("pose_ms"),
            **{f"{name}_per_picture": _median([s["latency_ms"] for s in samples.get(name, [])]) for name in _BACKENDS},
        },
        "cpu_ms_per_frame": {
            "pose": cpu["bare"],
            "beyond_pose": _median(beyond),
            "difference_of_loops": _median(difference),
            "benchmark_itself": _median([_ms(sample, sample["own_cpu"]) for sample in graph]),
            "calls_of_network": _median([_ms(sample, sample["calls_cpu"]) for sample in graph]),
            "calls_in_bare_loop": _median([_ms(sample, sample["calls_cpu"]) for sample in samples["bare"]]),
        },
        "cpu_ms_per_frame_quartiles": {
            name: _quartiles(values)
            for name, values in (("beyond_pose", beyond), ("difference_of_loops", difference))
            if values
        },
        "threads_accounted_for": [round(min(accounted), 4), round(max(accounted), 4)],
        "cpu_ms_of": cpu,
        "threads_cpu_ms": _threads(graph, "threads"),
        "threads_beyond_pose_ms": _threads(graph, "beyond_pose"),
        "memory_mb": {
            "one_process_peak": _median([start["memory"] for start in starts]),
            "bare": samples["bare"][-1].get("memory"),
            "existing": samples["existing"][-1].get("memory") if samples.get("existing") else None,
            **(samples["processes"][-1].get("memory_of", {}) if samples.get("processes") else {}),
        },
        "start_s": {
            "first_pose": _median([start["first_pose"] for start in starts if "first_pose" in start]),
            "first_count": _median([start["first_count"] for start in starts if "first_count" in start]),
        },
        "replay_speed": _median([cost["replay_speed"] for cost in costs]),
        "drops": sum(counts.get(kind, 0) for kind in ("lost", "replaced", "failed")) if counts else None,
        "drops_of": counts,
        "steps_ms": {
            key: _median([c["steps_ms"][key] for c in costs]) for key in (costs[0]["steps_ms"] if costs else ())
        },
        "scaling": {
            key: value for key, value in (costs[0] if costs else {}).items() if key not in ("replay_speed", "steps_ms")
        },
        "missing": missing,
        "rounds": {name: [[_fps(sample), _per_frame(sample)] for sample in of] for name, of in samples.items()},
        "rounds_beyond_pose": beyond,
    }


_BACKENDS = ("mediapipe", "litert")


def _fps(sample: dict[str, Any]) -> float:
    return sample["frames"] / sample["seconds"]


def _per_frame(sample: dict[str, Any]) -> float:
    """CPU of one picture [ms]."""
    return _ms(sample, sample["cpu"])


def _ms(sample: dict[str, Any], seconds: float) -> float:
    """What of a slice's CPU [s] is one picture's [ms]."""
    return seconds / max(1, sample["frames"]) * 1e3


def _threads(samples: Sequence[dict[str, Any]], key: str) -> dict[str, float]:
    """CPU of one picture by kind of thread of the graph's process [ms], the most first; medians."""
    kinds = {kind for sample in samples for kind in sample[key]}
    medians = {
        kind: round(statistics.median(_ms(sample, sample[key].get(kind, 0.0)) for sample in samples), 3)
        for kind in kinds
    }
    return dict(sorted(((kind, ms) for kind, ms in medians.items() if ms > 0), key=lambda item: -item[1]))


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 4) if values else None


def _quartiles(values: Sequence[float]) -> list[float]:
    if len(values) < 2:
        return [round(value, 4) for value in (values[0], values[0])]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [round(low, 4), round(high, 4)]


def _summary(values: Sequence[float]) -> dict[str, Any]:
    return {"median": _median(values), "quartiles": _quartiles(values), "n": len(values)}


def _percentile(values: Sequence[float], at: int) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, round(at / 100 * (len(ordered) - 1)))], 3)


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
