"""The quick benchmark against the committed one: a loss beyond its own noise fails."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fitness_bringup.bench import command, compare
from fitness_bringup.bench.machine import Others

BASELINE = json.loads(compare.BASELINE.read_text())
PLAN = command.Plan(rounds=6, frames=30, pictures=60, watched=0.0, starts=0, only=("bare", "one"), scaling=False)
"""What is needed to see a loss."""


def made(graph: list[float], share: float = 1.0, others: float = 0.0, cores: int = 2) -> dict[str, Any]:
    """A result whose graph has so many pictures per second in its rounds, beside a bare loop of 50."""
    cpu = 1e3 * share / 50
    rounds = {"bare": [[50.0, cpu]] * len(graph), "one": [[fps, cpu * 50 / fps] for fps in graph]}
    return {"rounds": rounds, "machine": {"cores": cores, "others_cores": others}}


def test_the_same_is_no_loss() -> None:
    assert compare.losses(BASELINE, BASELINE) == []


def test_a_clear_loss_is_told() -> None:
    steady = made([48, 49, 48, 49, 48])
    told = compare.losses(made([30, 31, 30, 31, 30]), steady)
    assert [line.partition(" of ")[0] for line in told] == ["pictures per second", "CPU per picture"]


def test_a_gain_is_no_loss() -> None:
    assert compare.losses(made([49, 49, 49, 49]), made([30, 30, 30, 30])) == []


def test_more_beyond_pose_is_told_where_both_have_measured_it() -> None:
    steady = made([48, 49, 48, 49]) | {"rounds_beyond_pose": [2.0, 2.1, 2.0, 2.1]}
    more = steady | {"rounds_beyond_pose": [3.0, 3.1, 3.0, 3.1]}
    assert compare.losses(steady, steady) == [] and compare.unmeasured(steady, steady) == ""
    assert [line.partition(" per ")[0] for line in compare.losses(more, steady)] == ["CPU beyond pose"]
    assert compare.losses(steady, more) == []
    older = made([48, 49, 48, 49])
    assert compare.losses(more, older) == []
    assert "the baseline lacks rounds_beyond_pose" in compare.unmeasured(more, older)


def test_what_varies_as_much_by_itself_is_no_loss() -> None:
    assert compare.losses(made([20, 48, 36, 50, 30]), made([48, 49, 48, 49, 48])) == []


def test_a_busy_machine_is_recognised() -> None:
    quiet = made([48, 49])
    assert compare.why_not(quiet, quiet) == ""
    assert compare.why_not(made([48, 49], share=0.4), quiet).startswith("the bare pose loop got 0.40 of a core")
    assert compare.why_not(made([48, 49], others=0.5), quiet).startswith("others used 0.50 of a core")
    assert compare.why_not(made([48, 49], cores=8), quiet).startswith("8 cores, the baseline had 2")


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


@pytest.mark.parametrize("path", sorted(compare.BASELINE.parent.glob("baseline*.json")), ids=lambda path: path.name)
def test_a_result_is_compared_with_that_of_its_processor(path: Path) -> None:
    result = json.loads(path.read_text())
    assert compare.baseline_for(result) == result
    assert compare.baseline_for(result | {"machine": result["machine"] | {"cpu": "another"}}) == BASELINE


def test_a_result_is_not_changed_by_comparing() -> None:
    before = copy.deepcopy(BASELINE)
    compare.losses(BASELINE, BASELINE)
    assert before == BASELINE


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_nothing_is_lost(record_property) -> None:
    result = command.measure("", PLAN)
    record_property("ratios", result["ratios"])
    record_property("others_cores", result["machine"]["others_cores"])
    baseline = compare.baseline_for(result)
    record_property("unmeasured", compare.unmeasured(result, baseline))
    assert result["missing"] == {}
    assert all(ms > 0 for ms in result["rounds_beyond_pose"])
    assert all(sample[0] > 0 for of in result["rounds"].values() for sample in of)
    if why := compare.why_not(result, baseline):
        pytest.skip(why)
    assert compare.losses(result, baseline) == []
