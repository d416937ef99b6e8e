"""Contenders with ROS: the graph in one process, and in separate processes, over DDS.

    python -m fitness_bringup.bench.graphs one|processes|watch FOLDER NAMESPACE

How fast a graph is, is measured under back-pressure, see `bench.gate`. At a camera's own rate (`rate` > 0) nothing
waits: then losses and latencies are those of a real camera.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.task import Future

from fitness_bringup.bench import clip, contender, cpu
from fitness_bringup.bench.gate import GatedSource
from fitness_bringup.composition import live, node_parameters
from fitness_camera.camera_node import CameraNode
from fitness_core.ros import qos, serialized
from fitness_core.ros.messages import from_time
from fitness_core.types import Frame
from fitness_msgs.msg import RepEvent, RepState

COUNTED_WITHIN = 10.0
"""A start is looked on at so much longer where nothing is counted yet [s]: a first set is decided by more than one
repetition."""
DRAIN = 3.0
"""How long the last pictures of a slice may take to come through, if ever they do [s]."""
PROCESSES = ("pose_estimator", "exercise_classifier", "rep_counter")
_AT_END: list[Callable[[], None]] = []


class Bench:
    """What feeds a camera node and watches what comes of its pictures."""

    def __init__(self, camera: CameraNode, folder: Path) -> None:
        self.source = GatedSource(clip.load(folder).pictures)
        self.camera = camera
        self._states = 0
        self._done = threading.Event()
        self._expected = 0
        self._ended = 0.0
        self.cpu = 0.0
        """CPU time of this process when the last picture was confirmed [s]."""
        self._listening = 0.0
        # The camera is the product's; only what it opens is ours.
        camera._open = lambda: self.source  # type: ignore[method-assign]
        camera.create_subscription(RepState, "rep_state", self._on_state, qos.STREAM, raw=True)

    def run(self, frames: int, rate: float) -> tuple[float, int]:
        """Seconds from the first picture to its last confirmation, and how many were confirmed."""
        self._states, self._expected = 0, frames
        self._done.clear()
        begun = time.perf_counter()
        self.source.allow(frames, rate)
        # What is lost is not waited for: at a camera's rate for a while, under back-pressure until the source says so.
        limit = time.monotonic() + (frames / rate + DRAIN if rate else contender.TIMEOUT / 2)
        while not self._done.wait(0.1) and time.monotonic() < limit:
            if not rate and self._states + self.source.lost >= frames:
                break
        return (self._ended or time.perf_counter()) - begun, self._states

    @property
    def itself(self) -> dict[str, float]:
        """CPU time that this benchmark itself has taken in threads of the graph, by thread [s]."""
        return {cpu.CAMERA: self.source.cpu, cpu.EXECUTOR: self._listening}

    def _on_state(self, cdr: bytes) -> None:
        begun = time.thread_time()
        self._states += 1
        self._ended, self.cpu = time.perf_counter(), time.process_time()
        self.source.confirm(serialized.stamp_of(cdr))
        if self._states == self._expected:
            self._done.set()
        self._listening += time.thread_time() - begun


def one_process(folder: Path, namespace: str) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """The graph as `./fitness live` makes it, dashboard and all, with nobody watching."""
    options = live.Options(source=str(clip.load(folder).video), dashboard=True, port=0, namespace=namespace)
    live.set_environment()
    live.begin(options)
    graph = live.compose(options)
    assert isinstance(graph.source, CameraNode)
    bench = Bench(graph.source, folder)
    pose = graph.node("pose_estimator")
    spans: dict[int, float] = {}
    events: list[tuple[int, int]] = []
    camera = graph.source
    camera.create_subscription(
        RepEvent, "rep_event", lambda event: events.append((from_time(event.header.stamp), time.time_ns())), qos.EVENTS
    )
    live.start(graph, options)
    estimator = pose._estimator
    backend = estimator._backend = cpu.TimedBackend(estimator._backend)
    for name, frame_of in (("begin", lambda of: of), ("end", lambda of: of.frame), ("pose", lambda of: of.frame)):
        setattr(estimator, name, _timed(getattr(estimator, name), frame_of, spans))
    stop = Future()
    spin = threading.Thread(
        target=graph.executor.spin_until_future_complete, args=(stop,), name=cpu.EXECUTOR, daemon=True
    )
    spin.start()

    def run(frames: int, rate: float = 0.0, **_: Any) -> dict[str, Any]:
        spans.clear()
        events.clear()
        before, spent_before = graph.counts(), cpu.spent(backend.seconds, bench.itself)
        seconds, confirmed = bench.run(frames, rate)
        spent = cpu.spent(backend.seconds, bench.itself).since(spent_before)
        after = graph.counts()
        whole = [(received - stamp) / 1e6 for stamp, received in events]
        beyond = [(received - stamp) / 1e6 - spans.get(stamp, 0.0) * 1e3 for stamp, received in events]
        return {
            "frames": confirmed,
            "seconds": seconds,
            "cpu": bench.cpu - spent_before.process - sum(spent.itself.values()),
            "own_cpu": spent.benchmark,
            "calls_cpu": spent.calls,
            "threads": spent.threads,
            "beyond_pose": spent.beyond_pose,
            "accounted_for": spent.accounted_for,
            "counts": {key: after[key] - before[key] for key in after},
            "whole_ms": whole,
            "beyond_ms": beyond,
            "pose_ms": float(np.median(list(spans.values())) * 1e3) if spans else float("nan"),
            "memory": contender.peak_memory(),
        }

    return {"nodes": len(graph.nodes)}, run


def _timed(
    step: Callable[[Any], Any], frame_of: Callable[[Any], Frame], spans: dict[int, float]
) -> Callable[[Any], Any]:
    """A part of the pose stage's step that adds its time to that of its picture, by stamp [s]."""

    def timed(given: Any) -> Any:
        begun = time.perf_counter()
        made = step(given)
        stamp = frame_of(given).stamp
        spans[stamp] = spans.get(stamp, 0.0) + time.perf_counter() - begun
        return made

    return timed


def processes(folder: Path, namespace: str) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """Camera, pose estimator, classifier and counter in a process each, as the launch files start them."""
    live.set_environment()
    shipped = node_parameters.package_file("params", "fitness.yaml")
    ros = ["--ros-args", "-r", f"__ns:=/{namespace}", "--params-file", str(shipped), "--log-level", "error"]
    program = "import sys, os, {package}.{node}_node as n; sys.exit(n.main())"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program.format(package=name, node=name), *ros], stdin=subprocess.DEVNULL
        )
        for name in PROCESSES
    ]
    from fitness_core.ros.process.executor import GraphExecutor
    from fitness_core.ros.process.middleware import init

    init(ros)
    camera = CameraNode("camera")
    bench = Bench(camera, folder)
    executor = GraphExecutor()
    executor.add_node(camera)
    deadline = time.monotonic() + contender.TIMEOUT / 2
    while (camera.count_subscribers("camera/image_raw"), camera.count_subscribers("body_pose")) != (1, 2) or (
        camera.count_publishers("rep_state") < 1
    ):
        if time.monotonic() > deadline or any(child.poll() is not None for child in children):
            raise RuntimeError("the nodes of the graph did not come up")
        executor.spin_once(timeout_sec=0.05)
    camera.start()
    threading.Thread(target=executor.spin, daemon=True).start()
    pids = [os.getpid(), *(child.pid for child in children)]

    def run(frames: int, rate: float = 0.0, **_: Any) -> dict[str, Any]:
        before = [contender.cpu_seconds(pid) for pid in pids]
        seconds, confirmed = bench.run(frames, rate)
        spent = [contender.cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
        names = ("camera", *PROCESSES)
        return {
            "frames": confirmed,
            "seconds": seconds,
            "cpu": sum(spent),
            "cpu_of": dict(zip(names, spent, strict=True)),
            "memory_of": dict(zip(names, map(contender.peak_memory, pids), strict=True)),
        }

    def end() -> None:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=20)

    _AT_END.append(end)
    return {}, run


def watch(folder: Path, namespace: str) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
    """Somebody outside: starts `./fitness live` and sees its first pose and count; looks on at the graph `bench`."""
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from sensor_msgs.msg import CompressedImage

    from fitness_core.ros.process.middleware import init
    from fitness_msgs.msg import BodyPose

    live.set_environment()
    init([])
    node = Node("watch")
    seen: dict[str, float] = {}

    def note(what: str) -> Callable[[bytes], None]:
        def callback(_: bytes) -> None:
            seen.setdefault(what, time.monotonic())

        return callback

    node.create_subscription(BodyPose, f"/{namespace}/body_pose", note("first_pose"), qos.STREAM, raw=True)
    node.create_subscription(RepEvent, f"/{namespace}/rep_event", note("first_count"), qos.EVENTS, raw=True)
    viewers: list[Any] = []
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()

    def run(viewed: str = "", count: int = 0, for_seconds: float = 4.0, **_: Any) -> dict[str, Any]:
        if viewed:
            for viewer in viewers:
                node.destroy_subscription(viewer)
            topic = f"/{viewed}/overlay/image/compressed"
            viewers[:] = [
                node.create_subscription(CompressedImage, topic, lambda _: None, qos.OVERLAY, raw=True)
                for _ in range(count)
            ]
            return {"viewers": count}
        seen.clear()
        begun = time.monotonic()
        command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--source", str(clip.load(folder).video)]
        process = subprocess.Popen(
            [*command, "--port", "0", "--namespace", namespace],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = begun + contender.TIMEOUT / 2
        while "first_pose" not in seen and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        ends, memory = time.monotonic() + for_seconds, 0.0
        patience = ends + COUNTED_WITHIN
        while time.monotonic() < (ends if "first_count" in seen else patience) and process.poll() is None:
            with contextlib.suppress(OSError):  # it may end at any moment
                memory = contender.peak_memory(process.pid)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=contender.TIMEOUT)
        return {"memory": memory} | {what: at - begun for what, at in seen.items()}

    return {}, run


def main() -> int:
    """The program."""
    kind, folder, namespace = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    make = {"one": one_process, "processes": processes, "watch": watch}[kind]
    code = contender.serve(lambda: make(folder, namespace))
    sys.stdout.flush()
    for end in _AT_END:
        end()
    # Threads of the middleware and of the executor are left as they are: nothing is to be saved.
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
