"""What becomes a segment, and what the JSON of a report looks like."""

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from fitness_bringup.analysis.analyze import print_report
from fitness_bringup.analysis.found import Found
from fitness_bringup.analysis.pipeline import Moment, ahead
from fitness_bringup.analysis.report import Report, Segment, repetitions_of, schema, segments_of
from fitness_core.catalogue import Catalogue
from fitness_core.geometry import joint_angles
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    Pose,
    Reason,
    RepEvent,
    RepState,
    SetSummary,
    nanoseconds,
)
from fitness_visualization.dashboard.state import State

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = nanoseconds(100.0)
OK, UNCERTAIN = ClassificationStatus.OK, ClassificationStatus.UNCERTAIN
EXERCISES = ("curl", "squat")


def at(time: float) -> int:
    return ORIGIN + nanoseconds(time)


def labels(label: str, start: float, end: float, status=OK, confidence: float = 0.8) -> list[Classification]:
    """Ten classifications a second."""
    times = [start + 0.1 * step for step in range(round((end - start) * 10) + 1)]
    return [Classification(at(t), at(t - 2), status, label, confidence, {label: confidence}) for t in times]


def a_set(exercise: str, start: float, end: float, repetitions: int = 3) -> SetSummary:
    return SetSummary(at(end + 5), exercise, 1, at(start), at(end), repetitions, 0, 2.0, 1.5)


def segments(sets: list[SetSummary], timeline: list[Classification]) -> list[tuple]:
    found = segments_of(sets, timeline, EXERCISES, ORIGIN, 2.0)
    return [(one.exercise, round(one.start_s, 3), round(one.end_s, 3), one.reps) for one in found]


def test_a_set_is_a_segment_and_the_label_around_it_is_not_another() -> None:
    timeline = labels("squat", 1.0, 12.0)
    assert segments([a_set("squat", 2.0, 9.0)], timeline) == [("squat", 2.0, 9.0, 3)]


def test_label_that_outlasts_the_set_by_the_window_belongs_to_it() -> None:
    timeline = labels("squat", 1.0, 8.0) + labels("other", 8.1, 9.4) + labels("squat", 9.5, 12.0)
    assert segments([a_set("squat", 2.0, 8.0)], timeline) == [("squat", 2.0, 8.0, 3)]


def test_exercise_that_was_trusted_but_not_counted_is_a_segment_of_none() -> None:
    timeline = labels("curl", 1.0, 4.0) + labels("squat", 4.1, 5.0) + labels("other", 5.1, 20.0)
    assert segments([], timeline) == [("curl", 1.0, 4.0, 0)]


def test_uncertain_label_is_no_segment() -> None:
    assert segments([], labels("curl", 1.0, 9.0, UNCERTAIN)) == []


def test_moments_of_doubt_do_not_split_a_segment() -> None:
    timeline = labels("curl", 1.0, 3.0) + labels("curl", 3.1, 3.6, UNCERTAIN) + labels("curl", 3.7, 6.0)
    assert segments([], timeline) == [("curl", 1.0, 6.0, 0)]


def test_set_in_which_nothing_counted_is_no_segment_by_itself() -> None:
    assert segments([a_set("squat", 2.0, 4.0, repetitions=0)], []) == []


def test_segments_are_in_the_order_of_time_and_have_the_mean_probability() -> None:
    timeline = labels("curl", 1.0, 5.0, confidence=0.6) + labels("squat", 8.0, 15.0, confidence=0.9)
    found = segments_of([a_set("squat", 8.0, 15.0)], timeline, EXERCISES, ORIGIN, 2.0)
    assert [one.exercise for one in found] == ["curl", "squat"]
    assert [one.confidence for one in found] == pytest.approx([0.6, 0.9])


def report(*found: Segment, **fields) -> Report:
    given = {"source": "clip.mp4", "duration_s": 9.0, "fps": 30.0, "frames": 271, "frames_with_body": 270}
    versions = {"fitness": "1", "pose": None, "classifier": None}
    return Report(
        **given
        | {"frames_undecoded": 0, "unfinished": False, "reps": ()}
        | {"segments": found, "versions": versions}
        | fields
    )


def test_totals() -> None:
    made = report(Segment("curl", 0, 9, 0, 0.9), Segment("squat", 1, 2, 2, 0.9), Segment("squat", 4, 6, 1, 0.9))
    assert made.totals == {"squat": 3, "curl": 0}


def test_json_has_the_documented_keys_in_order_and_null_for_what_is_not_measured() -> None:
    event = RepEvent(at(4.0), "squat", 1, 0, Reason.TOO_FAST, at(1.0), at(1.2), at(1.4567), math.nan)
    event = replace(event, form_judged=("squat_knees_in", "squat_depth"), form_faults=("squat_depth",))
    event = replace(event, turn_value=math.radians(80))
    made = report(
        Segment("squat", 0.5, 2.0, 1, math.nan), reps=repetitions_of([event], Catalogue.load(), ORIGIN), fps=math.nan
    )
    data = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert list(data) == list(schema()["properties"])
    assert data["segments"][0]["confidence"] is None
    assert data["fps"] is None
    assert data["reps"] == [
        {
            "exercise": "squat",
            "time_s": 1.457,
            "duration_s": 0.457,
            "counted": False,
            "reason": "too_fast",
            "rom_deg": None,
            "rom_torso": None,
            "turn_deg": 80.0,
            "turn_torso": None,
            "out_s": 0.2,
            "pause_s": 0.0,
            "back_s": 0.257,
            "symmetry": None,
            "smoothness": None,
            "form_judged": ["squat_knees_in", "squat_depth"],
            "form_faults": ["squat_depth"],
        }
    ]


def test_a_range_is_in_the_unit_of_what_drives_the_exercise() -> None:
    exercises = Catalogue.load(ROOT / "docs" / "examples" / "side_lunge.yaml")
    event = RepEvent(at(4.0), "side_lunge", 1, 0, Reason.NONE, at(1.0), at(1.2), at(1.4567), 0.45, turn_value=1.2)
    (repetition,) = repetitions_of([event], exercises, ORIGIN)
    assert repetition.rom_torso == 0.45 and math.isnan(repetition.rom_deg)
    assert repetition.turn_torso == 1.2 and math.isnan(repetition.turn_deg)
    shown = State(exercises).take_repetition(event)
    assert shown["range"] is None, "the dashboard's is in degrees"


def test_an_interruption_in_no_exercise_is_no_repetition() -> None:
    found = Found()
    for exercise in ("", "squat"):
        event = RepEvent(3, exercise, 0, 0, Reason.INTERRUPTED, 1, 1, 2, math.nan)
        pose = Pose.nobody(3, 640, 480)
        found.decided(Moment(pose, joint_angles(pose), RepState(3), None, False, [event], []))
    assert [one.exercise for one in repetitions_of(found.events, Catalogue.load(), 0)] == ["squat"]


def test_schema_refuses_what_is_not_documented() -> None:
    good = report().to_json()
    for wrong in (good | {"more": 1}, good | {"frames": 0}, {k: v for k, v in good.items() if k != "totals"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema())


def test_every_reason_is_in_the_schema() -> None:
    known = schema()["properties"]["reps"]["items"]["properties"]["reason"]["enum"]
    assert known == [None, *(reason.name.lower() for reason in Reason if reason != Reason.NONE)]


def test_ahead_keeps_order_and_hands_on_the_error_after_the_items() -> None:
    def items():
        yield from range(20)
        raise ValueError("broken")

    taken = []
    with pytest.raises(ValueError, match="broken"):
        for item in ahead(items(), depth=3):
            taken.append(item)
    assert taken == list(range(20))


def test_ahead_runs_no_further_than_its_depth_and_stops_when_closed() -> None:
    drawn = []

    def items():
        for number in range(1000):
            drawn.append(number)
            yield number

    iterator = ahead(items(), depth=3)
    assert next(iterator) == 0
    iterator.close()
    assert len(drawn) <= 6


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_cuts_nothing_off(width: int) -> None:
    event = RepEvent(at(14.0), "jumping_jack", 1, 0, Reason.WRONG_POSTURE, at(11.0), at(11.2), at(13.0), 1.5)
    faults = ("jumping_jack_trunk_lean", "jumping_jack_knees_in", "jumping_jack_depth")
    event = replace(event, form_judged=faults, form_faults=faults, turn_value=2.0)
    made = report(Segment("jumping_jack", 11.0, 13.0, 1, 0.9), reps=repetitions_of([event], Catalogue.load(), ORIGIN))
    screen = Console(width=width, file=io.StringIO())
    print_report(made, screen)
    printed = screen.file.getvalue()
    assert "\N{HORIZONTAL ELLIPSIS}" not in printed, printed
    assert printed.count(" jumping_jack ") == 2
    assert max(map(len, printed.splitlines())) <= width
