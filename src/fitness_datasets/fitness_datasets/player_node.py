"""Node `player`: a recorded bag -> topics of the graph, header stamps unchanged, paced by the time of reception."""

import sys
import threading
import time
from pathlib import Path

from rclpy.lifecycle import LifecyclePublisher
from rosgraph_msgs.msg import Clock

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.messages import to_time
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.process.last_words import wait_for_readers
from fitness_core.ros.serialized import stamp_of
from fitness_core.ros.topics.subscribers import SETTLE, wait_for_subscribers
from fitness_core.types import seconds
from fitness_datasets.bags import BagReader
from fitness_datasets.message_classes import message_class
from fitness_datasets.ros.followers import Followers
from fitness_datasets.topics import TOPICS

PUBLISHED = dict.fromkeys((name for name in TOPICS if name.startswith("camera/")), qos.IMAGE_PUBLISHER)
PUBLISHED |= {"body_pose": qos.POSES, "exercise": qos.LABELS, "exercise/info": qos.LATCHED, "take_label": qos.TAKES}
PUBLISHED |= {"rep_state": qos.STATE, "set_summary": qos.STATE}
"""How the topics are published that are neither `qos.STREAM` nor, events, `qos.EVENTS`."""
LONGEST_SETTLE = 3.0
"""Longest pause before the first message, however fast it is played [s]."""
LONGEST_PAUSE = 60.0
"""Where for longer nothing was recorded, the clock was set or the camera away: nobody waits as long again [s]."""
UNCONFIRMED_PERIOD = 0.01
"""Distance of messages that nobody confirms, when played as fast as it goes [s]."""


class PlayerNode(FitnessNode):
    """Plays once (or in a loop) from activation on; `finished` completes when everything is delivered.

    With rate 0 it keeps in step with the counter: the next pose goes out when the rep_state of the last one has come,
    so that none is lost, and labels are not far behind.
    """

    PARAMETERS = (
        Parameter("bag", "", "Bag to play: a folder, or its .mcap or .db3 file.", read_only=True),
        Parameter(
            "rate",
            1.0,
            "Speed: 1 = as recorded, 2 = twice as fast, 0 = as fast as the counter confirms poses.",
            minimum=0.0,
            maximum=100.0,
            least=0.001,
        ),
        Parameter("loop", False, "Start again at the end; the stamps then jump back to the first one."),
        Parameter(
            "topics",
            ["body_pose", "camera/image_raw", "camera/image_raw/compressed", "camera/camera_info"],
            "Topics to play, if the bag has them: relative names of the graph, or /full/names of the bag.",
            read_only=True,
        ),
        Parameter("clock", False, "Publish the time of reception on /clock, for use_sim_time.", read_only=True),
        Parameter("wait_for_subscribers", 1, "Wait for this many subscribers before the first message.", minimum=0),
        Parameter("wait", 10.0, "Longest wait for subscribers [s]; then it plays anyway.", minimum=0.0),
    )

    def __init__(self, name: str = "player", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._outputs: dict[str, tuple[str, LifecyclePublisher]] = {}
        self._clock_output: LifecyclePublisher | None = None
        self._followers: Followers | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._played = diagnostics.Rate()
        self._total = self._poses = 0
        self._recovered = False

    def configure(self) -> None:
        if not self.params.bag:
            raise InputError("parameter 'bag' is empty; give the bag to play")
        with BagReader(self._path) as bag:
            outdated, found = bag.outdated(), {}
            self._recovered = bag.recovered
            for name in self.params.topics:
                if (topic := bag.find(name)) and bag.counts[topic]:
                    found[topic] = name
            if not found:
                has = ", ".join(f"{topic} ({number})" for topic, number in sorted(bag.counts.items()))
                raise InputError(f"{self._path} has no message of {', '.join(self.params.topics)}; it has {has}")
            if wrong := [topic for topic in found if bag.topics[topic] in outdated]:
                raise InputError(
                    f"{self._path}: {wrong[0]} was recorded with another version of {bag.topics[wrong[0]]}; "
                    "analyze reads it all the same"
                )
            classes = {topic: message_class(bag.topics[topic]) for topic in found}
            self._total = sum(bag.counts[topic] for topic in found)
        # Only now, when nothing can go wrong any more: what is made stays, until it is released.
        for topic, name in found.items():
            relative = next((known for known in TOPICS if f"/{name}".endswith(f"/{known}")), name.split("/")[-1])
            profile = PUBLISHED.get(relative, qos.EVENTS if "event" in relative else qos.STREAM)
            self._outputs[topic] = (relative, self.create_lifecycle_publisher(classes[topic], relative, profile))
        if self.params.clock:
            self._clock_output = self.create_lifecycle_publisher(Clock, "/clock", qos.STREAM)
        if self._recovered:
            self.get_logger().warning(f"{self._path} was not closed by its recorder; playing what it had written")

    def activate(self) -> None:
        self._stopping.clear()
        self._followers = Followers(self)
        self._thread = threading.Thread(target=self._play, args=(BagReader(self._path),), name="player", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        self._stopping.set()
        if self._followers:
            self._followers.stop()
        if self._thread:
            self._thread.join()
        if self._followers:
            self._followers.destroy()

    def release(self) -> None:
        for output in (self._clock_output, *(output for _, output in self._outputs.values())):
            if output is not None:
                self.destroy_publisher(output)
        self._outputs, self._clock_output = {}, None

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message = diagnostics.OK, "playing" if self.active else "inactive"
        if self.finished.done():
            problem = self.finished.result()
            level, message = (diagnostics.ERROR, problem) if problem else (level, "played to the end")
        unconfirmed = self._followers.unconfirmed if self._followers else 0
        if self._recovered or unconfirmed:
            level = max(level, diagnostics.WARN)
            message += "; the bag was not closed by its recorder" if self._recovered else "; poses stay unconfirmed"
        values = {
            "bag": self.params.bag,
            "messages": self._played.total,
            "messages_in_bag": self._total,
            "poses": self._poses,
            "rate_hz": self._played.hertz(),
            "unconfirmed": unconfirmed,
        }
        return level, message, values

    @property
    def _path(self) -> Path:
        return paths.given(self.params.bag)

    def _play(self, bag: BagReader) -> None:
        problem = ""
        try:
            with bag:
                self._await_subscribers()
                self._play_once(bag)
                while self.params.loop and not self._stopping.is_set():
                    self._play_once(bag)
            if not self._stopping.is_set():
                for _, output in self._outputs.values():
                    wait_for_readers(output, 5.0)
        except Exception as error:
            problem = str(error) if isinstance(error, InputError) else f"{self._path} cannot be played: {error!r}"
            self.get_logger().error(problem)
        if not self._stopping.is_set():
            self.finished.set_result(problem)

    def _await_subscribers(self) -> None:
        wanted, timeout = self.params.wait_for_subscribers, self.params.wait
        _, output = next(iter(self._outputs.values()))
        if wait_for_subscribers(output, wanted, self._stopping, timeout):
            # Nodes of other processes learn of each other meanwhile, too: played faster, more would be gone before.
            self._stopping.wait(min(SETTLE * max(1.0, self.params.rate), LONGEST_SETTLE))
        elif not self._stopping.is_set():
            found = f"{output.get_subscription_count()} of {wanted} subscribers of {output.topic_name}"
            self.get_logger().warning(f"{found} after {timeout:g} s; playing all the same")

    def _play_once(self, bag: BagReader) -> None:
        due, last, followers = time.monotonic(), None, self._followers
        assert followers is not None
        for topic, _, stamp, cdr in bag.raw(self._outputs):
            rate = self.params.rate
            if rate > 0:
                pause = seconds(stamp - last) if last is not None else 0.0
                if pause > LONGEST_PAUSE:
                    self.get_logger().warning(f"{pause:.0f} s without a message in the bag are passed over")
                    pause = 0.0
                due += pause / rate
                self._stopping.wait(max(0.0, due - time.monotonic()))
            else:
                due = time.monotonic()
            last = stamp
            if self._stopping.is_set():
                return
            if self._clock_output:
                self._clock_output.publish(Clock(clock=to_time(stamp)))
            relative, output = self._outputs[topic]
            if relative == "body_pose":  # not every message has a stamp
                followers.send(stamp_of(cdr))
                self._poses += 1
            output.publish(cdr)
            self._played.tick()
            if rate == 0:
                if relative == "body_pose" and followers.attended:
                    followers.wait()
                else:
                    self._stopping.wait(UNCONFIRMED_PERIOD)


def main() -> int:
    """Program `player_node`."""
    return run(PlayerNode)


if __name__ == "__main__":
    sys.exit(main())
