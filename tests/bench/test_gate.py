"""The benchmark's camera: what is measured is a graph that always has a picture waiting, and loses none."""

import numpy as np

from fitness_bringup.bench.gate import APART, GatedSource

PICTURES = np.zeros((3, 48, 64, 3), np.uint8)


def test_two_pictures_are_on_their_way_but_never_two_at_once() -> None:
    source = GatedSource(PICTURES)
    source.allow(4, 0.0)
    first, second = source.read(), source.read()
    assert first is not None and second is not None
    assert second.stamp - first.stamp >= 0.99 * APART * 1e9
    assert not source._may(), "the third one waits for a confirmation"
    source.confirm(first.stamp)
    third = source.read()
    assert third is not None and source.lost == 0
    source.confirm(third.stamp)
    assert source.lost == 1, "the second one was never confirmed"
    source.close()
    assert source.read() is None
