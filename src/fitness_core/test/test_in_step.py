"""Playing in step: the next message when the last one is answered."""

import threading
from types import SimpleNamespace

import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo

from fitness_core.ros import messages
from fitness_core.ros.process.in_step import IMPATIENCE, InStep

LONG = 60.0


def answer(stamp: int) -> bytes:
    return serialize_message(CameraInfo(header=messages.header(stamp, "")))


def in_step(publishers: int = 1, patience: float = LONG, **how: float) -> InStep:
    return InStep(SimpleNamespace(count_publishers=lambda topic: publishers), "answers", patience, **how)


def test_the_first_message_waits_for_nobody():
    assert in_step().wait()


def test_the_next_one_waits_for_the_answer_to_the_last_one():
    steps = in_step()
    steps.send(7)
    steps.hear(answer(6))
    waited = threading.Thread(target=steps.wait)
    waited.start()
    waited.join(0.2)
    assert waited.is_alive(), "the answer to another one is none"
    steps.hear(answer(7))
    waited.join(LONG)
    assert not waited.is_alive() and steps.unanswered == 0


def test_an_answer_that_comes_at_once_is_not_missed():
    steps = in_step()
    steps.send(1)
    steps.hear(answer(1))
    assert steps.wait()


def test_who_answers_now_and_then_may_be_behind_by_a_little():
    steps = in_step(patience=0.05, slack=5, impatience=0.0)
    steps.send(10)
    steps.hear(answer(10))
    steps.send(15)
    assert steps.wait(), "no further behind than that"
    steps.send(16)
    assert not steps.wait()
    steps.hear(answer(12))
    assert steps.wait(), "it has come nearer"
    steps.send(3)
    assert not steps.wait(), "an answer to what was before the recording began anew"
    steps.hear(answer(3))
    assert steps.wait()


def test_nobody_who_never_was_there_is_waited_for():
    steps = in_step(publishers=0)
    steps.send(1)
    assert steps.wait() and steps.unanswered == 0


def test_who_has_answered_and_is_gone_may_come_back():
    steps = in_step(publishers=0, patience=0.01)
    steps.send(1)
    steps.hear(answer(1))
    steps.send(2)
    assert not steps.wait() and steps.unanswered == 1


def test_who_does_not_answer_is_waited_for_briefly_until_there_is_an_answer():
    steps = in_step(patience=0.3)
    steps.send(1)
    assert not steps.wait()
    assert steps._left == IMPATIENCE
    steps.send(2)
    steps.hear(answer(1))
    assert steps._left == 0.3, "it is slow, but there"
    assert not steps.wait()
    assert steps.unanswered == 2


@pytest.mark.parametrize("stopped_first", [False, True])
def test_who_waits_is_let_go(stopped_first: bool):
    steps = in_step()
    steps.send(1)
    waited = threading.Thread(target=steps.wait)
    if stopped_first:
        steps.stop()
        steps.send(2)
    waited.start()
    steps.stop()
    waited.join(LONG)
    assert not waited.is_alive()
