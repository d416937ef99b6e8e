"""The quick benchmark against the committed one: a loss beyond its own noise fails."""

import copy
import json
from typing import Any

import pytest

from fitness_bringup.bench import command, compare

BASELINE = json.loads(compare.BASELINE.read_text())


def made(graph: list[float], share: float = 1.0) -> dict[str, Any]:
    """A result whose graph has so many pictures per second in its rounds, beside a bare loop of 50."""
    cpu = 1e3 * share / 50
    return {"rounds": {"bare": [[50.0, cpu]] * len(graph), "one": [[fps, cpu * 50 / fps] for fps in graph]}}


def test_the_same_is_no_loss() -> None:
    assert compare.losses(BASELINE, BASELINE) == []


def test_a_clear_loss_is_told() -> None:
    steady = made([48, 49, 48, 49, 48])
    told = compare.losses(made([20, 21, 20, 21, 20]), steady)
    assert [line.partition(" of ")[0] for line in told] == ["pictures per second", "CPU per picture"]


def test_a_gain_is_no_loss() -> None:
    assert compare.losses(made([49, 49, 49, 49]), made([30, 30, 30, 30])) == []


def test_what_varies_as_much_by_itself_is_no_loss() -> None:
    assert compare.losses(made([20, 48, 36, 50, 30]), made([48, 49, 48, 49, 48])) == []


def test_a_busy_machine_is_recognised() -> None:
    assert compare.share(made([48, 49], share=0.4)) < compare.LEAST_SHARE < compare.share(made([48, 49]))


def test_a_result_is_not_changed_by_comparing() -> None:
    before = copy.deepcopy(BASELINE)
    compare.losses(BASELINE, BASELINE)
    assert before == BASELINE


@pytest.mark.timeout(600)
def test_nothing_is_lost(record_property) -> None:
    result = command.measure("", command.RATIOS)
    share = compare.share(result)
    record_property("ratios", result["ratios"])
    record_property("share_of_a_core", share)
    assert result["missing"] == {}
    assert all(sample[0] > 0 for of in result["rounds"].values() for sample in of)
    if min(share, compare.share(BASELINE)) < compare.LEAST_SHARE:
        pytest.skip(f"the machine is busy: the bare pose loop got {share:.2f} of a core, so ratios say nothing")
    assert compare.losses(result, BASELINE) == []
