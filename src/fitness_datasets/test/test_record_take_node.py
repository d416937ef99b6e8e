"""The action server of guided takes over real DDS, with poses that this test makes."""

import shutil
import time

import numpy as np
import pytest
import yaml
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from rclpy.lifecycle import TransitionCallbackReturn
from spun_stage import DEADLINE, wait_for
from take_figure import repetition
from takes_gym import Gym, result_of

from fitness_core.errors import InputError
from fitness_core.ros import messages
from fitness_core.ros.images import to_image
from fitness_datasets.collection import session
from fitness_msgs.action import RecordTake
from fitness_msgs.msg import TakeLabel

pytestmark = pytest.mark.usefixtures("ros")

START, STOP, DISCARD = TakeLabel.EVENT_START, TakeLabel.EVENT_STOP, TakeLabel.EVENT_DISCARD
Phase = RecordTake.Feedback


@pytest.fixture
def gym():
    gym = Gym()
    yield gym
    gym.close()


def test_a_goal_is_guided_counted_and_kept(gym, tmp_path):
    gym.start(out=str(tmp_path), bag="bag_001", camera="test")
    goal = gym.ask(take=4)
    assert goal.accepted
    assert (tmp_path / "P01_S01" / "session.yaml").exists(), "before the first frame"
    gym.feed_until(Phase.PHASE_RECORDING)
    assert gym.counting == ["squat"]
    gym.do(2)
    gym.feed_until(Phase.PHASE_REVIEW)
    assert goal.status == GoalStatus.STATUS_EXECUTING
    refused = gym.ask()
    assert not refused.accepted, "one take at a time"
    assert gym.call("keep").success
    ended = result_of(goal)
    assert ended.status == GoalStatus.STATUS_SUCCEEDED
    assert ended.result.kept and ended.result.message == ""
    wait_for(lambda: len(gym.labels) == 2, "labels")
    start, stop = gym.labels
    assert (start.event, stop.event, stop.take, stop.subject, stop.repetitions) == (START, STOP, 4, "P01", 2)
    assert start.header.frame_id == "camera_optical_frame"
    assert messages.from_time(start.header.stamp) < messages.from_time(stop.header.stamp)
    assert ended.result.label == stop
    for sentence in ("Good. Stay there.", "3", "2", "1", "Go: squat, 1 of 2.", "Take 4 is done: keep, redo or stop?"):
        wait_for(lambda sentence=sentence: sentence in gym.said, sentence)
    phases = [feedback.phase for feedback in gym.feedback]
    assert phases == sorted(phases)
    (take,) = yaml.safe_load((tmp_path / "P01_S01" / "session.yaml").read_text())["takes"]
    assert (take["take"], take["status"], take["repetitions"], take["bag"]) == (4, "kept", 2, "bag_001")
    assert not gym.call("keep").success, "nothing to decide any more"
    wait_for(lambda: gym.counting == ["squat", "pull_up"], "the counter to be told what it was configured to")


@pytest.mark.parametrize(
    "changes",
    [
        {"consent": False},
        {"subject": ""},
        {"exercise": "juggling"},
        {"repetitions": 0},
        {"time_limit": Duration(sec=-1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_refused_goals(gym, tmp_path, changes):
    gym.start(out=str(tmp_path))
    assert not gym.ask(**changes).accepted
    assert list(tmp_path.iterdir()) == []


def test_cancel_withdraws_the_take(gym):
    gym.start(countdown=0.0)
    goal = gym.ask(exercise="idle", repetitions=0, time_limit=Duration(sec=60))
    gym.feed_until(Phase.PHASE_RECORDING)
    assert gym.counting == [""]
    cancelled = goal.cancel_goal_async()
    wait_for(cancelled.done, "the cancellation")
    ended = result_of(goal)
    assert ended.status == GoalStatus.STATUS_CANCELED
    assert not ended.result.kept
    wait_for(lambda: len(gym.labels) == 2, "labels")
    assert [label.event for label in gym.labels] == [START, DISCARD]
    assert gym.ask().accepted, "the next goal is taken"


def test_a_goal_can_be_cancelled_while_the_clock_stands_still(gym):
    gym.start(countdown=0.0, use_sim_time=True)
    goal = gym.ask()
    wait_for(goal.cancel_goal_async().done, "the cancellation")
    assert result_of(goal).status == GoalStatus.STATUS_CANCELED


def test_redo_and_stop(gym):
    gym.start(countdown=0.0)
    goal = gym.ask(repetitions=1)
    gym.feed_until(Phase.PHASE_RECORDING)
    gym.do(1)
    gym.feed_until(Phase.PHASE_REVIEW)
    assert gym.call("redo").success
    gym.feed_until(Phase.PHASE_RECORDING)
    gym.do(1)
    gym.feed_until(Phase.PHASE_REVIEW)
    assert gym.call("stop").success
    ended = result_of(goal)
    assert (ended.status, ended.result.message) == (GoalStatus.STATUS_ABORTED, "stopped")
    wait_for(lambda: len(gym.labels) == 6, "labels")
    assert [label.event for label in gym.labels] == [START, STOP, DISCARD] * 2


def test_a_dark_picture_is_said(gym):
    gym.start()
    gym.ask()
    wait_for(gym.pictures.get_subscription_count, "who measures the light")
    picture = to_image(np.full((48, 64, 3), 10, np.uint8))

    def told() -> bool:
        gym.pictures.publish(picture)
        gym.feed(0.1)
        return "It is too dark: turn on a light or open the curtains." in gym.said

    wait_for(told, "the instruction")


def test_a_subject_given_by_parameters_is_led_through_all_takes(gym, tmp_path):
    given = {"subject": "P02", "exercise": "squat,idle", "takes": 2, "seconds": 1.5, "repetitions": 0}
    node = gym.start(out=str(tmp_path), consent=True, auto=True, countdown=0.0, **given)
    deadline = time.monotonic() + DEADLINE
    while not node.finished.done():
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.2)
    assert [outcome.kept for _, outcome in node.outcomes] == [True] * 4
    wait_for(lambda: len(gym.labels) == 8, "labels")
    wait_for(lambda: "Take 4 is done." in gym.said, "the last take's end: nobody is asked")
    assert [(label.exercise, label.take) for label in gym.labels[::2]] == [
        ("squat", 1),
        ("squat", 2),
        ("idle", 3),
        ("idle", 4),
    ]
    assert "kept" in (tmp_path / "P02_S01" / "session.yaml").read_text()


def test_what_is_said_and_what_becomes_of_it_is_in_the_log(gym, tmp_path, capfd):
    """Under a launch file that is all that a terminal shows; it showed nothing."""
    node = gym.start(out=str(tmp_path), subject="P01", exercise="idle,other", seconds=1.5, consent=True, countdown=0.0)
    wait_for(lambda: "Take 1 is done: keep, redo or stop?" in gym.said or gym.feed(0.2), "the end of the take")
    assert gym.call("keep").success
    wait_for(lambda: "Take 2, other: stand where the camera sees you." in gym.said, "the next one")
    gym.end(node)
    log = capfd.readouterr().err
    lines = "Take 1, idle: stand where", "Go: idle.", "take 1, idle: kept", "take 2, other: not kept, interrupted"
    places = [log.index(f": {line}") for line in (*lines, f"{tmp_path / 'P01_S01'}: takes still to do: 1 (the")]
    assert places == sorted(places)


def test_parameters_without_consent_do_not_start(gym):
    with pytest.raises(InputError, match="no consent"):
        gym.start(subject="P01")


def test_a_node_that_is_stopped_withdraws_its_take(gym, tmp_path):
    node = gym.start(out=str(tmp_path), subject="P01", consent=True, countdown=0.0)
    deadline = time.monotonic() + DEADLINE
    while not gym.labels:
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.2)
    gym.end(node)
    wait_for(lambda: len(gym.labels) == 2, "the label")
    assert gym.labels[-1].event == DISCARD
    assert "interrupted" in (tmp_path / "P01_S01" / "session.yaml").read_text()


def test_a_session_that_can_be_written_no_more_loses_no_take_and_says_so(gym, tmp_path):
    node = gym.start(out=str(tmp_path), subject="P01", repetitions=1, consent=True, countdown=0.0)
    deadline = time.monotonic() + DEADLINE
    while not gym.labels:
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.2)
    folder = tmp_path / "P01_S01"
    shutil.rmtree(folder)
    folder.write_text("a file in its place: as a disk that is full")
    gym.feed(1.5)
    gym.events.publish(messages.to_rep_event(repetition(gym.time), "camera"))
    while len(gym.labels) < 2:
        assert time.monotonic() < deadline, gym.said
        gym.feed(0.2)
    answer = gym.call("keep")
    assert answer.success and "P01_S01" in answer.message and "cannot be written" in answer.message
    assert [label.event for label in gym.labels] == [START, STOP], "its bag says that it is kept"
    assert node.finished.result() == answer.message
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS


def test_a_session_is_of_one_collection_at_a_time(gym, tmp_path):
    given = {"out": str(tmp_path), "subject": "P01", "consent": True, "countdown": 0.0}
    first = gym.start(**given)
    with pytest.raises(InputError, match=r"P01_S01 is being recorded into; .* another session"):
        gym.start(**given)
    gym.start(**(given | {"subject": "P02"}))
    gym.end(first)
    gym.start(**given)


def test_a_session_that_cannot_be_opened_is_held_by_nobody(gym, tmp_path):
    gym.start(out=str(tmp_path))
    file = tmp_path / "P01_S01" / "session.yaml"
    file.parent.mkdir()
    file.write_text("subject: somebody else\n")
    assert not gym.ask().accepted
    session.lock(file.parent).release()
    assert file.read_text() == "subject: somebody else\n"


def test_goals_without_a_session_on_the_disk_are_numbered_all_the_same(gym):
    gym.start()
    for number in (1, 2):
        goal = gym.ask(take=0)
        gym.feed_until(Phase.PHASE_RECORDING)
        gym.do(2)
        gym.feed_until(Phase.PHASE_REVIEW)
        assert gym.call("keep").success
        assert result_of(goal).result.label.take == number
    assert not gym.ask(take=0, consent=False).accepted
