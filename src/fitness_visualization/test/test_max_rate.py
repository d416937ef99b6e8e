"""Of what comes more often so many a second are shown, evenly."""

import numpy as np
import pytest

from fitness_visualization.max_rate import MaxRate


@pytest.mark.parametrize(
    ("comes", "rate", "shown"), [(30, 15, 15), (30, 30, 30), (30, 60, 30), (30, 10, 10), (25, 15, 15)]
)
def test_as_many_as_asked_for_also_where_poses_tremble(comes, rate, shown):
    rng = np.random.default_rng(1)
    seconds = 60
    limit, count = MaxRate(), 0
    for now in 1000 + np.arange(seconds * comes) / comes + rng.uniform(-0.2, 0.2, seconds * comes) / comes:
        if not limit.early(now):
            limit.shown(now, rate)
            count += 1
    assert count / seconds == pytest.approx(shown, rel=0.03)


def test_after_a_reset_the_next_one_is_not_too_early():
    limit = MaxRate()
    limit.shown(1000.0, 1.0)
    assert limit.early(1000.1)
    limit.reset()
    assert not limit.early(1000.1)
