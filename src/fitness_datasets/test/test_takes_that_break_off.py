"""Takes that end otherwise than they should: cancelled at the last moment, without a camera, with a node that stops."""

import time

import numpy as np
import pytest
import yaml
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from spun_stage import DEADLINE, wait_for
from takes_gym import Gym, result_of

from fitness_core.ros import qos
from fitness_core.ros.images import to_image
from fitness_core.ros.state import state_file
from fitness_datasets.record_take_node import RecordTakeNode
from fitness_msgs.action import RecordTake
from fitness_msgs.msg import BodyPose, TakeLabel

pytestmark = pytest.mark.usefixtures("ros")

START, STOP, DISCARD = TakeLabel.EVENT_START, TakeLabel.EVENT_STOP, TakeLabel.EVENT_DISCARD
REVIEW = RecordTake.Feedback.PHASE_REVIEW
RECORDING = RecordTake.Feedback.PHASE_RECORDING
BRIEF = {"exercise": "idle", "repetitions": 0, "time_limit": Duration(sec=2)}


@pytest.fixture
def gym():
    gym = Gym()
    yield gym
    gym.close()


@pytest.mark.parametrize("auto", [True, False])
def test_a_take_that_is_cancelled_is_kept_by_nobody(gym, auto):
    node = gym.start(countdown=0.0, auto=auto)
    goal = gym.ask(**BRIEF)
    gym.feed_until(RECORDING if auto else REVIEW)
    # So that a pose, or who decides, is the first to see it.
    node._timer.cancel()
    wait_for(goal.cancel_goal_async().done, "the cancellation")
    if auto:
        gym.feed(2.5)
    else:
        assert not gym.call("keep").success
    ended = result_of(goal)
    assert (ended.status, ended.result.kept) == (GoalStatus.STATUS_CANCELED, False)
    wait_for(lambda: gym.labels[-1].event == DISCARD, "the label")


def test_with_auto_a_camera_that_breaks_off_in_a_take_ends_the_session(gym, tmp_path):
    given = {"subject": "P01", "exercise": "idle", "seconds": 5.0, "repetitions": 0, "takes": 2, "consent": True}
    node = gym.start(out=str(tmp_path), auto=True, countdown=0.0, placement_timeout=1.0, **given)
    deadline = time.monotonic() + DEADLINE
    while not gym.labels:
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.2)
    wait_for(node.finished.done, "the end of the session")
    wait_for(lambda: len(gym.labels) == 2, "the labels")
    assert [label.event for label in gym.labels] == [START, DISCARD]
    ((_, outcome),) = node.outcomes
    assert not outcome.kept and "no picture came from the camera" in outcome.reason


def test_an_undecided_take_of_a_node_that_is_stopped_is_not_taken_for_a_kept_one(gym):
    node = gym.start(countdown=0.0)
    gym.ask(**BRIEF)
    gym.feed_until(REVIEW)
    gym.end(node)
    wait_for(lambda: len(gym.labels) == 3, "the label")
    assert [label.event for label in gym.labels] == [START, STOP, DISCARD]


def test_what_a_guide_that_was_killed_has_said_is_not_said_any_more(gym):
    gym.start()
    gym.ask()
    wait_for(lambda: gym.said and gym.said[-1], "the first instruction")
    gym.nodes.append(RecordTakeNode(namespace=gym.namespace))  # the one that comes in its place, not active yet
    wait_for(lambda: not gym.said[-1], "it to be taken back")


def test_a_counter_that_a_guide_that_was_killed_has_left_told_goes_back(gym):
    killed = gym.start()
    gym.ask()
    wait_for(lambda: state_file(killed).exists() or gym.feed(0.1), "the counter to be told")
    gym.executor.remove_node(killed)
    again = RecordTakeNode(namespace=gym.namespace)  # not active: a page brings it up for the next take
    gym.nodes.append(again)
    gym.executor.add_node(again)
    wait_for(lambda: gym.counting == ["squat", "pull_up"], "the counter to be told what it was configured to")
    assert not state_file(again).exists()


def test_how_dark_it_was_is_forgotten_with_the_take(gym):
    node = gym.start()
    dark = "It is too dark: turn on a light or open the curtains."
    gym.ask()

    def is_said() -> bool:
        gym.pictures.publish(to_image(np.zeros((48, 64, 3), np.uint8)))
        gym.feed(0.05)
        return dark in gym.said

    wait_for(is_said, dark)
    gym.end(node)
    gym.said.clear()
    node.start()  # the next morning
    gym.executor.add_node(node)
    wait_for(lambda: gym.ask().accepted, "the next take")
    gym.feed_until(RECORDING)
    assert dark not in gym.said


def test_each_bag_of_a_session_has_its_own_camera(gym, tmp_path):
    given = {"out": str(tmp_path), "subject": "P01", "exercise": "idle", "seconds": 1.5, "repetitions": 0}
    for number, width in enumerate((640, 1920), start=1):
        camera = {"bag": f"bag_{number:03d}", "camera": f"hall {number}", "takes": number}
        node = gym.start(consent=True, auto=True, countdown=0.0, **given, **camera)
        deadline = time.monotonic() + DEADLINE
        while not node.finished.done():
            assert time.monotonic() < deadline, gym.said
            gym.feed(0.2, width=width)
        gym.end(node)
        (tmp_path / "P01_S01" / camera["bag"]).mkdir()
    written = yaml.safe_load((tmp_path / "P01_S01" / "session.yaml").read_text())
    cameras = {bag: (of["camera"]["source"], of["camera"]["width"]) for bag, of in written["bags"].items()}
    assert cameras == {"bag_001": ("hall 1", 640), "bag_002": ("hall 2", 1920)}
    assert written["camera"] == written["bags"]["bag_002"]["camera"]
    assert all(of["versions"] for of in written["bags"].values())
    # One that a busy machine has spoilt is repeated.
    assert [take["bag"] for take in written["takes"] if take["status"] == "kept"] == ["bag_001", "bag_002"]


def test_no_take_begins_while_another_graph_says_where_somebody_is(gym):
    """The bag would hold the poses of both cameras, and nobody could tell them apart."""
    other = gym.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
    node = gym.start(subject="P01", auto=True, countdown=0.0, exercise="idle", repetitions=0, seconds=2.0, consent=True)
    wait_for(lambda: node.count_publishers(gym.poses.topic_name) == 2, "the other to be seen")
    wait_for(lambda: any("Another graph runs" in said for said in gym.said) or gym.feed(0.1), "a word of it")
    gym.feed(3.0)
    assert not gym.labels
    gym.node.destroy_publisher(other)
    wait_for(lambda: gym.labels or gym.feed(0.1), "the take")
