"""Programs that die are started again; nodes that fail in a shared process too; what happened is told."""

import os
import signal
import subprocess
import sys
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_msgs.msg import String

from fitness_bringup.graph import Graph
from fitness_bringup.supervisor import Program, Supervisor, node_program
from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_core.ros.node import FitnessNode
from fitness_msgs.msg import BodyPose
from rep_counter.rep_counter_node import RepCounterNode

PATIENCE = 60.0  # [s]


def until(true, tend=lambda: time.sleep(0.02)):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        tend()


def sleeper(code="import time; time.sleep(600)", name="sleeper", **how):
    return Program(name, [sys.executable, "-I", "-c", code], **how)


@pytest.fixture
def supervised(tmp_path):
    made = []

    def start(*programs):
        made.append(Supervisor(programs, tmp_path))
        return made[-1]

    yield start
    for supervisor in made:
        supervisor.stop()
        assert all(one.process.poll() is not None for one in supervisor.all)


def test_what_is_killed_is_started_again_and_told(supervised):
    supervisor = supervised(sleeper())
    one = supervisor["sleeper"]
    assert one.health.level == 0
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    news = []
    until(lambda: one.process.pid != first, lambda: (news.extend(supervisor.tend()), time.sleep(0.02)))
    assert "killed by SIGKILL" in news[0].message and news[0].level == 2
    assert one.health.level == 1 and "started again (1)" in one.health.message
    assert supervisor.ended is None


def test_what_keeps_dying_waits_longer_each_time_and_says_its_last_words(supervised):
    supervisor = supervised(sleeper("import sys; print('no camera', file=sys.stderr); sys.exit(2)"))
    one = supervisor["sleeper"]
    died = []

    def tend():
        died.extend((time.monotonic(), health) for health in supervisor.tend() if health.level == 2)
        time.sleep(0.01)

    until(lambda: len(died) >= 4, tend)
    assert "exit code 2 (no camera)" in died[0][1].message
    assert died[3][0] - died[2][0] > 1.0, "the third restart waits a second"
    assert one.restarts == 3


def test_a_spare_takes_the_place_of_what_is_killed(supervised):
    spare = (sys.executable, "-I", "-c", "import sys, time; sys.stdin.readline() and time.sleep(600)")
    supervisor = supervised(sleeper(spare=spare))
    one = supervisor["sleeper"]

    def tend():
        supervisor.tend()
        supervisor.heard("/somewhere/sleeper")
        time.sleep(0.02)

    until(lambda: one.spare, tend)
    waiting = one.spare
    os.kill(one.process.pid, signal.SIGKILL)
    until(lambda: one.restarts == 1, tend)
    assert one.process is waiting and waiting.poll() is None
    until(lambda: one.spare, tend)
    # A spare that died itself is no loss.
    one.spare.kill()
    os.kill(one.process.pid, signal.SIGKILL)
    until(lambda: one.restarts == 2, tend)
    assert one.process.poll() is None and one.health.level == 1


def test_a_spare_that_is_not_wanted_ends_without_a_word():
    program = node_program("rep_counter", "rep_counter.rep_counter_node", "spare", spare=True)
    done = subprocess.run(program.spare, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_end_of_the_source_ends_all_and_bad_input_is_not_tried_again(supervised):
    ended = supervised(sleeper("pass", "source", ends=True), sleeper())
    until(lambda: ended.tend() or ended.ended is not None)
    assert ended.ended == 0
    refused = supervised(sleeper("raise SystemExit(2)", final=(2,)))
    until(lambda: refused.tend() or refused.ended is not None)
    assert refused.ended == 2


class Fragile(FitnessNode):
    """Fails on what it is told to fail on."""

    def __init__(self, name="fragile", **node_arguments):
        super().__init__(name, **node_arguments)
        self.heard = []
        self.activations = 0
        self.mended = True
        self.create_subscription(String, "words", self._take, 10)

    def configure(self):
        if not self.mended:
            raise InputError("not mended yet")

    def activate(self):
        self.activations += 1

    def _take(self, message):
        if message.data == "fail":
            raise RuntimeError("broken")
        self.heard.append(message.data)


def test_a_node_of_a_shared_process_that_fails_is_brought_up_again():
    rclpy.init()
    graph = Graph()
    node = Fragile()
    graph.add(node)
    told = []
    words = graph.status.create_publisher(String, "words", 10)
    graph.status.create_subscription(DiagnosticArray, "/diagnostics", lambda m: told.extend(m.status), qos.DIAGNOSTICS)
    stop = Future()

    def script():
        """One step each time that the one before is done."""
        if not words.get_subscription_count():
            return
        if node.activations == 1 and not told_of("failed"):
            node.mended = False
            words.publish(String(data="fail"))
        elif told_of("not mended yet") and not node.mended:
            node.mended = True
        elif node.activations == 2:
            words.publish(String(data="well"))
            if node.heard:
                stop.set_result(None)

    def told_of(text):
        return any(text in status.message for status in told)

    graph.status.create_timer(0.05, script)
    giving_up = graph.status.create_timer(PATIENCE, lambda: stop.done() or stop.set_result(None))
    try:
        graph.start()
        graph.spin(stop)
        giving_up.cancel()
        assert set(node.heard) == {"well"}
        assert told_of("fragile failed: RuntimeError: broken")
        graph.stop()
    finally:
        graph.close()
        rclpy.try_shutdown()


def test_a_publisher_that_cannot_be_heard_is_told_of():
    rclpy.init()
    graph = Graph()
    counter = RepCounterNode()
    graph.add(counter)
    stranger = graph.status.create_publisher(
        BodyPose, "body_pose", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    try:
        graph.start()
        until(lambda: counter.refusals.counts.get("body_pose"), lambda: graph.executor.spin_once(timeout_sec=0.1))
        level, message, _ = counter.refusals.tell(*counter.diagnose())
        assert level == b"\x01" and "quality of service (reliability)" in message
        assert stranger.get_subscription_count() == 0
        graph.stop()
    finally:
        graph.close()
        rclpy.try_shutdown()
