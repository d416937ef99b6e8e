"""Programs that die are started again; nodes that fail in a shared process too; what happened is told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_msgs.msg import String

from fitness_bringup.composition.graph import Graph
from fitness_bringup.supervision import supervisor as supervisor_module
from fitness_bringup.supervision.supervisor import Program, Supervisor, node_program
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


def test_the_last_one_has_its_time_to_end_where_the_first_took_all(supervised, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "STOP_TIMEOUT", 0.5)
    ready, closed = tmp_path / "ready", tmp_path / "closed"
    stubborn = sleeper(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    )
    careful = sleeper(
        "import pathlib, signal, time\n"
        f"def end(*_): time.sleep(0.4); pathlib.Path({str(closed)!r}).touch(); raise SystemExit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(600)",
        "careful",
    )
    supervisor = supervised(stubborn, careful)
    until(lambda: ready.exists() and (tmp_path / "sleeper.log").read_text())
    supervisor.stop()
    assert closed.exists() and supervisor["careful"].process.returncode == 0


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


@pytest.fixture
def forked(tmp_path):
    """A program that is forked from a nursery, and sleeps."""
    (tmp_path / "sleeping.py").write_text("import time\n\ndef main():\n    time.sleep(600)\n    return 0\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        "from fitness_bringup.supervision.nursery_process import nursery; sys.exit(nursery('sleeping'))"
    )
    return Program("sleeper", [sys.executable, "-c", code], nursery=True)


def alive(pid):
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_spare_takes_the_place_of_what_is_killed(supervised, forked):
    supervisor = supervised(forked)
    one = supervisor["sleeper"]

    def spare(other_than=None):
        until(lambda: one.spare not in (None, other_than), lambda: (supervisor.wait(0.1), supervisor.tend()))
        return one.spare

    def kill(pid, restarts):
        os.kill(pid, signal.SIGKILL)
        until(lambda: one.restarts == restarts and one.health.pid, lambda: (supervisor.wait(0.1), supervisor.tend()))

    waiting = spare()
    kill(one.process.pid, 1)
    assert one.process.pid == waiting and one.process.poll() is None
    assert "killed by SIGKILL; started again (1)" in one.health.message
    # A spare that died itself is no loss.
    lost = spare()
    os.kill(lost, signal.SIGKILL)
    waiting = spare(lost)
    kill(one.process.pid, 2)
    assert one.process.pid == waiting and one.health.level == 1


def test_a_node_goes_on_without_its_nursery(supervised, forked):
    supervisor = supervised(forked)
    one = supervisor["sleeper"]
    until(lambda: one.spare, lambda: (supervisor.wait(0.1), supervisor.tend()))
    node, spare = one.process.pid, one.spare
    os.kill(int(Path(f"/proc/{node}/stat").read_text().split()[3]), signal.SIGKILL)
    until(lambda: not alive(spare), lambda: (supervisor.tend(), time.sleep(0.02)))
    assert alive(node) and one.restarts == 0 and one.health.level == 0
    os.kill(node, signal.SIGKILL)
    until(lambda: one.restarts == 1 and one.health.pid, lambda: (supervisor.wait(0.1), supervisor.tend()))
    assert "nobody saw how" in one.health.message and alive(one.process.pid)


def test_what_is_forked_ends_when_who_asked_is_gone(forked):
    nursery = subprocess.Popen(forked.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    nursery.stdin.write(b"ns")
    (_, node), (_, spare) = (nursery.stdout.readline().split() for _ in range(2))
    assert alive(int(node)) and alive(int(spare))
    nursery.stdin.close()
    ended = sorted(line.split() for line in nursery.stdout)
    assert ended == sorted([[b"ended", node, b"-15"], [b"ended", spare, b"0"]])
    assert nursery.wait(PATIENCE) == 0
    nursery.stdout.close()


def test_a_fork_that_is_ended_before_it_is_itself_ends(forked):
    """What it is sent at once finds it as its nursery was, which ignores it."""
    for _ in range(5):
        nursery = subprocess.Popen(forked.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        nursery.stdin.write(b"n")
        nursery.stdin.close()
        lines = [line.split() for line in nursery.stdout]
        assert [words[0] for words in lines] == [b"node", b"ended"] and lines[1][2] == b"-15"
        assert nursery.wait(PATIENCE) == 0
        nursery.stdout.close()


def test_a_nursery_of_which_nothing_is_wanted_ends_without_a_word():
    program = node_program("rep_counter", "rep_counter.rep_counter_node", "spare", spare=True)
    done = subprocess.run(program.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# What Python imports before it comes to the program.
@pytest.mark.parametrize("module", ["loading", "sitecustomize"])
def test_a_node_that_is_stopped_while_it_loads_ends_without_a_word(supervised, tmp_path, monkeypatch, module):
    (tmp_path / f"{module}.py").write_text(
        "import pathlib, time\npathlib.Path(__file__).with_name('begun').touch()\ntime.sleep(600)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    supervisor = supervised(node_program("loading", "loading", "gym"))
    until((tmp_path / "begun").exists)
    supervisor.stop()
    assert supervisor["loading"].process.returncode == -signal.SIGTERM
    assert (tmp_path / "loading.log").read_text() == ""


LOADED = """
import atexit, sys
sys.modules[{missing!r}] = None
heavy = {{"mediapipe.python", "ai_edge_litert.interpreter"}}
atexit.register(lambda: print(*heavy & set(sys.modules), file=sys.stderr))
"""


@pytest.mark.parametrize(
    ("backend", "missing", "loaded"),
    [
        ("mediapipe", "nothing", "mediapipe.python"),
        ("mediapipe", "mediapipe", ""),
        ("litert", "nothing", "ai_edge_litert.interpreter"),
        ("litert", "mediapipe", "ai_edge_litert.interpreter"),
        ("litert", "ai_edge_litert", ""),
    ],
)
def test_a_nursery_of_the_pose_estimator_loads_what_there_is_of_the_chosen_backend(backend, missing, loaded):
    """What is not installed the node refuses, in words: its nursery must get so far."""
    given = ("pose_estimator", "pose_estimator.pose_estimator_node", "spare")
    program = node_program(*given, spare=True, parameters={"backend": backend})
    python, option, code, *arguments = program.command
    command = [python, option, LOADED.format(missing=missing) + code, *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{loaded}\n")


def test_the_end_of_the_source_ends_all_and_bad_input_is_not_tried_again(supervised):
    ended = supervised(sleeper("pass", "source", ends=True), sleeper())
    until(lambda: ended.tend() or ended.ended is not None)
    assert ended.ended == 0
    refused = supervised(sleeper("raise SystemExit(2)", final=(2,)))
    until(lambda: refused.tend() or refused.ended is not None)
    assert refused.ended == 2


def test_who_refuses_its_input_is_what_all_ended_for(supervised):
    supervisor = supervised(sleeper("pass", "source", ends=True), sleeper("raise SystemExit(2)", "late", final=(2,)))
    until(lambda: all(one.over for one in supervisor.all), lambda: (supervisor.tend(), time.sleep(0.02)))
    assert supervisor.ended == 2


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


class Stubborn(FitnessNode):
    """Fails when it is told to stop. error: with what."""

    error: Exception = ValueError("the device is gone")
    released = 0

    def deactivate(self):
        raise self.error

    def release(self):
        self.released += 1


@pytest.mark.parametrize("error", [ValueError("the device is gone"), InputError("the device is gone")])
def test_a_node_that_fails_when_it_is_stopped_takes_nobody_with_it(error):
    rclpy.init()
    graph = Graph()
    node = Stubborn("stubborn")
    node.error = error
    graph.add(node)
    try:
        graph.start()
        graph._revival.failed(node, RuntimeError("broken"))
        assert not node.active and node.released == 1
        node.start()
        assert node.active
        node.stop()
        assert not node.active and node.released == 2
        graph._revival.failed(node, RuntimeError("broken"))
        assert not node.active, "who was switched off stays so"
    finally:
        graph.close()
        rclpy.try_shutdown()


class Absent(FitnessNode):
    """Its device goes."""

    here = True

    def activate(self):
        if not self.here:
            raise InputError("no device")


class Once(Absent):
    """What it writes cannot be begun again."""

    WRITES_ONCE = True


@pytest.mark.parametrize(("kind", "tries"), [(Absent, 3), (Once, 0)])
def test_a_node_that_does_not_start_again_is_tried_again_and_ends_nothing(kind, tries):
    rclpy.init()
    graph = Graph()
    node = kind("absent")
    graph.add(node)
    try:
        graph.start()
        node.here = False
        graph._revival.failed(node, RuntimeError("broken"))
        failed = graph._revival._failed["absent"]
        enough = time.monotonic() + 0.5
        until(lambda: failed.restarts >= tries and time.monotonic() > enough, lambda: graph._run_one(0.1))
        assert bool(failed.restarts) == bool(tries) and not node.active
    finally:
        graph.close()
        rclpy.try_shutdown()


@pytest.mark.parametrize("transitions", [("configure", "activate"), ("shutdown",)])
def test_a_node_that_failed_and_that_somebody_else_looks_after_meanwhile_ends_nothing(transitions):
    rclpy.init()
    graph = Graph()
    node = Absent("absent")
    graph.add(node)
    told = []
    graph.status.create_subscription(DiagnosticArray, "/diagnostics", lambda m: told.extend(m.status), qos.DIAGNOSTICS)

    def is_told():
        return [one for one in told if one.name == "/supervisor: absent" and one.values[0].value == "1"]

    try:
        graph.start()
        graph._revival.failed(node, RuntimeError("broken"))
        for transition in transitions:  # a lifecycle manager's
            getattr(node, f"trigger_{transition}")()
        until(is_told, lambda: graph._run_one(0.1))
        assert node.active == ("activate" in transitions)
        assert is_told()[0].level == (DiagnosticStatus.WARN if node.active else DiagnosticStatus.ERROR)
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
