"""What the slices of a benchmark come to: ratios within rounds, medians, and how far they spread."""

import statistics
from collections.abc import Sequence
from typing import Any

from fitness_bringup.bench.cpu import MOST_AMISS

Samples = dict[str, list[dict[str, Any]]]
"""Name of a contender -> what it told of each slice that it ran."""
LEAST_SHARE = 0.85
"""`bare_share` below which the machine was too busy."""

_BACKENDS = ("mediapipe", "litert")


def result_of(
    samples: Samples,
    cameras: list[tuple[float, float]],
    watched: dict[str, Any],
    starts: list[dict[str, Any]],
    costs: list[dict[str, Any]],
    missing: dict[str, str],
) -> dict[str, Any]:
    """The numbers of a run; docs/performance.md says what each is.

    samples: slices of each contender. cameras: CPU a picture of one graph, and of two. watched: the graph at the
    camera's rate. starts: of `./fitness live`. costs: of steps and replays. missing: what was not measured, and why;
    what cannot be trusted is added.
    """
    ratios = _ratios(samples) | {"two_cameras": [both / alone for alone, both in cameras]}
    cpu = {name: _median([per_frame(sample) for sample in of]) for name, of in samples.items()}
    bare = {sample["round"]: per_frame(sample) for sample in samples["bare"]}
    graph = samples["one"]
    difference = [per_frame(sample) - bare[sample["round"]] for sample in graph]
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
        "ratios": {name: _median(values) for name, values in ratios.items()},
        "ratios_quartiles": {name: _quartiles(values) for name, values in ratios.items() if values},
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
        "drops": sum(counts.get(kind, 0) for kind in ("lost", "replaced", "refused", "failed")) if counts else None,
        "drops_of": counts,
        "steps_ms": {
            key: _median([c["steps_ms"][key] for c in costs]) for key in (costs[0]["steps_ms"] if costs else ())
        },
        "scaling": {
            key: value for key, value in (costs[0] if costs else {}).items() if key not in ("replay_speed", "steps_ms")
        },
        "missing": missing,
        "rounds": {name: [[_fps(sample), per_frame(sample)] for sample in of] for name, of in samples.items()},
        "rounds_beyond_pose": beyond,
    }


def _ratios(samples: Samples) -> dict[str, list[float]]:
    """What is compared of two contenders -> the ratio of every round that both have run."""
    found = {}
    for name, above, below, value in (
        ("graph_vs_pose", "one", "bare", _fps),
        ("processes_vs_pose", "processes", "bare", _fps),
        ("graph_vs_existing", "one", "existing", _fps),
        ("analyze_vs_pose", "analyze", "bare", _fps),
        ("litert_latency_vs_mediapipe", "litert", "mediapipe", lambda sample: sample["latency_ms"]),
        ("litert_cpu_vs_mediapipe", "litert", "mediapipe", per_frame),
        ("graph_cpu_vs_pose", "one", "bare", per_frame),
    ):
        rounds = {sample["round"]: value(sample) for sample in samples.get(below, [])}
        found[name] = [value(s) / rounds[s["round"]] for s in samples.get(above, []) if s["round"] in rounds]
    return found


def bare_share(result: dict[str, Any]) -> float:
    """CPU time of the bare loop per time, median of its rounds; about 1 on a machine that does nothing else."""
    return statistics.median(fps * cpu / 1e3 for fps, cpu in result["rounds"]["bare"])


def _fps(sample: dict[str, Any]) -> float:
    return sample["frames"] / sample["seconds"]


def per_frame(sample: dict[str, Any]) -> float:
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
