"""The helpers that nodes share, on real rclpy."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from fitness_core import types
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, images, messages, refusals, serialized
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.parameters import Parameter
from fitness_msgs import msg


class Lamp(FitnessNode):
    """A node that notes what is asked of it."""

    PARAMETERS = (
        Parameter("rate", 5.0, "Hz.", minimum=0.1, maximum=100.0),
        Parameter("count", 3, "How many.", minimum=1),
        Parameter("mode", "warm", "Colour.", choices=("warm", "cold")),
        Parameter("pulse", 0.0, "Hz; 0 = none.", minimum=0.0, maximum=50.0, least=0.1),
        Parameter("broken", False, "Fail to configure."),
        Parameter("bulb", "led", "What shines.", at_configure=True),
    )

    def __init__(self, **arguments):
        self.calls = []
        super().__init__("lamp", **arguments)

    def configure(self):
        self.calls.append("configure")
        if self.params.broken:
            raise InputError("the bulb is broken; change it")

    def activate(self):
        self.calls.append("activate")

    def deactivate(self):
        self.calls.append("deactivate")

    def release(self):
        self.calls.append("release")

    def check_parameter(self, name, value):
        if (name, value) == ("count", 13):
            raise InputError("13 lamps bring bad luck")

    def parameters_changed(self, names):
        self.calls.append(names)


@pytest.fixture
def lamp():
    rclpy.init()
    nodes = []

    def make(**overrides):
        node = Lamp(parameter_overrides=[RosParameter(name, value=value) for name, value in overrides.items()])
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def test_lifecycle_in_order(lamp):
    node = lamp()
    node.start()
    assert node.active
    node.stop()
    assert node.calls == ["configure", "activate", "deactivate", "release"]
    assert not node.active


def test_a_failure_is_one_sentence_and_the_node_can_be_mended(lamp):
    node = lamp(broken=True)
    with pytest.raises(InputError, match="the bulb is broken; change it"):
        node.start()
    node.set_parameters([RosParameter("broken", value=False)])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_parameters_follow_changes_within_their_bounds(lamp):
    node = lamp(rate=10)  # YAML writes 10 for 10.0
    assert node.params.rate == 10.0
    assert node.set_parameters([RosParameter("mode", value="cold")])[0].successful
    assert (node.params.mode, node.calls) == ("cold", [{"mode"}])
    for name, value in (("mode", "blue"), ("rate", 1000.0), ("count", 0), ("pulse", 0.01), ("rate", "fast")):
        assert not node.set_parameters([RosParameter(name, value=value)])[0].successful
    assert not node.set_parameters([RosParameter("autostart", value=False)])[0].successful
    assert node.set_parameters([RosParameter("pulse", value=0.0)])[0].successful
    assert (node.params.mode, node.params.rate, node.params.count) == ("cold", 10.0, 3)


def test_what_is_taken_at_configure_is_set_before_it_alone(lamp):
    node = lamp()
    assert node.set_parameters([RosParameter("bulb", value="neon")])[0].successful
    node.start()
    (refused,) = node.set_parameters([RosParameter("bulb", value="led")])
    assert not refused.successful and "clean up the node" in refused.reason and node.params.bulb == "neon"
    assert node.set_parameters([RosParameter("bulb", value="neon")])[0].successful, "it is that already"
    node.stop()
    assert node.set_parameters([RosParameter("bulb", value="led")])[0].successful


def test_a_start_that_failed_half_way_can_be_tried_again(lamp, monkeypatch):
    node = lamp()

    def away():
        raise InputError("no current")

    monkeypatch.setattr(node, "activate", away)
    for _ in range(2):
        with pytest.raises(InputError, match="no current"):
            node.start()
    monkeypatch.undo()
    node.start()
    assert node.active


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"rat": 3.0}, "unknown parameter 'rat'; did you mean 'rate'"),
        ({"rate": "fast"}, r"'rate' is 'fast' \(str\); it takes a float \(0.1 .. 100\)"),
        ({"rate": -1.0}, r"'rate' is -1.0; accepted: 0.1 .. 100"),
        ({"count": 0}, "'count' is 0; accepted: >= 1"),
        ({"count": 2**40}, "'count' is 1099511627776; accepted: >= 1, at most 2147483648"),
        ({"pulse": 1e-300}, r"'pulse': 1e-300 given; accepted: 0 or 0.1 .. 50"),
        ({"mode": "blue"}, "'mode': 'blue' given; accepted: 'warm', 'cold'"),
    ],
)
def test_bad_parameters_are_one_clear_error(lamp, overrides, says):
    with pytest.raises(InputError, match=says):
        lamp(**overrides)


def test_a_parameter_of_somebody_else_is_passed_over_and_told_of(lamp, monkeypatch):
    """A file or a launch may give every node what is meant for one of them."""
    said = []
    monkeypatch.setattr(RcutilsLogger, "warning", lambda self, line, **_: said.append(line))
    node = lamp(robot_description_file="robot.urdf", rate=3.0)
    assert node.params.rate == 3.0
    assert len(said) == 1 and "no parameter 'robot_description_file'" in said[0] and "rate" in said[0]


def test_a_value_that_the_node_cannot_take_now_is_refused_and_not_set(lamp):
    node = lamp()
    (answer,) = node.set_parameters([RosParameter("count", value=13)])
    assert not answer.successful and answer.reason == "13 lamps bring bad luck"
    assert node.get_parameter("count").value == node.params.count != 13


def test_shutdown_lets_go_only_of_what_was_configured(lamp):
    node = lamp()
    assert node.trigger_shutdown() == TransitionCallbackReturn.SUCCESS and "release" not in node.calls
    node = lamp()
    node.start()
    assert node.trigger_shutdown() == TransitionCallbackReturn.SUCCESS and node.calls.count("release") == 1


def test_what_takes_too_long_is_told(monkeypatch):
    said = []
    own = refusals.Refusals(said.append)
    quick = own.guard("quick", lambda message: None)
    quick(1)
    assert own.tell(diagnostics.OK, "active", {}) == (diagnostics.OK, "active", {})
    monkeypatch.setattr(refusals, "SLOW", -1.0)
    quick(2)
    level, message, _ = own.tell(diagnostics.OK, "active", {})
    assert level == diagnostics.WARN and message.startswith("quick: too slow") and said == []


def test_a_node_that_was_held_up_tells_so(lamp, monkeypatch):
    told = []
    own = diagnostics.Diagnostics(lamp(), lambda: (diagnostics.OK, "active", {}))

    def read(written: bytes) -> None:
        told.append(deserialize_message(written, DiagnosticArray).status[0])

    monkeypatch.setattr(own._publisher, "publish", read)
    own.publish()
    own.publish()
    monkeypatch.setattr(diagnostics, "HELD_UP", -diagnostics.PERIOD)
    own.publish()
    assert [status.message.split(" for ")[0] for status in told] == ["active", "active", "held up"]
    assert told[-1].level == diagnostics.WARN


def in_turn(one, other) -> None:
    """Do `one` to its end and `other` again and again meanwhile, in two threads that take turns all the time."""
    interval, done = sys.getswitchinterval(), threading.Event()

    def repeat() -> None:
        while not done.is_set():
            other()

    with ThreadPoolExecutor(1) as pool:
        sys.setswitchinterval(1e-6)
        try:
            repeating = pool.submit(repeat)
            one()
        finally:
            done.set()
            sys.setswitchinterval(interval)
        repeating.result()


def test_a_rate_is_read_while_another_thread_ticks():
    rate = diagnostics.Rate(window=1e-5)
    in_turn(lambda: [rate.tick() for _ in range(400_000)], lambda: (rate.hertz(), rate.mean_cost()))
    assert rate.total == 400_000


def test_what_is_refused_is_told_while_another_thread_refuses():
    own = refusals.Refusals(lambda line: None)

    def refuse() -> None:
        for number in range(4000):
            with own.taking(f"topic{number}"):
                raise InputError("no")

    in_turn(refuse, lambda: own.tell(diagnostics.OK, "", {}))
    assert len(own.tell(diagnostics.OK, "", {})[2]) == 4000


def test_what_is_over_has_no_rate_and_no_cost(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(diagnostics.time, "monotonic", lambda: now[0])
    rate = diagnostics.Rate(window=2.0)
    for cost in (0.1, 0.3):
        rate.tick(cost)
        now[0] += 1.0
    assert rate.mean_cost() == pytest.approx(0.2) and rate.hertz() == 1.0
    now[0] += 0.5
    assert rate.mean_cost() == pytest.approx(0.3) and rate.hertz() == 0.5
    now[0] += 10.0
    assert rate.mean_cost() == 0.0 and rate.hertz() == 0.0


def test_an_estimator_without_depth_or_visibility_is_understood():
    nan = np.full(33, np.nan, np.float32)
    places = np.random.default_rng(0).random((33, 2)).astype(np.float32)
    places[7] = np.nan  # one that it did not find
    flat = types.Pose(5, np.column_stack([places, nan]), np.full((33, 3), np.nan, np.float32), nan, nan, 640, 480)
    for pose in (
        messages.from_body_pose(messages.to_body_pose(flat)),
        serialized.pose_of(serialize_message(messages.to_body_pose(flat))),
    ):
        found = np.arange(33) != 7
        assert (pose.image[found, 2] == 0).all() and (pose.visibility[found] == 1).all()
        assert np.isnan(pose.image[7]).all() and np.isnan(pose.visibility[7])
        assert np.isnan(pose.world).all()


def test_what_is_not_measured_is_not_visible_whatever_an_estimator_says_of_it():
    places = np.random.default_rng(0).random((33, 3)).astype(np.float32)
    places[15] = np.nan
    sure = np.full(33, 0.99, np.float32)
    read = messages.from_body_pose(messages.to_body_pose(types.Pose(5, places, places, sure, sure, 640, 480)))
    assert np.isnan(read.visibility[15])
    assert (np.delete(read.visibility, 15) == np.float32(0.99)).all()


def test_a_label_stands_for_itself_where_nothing_else_is_known():
    said = msg.ExerciseClassification(status=1, label="squat", confidence=0.9)
    assert messages.from_classification(said, []).probabilities == {"squat": pytest.approx(0.9)}


def test_pose_survives_the_message():
    random = np.random.default_rng(0)
    pose = types.Pose(
        stamp=1_700_000_000_123_456_789,
        image=random.random((33, 3)).astype(np.float32),
        world=random.random((33, 3)).astype(np.float32),
        visibility=random.random(33).astype(np.float32),
        presence=random.random(33).astype(np.float32),
        width=640,
        height=480,
        score=0.5,
        body_id="person_1",
    )
    back = messages.from_body_pose(messages.to_body_pose(pose))
    for name in ("image", "world", "visibility", "presence"):
        np.testing.assert_array_equal(getattr(back, name), getattr(pose, name))
    assert (back.stamp, back.width, back.height, back.body_id) == (pose.stamp, 640, 480, "person_1")
    nobody = messages.from_body_pose(messages.to_body_pose(types.Pose.nobody(5, 640, 480)))
    assert not nobody.tracked
    assert nobody.stamp == 5


@pytest.mark.parametrize("encoding", ["bgr8", "rgb8", "bgra8", "rgba8", "mono8"])
def test_pictures_of_every_encoding_with_padded_rows(encoding):
    channels = {"mono8": 1, "bgra8": 4, "rgba8": 4}.get(encoding, 3)
    picture = np.random.default_rng(0).integers(0, 255, (5, 7, channels), np.uint8)
    padded = np.zeros((5, 7 * channels + 9), np.uint8)
    padded[:, : 7 * channels] = picture.reshape(5, -1)
    message = Image(height=5, width=7, encoding=encoding, step=padded.shape[1], data=padded.tobytes())
    expected = {"rgb8": picture[..., ::-1], "rgba8": picture[..., 2::-1], "bgra8": picture[..., :3]}.get(
        encoding, picture if channels == 3 else np.repeat(picture, 3, axis=2)
    )
    np.testing.assert_array_equal(images.to_bgr(message), expected)


@pytest.mark.parametrize("encoding", ["yuv422_yuy2", "yuyv", "yuv422", "uyvy"])
def test_pictures_of_usb_cameras_in_yuv(encoding):
    """Grey, red and blue, two pixels each, by the numbers of ITU-R BT.601."""
    y, u, v = np.array([[126, 81, 41], [128, 90, 240], [128, 240, 110]], np.uint8)
    pairs = (y, u, y, v) if encoding in ("yuv422_yuy2", "yuyv") else (u, y, v, y)
    row = np.stack(pairs, axis=1).reshape(-1)
    padded = np.concatenate([row, np.zeros(4, np.uint8)])
    message = Image(height=2, width=6, encoding=encoding, step=len(padded), data=np.tile(padded, 2).tobytes())
    expected = np.repeat(np.array([[128, 128, 128], [0, 0, 255], [255, 0, 0]]), 2, axis=0)
    np.testing.assert_allclose(images.to_bgr(message), np.stack([expected, expected]), atol=3)
    with pytest.raises(InputError, match="the width is even"):
        images.to_bgr(Image(height=1, width=5, encoding=encoding, step=10, data=[0] * 10))


def test_picture_round_trip_of_a_crop_and_refusals():
    whole = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    crop = whole[2:12, 3:17]
    np.testing.assert_array_equal(images.to_bgr(images.to_image(crop)), crop)
    with pytest.raises(InputError, match="'16UC1' is not supported; accepted: bgr8"):
        images.to_bgr(Image(height=1, width=1, encoding="16UC1", step=2, data=[0, 0]))
    with pytest.raises(InputError, match="needs a step of at least 30"):
        images.to_bgr(Image(height=10, width=10, encoding="bgr8", step=30, data=[0] * 299))
