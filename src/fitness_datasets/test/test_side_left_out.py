"""Placement before a pose network that leaves out (NaN) what it does not see."""

import numpy as np
import pytest
from take_figure import standing

from fitness_core.catalogue import Catalogue
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose
from fitness_datasets.collection.placement import check_placement, points_of

CURL = points_of(Catalogue.load()["curl"])


def without(*names: str) -> Pose:
    """Somebody who stands well, but for landmarks that are not measured."""
    pose = standing(0)
    image, visibility = pose.image.copy(), pose.visibility.copy()
    indices = [INDEX[name] for name in names]
    image[indices] = visibility[indices] = np.nan
    return standing(0, image=image, visibility=visibility)


@pytest.mark.parametrize("side", ["left", "right"])
def test_who_stands_sideways_stands_well(side: str) -> None:
    assert check_placement(without(f"{side}_wrist", f"{side}_elbow", f"{side}_hip"), CURL) == ""


def test_what_is_left_out_on_both_sides_is_named() -> None:
    assert (
        check_placement(without("left_wrist", "right_wrist"), CURL) == "Step back until your hands are in the picture."
    )
