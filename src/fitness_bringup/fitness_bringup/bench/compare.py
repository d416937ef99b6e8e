"""Whether a run of the benchmark lost against the committed one, beyond what either run varies by itself.

Only ratios within a run are compared, never times; what an older baseline lacks is told (`unmeasured`). Where others
used the machine too, or the bare pose loop did not get a core to itself, nothing can be said of the graph, which has
work for two cores.
"""

import json
import statistics
from pathlib import Path
from typing import Any

BASELINE = Path(__file__).parent / "baseline.json"
"""The result of the run that docs/performance.md shows. Beside it are `baseline.*.json`, of other processors."""
MOST_OTHERS = 0.15
"""Cores that others may have used meanwhile. The bare loop asks for one core, the graph for a little more: of what
others take, the graph loses first."""
LEAST_SHARE = 0.85
"""CPU time of the bare loop per time, below which the machine was too busy."""
SLACK = 0.15
"""Of the ratio of the baseline: another processor has another ratio."""
WIDTHS = 3.0
"""Standard deviations of both runs together that are noise."""
_FPS, _CPU = 0, 1
_BEYOND = "rounds_beyond_pose"


def baseline_for(result: dict[str, Any]) -> dict[str, Any]:
    """The committed result of the processor that this one is of; that of BASELINE where there is none."""
    known = [json.loads(path.read_text()) for path in (BASELINE, *sorted(BASELINE.parent.glob("baseline.*.json")))]
    return next((each for each in known if each["machine"]["cpu"] == result["machine"]["cpu"]), known[0])


def why_not(result: dict[str, Any], baseline: dict[str, Any]) -> str:
    """Why a result cannot be compared with the baseline, in words; empty where it can."""
    here, there = result["machine"], baseline["machine"]
    if here["cores"] != there["cores"]:
        return f"{here['cores']} cores, the baseline had {there['cores']}: a graph's part of them is another"
    if here["others_cores"] > MOST_OTHERS:
        return f"others used {here['others_cores']:.2f} of a core meanwhile, so ratios say nothing"
    if share(result) < LEAST_SHARE:
        return f"the bare pose loop got {share(result):.2f} of a core, so ratios say nothing"
    return ""


def share(result: dict[str, Any]) -> float:
    """CPU time of the bare loop per time, median of its rounds; about 1 on a machine that does nothing else."""
    return statistics.median(fps * cpu / 1e3 for fps, cpu in result["rounds"]["bare"])


def losses(result: dict[str, Any], baseline: dict[str, Any]) -> list[str]:
    """What is worse than in the baseline, in words; empty where nothing is."""
    found = []
    for what, column, better in (("pictures per second", _FPS, 1), ("CPU per picture", _CPU, -1)):
        now, spread = _ratio(result, column)
        was, spread_then = _ratio(baseline, column)
        allowed = WIDTHS * (spread**2 + spread_then**2) ** 0.5 + SLACK * was
        if better * (was - now) > allowed:
            found.append(
                f"{what} of the graph / of the bare pose loop: {now:.2f}, baseline {was:.2f}, noise {allowed:.2f}"
            )
    if not unmeasured(result, baseline):
        (now, spread), (was, spread_then) = _beyond(result), _beyond(baseline)
        allowed = WIDTHS * (spread**2 + spread_then**2) ** 0.5 + SLACK * was
        if now - was > allowed:
            found.append(
                "CPU beyond pose per picture of the graph / CPU of the bare pose loop: "
                f"{now:.3f}, baseline {was:.3f}, noise {allowed:.3f}"
            )
    return found


def unmeasured(result: dict[str, Any], baseline: dict[str, Any]) -> str:
    """What could not be compared because one of both has not measured it, in words; empty where everything could."""
    lacking = [name for name, of in (("this run", result), ("the baseline", baseline)) if not of.get(_BEYOND)]
    return f"CPU beyond pose by thread is not compared: {' and '.join(lacking)} lacks {_BEYOND}" if lacking else ""


def _ratio(result: dict[str, Any], column: int) -> tuple[float, float]:
    """Median of the ratios graph / bare loop of the rounds, and its standard deviation, from the quartiles."""
    pairs = zip(result["rounds"]["one"], result["rounds"]["bare"], strict=True)
    return _middle([graph[column] / bare[column] for graph, bare in pairs])


def _beyond(result: dict[str, Any]) -> tuple[float, float]:
    """The same of what the graph took beyond pose, as a part of what the bare loop took."""
    pairs = zip(result[_BEYOND], result["rounds"]["bare"], strict=True)
    return _middle([beyond / bare[_CPU] for beyond, bare in pairs])


def _middle(ratios: list[float]) -> tuple[float, float]:
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, (high - low) / 1.35
