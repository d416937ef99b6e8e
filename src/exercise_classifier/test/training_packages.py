"""What fits models, for the tests of training: without its packages they fail in CI and are skipped elsewhere.

The dependency group `train` is not installed where the graph only runs (`./fitness live`).
"""

import importlib.util
import os

import pytest

if missing := [name for name in ("tensorflow", "keras", "sklearn") if importlib.util.find_spec(name) is None]:
    if os.environ.get("CI") == "true":
        raise ModuleNotFoundError(f"{', '.join(missing)} of the dependency group `train`")
    pytest.skip(f"{', '.join(missing)} not installed (dependency group `train`)", allow_module_level=True)


def prepare() -> None:
    """TensorFlow takes the number of its threads only before it is first used."""
    from exercise_classifier.training.models import fitting

    fitting.prepare()
