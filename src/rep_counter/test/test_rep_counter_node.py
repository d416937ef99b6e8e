"""The counter's node over real DDS."""

import time
from itertools import pairwise

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.ros.state import state_file
from fitness_core.types import Reason, RepEvent, nanoseconds
from fitness_msgs import msg, srv
from rep_counter.rep_counter_node import RepCounterNode
from rep_counter.sets.memory import Memory, MemoryFile, SavedSet


class Person(Node):
    """Publishes poses and labels, notes what the counter says."""

    def __init__(self):
        super().__init__("person")
        self.pose = self.create_publisher(msg.BodyPose, "body_pose", qos.STREAM)
        self.heard = {"rep_event": [], "set_summary": [], "rep_state": [], "joint_angles": [], "periodicity": []}
        self.heard["form_cue"] = []
        for name, kind, profile in (
            ("rep_event", msg.RepEvent, qos.EVENTS),
            ("set_summary", msg.SetSummary, qos.STREAM),
            ("rep_state", msg.RepState, qos.STREAM),
            ("joint_angles", msg.JointAngles, qos.STREAM),
            ("periodicity", msg.Periodicity, qos.STREAM),
            ("form_cue", msg.FormCue, qos.STREAM),
        ):
            self.create_subscription(kind, name, self.heard[name].append, profile)


@pytest.fixture
def graph():
    rclpy.init()
    executor = SingleThreadedExecutor()
    nodes = []

    def add(node):
        nodes.append(node)
        executor.add_node(node)
        return node

    def until(condition, timeout=60.0):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            executor.spin_once(timeout_sec=0.1)

    yield add, until
    for node in nodes:
        executor.remove_node(node)
        node.destroy_node()
    rclpy.try_shutdown()


def overrides(**values):
    return [Parameter(name, value=value) for name, value in values.items()]


def test_events_states_and_the_last_set_on_deactivate(graph, figure, wave):
    add, until = graph
    counter = add(RepCounterNode(parameter_overrides=overrides(exercise="squat")))
    person = add(Person())
    counter.start()
    until(lambda: person.pose.get_subscription_count() == 1 and person.count_publishers("rep_event") == 1)
    poses = [figure(time, knee=angle) for time, angle in wave(3, 1.5, 170, 70, 20)]
    for number, pose in enumerate(poses, 1):
        person.pose.publish(messages.to_body_pose(pose))
        until(lambda number=number: len(person.heard["rep_state"]) == number)
    assert [event.index for event in person.heard["rep_event"]] == [1, 2, 3]
    assert person.heard["set_summary"] == []
    counter.stop()
    until(lambda: person.heard["set_summary"])
    assert person.heard["set_summary"][0].repetitions == 3
    last = person.heard["joint_angles"][-1]
    assert messages.from_time(last.header.stamp) == poses[-1].stamp
    assert last.header.frame_id == poses[-1].frame_id


def test_an_exercise_that_nobody_named_is_periodicity_and_no_repetition(graph, figure, wave):
    add, until = graph
    counter = add(RepCounterNode())
    person = add(Person())
    counter.start()
    until(lambda: person.pose.get_subscription_count() == 1 and person.count_publishers("periodicity") == 1)
    for number, (time_s, angle) in enumerate(wave(6, 2.0, 170, 60, 10), 1):
        person.pose.publish(messages.to_body_pose(figure(time_s, elbow=angle)))
        until(lambda number=number: len(person.heard["rep_state"]) == number)
    until(lambda: len(person.heard["periodicity"]) >= 7)
    assert person.heard["periodicity"][0].repetitions == 0
    last = person.heard["periodicity"][-1]
    assert last.repetitions in (5, 6)
    assert last.body_id == "person_1"
    assert last.period == pytest.approx(2.0, abs=0.6)
    assert person.heard["rep_event"] == [] == person.heard["set_summary"]


def test_a_cue_is_given_praised_and_not_repeated_before_it_has_cooled_down(graph, figure, wave):
    add, until = graph
    counter = add(RepCounterNode(parameter_overrides=overrides(exercise="squat", cue_cool_down=4.0, cue_gap=1.0)))
    person = add(Person())
    counter.start()
    until(lambda: person.pose.get_subscription_count() == 1 and person.count_publishers("form_cue") == 1)
    # Four squats that are not deep, one that is, three that are not: a fault every 1.5 s.
    turns = (70, 70, 70, 70, 20, 70, 70, 70)
    angles = [(time + 1.5 * number, angle) for number, turn in enumerate(turns) for time, angle in one(wave, turn)]
    for number, (time_, angle) in enumerate(angles, 1):
        person.pose.publish(messages.to_body_pose(figure(time_, knee=angle)))
        until(lambda number=number: len(person.heard["rep_state"]) == number)
    events, cues = person.heard["rep_event"], person.heard["form_cue"]
    assert [list(event.form_faults) for event in events] == [["squat_depth"] if t == 70 else [] for t in turns]
    assert [(cue.code, cue.priority) for cue in cues] == [
        ("squat_depth", msg.FormCue.PRIORITY_CORRECTION),
        ("squat_depth", msg.FormCue.PRIORITY_CORRECTION),
        ("squat_depth", msg.FormCue.PRIORITY_INFO),
        ("squat_depth", msg.FormCue.PRIORITY_CORRECTION),
    ]
    assert cues[0].text == "Try to go a little lower."
    assert cues[0].header == events[0].header
    said = [messages.from_time(cue.header.stamp) / 1e9 for cue in cues]
    assert said[1] - said[0] >= 4.0
    assert said[3] - said[1] >= 4.0
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(said))


def one(wave, turn):
    """One repetition of 1.5 s at 20 Hz, (time, angle)."""
    return wave(1, 1.5, 170, turn, 20, lead=0.0)


def test_no_cues_where_they_are_not_wanted(graph, figure, wave):
    add, until = graph
    counter = add(RepCounterNode(parameter_overrides=overrides(exercise="squat", cues=False)))
    person = add(Person())
    counter.start()
    until(lambda: person.pose.get_subscription_count() == 1 and person.count_publishers("form_cue") == 1)
    for number, (time_, angle) in enumerate(wave(1, 1.5, 170, 70, 20), 1):
        person.pose.publish(messages.to_body_pose(figure(time_, knee=angle)))
        until(lambda number=number: len(person.heard["rep_state"]) == number)
    assert [list(event.form_faults) for event in person.heard["rep_event"]] == [["squat_depth"]]
    assert person.heard["form_cue"] == []


def test_services(graph):
    add, until = graph
    counter = add(RepCounterNode())
    client = add(Node("client"))

    def call(kind, name, request):
        service = client.create_client(kind, name)
        until(service.service_is_ready)
        future = service.call_async(request)
        until(future.done)
        return future.result()

    for kind, name in ((srv.SetExercise, "set_exercise"), (Trigger, "reset")):
        early = call(kind, f"rep_counter/{name}", kind.Request())
        assert not early.success and "is not active; configure and activate it first" in early.message
    counter.start()
    bad = call(srv.SetExercise, "rep_counter/set_exercise", srv.SetExercise.Request(exercise="yoga"))
    assert not bad.success
    assert bad.message.startswith("exercise 'yoga' is not in the catalogue; it has: curl, ")
    assert call(srv.SetExercise, "rep_counter/set_exercise", srv.SetExercise.Request(exercise="curl")).success
    assert counter.diagnose()[2]["told"] == "curl"
    assert call(Trigger, "rep_counter/reset", Trigger.Request()).success


def test_stamps_that_stand_still_are_told_of(graph, figure):
    add, until = graph
    counter = add(RepCounterNode())
    counter.start()
    person = add(Person())
    until(lambda: person.pose.get_subscription_count() == 1)
    said = []
    reports = qos.DIAGNOSTICS
    person.create_subscription(DiagnosticArray, "/diagnostics", lambda report: said.append(report.status[0]), reports)

    def told() -> bool:
        person.pose.publish(messages.to_body_pose(figure(1.0)))
        return any("stamps stand still: does the driver set them" in status.message for status in said)

    until(told)


def left_by_a_crash(counter, repetitions):
    """What a counter has left behind that died in a set of so many squats, one every three seconds."""
    ends = [nanoseconds(3.0 * number) for number in range(1, repetitions + 1)]
    done = [
        RepEvent(end, "squat", 1, number, Reason.NONE, end - nanoseconds(2), end - nanoseconds(1), end, 1.5)
        for number, end in enumerate(ends, 1)
    ]
    spans = [("squat", event.start, event.end) for event in done]
    file = MemoryFile(state_file(counter))
    file.save(Memory(ends[-1], "", 1, SavedSet("squat", 1, done), spans))
    return file


@pytest.mark.parametrize("end", ["reset", "stop"])
def test_a_set_is_told_that_ends_before_a_counter_could_go_on_after_a_crash(graph, tmp_path, monkeypatch, end):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    add, until = graph
    counter = add(RepCounterNode())
    person = add(Person())
    until(lambda: person.count_publishers("set_summary"))
    file = left_by_a_crash(counter, 3)
    counter.start()
    if end == "stop":
        counter.stop()
    else:
        client = person.create_client(Trigger, "rep_counter/reset")
        until(client.service_is_ready)
        answer = client.call_async(Trigger.Request())
        until(answer.done)
        assert answer.result().success
    until(lambda: person.heard["set_summary"])
    assert [(said.exercise, said.repetitions) for said in person.heard["set_summary"]] == [("squat", 3)]
    assert not file.path.exists()


def test_a_catalogue_that_is_not_there_and_an_exercise_that_is_not_in_it(graph):
    add, _ = graph
    missing = add(RepCounterNode("one", parameter_overrides=overrides(catalogue="/nowhere/at/all")))
    with pytest.raises(InputError, match="/nowhere/at/all does not exist"):
        missing.start()
    unknown = add(RepCounterNode("two", parameter_overrides=overrides(exercise="yoga")))
    with pytest.raises(InputError, match="'yoga' is not in the catalogue"):
        unknown.start()
