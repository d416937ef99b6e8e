"""`./fitness live --respawn` and `--processes`: the graph in processes that are started again when they die."""

import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup.composition import live, node_parameters
from fitness_bringup.composition.graph import Graph
from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.composition.picture_topic import picture_topic
from fitness_bringup.composition.status import CLEAR, StatusLine, print_summary, tell
from fitness_bringup.supervision.announcer import Announcer
from fitness_bringup.supervision.supervisor import Health, Program, Supervisor, node_program
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros.process.leaving import leaving
from fitness_core.ros.process.middleware import init
from fitness_core.ros.process.signals import on_signal
from fitness_core.yaml_text import dump

TEND_PERIOD, TELL_PERIOD = 0.05, 1.0
BAD_INPUT, INTERRUPTED = 2, 130


def respawned(options: live.Options, command: list[str]) -> int:
    """Run a command of this program in a process of its own, again and again while it crashes; its exit code."""
    live.check(options)
    command = [sys.executable, "-m", "fitness_bringup", *command]
    if options.record is not None:
        # What was recorded before a crash stays as it is.
        command.append("--another-bag")
    return _supervise([Program("live", command, ends=True, final=(BAD_INPUT,))], options.namespace)


def separate(options: live.Options) -> int:
    """Run each node in a process of its own; the exit code of the source, or 2 where a recording is incomplete."""
    live.check(options)
    if options.window or options.record_video is not None:
        raise InputError("--processes: leave --window and --record-video out; add them as nodes of their own")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "parameters.yaml")
        nodes = programs(options, file)
        above = node_parameters.absolute(options.namespace)

        def value(node: str, parameter: str) -> Any:
            return node_parameters.value_of(file, f"{above}/{node}", parameter)

        live.look_ahead(options, nodes[0].name, value)
        return _supervise(nodes, options.namespace, Catalogue.load(value("rep_counter", "catalogue")))


def programs(options: live.Options, file: Path) -> list[Program]:
    """The nodes that `live` composes with these options, in the order of the data. file: their parameters, written."""
    asked, topic = live.asked_for(options), picture_topic(options.source)
    above = node_parameters.absolute(options.namespace)
    # Nothing is published before those are there who must hear all of it, as with the launch files.
    hear_poses = sum(NODES[name].poses for name in asked)
    waits = {"camera": 1 + options.record_images, "player": hear_poses, "pose_estimator": hear_poses}
    for name in asked.keys() & waits.keys():
        asked[name] |= {"wait_for_subscribers": waits[name]}
    asked |= {name: live.shared(name, options) | {"autostart": False} for name in live.idle_with(options, asked)}
    asked = {name: asked[name] for name in NODES if name in asked}
    for name, parameters in node_parameters.overrides_of(options.parameters).items():
        if name not in asked:
            raise InputError(f"-p: node {name!r} does not run with these options")
        node_parameters.check_names(name, parameters, "-p ")
        asked[name] |= parameters
    content = node_parameters.parameters(options.params, options.namespace)
    for name, parameters in asked.items():
        # Last and by its full name, over whatever the user's file says of it. What that says there, as far as it holds.
        full = f"{above}/{name}"
        node, holds = content.pop(full, {}), node_parameters.of_node(options.params, options.namespace, name)
        if given := {key: holds[key] for key in node.get("ros__parameters", {})} | parameters:
            content[full] = {"ros__parameters": given}
    file.write_text(dump(content))
    source = next(iter(asked))
    backend = node_parameters.value_of(file, f"{above}/pose_estimator", "backend")
    shared = (*(topic.arguments if topic else ()), "--params-file", str(file), "--log-level", "warn")
    return [
        node_program(
            name,
            NODES[name].module,
            options.namespace,
            *shared,
            spare=NODES[name].spare,
            parameters={"backend": backend} if name == "pose_estimator" and backend else None,
            respawn=not NODES[name].once,
            ends=name == source,
            final=(BAD_INPUT,),
        )
        for name in asked
    ]


class _Listener:
    """Hears the results of the graph in a thread of its own: neither they nor the processes wait for each other."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._graph = Graph()
        self._line = StatusLine(self._graph.status, self._graph.counts)
        self._over = Future()
        self._thread = threading.Thread(target=self._graph.spin, args=(self._over,), name="listener")
        self._thread.start()

    def end(self, told: bool) -> None:
        """Hear what is under way and, where there is something to tell, print the summary."""
        self._over.set_result(None)
        self._thread.join()
        self._line.end()
        self._graph.settle()
        if told:
            print_summary(self._graph.status, self._graph.counts(), self._catalogue)
        self._graph.close()


def _supervise(all_of_them: list[Program], namespace: str, catalogue: Catalogue | None = None) -> int:
    """Run them to their end or a signal, tell of crashes on /diagnostics and on stderr.

    catalogue: of the exercises in the summary; None = the programs print their own.
    """
    live.set_environment()
    stop = threading.Event()
    on_signal(stop.set)
    above = node_parameters.absolute(namespace)
    init(["--ros-args", "-r", f"__ns:={above}", "--enclave", f"{above}/supervisor", "--log-level", "warn"])
    node = rclpy.create_node("supervisor")
    announcer = Announcer(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    supervisor = listener = None
    try:
        # Before the programs, so that none is left running where it must not listen.
        listener = _Listener(catalogue) if catalogue is not None else None
        supervisor = Supervisor(all_of_them)
        announcer.listen(supervisor.heard)
        ticks = 0
        while not stop.is_set() and supervisor.ended is None:
            supervisor.wait(TEND_PERIOD)
            executor.spin_once(timeout_sec=0.0)
            news = supervisor.tend()
            _print(news)
            ticks += 1
            if not news and ticks * TEND_PERIOD >= TELL_PERIOD:
                ticks, news = 0, [one.health for one in supervisor.all]
            announcer.tell(news)
        # Before it is stopped: then every program is over, and the source's own end is the first of them.
        code = supervisor.ended
        supervisor.stop()
        if code is None:
            code = supervisor.ended or 0
            # Ended by a signal while it loaded: interrupted, as the command itself is in that time.
            code = INTERRUPTED if code in (-signal.SIGTERM, 128 + signal.SIGTERM) else code
        return code or BAD_INPUT * supervisor.incomplete
    finally:
        if supervisor is not None:
            supervisor.stop()
        if listener is not None:
            listener.end(told=supervisor is not None and not supervisor.refused)
        with leaving():
            node.destroy_node()
            try_shutdown()


def _print(news: list[Health]) -> None:
    # On a terminal the line of state is there.
    clear = CLEAR if sys.stderr.isatty() else ""
    for health in news:
        if health.level:
            tell(f"{clear}supervisor: {health.message}\n")
