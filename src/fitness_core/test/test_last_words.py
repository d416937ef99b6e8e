"""A node as a program: how it ends, and that nothing it has said is lost when it does."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TALKER = """
import sys
from std_msgs.msg import String
from fitness_core.ros import qos
from fitness_core.ros.process import last_words
from fitness_core.ros.node import FitnessNode, run

if "--ros-args" not in sys.argv:
    last_words.LAST_WORDS = float(sys.argv[1])

class Talker(FitnessNode):
    def __init__(self):
        super().__init__("talker")
        self.words = self.create_lifecycle_publisher(String, "words", qos.STATE)

    def activate(self):
        print("ready", flush=True)
        self.once_heard(self.words, 1, lambda: print("heard", flush=True), timeout=60)

    def deactivate(self):
        self.words.publish(String(data="last words"))
        print("said, context ok:", self.context.ok(), flush=True)

sys.exit(run(Talker))
"""
LISTENER = """
import rclpy
from std_msgs.msg import String
from fitness_core.ros import qos

rclpy.init()
node, heard = rclpy.create_node("listener"), []
node.create_subscription(String, "words", heard.append, qos.STATE)
while not node.count_publishers("words"):
    rclpy.spin_once(node, timeout_sec=0.05)
print("listening", flush=True)
for _ in range(50):
    if not heard:
        rclpy.spin_once(node, timeout_sec=0.1)
print([message.data for message in heard], flush=True)
"""


def program(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def line(of: subprocess.Popen[str]) -> str:
    assert of.stdout is not None
    return of.stdout.readline()


def talker_and_listener(patience: float) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Both, once each has found the other. patience: of the talker [s]."""
    talker, listener = program(TALKER, str(patience)), program(LISTENER)
    assert line(listener) == "listening\n"
    assert [line(talker), line(talker)] == ["ready\n", "heard\n"]
    return talker, listener


def test_it_ends_on_ctrl_c_having_said_its_last_words() -> None:
    talker = program(TALKER, "1")
    assert line(talker) == "ready\n"
    talker.send_signal(signal.SIGINT)
    rest, _ = talker.communicate(timeout=60)
    assert (talker.returncode, rest) == (0, "said, context ok: True\n")


def test_it_ends_when_who_listens_has_heard_them() -> None:
    talker, listener = talker_and_listener(patience=60.0)
    # As one that has no turn while the processor is busy.
    listener.send_signal(signal.SIGSTOP)
    talker.send_signal(signal.SIGINT)
    assert line(talker).startswith("said")
    with pytest.raises(subprocess.TimeoutExpired):
        talker.wait(timeout=1.0)
    listener.send_signal(signal.SIGCONT)
    assert listener.communicate(timeout=60)[0] == "['last words']\n"
    assert talker.wait(timeout=60) == 0


def test_who_never_listens_keeps_it_only_for_a_while() -> None:
    talker, listener = talker_and_listener(patience=0.2)
    listener.send_signal(signal.SIGSTOP)
    talker.send_signal(signal.SIGINT)
    assert talker.wait(timeout=60) == 0
    listener.kill()
    listener.communicate()


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        (("-p", "autostrt:=true"), "talker: unknown parameter 'autostrt'; did you mean 'autostart'?"),
        (
            ("-p", "use_sim_time:=1"),
            "Trying to set parameter 'use_sim_time' to '1' of type 'INTEGER', expecting type 'BOOL': use_sim_time",
        ),
        (
            ("-p", "x"),
            "-p x: give NAME:=VALUE, e.g. -p rate:=2.0; quotes of its own around a text with : or [",
        ),
        (("-r", "x"), "-r x: give FROM:=TO, e.g. -r __ns:=/robot; a name is of letters, digits, _ and /"),
        (("--log-level", "loud"), "--log-level loud: accepted: debug, info, warn, error, fatal, or LOGGER:= before it"),
        (("--params-file", "/nowhere"), "--params-file /nowhere: it cannot be read (No such file or directory)"),
        (("-p",), "failed to initialize rcl: Couldn't parse trailing -p flag. No parameter override rule found."),
        (("--autostart", "true"), "ROS 2 does not know the arguments ['--autostart', 'true']"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, argument: tuple[str, ...], says: str) -> None:
    file = tmp_path / "talker.py"
    file.write_text(TALKER)
    given = [sys.executable, str(file), "--ros-args", *argument]
    bad = subprocess.run(given, capture_output=True, text=True, timeout=60, check=False)
    assert bad.returncode == 2
    assert bad.stderr.strip() == f"error: {says}"


def test_a_signal_that_comes_twice_at_once_is_one_and_a_later_one_ends_it(tmp_path: Path) -> None:
    """A process group and the launch that started it are both told to end: a node hears of it twice."""
    code = (
        "import sys, time\n"
        "from fitness_core.ros.process.signals import on_signal\n"
        "on_signal(lambda: print('ending', flush=True))\n"
        "print('ready', flush=True)\n"
        "time.sleep(2.5)\n"
    )
    for pause, ends in ((0.0, 0), (1.2, 130)):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ending\n"
        time.sleep(pause)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == ends


def test_a_signal_that_comes_again_while_python_ends_does_not_kill_it() -> None:
    """Of a launch under systemd, whose processes are all told to end, and once more by the launch."""
    code = (
        "import os, threading\n"
        "from fitness_core.ros.process.signals import on_signal\n"
        "class Last:\n"
        "    def __del__(self, kill=os.kill, pid=os.getpid()):\n"
        "        kill(pid, 2)\n"
        "last, ended = Last(), threading.Event()\n"
        "on_signal(ended.set)\n"
        "os.kill(os.getpid(), 2)\n"
        "ended.wait()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize(("before", "ends"), [("SIG_DFL", True), ("SIG_IGN", False)])
def test_a_terminal_that_closes_ends_it_with_its_last_words_unless_nohup_said_otherwise(before, ends) -> None:
    code = (
        f"import signal, sys, threading\nsignal.signal(signal.SIGHUP, signal.{before})\n"
        "from fitness_core.ros.process.signals import on_signal\n"
        "ended = threading.Event()\n"
        "on_signal(ended.set)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        f"print(ended.wait({60.0 if ends else 0.5}), flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate("go on\n", timeout=90)[0] == f"{ends}\n"
    assert process.returncode == 0
