"""The whole graph in one process over real DDS: what it publishes, records and counts."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.utilities import try_shutdown

from fitness_bringup.analysis.analyze import analyze
from fitness_bringup.analysis.report import Report
from fitness_bringup.composition import live
from fitness_bringup.composition.graph import Graph
from fitness_core.ros import qos
from fitness_core.ros.messages import from_time
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import RepEvent, SetSummary

CLIP = "videos/press/be_project_sample_shoulder_press.mp4"
DEADLINE = 60.0
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
VOLATILE, LATCHED = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL

# Every topic of the design that this graph has, but for take_label, which guided recording publishes.
TOPICS = {
    "camera/image_raw": ("sensor_msgs/msg/Image", RELIABLE, VOLATILE),
    "camera/camera_info": ("sensor_msgs/msg/CameraInfo", RELIABLE, VOLATILE),
    "body_pose": ("fitness_msgs/msg/BodyPose", RELIABLE, LATCHED),
    "joint_angles": ("fitness_msgs/msg/JointAngles", RELIABLE, VOLATILE),
    "exercise": ("fitness_msgs/msg/ExerciseClassification", RELIABLE, LATCHED),
    "exercise/info": ("fitness_msgs/msg/ClassifierInfo", RELIABLE, LATCHED),
    "rep_state": ("fitness_msgs/msg/RepState", RELIABLE, LATCHED),
    "rep_event": ("fitness_msgs/msg/RepEvent", RELIABLE, VOLATILE),
    "set_summary": ("fitness_msgs/msg/SetSummary", RELIABLE, LATCHED),
    "form_cue": ("fitness_msgs/msg/FormCue", RELIABLE, VOLATILE),
    "overlay/image": ("sensor_msgs/msg/Image", RELIABLE, VOLATILE),
    "overlay/image/compressed": ("sensor_msgs/msg/CompressedImage", RELIABLE, VOLATILE),
}


class Probe(Node):
    """Any other subscriber."""

    def __init__(self) -> None:
        super().__init__("probe")
        self.events: list[RepEvent] = []
        self.sets: list[SetSummary] = []
        self.create_subscription(RepEvent, "rep_event", self.events.append, qos.EVENTS)
        self.create_subscription(SetSummary, "set_summary", self.sets.append, qos.STREAM)


@dataclass
class Run:
    """What was seen of a graph that ran to the end of its source."""

    graph: Graph
    probe: Probe
    counts: dict[str, int]
    endpoints: dict[str, list] = field(default_factory=dict)
    readers: dict[str, list] = field(default_factory=dict)

    @property
    def repetitions(self) -> list[tuple[str, bool]]:
        """Exercise and whether it counts, of each repetition in the order in which it ended."""
        events = sorted(self.probe.events, key=lambda event: from_time(event.end))
        return [(event.exercise, event.status == RepEvent.STATUS_COUNTED) for event in events]


def run(options: live.Options) -> Run:
    """Run a graph until its source ends."""
    live.check(options)
    live.set_environment()
    live.begin(options)
    graph = live.compose(options)
    probe = Probe()
    graph.executor.add_node(probe)
    try:
        live.start(graph, options)
        seen = Run(graph, probe, {})
        for topic in TOPICS:
            seen.endpoints[topic] = graph.status.get_publishers_info_by_topic(f"/{options.namespace}/{topic}")
            seen.readers[topic] = graph.status.get_subscriptions_info_by_topic(f"/{options.namespace}/{topic}")
        deadline = time.monotonic() + DEADLINE
        while not graph.source.finished.done():
            assert time.monotonic() < deadline, "the source does not end"
            graph.executor.spin_once(timeout_sec=0.1)
        graph.stop()
        seen.counts = graph.counts()
    finally:
        graph.executor.remove_node(probe)
        probe.destroy_node()
        graph.close()
        try_shutdown()
    return seen


def repetitions_of(report: Report) -> list[tuple[str, bool]]:
    return [(repetition.exercise, repetition.counted) for repetition in report.reps]


@pytest.fixture(scope="module")
def clip(data: Callable[[str], Path]) -> Path:
    return data(CLIP)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live") / "recorded"


@pytest.fixture(scope="module")
def played(clip: Path, bag: Path) -> Iterator[Run]:
    """The clip, paced, in a namespace of its own, recorded."""
    exercise = ("rep_counter.exercise:=press",)
    yield run(live.Options(source=str(clip), record=bag, namespace="gym/one", parameters=exercise))


def test_every_topic_of_the_design_has_its_type_and_quality_of_service(played: Run) -> None:
    for topic, expected in TOPICS.items():
        (endpoint,) = played.endpoints[topic]
        profile = endpoint.qos_profile
        assert (endpoint.topic_type, profile.reliability, profile.durability) == expected, topic


def test_pictures_are_taken_best_effort_but_for_the_recorder(played: Run) -> None:
    (reader,) = played.readers["camera/image_raw"]
    assert reader.node_name == "pose_estimator"
    assert reader.qos_profile.reliability == BEST_EFFORT


def test_every_frame_is_accounted_for(played: Run) -> None:
    counts = played.counts
    assert counts["published"] == 151
    assert sum(count for kind, count in counts.items() if kind != "published") == counts["published"]
    assert counts["refused"] == counts["failed"] == 0
    assert counts["processed"] == played.graph.status.poses


def test_graph_counts_what_analyze_counts(played: Run, clip: Path) -> None:
    report = analyze(str(clip), exercise="press")
    counted = [event for event in played.probe.events if event.status == RepEvent.STATUS_COUNTED]
    assert len(counted) == report.totals["press"] == 2


def test_last_set_is_published_although_the_clip_ends_in_it(played: Run) -> None:
    (last,) = played.probe.sets
    assert (last.exercise, last.repetitions) == ("press", 2)


def test_status_is_what_any_subscriber_sees(played: Run) -> None:
    status = played.graph.status
    # NaN is not equal to itself, the text of it is.
    assert repr(list(status.sets)) == repr(played.probe.sets)
    assert status.repetitions == {"press": 2}
    assert "press 2" in status.line()


def test_recorded_bag_holds_what_was_published_and_analyzes_to_the_same(played: Run, bag: Path) -> None:
    with BagReader(bag) as recorded:
        counts = {topic.removeprefix("/gym/one/"): count for topic, count in recorded.counts.items()}
        events = [message for _, _, message in recorded.messages(["/gym/one/rep_event"])]
    assert counts["body_pose"] == counts["rep_state"] == played.counts["processed"]
    assert counts["set_summary"] == 1
    assert counts["exercise/info"] == 1
    assert [event.exercise for event in events] == [event.exercise for event in played.probe.events]
    assert repetitions_of(analyze(str(bag), exercise="press")) == played.repetitions


def test_demo_through_the_graph_is_what_analyze_finds() -> None:
    played = run(live.Options(demo=True, unpaced=True, overlay=False))
    report = analyze(str(live.DEMO))
    assert played.repetitions == repetitions_of(report)
    assert played.graph.status.repetitions == {"curl": 3, "press": 2, "squat": 5}
    assert played.counts["published"] == played.counts["processed"] == report.frames


def test_parameters_of_the_user_come_over_those_that_ship(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(
        "/fitness/rep_counter: {ros__parameters: {exercise: squat, min_visibility: 0.7}}\n"
        "/**/exercise_classifier: {ros__parameters: {rate: 5}}\n"
    )
    options = live.Options(demo=True, params=file, parameters=("rep_counter.exercise:=press",))
    live.check(options)
    live.begin(options)
    graph = live.compose(options)
    try:
        counter, classifier = graph.node("rep_counter"), graph.node("exercise_classifier")
        assert counter is not None and classifier is not None
        assert (counter.params.exercise, counter.params.min_visibility) == ("press", 0.7)
        assert classifier.params.rate == 5.0
    finally:
        graph.close()
        try_shutdown()


def test_graph_starts_again_in_the_same_process(clip: Path) -> None:
    options = live.Options(source=str(clip), unpaced=True)
    for _ in range(2):
        # As fast as it goes, and nothing lost: 151 pictures, a pose of each.
        played = run(options)
        assert played.counts == {
            "published": 151,
            "processed": 151,
            "lost": 0,
            "replaced": 0,
            "refused": 0,
            "failed": 0,
        }
        assert played.graph.status.poses == 151
