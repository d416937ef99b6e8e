"""The status line of `live` says what is so now: not what was when the last picture came."""

import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator

import pytest
import rclpy
from rclpy.node import Node

from fitness_bringup.composition import status
from fitness_core.catalogue import Catalogue
from fitness_core.ros import messages
from fitness_core.ros.serialized import of_rep_state
from fitness_core.types import Phase, RepState, SetSummary, nanoseconds


@pytest.fixture
def line() -> Iterator[Node]:
    rclpy.init()
    node = status.Status()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_camera_that_gives_nothing_any_more_is_said(line, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no pictures yet" in line.line()
    for number in range(3):
        state = RepState(nanoseconds(number / 20), "squat", Phase.OUT, 0.5, 5, 0, 1)
        line._take_state(of_rep_state(state, "camera"))
    assert line.line().startswith("20.0 fps | warming up | squat out | set 1: 5")
    now = status.time.monotonic()
    monkeypatch.setattr(status.time, "monotonic", lambda: now + 12)
    assert line.line().startswith(" 0.0 fps | no new pictures for 12 s | squat | set 1: 5")


def test_what_is_not_known_of_a_set_is_left_out_of_its_row(line, capsys: pytest.CaptureFixture[str]) -> None:
    half = SetSummary(nanoseconds(9), "squat", 1, nanoseconds(8), nanoseconds(9), 1, 0, math.nan, math.radians(90))
    line.sets.append(messages.to_set_summary(half, "camera"))
    status.print_summary(line, {}, Catalogue.load())
    shown = capsys.readouterr().out
    assert "squat" in shown and "90°" in shown and "nan" not in shown


def test_a_reader_that_goes_ends_no_graph(line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "LOG_PERIOD", 0.01)
    reader, writer = os.pipe()
    os.close(reader)
    shown: list[int] = []

    def counts() -> dict[str, int]:
        shown.append(1)
        return {}

    with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "w", buffering=1) as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        made = status.StatusLine(line, counts)
        deadline = time.monotonic() + 30.0
        while len(shown) < 3 and time.monotonic() < deadline:
            rclpy.spin_once(line, timeout_sec=0.1)
        made.end()
    monkeypatch.undo()
    assert len(shown) >= 3
