"""Node `recorder`: topics of the graph -> a rosbag2 bag (MCAP), the bytes as they come."""

import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, pictures, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.words import amount
from fitness_datasets.message_classes import message_class
from fitness_datasets.ros.recorded import RECORDING
from fitness_datasets.topics import TOPICS

if TYPE_CHECKING:
    from fitness_datasets.recording import Recording

QOS: dict[str, QoSProfile] = {
    "camera/image_raw": qos.IMAGE_RECORDER,
    "camera/image_raw/compressed": qos.IMAGE_RECORDER,
    "camera/camera_info": qos.IMAGE_RECORDER,
    "exercise/info": qos.LATCHED,
}
"""How the topics are received that are not `qos.EVERY`: reliable, with room for ten seconds in which it gets no turn.

Take labels are not asked for again: those of takes that were over before are not of this recording.
"""

IMAGES = {transport: pictures.TOPIC + suffix for transport, (_, suffix) in pictures.TRANSPORTS.items()}
"""Topic of the pictures by `image_transport`."""


class RecorderNode(FitnessNode):
    """Records from activation to deactivation, into a bag that did not exist before; one that nothing came for is
    removed.

    Subscribes to the topics that `topics` names: reliable, pictures like their publisher. The stock `ros2 bag` reads
    the bag; if the recorder was killed, all but the last second. With use_sim_time it waits for /clock to begin, and
    records the newest message of each topic from before that.
    """

    WRITES_ONCE = True
    PARAMETERS = (
        Parameter("bag", "", "Folder to record into; it must not exist yet, its parents are created."),
        Parameter(
            "images", False, "Record the pictures too (raw 27 MB/s at 640x480, 30 Hz; people can be recognised)."
        ),
        pictures.TRANSPORT,
        Parameter(
            "topics",
            [name for name in TOPICS if name not in IMAGES.values()],
            "Topics to record: relative names of the graph.",
        ),
        Parameter(
            "last_words",
            0.5,
            "When told to stop, go on recording this long, for the last messages of other nodes [s].",
            minimum=0.0,
            maximum=60.0,
        ),
    )

    def __init__(self, name: str = "recorder", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._recording: Recording | None = None
        self._bag = Path()  # which is being recorded, whatever the parameter says of the next one
        self._inputs: dict[str, Subscription] = {}
        self._told = False
        self._received = 0  # time of the last message in the bag [ns]
        self._ahead = 0  # of the node's clock, which may have been set back since [ns]
        self._early: dict[str, bytes] = {}  # the newest of each topic, from before /clock began
        self._incomplete: list[str] = []  # what earlier recordings lack

    @property
    def incomplete(self) -> str:
        """Why a bag of this run lacks something of what came, the first that does; empty where none does."""
        return next(iter(self._incomplete), self._lacking())

    def _check_parameters(self) -> None:
        if not self.params.bag:
            raise InputError("parameter 'bag' is empty; give the folder to record into")
        if not (self.params.topics or self.params.images):
            raise InputError("parameter 'topics' is empty and 'images' is false; nothing would be recorded")
        for name in self.params.topics:
            if name not in TOPICS:
                raise InputError(f"parameter 'topics': {name!r} given; accepted: {', '.join(TOPICS)}")

    def _lacking(self) -> str:
        if self._recording is None:
            return ""
        dropped = self._recording.dropped
        slow = f"{self._bag}: the disk is too slow, {dropped} messages were dropped" if dropped else ""
        return self._failure() or slow

    def _failure(self) -> str:
        """Why nothing more gets into the bag; empty while it does."""
        if self._recording is None:
            return ""
        if not self._recording.problem and self.active:
            try:
                self._bag.stat()
            except OSError as error:
                return f"{self._bag} is gone ({error.strerror}): what was recorded went with it"
        return self._recording.problem

    def configure(self) -> None:
        self._check_parameters()

    def activate(self) -> None:
        # Here: in `./fitness live` it may never record, and what writes bags takes a while to import.
        from fitness_datasets.recording import Recording

        self._check_parameters()  # they may have been set since
        images = [IMAGES[self.params.image_transport]] if self.params.images else []
        topics = {self._full_name(name): name for name in [*self.params.topics, *images]}
        self._told = False
        self._inputs = {}
        self._received = self._ahead = 0
        self._early = {}
        self._bag = paths.given(self.params.bag)
        self._recording = Recording(self._bag, {t: TOPICS[n] for t, n in topics.items()})
        try:
            for topic, name in topics.items():
                receive, profile = partial(self._receive, topic), QOS.get(name, qos.EVERY)
                self._inputs[topic] = self.create_subscription(
                    message_class(TOPICS[name]), topic, receive, profile, raw=True
                )
        except Exception:
            # A bag that nobody writes any more is not left open: the next attempt opens another.
            self._recording.close()
            raise

    def deactivate(self) -> None:
        self._take_last_words()
        for subscription in self._inputs.values():
            self.destroy_subscription(subscription)
        self._inputs.clear()
        if self._recording:
            self._recording.close()
            self._tell_problem()
            self._incomplete += [lacking] if (lacking := self._lacking()) else []
            count = self._recording.counts.total()
            into = f"recorded {amount(count, 'message')} into {self._bag}"
            self.get_logger().info(into if count else f"nothing came, so {self._bag} was not made")

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        recording = self._recording
        if recording is None:
            return super().diagnose()
        self._tell_problem()
        level, message = diagnostics.OK, "recording" if self.active else "recorded"
        failure = self._failure()
        if lacking := failure or self._lacking():
            level, message = diagnostics.ERROR if failure else diagnostics.WARN, lacking
        values: dict[str, object] = {
            "bag": str(self._bag),
            RECORDING: self.active and not failure,
            "messages": recording.counts.total(),
            "bytes": recording.bytes,
            "bytes_waiting": recording.waiting,
            "dropped": recording.dropped,
        }
        if self.active and not failure:
            values["disk_free_gb"] = shutil.disk_usage(self._bag).free / 1e9
        return level, message, values | {f"messages {topic}": recording.counts[topic] for topic in self._inputs}

    def _full_name(self, name: str) -> str:
        transport = next((transport for transport, topic in IMAGES.items() if topic == name), None)
        return self.resolve_topic_name(name) if transport is None else pictures.topic_of(self, transport)

    def _receive(self, topic: str, cdr: bytes) -> None:
        assert self._recording
        # Readers sort by it: where /clock begins anew, as a recording in a loop lets it, time in the bag goes on.
        now = self.get_clock().now().nanoseconds + self._ahead
        if not now:
            # /clock has not begun. A player would wait from 0 to the time of what follows, for years.
            if not self._early:
                self.get_logger().warning("waiting for /clock; until it begins, the newest of each topic is kept")
            self._early[topic] = cdr
            return
        for early, newest in self._early.items():
            self._recording.put(early, now, newest)
        self._early.clear()
        if now < self._received:
            self._ahead += self._received - now
            now = self._received
        self._received = now
        self._recording.put(topic, now, cdr)

    def _take_last_words(self) -> None:
        # Nobody spins any more when a program ends, and the summary of the last set comes just then.
        deadline = time.monotonic() + self.params.last_words
        while time.monotonic() < deadline:
            for topic, subscription in self._inputs.items():
                with subscription.handle:
                    while taken := subscription.handle.take_message(subscription.msg_type, True):
                        self._receive(topic, taken[0])
            time.sleep(0.02)

    def _tell_problem(self) -> None:
        if self._recording and self._recording.problem and not self._told:
            self._told = True
            self.get_logger().error(self._recording.problem)


def main() -> int:
    """Program `recorder_node`."""
    return run(RecorderNode)


if __name__ == "__main__":
    sys.exit(main())
