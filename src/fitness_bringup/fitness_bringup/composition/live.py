"""`./fitness live`: the whole graph in one process, the nodes and parameters that the launch files start."""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.parameter import Parameter
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup.composition import node_parameters
from fitness_bringup.composition.graph import Graph
from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.composition.picture_topic import picture_topic
from fitness_bringup.composition.status import StatusLine, print_summary
from fitness_camera.source_kinds import BAG, BROWSER, KINDS, is_live, kind_of, path_of, shown
from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros.node import FitnessNode
from fitness_core.ros.process.middleware import init, permitted
from fitness_core.ros.process.signals import on_signal
from fitness_core.ros.state import state_file_of
from fitness_core.yaml_text import dump

DEMO = Path(__file__).resolve().parents[1] / "demo"
"""Bag of landmarks that ships: three exercises, recorded by this graph."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, as on the command line; an empty source is the parameter file's, parameters are those of -p."""

    source: str = ""
    demo: bool = False
    record: Path | None = None
    record_images: bool = False
    overlay: bool = True
    dashboard: bool = False
    port: int | None = None
    bind: str = ""
    markers: bool = True
    hri: bool = False
    foxglove: bool = False
    window: bool = False
    record_video: Path | None = None
    loop: bool = False
    unpaced: bool = False
    backend: str = ""
    catalogue: Path | None = None
    params: Path | None = None
    parameters: tuple[str, ...] = ()
    namespace: str = "fitness"

    @property
    def bag(self) -> Path | None:
        """The bag of landmarks that is replayed in the place of a camera: the demo's, or one that `source` names."""
        named = self.source and kind_of(self.source, KINDS) is BAG
        return DEMO if self.demo else path_of(self.source) if named else None


def run(options: Options) -> None:
    """Run the graph until its source ends or a signal comes, then print the summary.

    Raises InputError, after the summary too, where what was to be recorded is not all in the bag, or where the source
    broke off.
    """
    check(options)
    set_environment()
    stop = Future()
    on_signal(lambda: stop.set_result(None))
    graph = None
    try:
        begin(options)
        graph = compose(options, at_once=True)
        for node in graph.nodes:
            if node is graph.source or node.get_name() == "window":
                node.finished.add_done_callback(lambda _: stop.set_result(None))
        start(graph, options)
        status_line = StatusLine(graph.status, graph.counts)
        graph.spin(stop)
        status_line.end()
        graph.stop()
        own = graph.node("rep_counter").params.catalogue
        print_summary(graph.status, graph.counts(), Catalogue.load(own))
        check_ended(graph, graph.source)
    finally:
        if graph is not None:
            graph.close()
        try_shutdown()


def compose(options: Options, takes: dict[str, Any] | None = None, at_once: bool = False) -> Graph:
    """Make the nodes, after `begin`.

    takes: parameters of the node that guides through takes, None = none is guided. at_once: `start` follows, so the
    network is loaded in a thread while the other nodes are made.
    """
    graph = Graph()
    overrides = node_parameters.overrides_of(options.parameters)
    asked = asked_for(options)
    if takes is not None:
        asked["record_take"] = shared("record_take", options) | takes
    idle = idle_with(options, asked)
    if unused_overrides := overrides.keys() - asked.keys() - set(idle):
        raise InputError(f"-p: node {min(unused_overrides)!r} does not run with these options")
    try:
        # In the order of the data; what is idle is brought up from the dashboard.
        for name in sorted([*asked, *idle], key=_order(options)):
            parameters = asked.get(name, shared(name, options))
            if name == "recorder":
                # What is said last comes by the executor here, which waiting for it would stop.
                parameters = parameters | {"last_words": 0.0}
            if name == "video":
                parameters = parameters | {"rate": graph.node("overlay").params.max_rate}
            graph.add(_make(name, parameters, overrides.get(name, {})), name in idle)
            if name == "pose_estimator" and at_once:
                # The others are imported and made while the network is loaded.
                graph.begin(graph.node(name))
    except BaseException:
        graph.close()
        raise
    if not at_once:
        graph.in_step()
    return graph


def start(graph: Graph, options: Options) -> None:
    """Start the graph; where that fails, no empty bag is left behind: the recorder, when it is stopped, removes it."""
    look_ahead(options, graph.source.get_name(), lambda node, name: getattr(graph.node(node).params, name))
    try:
        graph.start()
    except InputError:
        if (recorder := graph.node("recorder")) is not None:
            recorder.stop()
        raise


def look_ahead(options: Options, source: str, value: Callable[[str, str], Any]) -> None:
    """Before nodes start: look at what they take together, and forget what a dead run left where a recording begins.

    source: the node that the data comes from. value: of a node and the name of its parameter, None = its default.
    Raises InputError.
    """
    opened = str(value("camera", "source")) if source == "camera" else None
    of_now = options.bag is None if opened is None else is_live(opened)
    if opened is not None and not (of_now and value("camera", "wait_for_device")):
        from fitness_camera.sources import check_source

        check_source(opened)
    classifiers, counters = (value(node, "catalogue") or "" for node in ("exercise_classifier", "rep_counter"))
    if classifiers != counters:
        raise InputError(
            f"exercise_classifier has the catalogue {classifiers!r} and rep_counter {counters!r}; "
            "give one to all with --catalogue"
        )
    if not of_now:
        # A recording begins anew with each command: no set of one that was killed goes on in it.
        state_file_of(f"{_namespace(options)}/rep_counter").unlink(missing_ok=True)


def check_ended(graph: Graph, *finite: FitnessNode) -> None:
    """Raise InputError where a bag or video lacks something of what came, or where one of these nodes broke off."""
    broken_off = (node.finished.result() for node in finite if node.finished.done())
    for problem in (*(node.incomplete for node in graph.nodes), *broken_off):
        if problem:
            raise InputError(problem)


def check(options: Options) -> None:
    """Raise InputError for options that do not go together, and for a parameter file that would do nothing."""
    if options.demo and options.source:
        raise InputError("--demo and --source exclude each other: the demo replays landmarks that ship")
    if options.bag is not None and options.backend:
        raise InputError("--backend: landmarks are replayed, nothing finds a body; leave it out or give a --source")
    if BROWSER.matches(options.source) and not options.dashboard:
        raise InputError("--source browser: the pictures come by the dashboard; leave out --no-dashboard")
    if options.bag is not None and options.record_images:
        raise InputError("--record-images: landmarks are replayed, without pictures; leave it out or give a --source")
    if options.bag is not None and not options.demo:
        check_bag(options.bag)
    if options.record_images and options.record is None:
        raise InputError("--record-images: nothing is recorded; give the bag to make with --record BAG")
    if options.record is not None and paths.given(options.record).exists():
        raise InputError(f"{options.record} exists; recordings are never overwritten: give another path")
    if (options.window or options.record_video is not None) and not options.overlay:
        raise InputError("--window and --record-video show the annotated pictures; leave --no-overlay out")
    if picture_topic(options.source) and (options.loop or options.unpaced):
        raise InputError("--loop and --unpaced are of recordings; what comes on a topic is as it comes, leave them out")
    check_parameter_file(options.params, options.namespace)
    source = _camera_source(options)
    if options.unpaced and options.bag is None and (BROWSER.matches(source) or is_live(source)):
        raise InputError(f"--unpaced is of recordings; what comes from {source} is as it comes, leave it out")
    for value in (value for parameters in asked_for(options).values() for value in parameters.values()):
        if isinstance(value, str) and value.encode(errors="replace").decode() != value:
            raise InputError(f"{value!r} is not UTF-8, and other text ROS 2 does not take; rename it or give another")


def check_parameter_file(file: Path | None, namespace: str) -> None:
    """Raise InputError for what is no namespace, and for a parameter file that would do nothing in it."""
    node_parameters.check_namespace(namespace)
    if file is not None:
        node_parameters.check(file, node_parameters.absolute(namespace))


def _camera_source(options: Options) -> str:
    """What the camera node will be told to open; "0", its own default, where nobody says anything."""
    given = node_parameters.overrides_of(options.parameters).get("camera", {}).get("source") or options.source
    if not given and options.params is not None:
        given = node_parameters.value_of(options.params, f"{_namespace(options)}/camera", "source")
    return str(given or "0")


def set_environment() -> None:
    """What the middleware reads when it starts: the profile for pictures, and that only this host listens."""
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(node_parameters.package_file("config", "fastdds.xml")))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


def begin(options: Options) -> None:
    """Initialise rclpy with the namespace and the parameters: those that ship, overruled by the user's."""
    with tempfile.TemporaryDirectory() as folder:
        # One file: of a value that two files give in different types ROS 2 keeps one without a word.
        file = Path(folder, "parameters.yaml")
        content = node_parameters.parameters(options.params, options.namespace)
        file.write_text(dump(content))  # of two sections of a node the last one holds
        # What the nodes would tell of themselves is in the status line.
        namespace = ["--remap", f"__ns:={_namespace(options)}", "--enclave", f"{_namespace(options)}/live"]
        topic = picture_topic(options.source)
        pictures = topic.arguments if topic else []
        init(["--ros-args", *namespace, *pictures, "--params-file", str(file), "--log-level", "warn"])


def asked_for(options: Options) -> dict[str, dict[str, Any]]:
    """The nodes that options ask for, in the order of the data, each with the parameters that follow from them."""
    bag, browser = options.bag, BROWSER.matches(options.source)
    asked: dict[str, dict[str, Any]] = {}
    if bag is not None:
        asked["player"] = {"bag": str(bag)} | given(loop=options.loop) | ({"rate": 0.0} if options.unpaced else {})
    elif not browser and not picture_topic(options.source):
        asked["camera"] = given(source=options.source, loop=options.loop)
        asked["camera"] |= {"paced": False} if options.unpaced else {}
    if bag is None:
        asked["pose_estimator"] = given(backend=options.backend)
    asked |= {name: {} for name in ("exercise_classifier", "rep_counter", "run_set")}
    viewers = {"overlay": options.overlay, "markers": options.markers, "hri_bridge": options.hri}
    viewers |= {"foxglove": options.foxglove, "window": options.window}
    asked |= {name: {} for name, wanted in viewers.items() if wanted}
    if options.record_video is not None:
        asked["video"] = {"file": str(options.record_video)}
    record = str(options.record or "")
    if options.dashboard:
        asked["dashboard"] = given(camera=browser, bind=options.bind, bag=record)
        asked["dashboard"] |= {} if options.port is None else {"port": options.port}
    if record:
        asked["recorder"] = {"bag": record} | given(images=options.record_images)
    return {name: shared(name, options) | parameters for name, parameters in asked.items()}


def idle_with(options: Options, asked: Iterable[str]) -> list[str]:
    """The nodes that run beside those asked for and are not started: pages of the dashboard bring them up."""
    return [name for name in ("record_take", "recorder") if options.dashboard and name not in asked]


def shared(name: str, options: Options) -> dict[str, Any]:
    """What every node is told that takes pictures, knows the exercises, or tells a session what the camera is."""
    node, topic = NODES[name], picture_topic(options.source)
    told = topic.parameters if topic and node.pictures else {}
    told |= given(camera="demo" if options.demo else shown(options.source)) if name == "record_take" else {}
    return told | ({"catalogue": str(options.catalogue.absolute())} if options.catalogue and node.catalogue else {})


def _order(options: Options) -> Callable[[str], int]:
    """Places of the nodes; a dashboard that is the camera comes first."""
    names = list(NODES)
    return lambda name: -1 if name == "dashboard" and BROWSER.matches(options.source) else names.index(name)


def _make(name: str, parameters: dict[str, Any], overrides: dict[str, Any]) -> FitnessNode:
    """A node. overrides: its parameters of -p, which overrule what follows from other options."""
    node_parameters.check_names(name, overrides, "-p ")
    with permitted():
        return NODES[name].load()(
            name, parameter_overrides=[Parameter(k, value=v) for k, v in (parameters | overrides).items()]
        )


def check_bag(bag: Path) -> None:
    """Raise InputError for a bag that holds no landmarks, or those of several cameras."""
    from fitness_datasets.bags import BagReader

    with BagReader(bag) as reader:
        if not reader.find("body_pose"):
            raise InputError(f"{bag} holds no landmarks (body_pose); ./fitness analyze {bag} counts in its pictures")


def given(**parameters: Any) -> dict[str, Any]:
    """Those parameters that are set: the others stay as the parameter files have them."""
    return {key: value for key, value in parameters.items() if value not in ("", False)}


def _namespace(options: Options) -> str:
    return node_parameters.absolute(options.namespace)
