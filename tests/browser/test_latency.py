"""What a page shows is young: it does not queue up anywhere between the pose stage and the screen."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

CLIP = "videos/squat/mrpose_squat2.mp4"
SPEC = importlib.util.spec_from_file_location("latency", Path(__file__).with_name("latency.py"))
assert SPEC is not None and SPEC.loader is not None
latency = importlib.util.module_from_spec(SPEC)
DRAWINGS = 60


@pytest.mark.alone
def test_a_drawing_is_young_when_it_is_on_the_screen(data, live, browser, visit, until):
    SPEC.loader.exec_module(latency)
    running = live("--source", data(CLIP), "--loop", "--no-overlay")
    page = visit(browser, running.address)
    ages = latency.ages(page, until, DRAWINGS)
    running.end()
    print(ages)
    assert len(ages.beyond) > 0.9 * DRAWINGS
    # A busy machine is slow at everything: the allowance grows with what nothing but a message there and back takes.
    assert np.percentile(ages.beyond, 95) < latency.BOUND + 5 * np.percentile(ages.echoes, 95), str(ages)
    # Nothing piles up: the last third is not older than the first.
    first, last = np.median(ages.beyond[: DRAWINGS // 3]), np.median(ages.beyond[-DRAWINGS // 3 :])
    assert last < 2 * first + latency.BOUND, str(ages)
