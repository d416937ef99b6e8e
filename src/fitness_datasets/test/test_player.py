"""What is played arrives whole, in order and in time; what cannot be played is refused."""

import time

import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.serialization import serialize_message
from recorded_poses import pose_message, write_bag
from rosgraph_msgs.msg import Clock
from spun_stage import wait_for
from std_msgs.msg import Bool

from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.messages import from_time
from fitness_datasets.bags import BagWriter
from fitness_datasets.player_node import PlayerNode
from fitness_datasets.ros.followers import LABELS_BEHIND
from fitness_msgs.msg import BodyPose, ExerciseClassification, RepState

pytestmark = pytest.mark.usefixtures("ros")


@pytest.mark.parametrize("rate", [0.0, 4.0])
def test_what_is_played_arrives_whole_and_in_order(stage, tmp_path, rate):
    sent = write_bag(tmp_path / "bag")
    arrived = []
    states = stage.node.create_publisher(RepState, "rep_state", qos.STREAM)

    def count(message):
        arrived.append((time.monotonic(), message))
        if rate == 0:
            time.sleep(0.01)  # a subscriber slower than the player
        states.publish(RepState(header=message.header))

    # At a given speed nobody waits for who is late: a busy machine must not lose what is looked at here.
    stage.node.create_subscription(BodyPose, "body_pose", count, qos.EVERY if rate else qos.STREAM)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), rate=rate)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    wait_for(lambda: len(arrived) >= len(sent), "the last pose")
    assert [serialize_message(message) for _, message in arrived] == sent
    assert player.diagnose()[2]["unconfirmed"] == 0
    if rate:
        took = arrived[-1][0] - arrived[0][0]
        assert took == pytest.approx(59 * 0.0333 / rate, abs=0.25)
    player.stop()


def test_an_hour_without_a_message_is_not_waited_for(stage, tmp_path):
    """The clock was set forward while it was recorded; the stamps stay as they are."""
    with BagWriter(tmp_path / "bag", {"/body_pose": "fitness_msgs/msg/BodyPose"}) as bag:
        for number in range(6):
            stamp = number * 33_333_333 + (3600 * 10**9 if number > 2 else 0)
            bag.write("/body_pose", 5_000_000_000 + stamp, serialize_message(pose_message(number)))
    arrived = []
    stage.node.create_subscription(BodyPose, "body_pose", arrived.append, qos.EVERY)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"))
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    wait_for(lambda: len(arrived) == 6, "the last pose")
    player.stop()


def test_who_comes_late_gets_the_newest_state_of_what_is_played(stage, tmp_path):
    """As from the graph itself (docs/robot.md); of a publisher that is not latched such a subscriber hears nothing."""
    write_bag(tmp_path / "bag")
    came = []
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), rate=20.0, topics=["/elsewhere/rep_state"], wait=0.0)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    stage.node.create_subscription(RepState, "rep_state", came.append, qos.LATCHED)
    wait_for(lambda: came, "the newest state")
    player.stop()


def test_labels_are_never_far_behind_what_is_played_as_fast_as_it_goes(stage, tmp_path):
    """What is counted hung on the load: a counter that is quicker than the classifier had its labels seconds late."""
    sent = write_bag(tmp_path / "bag")
    states = stage.node.create_publisher(RepState, "rep_state", qos.STREAM)
    labels = stage.node.create_publisher(ExerciseClassification, "exercise", qos.LABELS)
    arrived, waiting, behind, labelled = [], [], [], [0.0]

    def count(message):
        arrived.append(from_time(message.header.stamp) / 1e9)
        behind.append(arrived[-1] - max(labelled[-1], arrived[0]))
        if len(arrived) % 3 == 1:
            waiting.append(message.header)
        states.publish(RepState(header=message.header))

    def classify():
        if waiting:
            header = waiting.pop(0)
            labelled.append(from_time(header.stamp) / 1e9)
            labels.publish(ExerciseClassification(header=header))

    stage.node.create_subscription(BodyPose, "body_pose", count, qos.STREAM)
    stage.node.create_timer(0.02, classify)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), rate=0.0)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    wait_for(lambda: len(arrived) >= len(sent), "the last pose")
    assert max(behind) < LABELS_BEHIND + 0.05
    player.stop()


def test_only_inputs_are_played_and_the_clock_on_request(stage, tmp_path):
    write_bag(tmp_path / "bag", 10)
    clocks = []
    stage.node.create_subscription(Clock, "/clock", lambda m: clocks.append(from_time(m.clock)), 100)
    stage.node.create_subscription(BodyPose, "body_pose", lambda _: None, qos.STREAM)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), clock=True)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    wait_for(lambda: clocks and clocks[-1] == 5_000_000_000 + 9 * 33_333_333, "the last time")
    assert clocks == sorted(clocks)
    assert stage.node.count_publishers("rep_state") == 0
    player.stop()


def test_a_bag_without_a_message_that_could_be_played_is_refused(stage, tmp_path):
    types = {"/fitness/body_pose": "fitness_msgs/msg/BodyPose", "/fitness/rep_state": "fitness_msgs/msg/RepState"}
    with BagWriter(tmp_path / "bag", types) as bag:
        bag.write("/fitness/rep_state", 1, serialize_message(RepState()))
    with pytest.raises(InputError, match=r"has no message of body_pose, .*; it has /fitness/body_pose \(0\)"):
        stage.make(PlayerNode, bag=str(tmp_path / "bag"), loop=True).start()


def test_a_loop_starts_over_until_it_is_stopped(stage, tmp_path):
    write_bag(tmp_path / "bag", 5)
    stamps = []
    stage.node.create_subscription(
        BodyPose, "body_pose", lambda m: stamps.append(from_time(m.header.stamp)), qos.STREAM
    )
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), loop=True)
    player.start()
    wait_for(lambda: stamps.count(0) >= 3, "three rounds")
    player.stop()
    assert not player.finished.done()
    assert stamps[:10] == [number * 33_333_333 for number in range(5)] * 2


def test_a_message_without_a_stamp_is_played_like_any_other(stage, tmp_path):
    with BagWriter(tmp_path / "bag", {"/robot/busy": "std_msgs/msg/Bool"}) as bag:
        for number in range(3):
            bag.write("/robot/busy", number * 10_000_000, serialize_message(Bool(data=True)))
    heard = []
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), topics=["/robot/busy"])
    stage.node.create_subscription(Bool, "busy", heard.append, qos.STREAM)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    wait_for(lambda: len(heard) == 3, "the messages")
    player.stop()


def test_a_player_waits_for_its_subscribers_but_not_for_ever(stage, tmp_path):
    write_bag(tmp_path / "bag", 3)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), wait=0.2)
    player.start()
    wait_for(player.finished.done, "the end of the bag")
    player.stop()


def test_a_player_whose_bag_breaks_off_is_no_success(stage, tmp_path):
    write_bag(tmp_path / "bag", 200)
    file = next((tmp_path / "bag").glob("*.mcap"))
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    file.write_bytes(content)
    player = stage.make(PlayerNode, bag=str(tmp_path / "bag"), rate=0.0, wait=0.0)
    player.start()
    wait_for(player.finished.done, "the damaged place")
    level, message, _ = player.diagnose()
    assert level == diagnostics.ERROR and message == player.finished.result() != ""
    player.stop()


@pytest.mark.parametrize("case", ["missing", "text", "no inputs", "none"])
def test_a_player_refuses_what_it_cannot_play(stage, tmp_path, case):
    path = tmp_path / "bag.mcap"
    if case == "text":
        path.write_text("not a bag")
    if case == "no inputs":
        path = tmp_path / "bag"
        with BagWriter(path, {"/rep_state": "fitness_msgs/msg/RepState"}) as bag:
            bag.write("/rep_state", 1, serialize_message(RepState()))
    player = stage.make(PlayerNode, bag="" if case == "none" else str(path))
    assert player.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert player.problem
    assert "\n" not in player.problem
