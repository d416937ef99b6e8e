"""The label stays while windows flicker and follows when the exercise changes."""

import numpy as np
import pytest

from exercise_classifier.label_hold import AVERAGING, LEAD, LabelHold

SQUAT, CURL = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.8, 0.1])


def held(hold: LabelHold, windows: list[np.ndarray], rate: float = 10.0) -> list[int]:
    """Index of the held label after each window."""
    return [hold.step(number / rate, window)[1] for number, window in enumerate(windows)]


def test_the_first_window_counts_at_once() -> None:
    mean, label = LabelHold().step(3.0, CURL)
    assert label == 1
    assert mean == pytest.approx(CURL)


def test_a_single_odd_window_changes_nothing() -> None:
    assert set(held(LabelHold(), [SQUAT] * 10 + [CURL] + [SQUAT] * 10)) == {0}


@pytest.mark.parametrize("rate", [2.0, 5.0, 10.0, 30.0])
def test_a_new_exercise_takes_over_after_the_same_time_at_every_rate(rate: float) -> None:
    windows = [SQUAT] * round(3 * rate) + [CURL] * round(3 * rate)
    labels = held(LabelHold(), windows, rate)
    waited = (labels.index(1) - round(3 * rate) + 1) / rate
    # 0.8 - 0.7 s falls below 0.1 + 0.7 s - lead when the new share s = 1 - exp(-t / averaging) passes 0.5 + lead / 1.4.
    expected = -AVERAGING * np.log(0.5 - LEAD / 1.4)
    assert expected <= waited + 1e-9 <= expected + 1 / rate + 1e-9


def test_two_equal_labels_do_not_alternate() -> None:
    a, b = np.array([0.5, 0.45, 0.05]), np.array([0.45, 0.5, 0.05])
    assert len(set(held(LabelHold(), [a, b] * 30))) == 1


def test_reset_forgets() -> None:
    hold = LabelHold()
    held(hold, [SQUAT] * 20)
    hold.reset()
    assert hold.step(0.0, CURL)[1] == 1
