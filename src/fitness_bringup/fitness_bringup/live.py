"""`./fitness live`: the whole graph in one process, the nodes and parameters that the launch files start."""

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rclpy.parameter import Parameter
from rclpy.task import Future
from rclpy.utilities import try_shutdown

from fitness_bringup import node_parameters
from fitness_bringup.graph import Graph
from fitness_bringup.picture_topic import TAKERS, picture_topic
from fitness_bringup.status import StatusLine, print_summary
from fitness_camera.sources import is_live
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros.node import COMMON, FitnessNode, init, permitted
from fitness_core.ros.signals import on_signal
from fitness_core.ros.state import state_file

DEMO = Path(__file__).resolve().parent / "demo"
"""Bag of landmarks that ships: three exercises, recorded by this graph."""
BROWSER = "browser"
"""The source that is the camera of a browser, by the dashboard."""
CATALOGUED = ("exercise_classifier", "rep_counter", "run_set", "dashboard", "record_take")
"""The nodes that have a parameter `catalogue`; in one graph it is the same for all."""


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
        if self.demo:
            return DEMO
        from fitness_bringup.footage import is_bag

        return Path(self.source) if self.source and is_bag(Path(self.source)) else None


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
        check_recorded(graph)
        if graph.source.finished.done() and (broken_off := graph.source.finished.result()):
            raise InputError(broken_off)
    finally:
        if graph is not None:
            graph.close()
        try_shutdown()


def compose(options: Options, takes: dict[str, Any] | None = None, at_once: bool = False) -> Graph:
    """Make the nodes, after `begin`.

    takes: parameters of the node that guides through takes, None = none is guided. at_once: `start` follows, so the
    network is loaded in a thread while the other nodes are made.
    """
    nodes = _Nodes(options)
    try:
        _add_source(nodes, options)
        if options.bag is None:
            from pose_estimator.pose_estimator_node import PoseEstimatorNode

            nodes.add(PoseEstimatorNode, "pose_estimator", **given(backend=options.backend))
            if at_once:
                nodes.graph.begin(nodes.graph.node("pose_estimator"))
        # Here: while the network is loaded.
        from exercise_classifier.exercise_classifier_node import ExerciseClassifierNode
        from rep_counter.rep_counter_node import RepCounterNode
        from rep_counter.run_set_node import RunSetNode

        nodes.add(ExerciseClassifierNode, "exercise_classifier")
        nodes.add(RepCounterNode, "rep_counter")
        nodes.add(RunSetNode, "run_set")
        _add_views(nodes, options)
        _add_recording(nodes, options, takes)
        nodes.check()
    except BaseException:
        nodes.graph.close()
        raise
    return nodes.graph


def start(graph: Graph, options: Options) -> None:
    """Start the graph; where that fails, no empty bag is left behind."""
    if graph.source.get_name() == "camera" and not (graph.source.params.wait_for_device and _is_live(graph, options)):
        check_source(graph.source.params.source)
    classifier, counter = graph.node("exercise_classifier").params, graph.node("rep_counter").params
    if classifier.catalogue != counter.catalogue:
        raise InputError(
            f"exercise_classifier has the catalogue {classifier.catalogue!r} and rep_counter {counter.catalogue!r}; "
            "give one to all with --catalogue"
        )
    if not _is_live(graph, options):
        # A recording begins anew with each command: no set of one that was killed goes on in it.
        state_file(graph.node("rep_counter")).unlink(missing_ok=True)
    try:
        graph.start()
    except InputError:
        recorder = graph.node("recorder")
        if recorder is not None and recorder.active and options.record is not None:
            recorder.stop()
            shutil.rmtree(options.record)
        raise
    if graph.status.count_publishers("rep_state") > 1:
        graph.status.get_logger().warning(
            f"another graph runs in {_namespace(options)}, or was killed a moment ago: two count each other's poses; "
            "give one of them a --namespace, or a ROS_DOMAIN_ID"
        )


def check_recorded(graph: Graph) -> None:
    """Raise InputError where the bag lacks something of what came."""
    recorder = graph.node("recorder")
    if recorder is not None and recorder.incomplete:
        raise InputError(recorder.incomplete)


def _is_live(graph: Graph, options: Options) -> bool:
    """Whether the pictures are of now, and not of a recording."""
    if options.source == BROWSER or picture_topic(options.source):
        return True
    return graph.source.get_name() == "camera" and is_live(graph.source.params.source)


def check(options: Options) -> None:
    """Raise InputError for options that do not go together, and for a parameter file that would do nothing."""
    if options.demo and options.source:
        raise InputError("--demo and --source exclude each other: the demo replays landmarks that ship")
    if options.bag is not None and options.backend:
        raise InputError("--backend: landmarks are replayed, nothing finds a body; leave it out or give a --source")
    if options.source == BROWSER and not options.dashboard:
        raise InputError("--source browser: the pictures come by the dashboard; leave out --no-dashboard")
    if options.bag is not None and options.record_images:
        raise InputError("--record-images: landmarks are replayed, without pictures; leave it out or give a --source")
    if options.bag is not None and not options.demo:
        check_bag(options.bag)
    if options.record_images and options.record is None:
        raise InputError("--record-images: nothing is recorded; give the bag to make with --record BAG")
    if options.record is not None and options.record.exists():
        raise InputError(f"{options.record} exists; recordings are never overwritten: give another path")
    if (options.window or options.record_video is not None) and not options.overlay:
        raise InputError("--window and --record-video show the annotated pictures; leave --no-overlay out")
    if picture_topic(options.source) and (options.loop or options.unpaced):
        raise InputError("--loop and --unpaced are of recordings; what comes on a topic is as it comes, leave them out")
    node_parameters.check_namespace(options.namespace)
    if options.params is not None:
        node_parameters.check(options.params, _namespace(options))


def unused(bag: Path) -> Path:
    """The bag, or where it is there already the first of BAG_2, BAG_3, ... that is not."""
    names = (bag.with_name(f"{bag.name}_{number}") for number in itertools.count(2))
    return bag if not bag.exists() else next(name for name in names if not name.exists())


def catalogue_of(options: Options) -> dict[str, str]:
    """The parameter of every node in CATALOGUED; none where the option is not given."""
    return {} if options.catalogue is None else {"catalogue": str(options.catalogue.absolute())}


def set_environment() -> None:
    """What the middleware reads when it starts: the profile for pictures, and that only this host listens."""
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(node_parameters.shared("config", "fastdds.xml")))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


def begin(options: Options) -> None:
    """Initialise rclpy with the namespace and the parameters: those that ship, overruled by the user's."""
    with tempfile.TemporaryDirectory() as folder:
        # One file: of a value that two files give in different types ROS 2 keeps one without a word.
        file = Path(folder, "parameters.yaml")
        file.write_text(yaml.safe_dump(node_parameters.parameters(options.params, options.namespace)))
        # What the nodes would tell of themselves is in the status line.
        namespace = ["--remap", f"__ns:={_namespace(options)}", "--enclave", f"{_namespace(options)}/live"]
        topic = picture_topic(options.source)
        pictures = topic.arguments if topic else []
        init(["--ros-args", *namespace, *pictures, "--params-file", str(file), "--log-level", "warn"])


class _Nodes:
    """Makes the nodes of a graph, with the parameters of -p, which overrule what follows from other options."""

    def __init__(self, options: Options) -> None:
        self._catalogue = catalogue_of(options)
        self._topic = picture_topic(options.source)
        self._overrides = node_parameters.overrides_of(options.parameters)
        self.graph = Graph()

    def add(self, kind: type[FitnessNode], name: str, idle: bool = False, **parameters: Any) -> None:
        """Make the next node downstream. idle: as `Graph.add` has it."""
        shared = self._catalogue if name in CATALOGUED else {}
        if self._topic and name in TAKERS:
            shared = shared | self._topic.parameters
        overrides = self._overrides.pop(name, {})
        there = {parameter.name for parameter in kind.PARAMETERS + COMMON}
        for key in overrides.keys() - there - {"use_sim_time"}:
            raise InputError(
                f"-p {name}.{key}: there is no such parameter; {name} has: {', '.join(map(repr, sorted(there)))}"
            )
        asked = shared | parameters | overrides
        with permitted():
            node = kind(name, parameter_overrides=[Parameter(key, value=value) for key, value in asked.items()])
        self.graph.add(node, idle)

    def check(self) -> None:
        """Raise InputError where -p names a node that was not made."""
        if self._overrides:
            raise InputError(f"-p: node {next(iter(self._overrides))!r} does not run with these options")


def _add_source(nodes: _Nodes, options: Options) -> None:
    if options.bag is not None:
        from fitness_datasets.player_node import PlayerNode

        speed: dict[str, Any] = {"rate": 0.0} if options.unpaced else {}
        nodes.add(PlayerNode, "player", bag=str(options.bag), **given(loop=options.loop), **speed)
    elif options.source == BROWSER:
        _add_dashboard(nodes, options, camera=True)
    elif not picture_topic(options.source):
        from fitness_camera.camera_node import CameraNode

        paced: dict[str, Any] = {"paced": False} if options.unpaced else {}
        nodes.add(CameraNode, "camera", **given(source=options.source, loop=options.loop), **paced)


def _add_views(nodes: _Nodes, options: Options) -> None:
    """What shows the results."""
    if options.overlay:
        from fitness_visualization.overlay_node import OverlayNode

        # Landmarks have no pictures; whether a camera's may be shown is the parameter file's to say.
        nodes.add(OverlayNode, "overlay", **({"picture": False} if options.bag is not None else {}))
    if options.markers:
        from fitness_visualization.markers_node import MarkersNode

        nodes.add(MarkersNode, "markers")
    if options.hri:
        from fitness_visualization.hri_bridge_node import HriBridgeNode

        nodes.add(HriBridgeNode, "hri_bridge")
    if options.foxglove:
        from fitness_visualization.foxglove_node import FoxgloveNode

        nodes.add(FoxgloveNode, "foxglove")
    if options.window:
        from fitness_visualization.window_node import WindowNode

        nodes.add(WindowNode, "window")
    if options.record_video is not None:
        from fitness_visualization.video_node import VideoNode

        rate = nodes.graph.node("overlay").params.max_rate
        nodes.add(VideoNode, "video", file=str(options.record_video), rate=rate)
    if options.dashboard and nodes.graph.node("dashboard") is None:
        _add_dashboard(nodes, options)


def _add_dashboard(nodes: _Nodes, options: Options, **parameters: Any) -> None:
    from fitness_visualization.dashboard_node import DashboardNode

    port: dict[str, Any] = {} if options.port is None else {"port": options.port}
    asked = given(bind=options.bind, bag=str(options.record or "")) | parameters
    nodes.add(DashboardNode, "dashboard", **port, **asked)


def _add_recording(nodes: _Nodes, options: Options, takes: dict[str, Any] | None) -> None:
    """What records; what is idle is brought up from the dashboard."""
    if takes is not None or options.dashboard:
        from fitness_datasets.record_take_node import RecordTakeNode

        nodes.add(RecordTakeNode, "record_take", idle=takes is None, **(takes or {}))
    if options.record is not None or options.dashboard:
        from fitness_datasets.recorder_node import RecorderNode

        # What is said last comes by the executor here, which waiting for it would stop.
        bag = given(bag=str(options.record or ""), images=options.record_images)
        nodes.add(RecorderNode, "recorder", idle=options.record is None, last_words=0.0, **bag)


def check_source(source: str) -> None:
    """Look into a recording before the models load; a camera that is there, or a stream, is opened by the node only."""
    device = f"/dev/video{source}" if source.isdecimal() else source
    if "://" in source or (device.startswith("/dev/") and Path(device).exists()):
        return
    from fitness_camera.sources import open_source

    try:
        open_source(source).close()
    except InputError as error:
        hint = "; --source FILE takes a video, ./fitness live --demo needs nothing" if source == "0" else ""
        raise InputError(f"{error}{hint}") from None


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
    return "/" + options.namespace.strip("/")
