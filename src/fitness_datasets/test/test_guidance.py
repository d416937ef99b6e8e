"""Guided takes without ROS: placement, guidance, quality gate, session file."""

import math
from dataclasses import replace

import numpy as np
import pytest
import yaml
from take_figure import repetition, standing

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, Reason, nanoseconds
from fitness_datasets.collection.collector import Collector, LabelEvent
from fitness_datasets.collection.guidance import Decision, Guidance, Settings, TakePhase, TakeRequest
from fitness_datasets.collection.placement import check_placement, luminance, points_of
from fitness_datasets.collection.quality import Gate, Limits
from fitness_datasets.collection.session import FILE, Session, next_bag, not_kept, plan

CATALOGUE = Catalogue.load()
RATE = 20.0
REQUEST = TakeRequest("P01", "S01", "squat", 3, repetitions=2, consent=True)


class Run:
    """Feeds a guidance or collector at RATE from where the last feeding ended."""

    def __init__(self, target):
        self.target = target
        self.time = 100.0

    def feed(self, seconds: float, make=standing, light: float = math.nan) -> list[str]:
        """Instructions that were given meanwhile, each once in a row."""
        said: list[str] = []
        for _ in range(round(seconds * RATE)):
            self.target.step(make(self.time), light)
            self.time += 1 / RATE
            guidance = getattr(self.target, "guidance", self.target)
            if guidance is not None and (not said or said[-1] != guidance.instruction):
                said.append(guidance.instruction)
        return said


def nobody(time: float) -> Pose:
    return Pose.nobody(nanoseconds(time), 640, 480)


def test_a_name_that_makes_no_folder_is_refused() -> None:
    replace(REQUEST, subject="P" * 100, session="S" * 100).check(CATALOGUE.names)
    for name in ("P" * 101, "", "..", "a/b", "P 1", "Zoë"):
        with pytest.raises(InputError, match="letters, digits, - and _, at most 100") as told:
            replace(REQUEST, subject=name).check(CATALOGUE.names)
        assert len(str(told.value)) < 200


# Placement


def test_what_a_take_needs_to_see():
    assert points_of(CATALOGUE["squat"]) == ("shoulder", "hip", "knee", "ankle")
    assert points_of(CATALOGUE["curl"]) == ("shoulder", "hip", "elbow", "wrist")
    assert "ankle" in points_of(None) and "wrist" in points_of(None)


def test_who_stands_well_is_told_nothing():
    assert check_placement(standing(0), points_of(CATALOGUE["squat"]), 120.0) == ""
    assert check_placement(standing(0), points_of(None)) == ""
    assert check_placement(standing(0), points_of(None), 250.0) == "", "before a white wall"


@pytest.mark.parametrize(
    ("pose", "light", "said"),
    [
        (nobody(0), math.nan, "Step into the picture"),
        (nobody(0), 20.0, "too dark"),
        (standing(0), 20.0, "too dark"),
        (nobody(0), 250.0, "too bright"),
        (standing(0, shift=(0, 0.3)), 100.0, "Step back until your feet are in the picture."),
        (standing(0, shift=(0.6, 0)), 100.0, "Move to the middle, or step back, until your shoulders are in"),
        (standing(0, scale=0.3), 100.0, "Come closer"),
    ],
)
def test_one_sentence_says_what_to_do(pose, light, said):
    sentence = check_placement(pose, points_of(CATALOGUE["squat"]), light)
    assert said in sentence
    assert sentence.endswith(".")


def test_one_side_is_enough_and_a_hidden_joint_is_named():
    visibility = standing(0).visibility.copy()
    visibility[INDEX["left_knee"]] = 0.1
    points = points_of(CATALOGUE["squat"])
    assert check_placement(standing(0, visibility=visibility.copy()), points) == ""
    visibility[INDEX["right_knee"]] = 0.1
    assert "your knees" in check_placement(standing(0, visibility=visibility), points)


def test_feet_do_not_matter_for_curls():
    assert check_placement(standing(0, shift=(0, 0.3)), points_of(CATALOGUE["curl"])) == ""


def test_luminance():
    assert luminance(np.full((48, 64, 3), 90, np.uint8)) == pytest.approx(90)
    assert luminance(np.zeros((48, 64, 3), np.uint8)) == 0


# Guidance


def test_a_take_by_repetitions():
    guidance = Guidance(REQUEST, CATALOGUE["squat"])
    run = Run(guidance)
    assert guidance.instruction == "Take 3, squat: stand where the camera sees you."
    assert run.feed(0.5, nobody) == ["Step into the picture: the camera does not see you."]
    assert guidance.phase == TakePhase.PLACEMENT
    said = run.feed(4.2)
    assert said == ["Good. Stay there.", "3", "2", "1", "Go: squat, 0 of 2."]
    assert guidance.phase == TakePhase.RECORDING
    assert guidance.start is not None
    guidance.count(repetition(run.time - 1.5))  # turned before the take
    guidance.count(replace(repetition(run.time + 1), exercise="curl"))
    guidance.count(replace(repetition(run.time + 1), reason=Reason.SHALLOW))
    assert guidance.repetitions == 0
    run.feed(2.0)
    guidance.count(repetition(run.time))
    assert "1 of 2" in run.feed(1.5)[-1]
    guidance.count(repetition(run.time))
    ended = run.time
    run.feed(1.5)
    assert guidance.phase == TakePhase.REVIEW
    assert guidance.stop - nanoseconds(ended) == pytest.approx(nanoseconds(0.7), abs=nanoseconds(0.1))
    assert guidance.problems == ()
    assert guidance.instruction == "Take 3 is done: keep, redo or stop?"


def test_a_take_by_time():
    guidance = Guidance(replace(REQUEST, exercise="idle", repetitions=0, time_limit=2.0), None)
    run = Run(guidance)
    run.feed(4.5)
    assert guidance.phase == TakePhase.RECORDING and 1.0 < guidance.remaining < 2.0
    run.feed(2.0)
    assert guidance.phase == TakePhase.REVIEW and guidance.problems == ()
    assert guidance.stop - guidance.start == pytest.approx(nanoseconds(2.0), abs=nanoseconds(0.1))


def test_who_walks_away_in_the_countdown_is_asked_back():
    guidance = Guidance(REQUEST, CATALOGUE["squat"])
    run = Run(guidance)
    run.feed(2.0)
    assert guidance.phase == TakePhase.COUNTDOWN
    run.feed(0.3, nobody)
    assert guidance.phase == TakePhase.COUNTDOWN, "a moment is forgiven"
    run.feed(0.5, nobody)
    assert guidance.phase == TakePhase.PLACEMENT


def test_nobody_comes():
    guidance = Guidance(REQUEST, CATALOGUE["squat"], Settings(placement_timeout=5.0))
    Run(guidance).feed(5.5, nobody)
    assert guidance.phase == TakePhase.REVIEW
    assert guidance.start is None
    assert guidance.problems == (
        "not recorded: nobody stood well for 5 s (step into the picture: the camera does not see you)",
    )


def test_who_comes_and_goes_does_not_put_the_deadline_off():
    guidance = Guidance(REQUEST, CATALOGUE["squat"], Settings(placement_timeout=6.0))
    run = Run(guidance)
    for _ in range(3):
        run.feed(1.5)
        run.feed(1.0, nobody)
    assert guidance.phase == TakePhase.REVIEW and guidance.start is None


def test_without_asking_a_take_that_nobody_stands_for_is_not_tried_again():
    collector = Collector(auto=True)
    collector.begin(replace(REQUEST, number=1), CATALOGUE, Settings(placement_timeout=1.0), Session.open("", "P1", "S"))
    Run(collector).feed(2.0, nobody)
    assert collector.guidance is None
    assert collector.outcome is not None and not collector.outcome.kept and not collector.outcome.placed
    assert "nobody stood well for 1 s" in collector.outcome.reason
    assert collector.instructions[-1].startswith("Take 1: not recorded: nobody stood well")


@pytest.mark.parametrize(("asks", "question"), [(True, " Redo, keep or stop?"), (False, "")])
def test_a_take_without_a_repetition_ends_and_should_be_repeated(asks, question):
    guidance = Guidance(REQUEST, CATALOGUE["squat"], Settings(patience=5.0, asks=asks))
    Run(guidance).feed(10.0)
    assert guidance.phase == TakePhase.REVIEW
    assert guidance.problems == ("no repetition was counted",)
    assert guidance.instruction == f"Please repeat take 3: no repetition was counted.{question}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"consent": False}, "no consent"),
        ({"subject": ""}, "subject"),
        ({"subject": "../x"}, "pseudonym"),
        ({"exercise": "juggling"}, "juggling"),
        ({"repetitions": 0}, "needs an end"),
        ({"exercise": "idle"}, "no repetitions"),
    ],
)
def test_what_is_not_recorded(changes, said):
    with pytest.raises(InputError, match=said):
        replace(REQUEST, **changes).check(CATALOGUE.names)


# Quality


def problems(times, make=standing, light=120.0, repetitions=2, **limits) -> str:
    gate = Gate(Limits(**limits))
    for time in times:
        gate.add(make(time), light)
    return ", ".join(gate.problems(repetitions, 2))


def test_quality_gate():
    steady = np.arange(0, 5, 1 / RATE)
    assert problems(steady) == ""
    assert problems(steady, light=math.nan) == ""
    assert problems(steady, lambda time: standing(time) if time < 4 else nobody(time)) == (
        "the body was lost for 20% of the time"
    )
    assert problems(steady, light=20.0) == "it was too dark"
    assert problems(np.delete(steady, slice(40, 60))) == "no frame came for 1.1 s"
    assert problems(steady, repetitions=0) == "no repetition was counted"
    assert problems(steady[:10]) == "it is only 0.5 s long"
    assert "0.0 s long" in problems([])


def test_missing_frames():
    times = np.arange(0, 10, 1 / RATE)
    assert problems([time for number, time in enumerate(times) if number % 10 < 5]) == (
        "frames were missing for 59% of the time"
    )
    slow_pose_stage = [time for number, time in enumerate(times) if number % 3]
    assert problems(slow_pose_stage) == ""


# Takes in a row, and their session


def collect(run: Run, repetitions: int) -> None:
    """Stand, do so many repetitions, wait until the take is over."""
    run.feed(4.5)
    for _ in range(repetitions):
        run.feed(1.5)
        run.target.count(repetition(run.time))
    run.feed(1.5 if repetitions else 6.0)


def test_redo_withdraws_and_repeats_and_the_session_says_so(tmp_path):
    session = Session.open(tmp_path, "P01", "S01", 7, {"source": "0"})
    written = yaml.safe_load((tmp_path / "P01_S01" / FILE).read_text())
    assert (written["subject"], written["consent"], written["takes"]) == ("P01", True, [])
    assert written["versions"]["python"]
    collector = Collector()
    (tmp_path / "P01_S01" / "bag_001").mkdir()
    collector.begin(replace(REQUEST, number=1), CATALOGUE, Settings(), session, "bag_001")
    run = Run(collector)
    collect(run, 2)
    assert [label.event for label in collector.labels] == [LabelEvent.START, LabelEvent.STOP]
    assert collector.decide(Decision.REDO) == ""
    collect(run, 2)
    assert collector.decide(Decision.KEEP) == ""
    assert collector.outcome is not None and collector.outcome.kept
    events = [label.event.name for label in collector.labels]
    assert events == ["START", "STOP", "DISCARD", "START", "STOP"]
    again = Session.open(tmp_path, "P01", "S01")
    assert [(take.take, take.status, take.repetitions) for take in again.takes] == [(1, "discarded", 2), (1, "kept", 2)]
    assert again.takes[0].reasons == ["repeated"]
    assert again.created == 7
    assert (again.next_take, again.kept("squat"), plan(again, ["squat", "curl"], 2)) == (
        2,
        1,
        ["squat", "curl", "curl"],
    )
    assert again.camera["width"] == 640


def test_without_anybody_to_ask_bad_takes_are_repeated_and_given_up():
    collector = Collector(auto=True, attempts=2)
    collector.begin(REQUEST, CATALOGUE, Settings(patience=5.0), Session.open("", "P01", "S01"))
    run = Run(collector)
    collect(run, 0)
    assert collector.outcome is None
    collect(run, 0)
    assert collector.outcome is not None
    assert (collector.outcome.kept, collector.outcome.reason) == (False, "no repetition was counted")
    assert [label.event.name for label in collector.labels] == ["START", "STOP", "DISCARD"] * 2
    collector.begin(REQUEST, CATALOGUE, Settings(), Session.open("", "P01", "S01"))
    collect(run, 2)
    assert collector.outcome is not None and collector.outcome.kept


def test_a_take_that_died_undecided_is_not_numbered_again(tmp_path):
    collector = Collector()
    collector.begin(replace(REQUEST, number=1), CATALOGUE, Settings(), Session.open(tmp_path, "P01", "S01"), "bag_001")
    Run(collector).feed(6.0)
    after = Session.open(tmp_path, "P01", "S01")
    assert [(take.status, take.bag) for take in after.takes] == [("unfinished", "bag_001")]
    assert (after.next_take, after.kept("squat")) == (2, 0)


def test_of_a_deleted_bag_no_take_is_kept_and_no_other_bag_gets_its_name(tmp_path):
    collector = Collector()
    collector.begin(replace(REQUEST, number=1), CATALOGUE, Settings(), Session.open(tmp_path, "P01", "S01"), "bag_001")
    bag = tmp_path / "P01_S01" / "bag_001"
    bag.mkdir()
    collect(Run(collector), 2)
    assert not_kept(bag) == {1: "unfinished"}
    assert collector.decide(Decision.KEEP) == ""
    assert not_kept(bag) == {}
    assert plan(Session.read(tmp_path, "P01", "S01"), ["squat"], 1) == []
    bag.rmdir()
    assert plan(Session.read(tmp_path, "P01", "S01"), ["squat"], 1) == ["squat"]
    assert next_bag(tmp_path, "P01", "S01").name == "bag_002"


@pytest.mark.parametrize(
    ("repetitions", "out", "withdrawn"),
    [(0, "collection", True), (2, "collection", False), (2, "", True)],
    ids=["to be repeated", "good", "good, but nothing could tell that it is undecided"],
)
def test_interrupted_a_good_take_is_left_undecided_and_others_are_withdrawn(tmp_path, repetitions, out, withdrawn):
    collector = Collector()
    session = Session.open(tmp_path / out if out else "", "P01", "S01")
    collector.begin(REQUEST, CATALOGUE, Settings(patience=5.0), session, "bag_001")
    collect(Run(collector), repetitions)
    collector.interrupt("interrupted")
    assert [label.event.name for label in collector.labels] == ["START", "STOP", *(["DISCARD"] if withdrawn else [])]
    assert session.takes[0].status == ("discarded" if withdrawn else "unfinished")


def test_a_clock_that_is_set_back_ends_a_take_or_begins_it_anew():
    guidance = Guidance(REQUEST, CATALOGUE["squat"])
    run = Run(guidance)
    run.feed(2.0)
    assert guidance.phase == TakePhase.COUNTDOWN
    run.time -= 60.0
    run.feed(0.1)
    assert guidance.phase == TakePhase.PLACEMENT
    run.feed(5.0)
    assert guidance.phase == TakePhase.RECORDING and guidance.start is not None
    stop = nanoseconds(run.time)
    run.time -= 60.0
    run.feed(0.1)
    assert guidance.phase == TakePhase.REVIEW and guidance.start < guidance.stop <= stop
    assert guidance.problems[0] == "the clock was set back"


def test_a_clock_that_is_set_forward_gives_nobody_up_who_was_just_asked():
    """A robot without a battery for its clock is told the time some minutes after its start."""
    guidance = Guidance(REQUEST, CATALOGUE["squat"], Settings(placement_timeout=60.0))
    run = Run(guidance)
    run.feed(2.0, nobody)
    run.time += 3600.0
    run.feed(2.0, nobody)
    assert guidance.phase == TakePhase.PLACEMENT
    run.feed(55.0, nobody)
    assert guidance.phase == TakePhase.PLACEMENT
    run.feed(5.0, nobody)
    assert guidance.phase == TakePhase.REVIEW and "nobody stood well for 60 s" in guidance.problems[0]


def test_decisions_only_in_review():
    collector = Collector()
    assert "no take" in collector.decide(Decision.KEEP)
    request = replace(REQUEST, number=1)
    collector.begin(request, CATALOGUE, Settings(placement_timeout=1.0), Session.open("", "P01", "S01"))
    Run(collector).feed(2.0, nobody)
    assert "nothing was recorded" in collector.decide(Decision.KEEP)
    assert collector.decide(Decision.STOP) == ""
    assert collector.labels == []


def test_bags_are_numbered_and_a_foreign_file_is_refused(tmp_path):
    assert next_bag(tmp_path, "P01", "S01") == tmp_path / "P01_S01" / "bag_001"
    (tmp_path / "P01_S01" / "bag_004").mkdir(parents=True)
    assert next_bag(tmp_path, "P01", "S01").name == "bag_005"
    (tmp_path / "P01_S01" / FILE).write_text("subject: P02")
    with pytest.raises(InputError, match="not the file of this session"):
        Session.open(tmp_path, "P01", "S01")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="cannot be written"):
        Session.open(file, "P01", "S01")
