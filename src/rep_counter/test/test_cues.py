"""What is said after a repetition, and what is not."""

from dataclasses import replace

from fitness_core.catalogue import Catalogue
from fitness_core.types import CuePriority, Reason, RepEvent, nanoseconds
from rep_counter.repetitions.cues import Cues

CATALOGUE = Catalogue.load()
ALL = tuple(rule.code for rule in CATALOGUE["squat"].form)


def squat(time, *faults, judged=ALL, reason=Reason.NONE, exercise="squat"):
    stamp = nanoseconds(time)
    return RepEvent(
        stamp, exercise, 1, 1, reason, stamp - 2, stamp - 1, stamp, 1.5, form_faults=faults, form_judged=judged
    )


def said(cues, *events):
    """(time [s], code, praise) of what is said."""
    heard = [cues.step(event) for event in events]
    return [(cue.stamp / 1e9, cue.code, cue.priority == CuePriority.INFO) for cue in heard if cue is not None]


def test_the_most_important_fault_is_said_and_only_one():
    cue = Cues(CATALOGUE).step(squat(3, "squat_depth", "squat_knees_in"))
    rule = CATALOGUE["squat"].form[0]
    assert (cue.code, cue.text, cue.exercise) == ("squat_knees_in", rule.say, "squat")
    assert cue.priority == CuePriority.CORRECTION
    assert Cues(CATALOGUE).step(squat(3)) is None


def test_the_same_is_not_said_again_before_it_has_cooled_down():
    cues = Cues(CATALOGUE, cool_down=10, gap=1)
    events = [squat(time, "squat_depth") for time in range(0, 24, 2)]
    assert [time for time, _, _ in said(cues, *events)] == [0, 10, 20]


def test_another_is_said_meanwhile_but_not_at_once():
    cues = Cues(CATALOGUE, cool_down=20, gap=4)
    both = [squat(time, "squat_knees_in", "squat_depth") for time in (0, 2, 4, 6, 8)]
    assert said(cues, *both) == [(0, "squat_knees_in", False), (4, "squat_depth", False)]


def test_what_was_put_right_is_praised_once():
    cues = Cues(CATALOGUE, cool_down=20, gap=1)
    events = squat(0, "squat_depth"), squat(2, judged=()), squat(4), squat(6), squat(8, "squat_depth"), squat(10)
    assert said(cues, *events) == [(0, "squat_depth", False), (4, "squat_depth", True)]


def test_what_was_not_a_repetition_is_not_spoken_of():
    cues = Cues(CATALOGUE)
    assert said(cues, squat(0, "squat_depth", reason=Reason.WRONG_POSTURE)) == []
    assert said(cues, squat(1, "squat_depth", exercise="yoga")) == []
    assert said(cues, squat(2, "squat_depth", reason=Reason.SHALLOW)) == [(2, "squat_depth", False)]


def test_a_repetition_that_was_over_long_ago_is_not_spoken_of():
    old = squat(10, "squat_depth")
    assert said(Cues(CATALOGUE), replace(old, end=nanoseconds(6))) == []
    assert len(said(Cues(CATALOGUE), replace(old, end=nanoseconds(8)))) == 1


def test_time_that_jumps_back_starts_anew():
    cues = Cues(CATALOGUE)
    assert len(said(cues, squat(100, "squat_depth"), squat(5, "squat_depth"))) == 2


def test_every_sentence_is_short_and_plain():
    for exercise in CATALOGUE:
        for rule in exercise.form:
            assert rule.code.startswith(exercise.name)
            for text in (rule.say, rule.praise):
                assert len(text) <= 80
                assert text.endswith(".")
                assert not any(word in text.lower() for word in ("injur", "pain", "patient", "valgus", "therap"))


def test_nobody_is_praised_for_what_somebody_else_was_told():
    cues = Cues(CATALOGUE)
    mine, yours = squat(0, "squat_depth"), replace(squat(8), body_id="person_2")
    assert said(cues, mine, yours) == [(0, "squat_depth", False)]
    assert said(cues, replace(squat(10, "squat_depth"), body_id="person_3")) == [(10, "squat_depth", False)]


def test_what_was_said_long_ago_is_not_praised():
    assert said(Cues(CATALOGUE), squat(0, "squat_depth"), squat(1000), squat(1010)) == [(0, "squat_depth", False)]
