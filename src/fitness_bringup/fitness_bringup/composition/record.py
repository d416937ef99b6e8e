"""`./fitness record`: leads a person through takes and records them, in one process like `./fitness live`."""

import select
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.task import Future
from rclpy.utilities import try_shutdown
from rich.console import Console
from std_msgs.msg import String

from fitness_bringup.composition import live, node_parameters
from fitness_bringup.composition.graph import Graph
from fitness_bringup.composition.status import tell
from fitness_bringup.tables.terminal import table
from fitness_camera.source_kinds import KINDS, is_live, shown
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import qos, timers
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.process.signals import on_signal
from fitness_datasets.collection.guidance import Decision, TakeRequest
from fitness_datasets.collection.session import KEPT, Session, folder_of, lock, next_bag, plan
from fitness_datasets.ros.takes import PARAMETERS

KEYS = {"k": Decision.KEEP, "r": Decision.REDO, "s": Decision.STOP}
"""What is typed, with Enter, after a take."""
KEYBOARD_PERIOD = 0.1
"""Between looks at the keyboard [s]."""
CHECK_PERIOD = 0.5
"""Between looks at whether the recording still works [s]."""
_OPTIONS = {name: f"--{name}" for name in ("subject", "session", "exercise", "takes", "seconds", "consent", "out")}
_OPTIONS |= {"repetitions": "--reps", "bag": "--out"}
"""What this command itself goes by, too -> its option."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to record, as on the command line; what is None is the parameter file's.

    reps, seconds: where a take ends, 0 = not there; where one of them is given the other one is 0.
    """

    subject: str
    exercises: tuple[str, ...]
    takes: int | None = None
    reps: int | None = None
    seconds: float | None = None
    session: str | None = None
    source: str = ""
    out: Path = Path("recordings")
    images: bool = False
    consent: bool = False
    auto: bool = False
    overlay: bool = True
    catalogue: Path | None = None
    params: Path | None = None
    parameters: tuple[str, ...] = ()
    namespace: str = "fitness"


def run(options: Options) -> int:
    """Record what the session still lacks. 0 = it lacks nothing now, or the person stopped; 1 = takes were given up.

    Raises InputError, after the summary too, where the bag lacks something or the source broke off: nobody is led on
    when the disk is full.
    """
    takes = _parameters(options)
    _check(options, takes)
    folder = folder_of(options.out, options.subject, takes["session"])
    if folder.is_dir():
        # Before a bag is begun; the guide itself locks it later.
        lock(folder).release()
    before = Session.read(options.out, options.subject, takes["session"])
    if not plan(before, list(options.exercises), takes["takes"]):
        print(f"{before.folder} has every take already; give more --takes, or another --session")
        return 0
    bag = next_bag(options.out, options.subject, takes["session"])
    graph_options = _graph_options(options, bag)
    if graph_options.bag is not None:
        raise InputError(f"--source {options.source}: takes are recorded of pictures; give a camera or a video")
    live.check(graph_options)
    live.set_environment()
    stop = Future()
    on_signal(lambda: stop.set_result(None))
    graph = None
    try:
        live.begin(graph_options)
        graph = live.compose(graph_options, takes=takes | {"bag": bag.name, "needs_recorder": True}, at_once=True)
        guide = graph.node("record_take")
        guide.finished.add_done_callback(lambda _: stop.done() or stop.set_result(None))
        graph.source.finished.add_done_callback(lambda _: stop.done() or stop.set_result(None))
        graph.status.create_subscription(String, "instruction", _print, qos.TAKES)
        live.start(graph, graph_options)
        recorder = graph.node("recorder")
        # Nobody shall go on for a recording that has failed.
        timers.steady(
            graph.status, CHECK_PERIOD, lambda: recorder.incomplete and not stop.done() and stop.set_result(None)
        )
        keyboard = None if guide.params.auto else timers.steady(graph.status, KEYBOARD_PERIOD, lambda: _listen(guide))
        graph.spin(stop)
        if keyboard is not None:
            keyboard.cancel()
        graph.settle()
        given_up = any(not outcome.kept and outcome.reason != "stopped" for _, outcome in guide.outcomes)
        graph.stop()
        _summarize(graph, options, takes, len(before.takes))
        live.check_ended(graph, guide, graph.source)
        return int(given_up)
    finally:
        if graph is not None:
            graph.close()
        try_shutdown()


def _check(options: Options, takes: dict[str, Any]) -> None:
    """Raise InputError before anything is opened or written."""
    names = Catalogue.load(_catalogue(options)).names
    for exercise in options.exercises:
        ends = takes["repetitions"], takes["seconds"]
        TakeRequest(options.subject, takes["session"], exercise, 1, *ends, options.consent).check(names)


def _catalogue(options: Options) -> Path | None:
    """That of every node that knows exercises; raises InputError where they are given different ones."""
    nodes, given = ("record_take", "rep_counter", "exercise_classifier"), set()
    overrides = node_parameters.overrides_of(options.parameters)
    for node in nodes:
        of_files = node_parameters.of_node(options.params, options.namespace, node)
        given.add(str(overrides.get(node, {}).get("catalogue", options.catalogue or of_files.get("catalogue", ""))))
    if len(given) > 1:
        raise InputError(f"{', '.join(nodes)} have different catalogues; give one to all with --catalogue")
    name = given.pop()
    return Path(name) if name else None


def _graph_options(options: Options, bag: Path) -> live.Options:
    return live.Options(
        source=options.source,
        record=bag,
        record_images=options.images,
        overlay=options.overlay,
        loop=options.source != "" and not is_live(options.source, KINDS),
        catalogue=options.catalogue,
        params=options.params,
        parameters=options.parameters,
        namespace=options.namespace,
    )


def _parameters(options: Options) -> dict[str, Any]:
    """What the guide is told: what the options say, and where a take ends and goes as the parameter files have it.

    Raises InputError, also for a -p of what decides which session is gone on with: it would be told to the guide only.
    """
    live.check_parameter_file(options.params, options.namespace)
    for name in node_parameters.overrides_of(options.parameters).get("record_take", {}).keys() & _OPTIONS.keys():
        raise InputError(f"-p record_take.{name}: give it with {_OPTIONS[name]}")
    told = {
        "subject": options.subject,
        "exercise": ",".join(options.exercises),
        "consent": options.consent,
        "out": str(options.out),
        "camera": shown(options.source) or "parameter file",
    }
    # Nobody can answer where there is no terminal.
    told |= live.given(auto=options.auto or not sys.stdin.isatty())
    told |= {} if options.session is None else {"session": options.session}
    told |= {} if options.takes is None else {"takes": options.takes}
    if options.reps is not None or options.seconds is not None:
        told |= {"repetitions": options.reps or 0, "seconds": options.seconds or 0.0}
    of_files = node_parameters.of_node(options.params, options.namespace, "record_take")
    names = "session", "takes", "repetitions", "seconds"
    return {one.name: _of_file(one, of_files) for one in PARAMETERS if one.name in names} | told


def _of_file(parameter: Parameter, values: dict[str, Any]) -> Any:
    """What a parameter file gives, of the parameter's type, else its default. Raises InputError."""
    value: Any = parameter.coerced(values.get(parameter.name, parameter.default))
    if type(value) is not type(parameter.default) or (parameter.minimum is not None and value < parameter.minimum):
        raise InputError(
            f"record_take: parameter {parameter.name!r} is {value!r}; it takes a {parameter.type_name} "
            f"({parameter.accepted})"
        )
    return value


def _listen(guide: Any) -> None:
    """Take what was typed, if anything."""
    while select.select([sys.stdin], [], [], 0)[0]:
        typed = sys.stdin.readline()
        if not typed:
            return
        decision = KEYS.get(typed.strip().lower()[:1])
        problem = guide.decide(decision) if decision else "type k (keep), r (redo) or s (stop), then Enter"
        if problem:
            tell(f"{problem}\n", sys.stdout)


def _print(instruction: String) -> None:
    if instruction.data:
        tell(f"{instruction.data}\n", sys.stdout)


def _summarize(graph: Graph, options: Options, takes: dict[str, Any], before: int) -> None:
    """What became of each take of this run."""
    session = Session.read(options.out, options.subject, takes["session"])
    rows = table("exercise", "take", "repetitions", "became", "why")
    for take in session.takes[before:]:
        why = ", ".join(take.reasons) if take.status != KEPT else ""
        rows.add_row(take.exercise, str(take.take), str(take.repetitions), take.status, why)
    console = Console()
    if rows.rows:
        console.print(rows)
    missing = plan(session, list(options.exercises), takes["takes"])
    lacks = f"; takes still to do: {len(missing)} (the same command goes on)" if missing else ""
    console.print(f"{session.folder}{lacks}", soft_wrap=True, highlight=False, markup=False)
    console.print("frames: " + ", ".join(f"{count} {kind}" for kind, count in graph.counts().items()))
