"""The quick benchmark against the committed one: a loss beyond its own noise fails.

Only ratios within a run are compared, never times; what an older baseline lacks is told (`unmeasured`). Where others
used the machine too, or the bare pose loop did not get a core to itself, nothing can be said of the graph, which has
work for two cores.
"""

import copy
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fitness_bringup.bench import command
from fitness_bringup.bench.machine import Others
from fitness_bringup.bench.result import LEAST_SHARE, bare_share

BASELINES = sorted(Path(command.__file__).parent.glob("baseline*.json"))
"""Committed results, each of another processor."""
BASELINE = json.loads(Path(command.__file__).with_name("baseline.json").read_text())
"""That of the run that docs/performance.md shows."""
PLAN = command.Plan(rounds=6, frames=30, pictures=60, watched=0.0, starts=0, only=("bare", "one"), scaling=False)
"""What is needed to see a loss."""
MOST_OTHERS = 0.15
"""Cores that others may have used meanwhile. The bare loop asks for one core, the graph for a little more: of what
others take, the graph loses first."""
SLACK = 0.15
"""Of the ratio of the baseline: another processor has another ratio."""
WIDTHS = 3.0
"""Standard deviations of both runs together that are noise."""
_FPS, _CPU = 0, 1
_BEYOND = "rounds_beyond_pose"


def baseline_for(result: dict[str, Any]) -> dict[str, Any]:
    """The committed result of the processor that this one is of; that of BASELINE where there is none."""
    known = (json.loads(path.read_text()) for path in BASELINES)
    return next((each for each in known if each["machine"]["cpu"] == result["machine"]["cpu"]), BASELINE)


def why_not(result: dict[str, Any], baseline: dict[str, Any]) -> str:
    """Why a result cannot be compared with the baseline, in words; empty where it can."""
    here, there = result["machine"], baseline["machine"]
    if here["cores"] != there["cores"]:
        return f"{here['cores']} cores, the baseline had {there['cores']}: a graph's part of them is another"
    if here["others_cores"] > MOST_OTHERS:
        return f"others used {here['others_cores']:.2f} of a core meanwhile, so ratios say nothing"
    if bare_share(result) < LEAST_SHARE:
        return f"the bare pose loop got {bare_share(result):.2f} of a core, so ratios say nothing"
    return ""


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


def made(graph: list[float], share: float = 1.0, others: float = 0.0, cores: int = 2) -> dict[str, Any]:
    """A result whose graph has so many pictures per second in its rounds, beside a bare loop of 50."""
    cpu = 1e3 * share / 50
    rounds = {"bare": [[50.0, cpu]] * len(graph), "one": [[fps, cpu * 50 / fps] for fps in graph]}
    return {"rounds": rounds, "machine": {"cores": cores, "others_cores": others}}


def test_the_same_is_no_loss() -> None:
    assert losses(BASELINE, BASELINE) == []


def test_a_clear_loss_is_told() -> None:
    steady = made([48, 49, 48, 49, 48])
    told = losses(made([30, 31, 30, 31, 30]), steady)
    assert [line.partition(" of ")[0] for line in told] == ["pictures per second", "CPU per picture"]


def test_a_gain_is_no_loss() -> None:
    assert losses(made([49, 49, 49, 49]), made([30, 30, 30, 30])) == []


def test_more_beyond_pose_is_told_where_both_have_measured_it() -> None:
    steady = made([48, 49, 48, 49]) | {"rounds_beyond_pose": [2.0, 2.1, 2.0, 2.1]}
    more = steady | {"rounds_beyond_pose": [3.0, 3.1, 3.0, 3.1]}
    assert losses(steady, steady) == [] and unmeasured(steady, steady) == ""
    assert [line.partition(" per ")[0] for line in losses(more, steady)] == ["CPU beyond pose"]
    assert losses(steady, more) == []
    older = made([48, 49, 48, 49])
    assert losses(more, older) == []
    assert "the baseline lacks rounds_beyond_pose" in unmeasured(more, older)


def test_what_varies_as_much_by_itself_is_no_loss() -> None:
    assert losses(made([20, 48, 36, 50, 30]), made([48, 49, 48, 49, 48])) == []


def test_a_busy_machine_is_recognised() -> None:
    quiet = made([48, 49])
    assert why_not(quiet, quiet) == ""
    assert why_not(made([48, 49], share=0.4), quiet).startswith("the bare pose loop got 0.40 of a core")
    assert why_not(made([48, 49], others=0.5), quiet).startswith("others used 0.50 of a core")
    assert why_not(made([48, 49], cores=8), quiet).startswith("8 cores, the baseline had 2")


@pytest.mark.alone
def test_what_others_use_is_measured() -> None:
    """Of what works beside it, this process counts only what it has waited for as its own."""
    others = Others()
    busy = "import time\nend = time.monotonic() + 1.0\nwhile time.monotonic() < end: pass"
    process = subprocess.Popen([sys.executable, "-c", busy])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    before = others.cores()
    process.wait()
    assert others.cores() < before - 0.1


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.name)
def test_a_result_is_compared_with_that_of_its_processor(path: Path) -> None:
    result = json.loads(path.read_text())
    assert baseline_for(result) == result
    assert baseline_for(result | {"machine": result["machine"] | {"cpu": "another"}}) == BASELINE


def test_a_result_is_not_changed_by_comparing() -> None:
    before = copy.deepcopy(BASELINE)
    losses(BASELINE, BASELINE)
    assert before == BASELINE


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_nothing_is_lost(record_property) -> None:
    result = command.measure("", PLAN)
    record_property("ratios", result["ratios"])
    record_property("others_cores", result["machine"]["others_cores"])
    baseline = baseline_for(result)
    record_property("unmeasured", unmeasured(result, baseline))
    assert result["missing"] == {}
    assert all(ms > 0 for ms in result["rounds_beyond_pose"])
    assert all(sample[0] > 0 for of in result["rounds"].values() for sample in of)
    if why := why_not(result, baseline):
        pytest.skip(why)
    assert losses(result, baseline) == []
