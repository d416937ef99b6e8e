"""The graph under test: classifier and counter in processes of their own, supervised, and somebody who takes notes."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile

from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.faults.feed import Clip, Feed
from fitness_bringup.supervision.announcer import Announcer
from fitness_bringup.supervision.supervisor import Program, Supervisor, node_program, wait_for_end
from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.ros.process.middleware import init
from fitness_core.types import Reason, RepEvent
from fitness_msgs import msg

PATIENCE = 60.0
"""Longest wait for a recovery or a diagnostic [s]: this is no test of how fast the machine is."""
TEND_PERIOD = 0.02
CORE = (
    ("exercise_classifier", "exercise_classifier.exercise_classifier_node"),
    ("rep_counter", "rep_counter.rep_counter_node"),
)


class Notes:
    """What is published.

    times: topic -> when its newest message came [s, monotonic]. told: (when, node, level, text).
    """

    def __init__(self, node: rclpy.node.Node) -> None:
        self.times: dict[str, float] = {}
        self.events: dict[tuple, RepEvent] = {}
        self.told: list[tuple[float, str, int, str]] = []
        self.stamp = 0
        self.up: Callable[[str], None] = lambda name: None
        self._node = node
        for kind, topic, profile in (
            (msg.RepState, "rep_state", qos.STREAM),
            (msg.ExerciseClassification, "exercise", qos.STREAM),
            (msg.BodyPose, "pictured/body_pose", qos.STREAM),
        ):
            self.listen(kind, topic, profile)
        node.create_subscription(msg.RepEvent, "rep_event", self._event, qos.EVENTS)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._diagnostics, qos.DIAGNOSTICS)

    def listen(self, kind: type, topic: str, profile: QoSProfile) -> None:
        """Note when messages of a topic come."""

        def take(message: object) -> None:
            self.times[topic] = time.monotonic()
            if topic == "rep_state":
                self.stamp = messages.from_time(message.header.stamp)  # type: ignore[attr-defined]

        self._node.create_subscription(kind, topic, take, profile)

    def declared(self, since: float, node: str, about: str = "") -> bool:
        """Whether a node has warned of something on /diagnostics since [s, monotonic]."""
        return any(
            when >= since and name.endswith(node) and level and about in text
            for when, name, level, text in self.told[-400:]
        )

    def interrupted(self, since: int) -> int:
        """How many INTERRUPTED events tell of gaps that end after a stamp [ns]."""
        return sum(event.reason == Reason.INTERRUPTED and event.end >= since for event in self.events.values())

    def gap_over(self, repetition: RepEvent) -> bool:
        """Whether an INTERRUPTED event tells that poses were missing during a repetition."""
        return any(
            event.reason == Reason.INTERRUPTED and event.start < repetition.end and event.end > repetition.start
            for event in self.events.values()
        )

    def _event(self, message: msg.RepEvent) -> None:
        event = messages.from_rep_event(message)
        # What is told twice with one number is one.
        self.events.setdefault((event.set_index, event.index, event.exercise, event.start), event)

    def _diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            # Another graph on this machine may have troubles of its own.
            if status.name.startswith(self._node.get_namespace()):
                self.told.append((time.monotonic(), status.name, status.level[0], status.message))
                self.up(status.name)


class Stage:
    """Starts and ends it all; a context manager. folder: for logs and files. pace: of the feed."""

    def __init__(self, folder: Path, clip: Clip, model: Path, pace: float = 1.0) -> None:
        self.folder, self.model = folder, model
        self.namespace = f"faults_{os.getpid()}"
        os.environ["ROS_HOME"] = str(folder)
        init(["--ros-args", "-r", f"__ns:=/{self.namespace}", "--log-level", "fatal"])
        self.node = rclpy.create_node("faults")
        self.notes = Notes(self.node)
        self.feed = Feed(self.node, clip, pace)
        self._announcer = Announcer(self.node)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._over = threading.Event()
        self._supervisors: list[Supervisor] = []
        self._lock = threading.Lock()
        self.notes.up = self._up
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._spin, self._tend)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Stage":
        self.core = self.run(
            [
                self.program(*CORE[0], "-p", f"model:={self.model}"),
                self.program(*CORE[1]),
            ]
        )
        self.until(lambda: self.feed.subscribers() >= 2, "classifier and counter do not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.feed.cut()
        self._over.set()
        for thread in self._threads:
            thread.join(5.0)
        for supervisor in self._supervisors:
            supervisor.stop()
        self._executor.shutdown(1.0)
        self.node.destroy_node()
        rclpy.try_shutdown()

    def program(self, name: str, module: str, *arguments: str, **how: Any) -> Program:
        """A node of this stage, with a spare where `./fitness live --processes` keeps one."""
        given = ("--log-level", "warn", *arguments)
        return node_program(name, module, self.namespace, *given, spare=NODES[name].spare, **how)

    def run(self, programs: Iterable[Program]) -> Supervisor:
        """Run programs, supervised."""
        supervisor = Supervisor(programs, self.folder)
        with self._lock:
            self._supervisors.append(supervisor)
        return supervisor

    def end(self, supervisor: Supervisor) -> None:
        """End some of them."""
        with self._lock:
            self._supervisors.remove(supervisor)
        supervisor.stop()

    def until(self, true: Callable[[], object], otherwise: str, patience: float = PATIENCE) -> float:
        """Wait until something holds; how long it took [s]. Raises InputError with what the logs say."""
        if (took := self.within(true, patience)) is None:
            raise InputError(f"{otherwise} within {patience:g} s; {self._last_words()}")
        return took

    def within(self, true: Callable[[], object], patience: float = PATIENCE) -> float | None:
        """Seconds until something holds, None where it does not."""
        begun = time.monotonic()
        while not true():
            if time.monotonic() - begun > patience:
                return None
            time.sleep(0.005)
        return time.monotonic() - begun

    def told(self, since: float, node: str, about: str = "", patience: float = PATIENCE) -> bool:
        """Whether a node warns of something on /diagnostics within `patience` [s]; since: [s, monotonic]."""
        return self.within(lambda: self.notes.declared(since, node, about), patience) is not None

    def kill(self, supervisor: Supervisor, name: str, topic: str) -> float | None:
        """kill -9; seconds until the program that replaces it is heard on a topic."""
        victim = supervisor[name]
        pid = victim.process.pid
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()

        def back() -> bool:
            started = victim.process.pid != pid and victim.died_at is None
            # What comes in the first moments was published before.
            return started and self.notes.times.get(topic, 0.0) > max(begun, victim.begun) + 0.1

        return self.within(back)

    def _up(self, name: str) -> None:
        with self._lock:
            for supervisor in self._supervisors:
                supervisor.heard(name)

    def _spin(self) -> None:
        try:
            while not self._over.is_set():
                self._executor.spin_once(timeout_sec=0.1)
        except ExternalShutdownException:
            pass

    def _tend(self) -> None:
        last = 0.0
        while not self._over.is_set():
            with self._lock:
                programs = [one for supervisor in self._supervisors for one in supervisor.all]
            wait_for_end(programs, TEND_PERIOD)
            with self._lock:
                news = [health for supervisor in self._supervisors for health in supervisor.tend()]
                if time.monotonic() - last > 1.0:
                    last = time.monotonic()
                    news = [one.health for supervisor in self._supervisors for one in supervisor.all]
            self._announcer.tell(news)

    def _last_words(self) -> str:
        lines = [line for log in self.folder.glob("*.log") for line in log.read_text(errors="replace").splitlines()]
        return lines[-1][-300:] if lines else "the nodes say nothing"
