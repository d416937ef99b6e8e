"""Lets the tests import the helpers beside them; the stage of recorder and player."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def stage():
    from spun_stage import Stage  # found since the line above

    stage = Stage()
    yield stage
    stage.close()
