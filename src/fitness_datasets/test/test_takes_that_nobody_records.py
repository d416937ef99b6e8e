"""Takes whose recorder has died or fails: none of them is kept, and nobody is led on."""

import time
from pathlib import Path

import pytest
import yaml
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.parameter import Parameter
from spun_stage import DEADLINE, wait_for
from take_figure import standing
from takes_gym import Gym, result_of

from fitness_core.catalogue import Catalogue
from fitness_core.ros.qos import DIAGNOSTICS
from fitness_datasets.bags import BagReader, BagWriter
from fitness_datasets.collection.collector import Collector
from fitness_datasets.collection.guidance import Decision, Settings, TakeRequest
from fitness_datasets.collection.session import Session
from fitness_datasets.record_take_node import RecordTakeNode
from fitness_datasets.recorder_node import RecorderNode
from fitness_datasets.ros import recorded
from fitness_msgs.action import RecordTake

REVIEW = RecordTake.Feedback.PHASE_REVIEW
IDLE = {"exercise": "idle", "repetitions": 0, "seconds": 1.5, "consent": True}


@pytest.fixture
def gym(ros):
    gym = Gym()
    yield gym
    gym.close()


def says(
    bag: Path, level: bytes = DiagnosticStatus.OK, message: str = "recording", **values: object
) -> DiagnosticArray:
    """What a recorder says of itself."""
    told = {"bag": bag, "recording": True, "dropped": 0} | values
    pairs = [KeyValue(key=key, value=str(value)) for key, value in told.items()]
    return DiagnosticArray(status=[DiagnosticStatus(level=level, name="/recorder", message=message, values=pairs)])


def take_of(out: Path) -> dict:
    (take,) = yaml.safe_load((out / "P01_S01" / "session.yaml").read_text())["takes"]
    return take


def reviewed(collector: Collector, out: Path) -> None:
    """Lead through a take up to its end."""
    collector.begin(
        TakeRequest("P01", "S01", "idle", 1, 0, 1.5, True),
        Catalogue.load(),
        Settings(countdown=0.0),
        Session.open(out, "P01", "S01"),
        "bag_001",
    )
    for number in range(100):
        collector.step(standing(1000.0 + number / 20))


@pytest.mark.parametrize("auto", [True, False])
def test_a_take_is_kept_once_its_bag_is_known_to_hold_it(tmp_path: Path, auto: bool) -> None:
    known: list[str | None] = [None]
    collector = Collector(auto, lacking=lambda bag, since: known[0] if since else "")
    reviewed(collector, tmp_path)
    if not auto:
        assert collector.decide(Decision.KEEP) == ""
    assert collector.settle() == ""
    assert collector.outcome is None and take_of(tmp_path)["status"] == "unfinished"
    assert collector.decide(Decision.REDO) == "the take is kept already", "of two who decide the first one has"
    known[0] = ""
    collector.settle()
    assert collector.outcome is not None and collector.outcome.kept
    assert take_of(tmp_path)["status"] == "kept"


@pytest.mark.parametrize("end", ["interrupt", "cancel"])
def test_what_is_to_be_kept_is_kept_where_the_node_is_stopped_meanwhile(tmp_path: Path, end: str) -> None:
    collector = Collector(True, lacking=lambda bag, since: None if since else "")
    reviewed(collector, tmp_path)
    collector.interrupt("interrupted") if end == "interrupt" else collector.cancel()
    assert take_of(tmp_path)["status"] == "kept"


def test_a_take_that_its_bag_does_not_hold_is_not_kept(tmp_path: Path) -> None:
    asked: list[Path] = []
    auto = Collector(True, lacking=lambda bag, since: asked.append(bag) or "the disk is full")
    reviewed(auto, tmp_path)
    assert auto.outcome is not None and auto.outcome.reason == "it cannot be kept: the disk is full"
    assert take_of(tmp_path)["status"] == "discarded"
    assert set(asked) == {tmp_path / "P01_S01" / "bag_001"}
    asks = Collector(False, lacking=lambda bag, since: "the disk is full")
    reviewed(asks, tmp_path / "other")
    assert asks.decide(Decision.KEEP) == "it cannot be kept: the disk is full"
    assert asks.decide(Decision.STOP) == ""


def ends_unheard(gym: Gym, node: RecordTakeNode) -> None:
    """The session ends for want of its recorder, whoever stands there."""
    deadline = time.monotonic() + DEADLINE
    while not node.finished.done():
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.1)
    assert "nothing was heard of its recorder" in node.finished.result()
    gym.end(node)


def test_the_session_ends_where_its_recorder_is_heard_no_more(gym: Gym, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(recorded, "SILENT", 1.0)
    bag = tmp_path / "P01_S01" / "bag_001"
    node = gym.start(out=str(tmp_path), bag="bag_001", subject="P01", auto=True, countdown=0.0, takes=3, **IDLE)
    recorder = gym.node.create_publisher(DiagnosticArray, "/diagnostics", DIAGNOSTICS)
    wait_for(lambda: gym.labels or gym.feed(0.1), "the take")
    wait_for(recorder.get_subscription_count, "the node to listen")
    recorder.publish(says(bag))  # its last word
    ends_unheard(gym, node)
    assert take_of(tmp_path)["status"] == "discarded"


@pytest.mark.parametrize(
    "told",
    [
        {"level": DiagnosticStatus.ERROR, "message": "the disk is full", "recording": False},
        {"level": DiagnosticStatus.WARN, "message": "the disk is too slow, 3 messages were dropped", "dropped": 3},
        {"message": "recorded", "recording": False},
    ],
    ids=["failed", "too slow", "stopped"],
)
def test_a_take_of_a_goal_is_not_kept_where_its_recorder_fails(gym: Gym, tmp_path: Path, told: dict) -> None:
    bag = tmp_path / "P01_S01" / "bag_001"
    node = gym.start(out=str(tmp_path), bag="bag_001", countdown=0.0)
    recorder = gym.node.create_publisher(DiagnosticArray, "/diagnostics", DIAGNOSTICS)
    goal = gym.ask(exercise="idle", repetitions=0, time_limit=Duration(sec=2))
    gym.feed_until(REVIEW)
    recorder.publish(says(tmp_path / "another", recording=False))
    assert not node.collector.lacking()
    wait_for(lambda: recorder.publish(says(bag, **told)) or node.collector.lacking(), "the recorder to be heard")
    assert "cannot be kept" in gym.call("keep").message
    assert gym.call("stop").success
    assert not result_of(goal).result.kept
    assert take_of(tmp_path)["status"] == "discarded"


def test_who_was_frozen_itself_does_not_call_the_recorder_silent(tmp_path: Path, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(recorded.time, "monotonic", lambda: now[0])
    of_bag = recorded.Recorded()
    of_bag.hear(says(tmp_path))
    now[0] += 600
    assert of_bag.lacking(tmp_path) == ""
    for _ in range(40):
        now[0] += 0.1
        lacking = of_bag.lacking(tmp_path)
    assert lacking is not None and "nothing was heard of its recorder" in lacking


def test_a_recorder_says_whether_it_records(ros, tmp_path: Path) -> None:
    recorder = RecorderNode(parameter_overrides=[Parameter("bag", value=str(tmp_path / "bag"))])
    try:
        recorder.start()
        assert recorder.diagnose()[2]["recording"] is True
        recorder.stop()
        assert recorder.diagnose()[2]["recording"] is False
    finally:
        recorder.destroy_node()


def test_a_label_is_on_the_disk_at_once(tmp_path: Path) -> None:
    kinds = {"/body_pose": "fitness_msgs/msg/BodyPose", "/take_label": "fitness_msgs/msg/TakeLabel"}
    writer = BagWriter(tmp_path / "bag", kinds)
    writer.write("/body_pose", 1, b"\x00\x01\x00\x00")
    writer.write("/take_label", 2, b"\x00\x01\x00\x00")
    with BagReader(tmp_path / "bag") as bag:  # as after kill -9
        assert bag.counts == {"/body_pose": 1, "/take_label": 1}
    writer.close()


def test_a_recorder_that_never_says_a_word_keeps_no_take(gym: Gym, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(recorded, "STARTS", 1.0)
    node = gym.start(
        out=str(tmp_path), bag="bag_001", needs_recorder=True, subject="P01", auto=True, countdown=0.0, takes=3, **IDLE
    )
    ends_unheard(gym, node)
    assert all(take.status != "kept" for take in Session.read(tmp_path, "P01", "S01").takes)


def test_a_take_waits_for_the_first_word_of_its_recorder(tmp_path: Path, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(recorded.time, "monotonic", lambda: now[0])
    of_bag = recorded.Recorded(expected=True)
    assert of_bag.lacking(tmp_path, since=999.0) is None
    of_bag.hear(says(tmp_path))
    assert of_bag.lacking(tmp_path, since=999.0) == ""
    assert recorded.Recorded().lacking(tmp_path, since=999.0) == "", "a stock recorder is not asked"
