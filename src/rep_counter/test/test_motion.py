"""Smoothness and the pause at the turning point, of movements that are known."""

import math

import numpy as np
import pytest

from fitness_core.types import nanoseconds
from rep_counter.body.motion import motion_of, spectral_arc_length, stood_at


def minimum_jerk(duration, rate):
    """Speed of the smoothest movement of length 1 (Flash and Hogan 1985)."""
    x = np.arange(0, duration, 1 / rate) / duration
    return 30 * x**2 * (1 - x) ** 2 / duration


def repetition(rate=30.0, out=1.0, hold=0.0, back=1.0, lead=0.5, shake=0.0):
    """(stamps, values, start, turn, end) of a repetition whose ways are cosines; shake: a 3 Hz tremor [rad]."""
    times = np.arange(0, lead + out + hold + back, 1 / rate)
    share = np.clip((times - lead) / out, 0, 1) - np.clip((times - lead - out - hold) / back, 0, 1)
    values = 1.5 * (1 - np.cos(np.pi * share)) / 2 + shake * np.sin(2 * np.pi * 3 * times) * (share > 0)
    stamps = np.array([nanoseconds(time) for time in times])
    turn = nanoseconds(lead + out + hold / 2)
    return stamps, values, nanoseconds(lead + 0.2 * out), turn, nanoseconds(lead + out + hold + 0.6 * back)


def test_the_smoothest_stroke_reads_as_published_whatever_its_duration_and_size():
    for duration in (0.6, 1.0, 2.0):
        assert spectral_arc_length(minimum_jerk(duration, 100), 100) == pytest.approx(-1.41, abs=0.02)
        assert spectral_arc_length(7 * minimum_jerk(duration, 100), 100) == pytest.approx(-1.41, abs=0.02)
    two = np.concatenate([minimum_jerk(1.0, 100), np.zeros(20), minimum_jerk(1.0, 100)])
    assert spectral_arc_length(two, 100) < -1.9
    assert math.isnan(spectral_arc_length(np.zeros(50), 100))


@pytest.mark.parametrize("rate", [10, 15, 30, 60])
def test_smoothness_hardly_depends_on_the_camera(rate):
    assert motion_of(*repetition(rate)).smoothness == pytest.approx(motion_of(*repetition(120)).smoothness, abs=0.1)


def test_a_tremor_and_a_hesitation_are_less_smooth():
    smooth = motion_of(*repetition()).smoothness
    assert motion_of(*repetition(shake=0.04)).smoothness < smooth - 0.3
    stamps, values, *when = repetition(out=1.5)
    hesitating = np.interp(np.where(stamps > nanoseconds(1.2), stamps - nanoseconds(0.5), stamps), stamps, values)
    hesitating[(stamps > nanoseconds(1.2)) & (stamps < nanoseconds(1.7))] = np.interp(1.2e9, stamps, values)
    when = [stamp + (nanoseconds(0.5) if stamp > nanoseconds(1.2) else 0) for stamp in when]
    assert motion_of(stamps, hesitating, *when).smoothness < motion_of(*repetition(out=1.5)).smoothness - 0.3


def test_what_is_too_short_hidden_or_seen_from_the_middle_on_is_not_measured():
    assert math.isnan(motion_of(*repetition(out=0.2)).smoothness)
    stamps, values, *when = repetition()
    hidden = np.where((stamps > nanoseconds(0.8)) & (stamps < nanoseconds(1.2)), np.nan, values)
    assert math.isnan(motion_of(stamps, hidden, *when).smoothness)
    late = stamps > nanoseconds(1.0)
    assert math.isnan(motion_of(stamps[late], values[late], *when).smoothness)
    nothing = motion_of(stamps[:0], values[:0], *when)
    assert math.isnan(nothing.smoothness)
    assert nothing.turn_start == nothing.turn_end == when[1]


@pytest.mark.parametrize("hold", [0.5, 1.0, 3.0])
def test_a_pause_is_told(hold):
    motion = motion_of(*repetition(hold=hold))
    assert (motion.turn_end - motion.turn_start) / 1e9 == pytest.approx(hold, abs=0.3)


def test_a_pause_is_the_same_on_any_day():
    """Nanoseconds since 1970 are more than a double holds."""
    stamps, values, start, turn, end = repetition(hold=0.5)
    day = 1_764_000_000_123_456_789
    first = motion_of(stamps, values, start, turn, end)
    later = motion_of(stamps + day, values, start + day, turn + day, end + day)
    assert (later.turn_start - day, later.turn_end - day) == (first.turn_start, first.turn_end)


def test_a_movement_without_pause_has_next_to_none():
    motion = motion_of(*repetition())
    assert 0 <= (motion.turn_end - motion.turn_start) / 1e9 < 0.25


def way_out(*corners, rate=30.0):
    """(stamps, how far out) of a way out through corners (s, share) in straight lines."""
    times = np.arange(0, corners[-1][0], 1 / rate)
    out = np.interp(times, *zip(*corners, strict=True))
    return np.array([nanoseconds(time) for time in times]), out


@pytest.mark.parametrize("rate", [10.0, 30.0, 60.0])
def test_who_stands_still_on_the_way_out_is_told_where(rate):
    stamps, out = way_out((0, 0), (0.5, 0.5), (3.2, 0.45), (3.5, 1), rate=rate)
    out += 0.05 * np.sin(np.arange(len(out)))
    out[::7] = np.nan
    assert stood_at(stamps, out) == pytest.approx(0.47, abs=0.05)


@pytest.mark.parametrize(
    "corners",
    [
        ((0, 0), (6, 1)),  # slow
        ((0, 0), (1, 0.5), (2, 0.5), (3, 1)),  # a pause
        ((0, 0), (3, 0.1), (4, 1)),  # waiting at the start
        ((0, 0), (1, 0.9), (5, 1)),  # holding the turning point
    ],
)
def test_a_slow_way_out_a_pause_and_a_hold_are_no_standing_still(corners):
    assert stood_at(*way_out(*corners)) is None
    assert stood_at(np.empty(0, int), np.empty(0)) is None


@pytest.mark.parametrize("rate", [180, 240, 480])
def test_a_way_out_that_is_seen_for_a_moment_only_is_not_measured(rate):
    stamps, values, _, turn, end = repetition(rate=rate)
    seen = stamps > turn - nanoseconds(0.03)
    moved = motion_of(stamps[seen], values[seen], int(stamps[seen][0]), turn, end)
    assert math.isnan(moved.smoothness)
