"""A counter that is started again goes on from what was published: nothing lost, nothing twice, gaps told."""

import json
import os
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, Reason, nanoseconds
from rep_counter.body.gaps import Gaps
from rep_counter.counter import RepCounter
from rep_counter.resume import needed, resume
from rep_counter.sets.memory import Memory, MemoryFile

CATALOGUE = Catalogue.load()
KEPT = 600  # poses that a publisher keeps


def label(stamp: int) -> Classification:
    return Classification(stamp, stamp - nanoseconds(2.0), ClassificationStatus.OK, "squat", 0.9, {"squat": 0.9})


@pytest.fixture
def poses(figure, wave):
    return [figure(time, knee=angle) for time, angle in wave(6, 2.0, 170, 70, 20)]


def told(outputs):
    return [event for output in outputs for event in output.events]


def crashed_at(poses, index, file, exercise=""):
    """A counter up to a pose, then nothing of it but its file."""
    counter = RepCounter(CATALOGUE, exercise)
    outputs = []
    for number, pose in enumerate(poses[:index]):
        counter.classify(label(pose.stamp))
        outputs.append(counter.step(pose))
        if number % 20 == 0 or outputs[-1].events or outputs[-1].summaries:
            file.save(counter.memory())
    return outputs


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exercise", ["", "squat"], ids=["classified", "asked for"])
def test_whenever_it_crashes_every_repetition_is_told_once(poses, tmp_path, exercise, seed):
    whole = RepCounter(CATALOGUE, exercise)
    expected = []
    for pose in poses:
        whole.classify(label(pose.stamp))
        expected += whole.step(pose).events
    expected += whole.finish().events
    chance = random.Random(seed)
    file = MemoryFile(tmp_path / "memory.json", exercise)
    killed = chance.randrange(2, len(poses) - 12)
    back = killed + chance.randrange(1, 12)
    before = told(crashed_at(poses, killed, file, exercise))
    memory, problem = file.load(within=60.0)
    assert memory is not None and not problem
    counter = RepCounter(CATALOGUE, exercise)
    kept = poses[max(0, back - KEPT) : back]
    resumed = resume(counter, memory, kept, [label(pose.stamp) for pose in kept])
    after = told(resumed.outputs)
    for pose in poses[back:]:
        counter.classify(label(pose.stamp))
        after += counter.step(pose).events
    end = counter.finish()
    after += end.events
    assert [(event.set_index, event.index) for event in before + after] == [(e.set_index, e.index) for e in expected]
    assert [summary.repetitions for summary in end.summaries] == [6]
    assert "no pose was missed" in resumed.story


def test_a_first_repetition_that_had_turned_when_it_crashed_is_counted(poses, tmp_path):
    """Before any set, the exercise asked for: the first squat turns at 2.5 s and ends at 3.1."""
    file, killed = MemoryFile(tmp_path / "memory.json", "squat"), 58
    assert not told(crashed_at(poses, killed, file, "squat"))
    counter = RepCounter(CATALOGUE, "squat")
    file.save(replace(file.load(within=60.0)[0], stamp=poses[killed - 1].stamp))
    resumed = resume(counter, file.load(within=60.0)[0], poses[:killed], [])
    after = told(resumed.outputs)
    for pose in poses[killed:]:
        after += counter.step(pose).events
    assert [event.index for event in after + counter.finish().events] == [1, 2, 3, 4, 5, 6]


def test_a_pose_that_came_late_is_no_loop_of_a_recording(poses, tmp_path):
    file = MemoryFile(tmp_path / "counter.json")
    before = told(crashed_at(poses, 150, file))
    memory, _ = file.load(60.0)
    late = [*poses[:140], replace(poses[138], stamp=poses[138].stamp + 1_000_000), *poses[140:]]
    stamps = [pose.stamp for pose in late]
    assert needed(memory, stamps) == needed(memory, [pose.stamp for pose in poses])
    counter = RepCounter(CATALOGUE)
    after = told(resume(counter, memory, late, [label(pose.stamp) for pose in poses]).outputs)
    counted = [event for event in (*before, *after, *counter.finish().events) if event.counted]
    assert len({(event.set_index, event.index) for event in counted}) == 6
    assert {event.set_index for event in counted} == {1}


def test_poses_that_nobody_kept_are_told_of(poses, tmp_path):
    file = MemoryFile(tmp_path / "memory.json")
    before = told(crashed_at(poses, 110, file))
    memory, _ = file.load(within=60.0)
    counter = RepCounter(CATALOGUE)
    resumed = resume(counter, memory, [poses[160]], [])
    after = told(resumed.outputs)
    assert [event.reason for event in after] == [Reason.INTERRUPTED]
    assert after[0].end == poses[160].stamp and after[0].start == memory.stamp
    assert "poses of" in resumed.story
    for pose in poses[161:]:
        counter.classify(label(pose.stamp))
        after += counter.step(pose).events
    after += counter.finish().events
    counted = [event.index for event in before + after if event.counted]
    assert counted == list(range(1, len(counted) + 1)), "the set goes on"


def test_a_crash_before_the_first_pose_is_no_gap(poses, tmp_path):
    file = MemoryFile(tmp_path / "counter.json")
    file.save(RepCounter(CATALOGUE, "squat").memory())
    memory, _ = file.load(60.0)
    later = [replace(pose, stamp=pose.stamp + nanoseconds(1.7e9)) for pose in poses]
    resumed = resume(RepCounter(CATALOGUE, "squat"), memory, later, [])
    assert "no pose had come before" in resumed.story
    assert not [event for event in told(resumed.outputs) if event.reason == Reason.INTERRUPTED]


def test_another_stream_closes_the_set_of_before(poses, tmp_path):
    file = MemoryFile(tmp_path / "memory.json")
    done = [event for event in told(crashed_at(poses, len(poses) - 5, file)) if event.counted]
    memory, _ = file.load(within=60.0)
    counter = RepCounter(CATALOGUE)
    first = replace(poses[0], stamp=nanoseconds(0.01))
    resumed = resume(counter, memory, [first], [])
    summaries = [summary for output in resumed.outputs for summary in output.summaries]
    assert [summary.repetitions for summary in summaries] == [len(done)]
    assert resumed.outputs[-1].state.count == 0


@pytest.mark.parametrize(("trembles", "lost"), [(0.0, 0.0), (0.006, 0.0), (0.0, 0.4), (0.004, 0.4)])
def test_poses_that_never_came_are_told_from_stamps_that_tremble(trembles, lost):
    """30 Hz, stamps that are off by so much [s], and so large a share that is lost."""
    chance, gaps = random.Random(0), Gaps()
    for number in range(300):
        if chance.random() >= lost:
            gaps.step(nanoseconds(number / 30 + chance.gauss(0, trembles)), 1.0)
    assert gaps.missing == pytest.approx(lost, abs=0.12)


def test_no_pose_is_missing_of_a_regular_stream():
    """/diagnostics shows the share as it is."""
    for rate in (10, 15, 25, 29.97, 30, 50, 60):
        gaps = Gaps()
        for number in range(100):
            gaps.step(nanoseconds(number / rate), 1.0)
        assert gaps.missing == 0, rate


def test_a_gap_in_a_set_is_told_of_and_a_slow_source_is_not(poses):
    def interruptions(given):
        counter = RepCounter(CATALOGUE, "squat")
        return [e for pose in given for e in counter.step(pose).events if e.reason == Reason.INTERRUPTED]

    assert interruptions(poses) == []
    assert interruptions(poses[::12]) == []
    gap = poses[:100] + poses[130:]
    assert [(event.start, event.end) for event in interruptions(gap)] == [(poses[99].stamp, poses[130].stamp)]


def test_movement_that_the_classifier_never_spoke_of_is_told_of(figure, wave):
    counter = RepCounter(CATALOGUE)
    poses = [figure(time, knee=angle) for time, angle in wave(22, 2.0, 170, 70, 20)]
    silent = poses[60].stamp, poses[300].stamp
    events = []
    for pose in poses:
        if not silent[0] < pose.stamp < silent[1]:
            idle = Classification(pose.stamp, 0, ClassificationStatus.OK, "idle", 0.9, {"idle": 0.95, "squat": 0.05})
            counter.classify(idle)
        new = counter.step(pose).events
        assert all(event.stamp == pose.stamp for event in new), "the stamp is that of when it is told"
        events += new
    assert not [event for event in events if event.counted]
    told = [(event.start, event.end) for event in events if event.reason == Reason.INTERRUPTED]
    assert told and all(start > silent[0] - nanoseconds(2.0) and end < silent[1] for start, end in told)
    assert sorted(told) == told and all(before[1] <= after[0] for before, after in pairwise(told))


def test_labels_that_come_late_are_heard(poses):
    counter, late = RepCounter(CATALOGUE), [label(pose.stamp) for pose in poses]
    events = []
    for number, pose in enumerate(poses):
        if number == 200:
            counter.classify(late[number])
            for each in late[:number]:
                counter.classify(each)
        elif number > 200:
            counter.classify(late[number])
        events += counter.step(pose).events
    events += counter.finish().events
    assert [event.index for event in events if event.counted] == [1, 2, 3, 4, 5, 6]


def test_a_set_goes_on_without_a_classifier(poses):
    counter = RepCounter(CATALOGUE)
    events = []
    for number, pose in enumerate(poses):
        if number < len(poses) // 2:
            counter.classify(label(pose.stamp))
        events += counter.step(pose).events
    events += counter.finish().events
    assert sum(event.counted for event in events) == 6


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 2, "running": 7}', "\x00\xff"])
def test_a_damaged_file_is_told_and_nothing_is_made_of_it(tmp_path, content):
    file = MemoryFile(tmp_path / "memory.json")
    file.path.write_text(content)
    memory, problem = file.load(within=60.0)
    assert memory is None and "\n" not in problem and "damaged" in problem


def test_who_is_started_again_with_another_exercise_wants_that(tmp_path):
    before = MemoryFile(tmp_path / "memory.json", started_with="curl")
    before.save(Memory(5, "squat", 2))  # the service has asked for it
    assert MemoryFile(before.path, "curl").load(within=60.0)[0] == Memory(5, "squat", 2)
    # What was done before is none of what is asked for now.
    assert MemoryFile(before.path, "press").load(within=60.0)[0] == Memory(5, "press", 2, settled=5)
    assert MemoryFile(before.path, "").load(within=60.0)[0] == Memory(5, "", 2, settled=5)


def gone_on(counter, poses, says=label):
    """What a counter tells from some poses to the end."""
    events, summaries = [], []
    for pose in poses:
        counter.classify(says(pose.stamp))
        output = counter.step(pose)
        events, summaries = events + output.events, summaries + output.summaries
    last = counter.finish()
    return events + last.events, summaries + last.summaries


def test_a_set_that_ran_ends_where_another_exercise_is_asked_for_at_the_restart(poses, tmp_path):
    file = MemoryFile(tmp_path / "memory.json")
    crashed_at(poses, 150, file)
    memory, _ = MemoryFile(file.path, "curl").load(within=60.0)
    assert memory.running.exercise == "squat"
    counter = RepCounter(CATALOGUE, "curl")
    resumed = resume(counter, memory, poses[:160], [label(pose.stamp) for pose in poses[:160]])
    events, summaries = gone_on(counter, poses[160:])
    closed = [summary for output in resumed.outputs for summary in output.summaries] + summaries
    assert [(summary.exercise, summary.repetitions) for summary in closed] == [("squat", len(memory.running.counted))]
    assert not told(resumed.outputs) and not events


def test_what_was_done_before_an_exercise_was_asked_for_is_not_counted_after_a_crash(figure, wave):
    curls = [figure(time, elbow=angle) for time, angle in wave(8, 2.0, 160, 40, 20)]
    other = lambda stamp: replace(label(stamp), label="other", probabilities={"other": 0.9, "curl": 0.1})  # noqa: E731
    before, asked, killed = RepCounter(CATALOGUE), 200, 212
    for number, pose in enumerate(curls[:killed]):
        if number == asked:
            before.set_exercise("curl")
        before.classify(other(pose.stamp))
        before.step(pose)
    counter = RepCounter(CATALOGUE)
    resumed = resume(counter, before.memory(), curls[:killed], [other(pose.stamp) for pose in curls[:killed]])
    events, _ = gone_on(counter, curls[killed:], other)
    turns = [event.turn for event in told(resumed.outputs) + events if event.counted]
    assert turns and min(turns) > curls[asked].stamp


def test_another_body_before_the_crash_closes_no_set_that_went_on_after_it(poses, tmp_path):
    second = [
        replace(pose, stamp=pose.stamp + poses[-1].stamp + nanoseconds(0.05), body_id="person_2") for pose in poses
    ]
    both, file = poses + second, MemoryFile(tmp_path / "memory.json")
    killed = len(poses) + 90
    before = crashed_at(both, killed, file)
    memory, _ = file.load(within=60.0)
    counter = RepCounter(CATALOGUE)
    kept = both[killed - 180 : killed]
    resumed = resume(counter, memory, kept, [label(pose.stamp) for pose in kept])
    _, summaries = gone_on(counter, both[killed:])
    closed = [summary for output in before + resumed.outputs for summary in output.summaries] + summaries
    assert [(summary.set_index, summary.repetitions) for summary in closed] == [(1, 6), (2, 6)]


def test_a_crash_in_the_second_loop_of_a_recording_counts_none_of_the_first_again(poses, tmp_path):
    looped, file = poses + poses, MemoryFile(tmp_path / "memory.json")
    killed = len(poses) + 130
    before = crashed_at(looped, killed, file)
    memory, _ = file.load(within=60.0)
    counter = RepCounter(CATALOGUE)
    useful = looped[needed(memory, [pose.stamp for pose in looped[:killed]]) : killed]
    resumed = resume(counter, memory, useful, [label(pose.stamp) for pose in useful], looped[0].stamp)
    events, summaries = gone_on(counter, looped[killed:])
    closed = [summary for output in before + resumed.outputs for summary in output.summaries] + summaries
    assert [(summary.set_index, summary.repetitions) for summary in closed] == [(1, 6), (2, 6)]
    assert len(told(before + resumed.outputs)) + len(events) == 12


def test_what_is_old_is_left_alone_and_a_full_disk_is_told(tmp_path):
    file = MemoryFile(tmp_path / "folder" / "memory.json")
    assert file.load(within=60.0) == (None, "")
    file.save(Memory(5, "squat", 2))
    assert file.load(within=60.0)[0] == Memory(5, "squat", 2)
    assert json.loads(file.path.read_text())["stamp"] == 5
    before = file.path.stat().st_mtime - 120
    os.utime(file.path, (before, before))
    memory, problem = file.load(within=60.0)
    assert memory is None and "without closing" in problem
    # Of another day: nothing to wonder about.
    os.utime(file.path, (1, 1))
    assert file.load(within=60.0) == (None, "")
    file.remove()
    assert file.load(within=60.0) == (None, "")
    (tmp_path / "file").touch()
    blocked = MemoryFile(tmp_path / "file" / "memory.json")
    blocked.save(Memory(5))
    assert "cannot be written" in blocked.problem


def test_sets_go_on_being_numbered_on_another_stream(poses):
    before = RepCounter(CATALOGUE, "squat")
    for pose in poses:
        before.step(replace(pose, stamp=pose.stamp + nanoseconds(500)))
    assert before.memory().running.index == 1
    counter = RepCounter(CATALOGUE, "squat")
    resume(counter, before.memory(), poses[:1], [])
    events, _ = gone_on(counter, poses[1:])
    assert [(event.set_index, event.index) for event in events if event.counted] == [(2, n) for n in range(1, 7)]


def test_somebody_else_after_a_crash_does_not_continue_the_set(poses, tmp_path):
    file = MemoryFile(tmp_path / "memory.json")
    crashed_at(poses, 150, file, "squat")
    memory, _ = file.load(within=60.0)
    counter = RepCounter(CATALOGUE, "squat")
    other = [replace(pose, stamp=pose.stamp + poses[149].stamp, body_id="person_2") for pose in poses]
    resumed = resume(counter, memory, other[:1], [])
    _, summaries = gone_on(counter, other[1:])
    closed = [summary for output in resumed.outputs for summary in output.summaries] + summaries
    assert [(one.set_index, one.repetitions, one.body_id) for one in closed] == [
        (1, len(memory.running.counted), "person_1"),
        (2, 6, "person_2"),
    ]


def test_long_after_a_restart_nothing_is_missing_because_of_it(figure, wave):
    counter, events = RepCounter(CATALOGUE), []
    counter.restore(Memory(nanoseconds(999.97)))
    for time, angle in wave(45, 2.0, 170, 70, 15):  # and nobody classifies them
        events += counter.step(figure(1000 + time, knee=angle)).events
    assert events and all(event.reason == Reason.INTERRUPTED for event in events)
    assert max(event.start for event in events) < nanoseconds(1012)
