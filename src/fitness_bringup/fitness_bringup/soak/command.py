"""`./fitness soak`: the graph at work for an hour, and what it holds on to: memory, threads, handles, stamps.

Landmarks that ship, repeated with stamps that go on, or a video in a loop. Limits: docs/reliability.md.
"""

import json
import math
import os
import struct
import sys
import tempfile
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import CameraInfo

from fitness_bringup.composition import live
from fitness_bringup.composition.graph import Graph
from fitness_bringup.soak.stamps import Stamps
from fitness_camera.source_kinds import BAG
from fitness_core.command_line import check_spares, check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.heaps import give_back
from fitness_core.ros import timers
from fitness_core.ros.process.signals import on_signal
from fitness_core.ros.serialized import stamp_of
from fitness_core.types import NANOSECONDS, seconds
from fitness_datasets.bags import BagReader, BagWriter
from fitness_msgs.msg import BodyPose, RepState

MEMORY_LIMIT = 1.0
"""Most that memory may grow after warm-up [MB per 10 minutes]."""
WARM_UP = 0.5
"""Share of the run that is warm-up: what is loaded late, what fills up to its bound, and the heaps, which pictures take
five minutes to stretch although no more of them is in use."""
JUDGED_FROM = 10.0
"""Shorter runs are all warm-up: what they hold on to is told, and not judged [min of the stream]."""
SAMPLES = 120
"""Samples of a run, over its length."""
UNSEEN = 0.1
"""Where more stamps than this share could not be compared nothing is known of them."""
PATIENCE = 5.0
"""A stamp is looked for so long after it came [s]."""
MOST_AGE = 60_000.0
"""Stamps that are older are those of a recording [ms]."""
GAP = 0.2
"""Between two repetitions of the landmarks [s]."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds. minute: of the stream's stamps. age: from stamp to pose heard, median [ms]."""

    minute: float
    memory: float
    threads: int
    handles: int
    age: float


@dataclass(slots=True)
class SoakReport:
    """What came of a run; the fields of the JSON. memory_slope: [MB per 10 minutes of the stream], after warm-up.

    threads, handles: [least, most] after warm-up. age_ms: from stamp to pose, in the first and the last third; of
    landmarks, whose stamps are of their recording, it says nothing. stamps_off: poses whose stamp no picture had,
    states whose stamp no pose had. stamps_unseen: those of which that cannot be told: the soak missed something there.
    problems: the limits that were broken; those of memory, threads and handles from `JUDGED_FROM` minutes on.
    """

    source: str
    minutes: float
    wall_minutes: float
    poses: int
    repetitions: dict[str, int]
    memory_mb: list[float]
    memory_slope: float
    threads: list[int]
    handles: list[int]
    age_ms: list[float]
    stamps_off: int
    stamps_unseen: int
    problems: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


class Watch(Node):
    """Listens to the stamps of pictures, poses and states, and looks at its own process."""

    def __init__(self, minutes: float, done: Future, pictures: bool) -> None:
        super().__init__("soak")
        self.samples: list[Sample] = []
        self.poses = self.off = self.unseen = 0
        self.minute = 0.0
        self._minutes, self._done = minutes, done
        self._first: int | None = None
        self._ages: deque[float] = deque(maxlen=300)
        self._known: dict[str, Stamps] = {}
        self._open: deque[tuple[float, str, int]] = deque()
        self._due = 0.0
        deep = QoSProfile(depth=1000)
        if pictures:
            # Its header is the picture's, and it weighs nothing.
            self._listen(CameraInfo, "camera/camera_info", "", deep)
        self._listen(BodyPose, "body_pose", "camera/camera_info" if pictures else "", deep)
        self._listen(RepState, "rep_state", "body_pose", deep)
        # Later, so that it makes no difference in which order they came.
        timers.steady(self, 0.25, lambda: self.compare(time.monotonic()))

    def _listen(self, kind: type, topic: str, before: str, profile: QoSProfile) -> None:
        known = self._known[topic] = Stamps()

        def take(cdr: bytes) -> None:
            stamp = stamp_of(cdr)
            known.add(stamp)
            if before:
                self._open.append((time.monotonic() + PATIENCE, before, stamp))
            if topic == "body_pose":
                self._take_pose(stamp)

        self.create_subscription(kind, topic, take, profile, raw=True)

    def _take_pose(self, stamp: int) -> None:
        self._first = stamp if self._first is None else self._first
        self.poses += 1
        self.minute = seconds(stamp - self._first) / 60
        self._ages.append((time.time_ns() - stamp) / 1e6)
        # By the stream and not by a timer: half a minute of landmarks is through within a second.
        if self.minute >= self._due:
            self._due = self.minute + self._minutes / SAMPLES
            # What it needs, not what the heaps keep for the next picture: that wanders by 6 MB and holds nothing.
            give_back(now=True)
            self.samples.append(held(self.minute, median(self._ages)))
        if self.minute >= self._minutes and not self._done.done():
            self._done.set_result(None)

    def compare(self, until: float = float("inf")) -> None:
        """Look for the stamps that are due at `until` [s, monotonic]; all of them at the end."""
        while self._open and self._open[0][0] < until:
            _, topic, stamp = self._open.popleft()
            there = self._known[topic].has(stamp)
            self.off += there is False
            self.unseen += there is None


def held(minute: float = 0.0, age: float = 0.0) -> Sample:
    """What this process holds now.

    Memory is what it has of its own and shares: proc_pid_status(5), RssAnon and RssShmem. Pages of libraries and other
    files are left out; the kernel takes them and gives them back as it likes, 20 MB within a minute.
    """
    lines = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    kilobytes = sum(int(value.split()[0]) for name, _, value in lines if name in ("RssAnon", "RssShmem"))
    threads, handles = (len(os.listdir(f"/proc/self/{name}")) for name in ("task", "fd"))  # noqa: PTH208
    return Sample(round(minute, 3), kilobytes * 1024 / 1e6, threads, handles, round(age, 1))


def repeated(bag: Path, minutes: float, out: Path) -> None:
    """A bag with the poses of another one again and again, stamps going on, so many minutes long."""
    with BagReader(bag) as reader:
        topic = reader.find("body_pose")
        if not topic:
            raise InputError(f"{bag} has no poses; give a bag of landmarks, or a video")
        poses = [(stamp_of(cdr), cdr) for _, _, _, cdr in reader.raw([topic])]
    length = poses[-1][0] - poses[0][0] + int(GAP * NANOSECONDS)
    with BagWriter(out, {"body_pose": "fitness_msgs/msg/BodyPose"}) as writer:
        for number in range(int(minutes * 60 * NANOSECONDS / length) + 1):
            for stamp, cdr in poses:
                moved = stamp + number * length
                data = bytearray(cdr)
                order = "<iI" if cdr[1] & 1 else ">iI"
                struct.pack_into(order, data, 4, moved // NANOSECONDS, moved % NANOSECONDS)
                writer.write("body_pose", moved, bytes(data))


def judge(report: SoakReport, warm: list[Sample]) -> None:
    """Fill in slope and bounds of the samples after warm-up, and what is beyond the limits."""
    # Theil and Sen: one page that comes or goes at the end decides nothing.
    slopes = [(b.memory - a.memory) / (b.minute - a.minute) for a, b in combinations(warm, 2) if b.minute > a.minute]
    report.memory_slope = round(10 * median(slopes), 3)
    report.memory_mb = [round(warm[0].memory, 1), round(warm[-1].memory, 1)]
    report.threads = [min(s.threads for s in warm), max(s.threads for s in warm)]
    report.handles = [min(s.handles for s in warm), max(s.handles for s in warm)]
    third = max(1, len(warm) // 3)
    ages = [round(median(s.age for s in part), 1) for part in (warm[:third], warm[-third:])]
    report.age_ms = ages if ages[0] < MOST_AGE else []
    if report.minutes >= JUDGED_FROM:
        if report.memory_slope >= MEMORY_LIMIT:
            report.problems.append(f"memory grows by {report.memory_slope:g} MB per 10 minutes; limit {MEMORY_LIMIT:g}")
        for name in ("threads", "handles"):
            begin, end = (median(getattr(s, name) for s in part) for part in (warm[:third], warm[-third:]))
            if end > begin:
                report.problems.append(f"{name} grow from {begin:g} to {end:g}")
    if report.stamps_off:
        report.problems.append(f"{report.stamps_off} stamps are not those of what they were made of")
    if report.stamps_unseen > UNSEEN * report.poses:
        report.problems.append(f"of {report.stamps_unseen} stamps it was missed what they were made of")


def run(minutes: float, speed: float, source: str, out: Path | None, parameters: tuple[str, ...] = ()) -> int:
    """Run the graph for so many minutes of its stream, print and write the report; 1 where a limit was broken.

    speed: 1 = in real time, N = N times as fast (landmarks only), 0 = as fast as the machine goes. source: video, or
    bag of landmarks; "" = the landmarks that ship. Raises InputError, and KeyboardInterrupt where a signal ended it
    before there was anything to judge.
    """
    for name, value in (("minutes", minutes), ("speed", speed)):
        if not math.isfinite(value):
            raise InputError(f"--{name} {value:g} is no number to go by; give one, e.g. --{name} 1")
    check_writable(out)
    bag = live.DEMO if not source else Path(source)
    check_spares(bag, out)
    landmarks = BAG.matches(str(bag))
    if not landmarks and speed not in (0.0, 1.0):
        raise InputError(f"--speed {speed:g}: a video goes in real time (1) or as fast as it can (0)")
    # Of its own: a graph that runs on this machine would be counted too.
    namespace = f"soak_{os.getpid()}/fitness"
    with tempfile.TemporaryDirectory() as folder:
        if landmarks:
            stream = Path(folder, "stream")
            repeated(bag, minutes, stream)
            given = (f"player.bag:={stream}", f"player.rate:={speed:g}", *parameters)
            options = live.Options(demo=True, parameters=given, namespace=namespace)
        else:
            fast = speed == 0
            options = live.Options(source=source, loop=True, unpaced=fast, parameters=parameters, namespace=namespace)
        report = _run(options, minutes, source or "demo", not landmarks)
    if out is not None:
        write_file(out, json.dumps(asdict(report), indent=1))
    _print(report)
    return 1 if report.problems else 0


def _run(options: live.Options, minutes: float, source: str, pictures: bool) -> SoakReport:
    live.check(options)
    live.set_environment()
    done, begun = Future(), time.monotonic()
    on_signal(lambda: done.done() or done.set_result(KeyboardInterrupt()))
    graph: Graph | None = None
    try:
        live.begin(options)
        watch = Watch(minutes, done, pictures)
        graph = live.compose(options)
        graph.executor.add_node(watch)
        graph.source.finished.add_done_callback(lambda _: done.done() or done.set_result(None))
        live.start(graph, options)
        graph.executor.spin_until_future_complete(done)
        warm = [sample for sample in watch.samples if sample.minute >= WARM_UP * watch.minute]
        watch.compare()
        wall = (time.monotonic() - begun) / 60
        counted: dict[str, Any] = graph.status.repetitions
        report = SoakReport(
            source, round(watch.minute, 2), round(wall, 2), watch.poses, counted, [], 0.0, [], [], [], watch.off, 0
        )
        report.stamps_unseen = watch.unseen
        report.samples = watch.samples
        graph.stop()
        watch.destroy_node()
        if len(warm) < 3:
            if interrupted := done.result():
                raise interrupted
            raise InputError(
                f"{source} gave {watch.minute:.2f} minutes of poses and {len(warm)} looks after warm-up; 3 are needed: "
                "give a source with more poses, or more --minutes"
            )
        judge(report, warm)
    finally:
        if graph is not None:
            graph.close()
        try_shutdown()
    return report


def _print(report: SoakReport) -> None:
    print(
        f"{report.minutes:g} minutes of {report.source} in {report.wall_minutes:g}: {report.poses} poses, "
        f"repetitions {report.repetitions or 0}"
    )
    print(f"memory   {report.memory_mb[0]:g} -> {report.memory_mb[1]:g} MB, {report.memory_slope:+g} MB per 10 minutes")
    print(f"threads  {report.threads[0]} .. {report.threads[1]}   handles  {report.handles[0]} .. {report.handles[1]}")
    age = f"; age of a pose {report.age_ms[0]:g} -> {report.age_ms[1]:g} ms" if report.age_ms else ""
    print(f"stamps   {report.stamps_off} off, {report.stamps_unseen} unseen{age}")
    if report.minutes < JUDGED_FROM:
        print(f"memory, threads and handles are judged from {JUDGED_FROM:g} minutes on; this run was all warm-up")
    for problem in report.problems:
        print(f"beyond the limit: {problem}", file=sys.stderr)
