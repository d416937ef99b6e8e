"""Node `pose_estimator`: the pose of the person in each picture, as body_pose."""

import sys
import threading
import time
import traceback
from dataclasses import asdict

from rclpy.subscription import Subscription
from rclpy.timer import Timer

from fitness_core.errors import InputError
from fitness_core.mailbox import Mailbox
from fitness_core.ros import diagnostics, images, messages, pictures, qos, serialized
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.topics.handover import Inlet
from fitness_core.ros.topics.subscribers import LONGEST_WAIT
from fitness_core.types import Frame
from fitness_msgs.msg import BodyPose
from pose_estimator.backend import PoseBackend
from pose_estimator.backends import make_backend, preload
from pose_estimator.estimator import BETA, MIN_CUTOFF, Begun, Found, PoseEstimator
from pose_estimator.lock import HOLD
from pose_estimator.pipeline import Pipeline
from pose_estimator.ros.backend_parameters import BACKEND_PARAMETERS, name_model, options_of
from pose_estimator.statistics import Statistics

PRELOAD = preload
"""Of the node's parameters: what a process loads from which the node is forked."""
_THRESHOLDS = {"min_detection_confidence", "min_tracking_confidence"}
_SMOOTHING = {"smoothing", "smoothing_min_cutoff", "smoothing_beta"}


class PoseEstimatorNode(FitnessNode):
    """Takes the newest picture of camera/image_raw and publishes one body_pose for each that it processes.

    A worker thread infers, so that callbacks never wait. `statistics` counts every picture, also the lost ones. A
    camera in this process hands its pictures over: `fitness_core.ros.topics.handover`.
    """

    PARAMETERS = (
        *BACKEND_PARAMETERS,
        Parameter("smoothing", True, "Smooth landmarks with a One-Euro filter."),
        Parameter("smoothing_min_cutoff", MIN_CUTOFF, "Cut-off of the smoothing at rest [Hz].", minimum=0.001),
        Parameter("smoothing_beta", BETA, "Rise of the cut-off with speed [Hz per body size per s].", minimum=0.0),
        Parameter("lock_hold", HOLD, "Wait for a hidden trainee [s]; 0: take anybody.", minimum=0.0, at_configure=True),
        pictures.TRANSPORT,
        Parameter("reliable", False, "Have lost pictures sent again, on links that lose packets; taken at activation."),
        Parameter(
            "wait_for_subscribers",
            0,
            "Take pictures once this many nodes subscribe to body_pose (or after 30 s); 0 = at once.",
            minimum=0,
        ),
    )

    def __init__(self, name: str = "pose_estimator", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self.statistics = Statistics()
        self._publisher = self.create_lifecycle_publisher(BodyPose, "body_pose", qos.POSES)
        self._estimator: PoseEstimator | None = None
        self._topic = pictures.topic_of(self, self.params.image_transport)
        self._subscription: Subscription | None = None
        self._waiting: Timer | None = None
        self._inlet: Inlet | None = None
        self._mailbox: Mailbox[pictures.Message | Frame] = Mailbox()
        self._thread: threading.Thread | None = None
        self._sequence: int | None = None
        self._warned: set[str] = set()
        self._failure = ""
        self._new_thresholds = False
        self._arrivals = diagnostics.Rate()
        self._inference = diagnostics.Rate()
        self._age = diagnostics.Rate()
        name_model(self)

    def configure(self) -> None:
        name_model(self)
        self._new_thresholds = False
        given = self.params
        self._estimator = PoseEstimator(
            self._make_backend(), given.smoothing, given.smoothing_min_cutoff, given.smoothing_beta, given.lock_hold
        )

    def _make_backend(self) -> PoseBackend:
        return make_backend(self.params.backend, options_of(self.params))

    def activate(self) -> None:
        self._sequence = None
        self._mailbox = Mailbox()
        work = Pipeline(self._begin, self._end, self._finish, self._failed).run
        wanted = self.params.wait_for_subscribers
        self._waiting = self.once_heard(self._publisher, wanted, self._subscribe, LONGEST_WAIT)
        self._thread = threading.Thread(target=work, args=(self._mailbox,), name="pose", daemon=True)
        self._thread.start()

    def _subscribe(self) -> None:
        profile = qos.IMAGE_PUBLISHER if self.params.reliable else qos.IMAGE_SUBSCRIBER
        # rclpy also takes callbacks of (message, info).
        self._subscription = pictures.subscribe(self, self.params.image_transport, self._receive, profile)
        self._inlet = Inlet(self, self._subscription, self._put)

    def deactivate(self) -> None:
        if self._waiting is not None:
            self.destroy_timer(self._waiting)
            self._waiting = None
        if self._inlet is not None:
            self._inlet.close()
            self._inlet = None
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        self._mailbox.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._failure = ""

    def release(self) -> None:
        if self._estimator is not None:
            self._estimator.close()
            self._estimator = None

    def parameters_changed(self, names: set[str]) -> None:
        # The worker does it: it is the only one that may touch the backend.
        self._new_thresholds |= bool(names & _THRESHOLDS)
        if self._estimator is not None and names & _SMOOTHING:
            given = self.params
            self._estimator.tune(given.smoothing, given.smoothing_min_cutoff, given.smoothing_beta)

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message = diagnostics.OK, "active" if self.active else "inactive"
        if self._failure:
            level, message = diagnostics.ERROR, self._failure
        elif self.active and self._subscription is None:
            message = f"waiting for {self.params.wait_for_subscribers} subscribers of body_pose"
        elif self.active and self._arrivals.hertz() == 0:
            why = pictures.why_none(self, self.params.image_transport, self.params.reliable)
            level, message = diagnostics.WARN, f"no pictures on {self._topic}{why and ': '}{why}"
            if why:  # Not the first time: who publishes may not be known yet.
                self.get_logger().warning(message, skip_first=True, once=True)
        elif self.active and (publishers := self.count_publishers(self._topic)) > 1:
            level, message = diagnostics.WARN, f"{publishers} nodes publish {self._topic}: all are taken for one camera"
        values: dict[str, object] = {
            "backend": f"{self.params.backend} {self.params.model}",
            "rate_hz": self._inference.hertz(),
            "inference_ms": self._inference.mean_cost() * 1000,
            "stamp_age_ms": self._age.mean_cost() * 1000,
        }
        if self._estimator is not None:
            lock = self._estimator.lock
            values |= {"lock": lock.state.name, "bodies": lock.bodies, "others_refused": lock.refused}
        return level, message, values | asdict(self.statistics)

    def _receive(self, message: pictures.Message, info: dict) -> None:
        # Numbers of one publisher go up by one; where the middleware gives none, what is lost cannot be known.
        number = info.get("publication_sequence_number")
        if number is not None and number - 1 != self._sequence:
            if self.count_publishers(self._topic) > 1:
                number = None  # those of two publishers are no sequence, nor is what comes after them
            elif self._sequence is not None:
                self.statistics.lost += max(0, number - 1 - self._sequence)
        self._sequence = number
        self._put(message)
        if self._inlet is not None:
            self._inlet.heard = messages.from_time(message.header.stamp)

    def _put(self, picture: pictures.Message | Frame) -> None:
        """A picture has come, by a callback or handed over in the thread of the camera."""
        self.statistics.received += 1
        self._arrivals.tick()
        self.statistics.replaced += self._mailbox.put(picture)

    # What follows runs in the worker thread. A pose wakes the executor: while the network has the next picture, that
    # one has Python to itself.

    def _begin(self, picture: pictures.Message | Frame) -> tuple[Begun, float]:
        assert self._estimator is not None
        if self._new_thresholds:
            self._new_thresholds = False
            self._estimator.use(self._make_backend())
        began = time.perf_counter()
        return self._estimator.begin(picture if isinstance(picture, Frame) else images.to_frame(picture)), began

    def _end(self, begun: tuple[Begun, float]) -> Found:
        assert self._estimator is not None
        found = self._estimator.end(begun[0])
        self._inference.tick(time.perf_counter() - begun[1])
        self._failure = ""
        return found

    def _finish(self, found: Found) -> None:
        assert self._estimator is not None
        pose = self._estimator.pose(found)
        self.statistics.processed += 1
        self.statistics.nobody += not pose.tracked
        self._publisher.publish(serialized.of_pose(pose))
        self._age.tick((self.get_clock().now().nanoseconds - pose.stamp) / 1e9)

    def _failed(self, error: Exception, _: pictures.Message | Frame | None) -> None:
        if isinstance(error, InputError):
            self.statistics.refused += 1
            with self.refusals.taking(self._topic):
                raise error
        else:
            self.statistics.failed += 1
            self._failure = f"pose estimation failed: {error}"
            if repr(error) not in self._warned and len(self._warned) < 20:  # each once, and never for ever
                self._warned.add(repr(error))
                self.get_logger().warning("".join(traceback.format_exception(error)))


def main() -> int:
    """Run the node as a program."""
    return run(PoseEstimatorNode)


if __name__ == "__main__":
    sys.exit(main())
