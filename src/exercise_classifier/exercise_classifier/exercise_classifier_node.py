"""Node `exercise_classifier`: body_pose in, exercise and the latched exercise/info out."""

import math
import sys
import time

from exercise_classifier.classifier import ExerciseClassifier
from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.last_said import LastSaid
from fitness_core.ros.messages import from_body_pose
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter, Value
from fitness_core.ros.serialized import of_classification
from fitness_core.ros.topics.catch_up import CatchUp, Heard, usable
from fitness_core.types import Classification
from fitness_msgs.msg import BodyPose, ClassifierInfo, ExerciseClassification

_BLOCK = 60
"""Poses that were kept, labelled at a time: in a fifth of the time that each by itself would take."""


class ExerciseClassifierNode(FitnessNode):
    """Publishes which exercise the last seconds of body_pose show.

    Subscribes body_pose (fitness_msgs/BodyPose). Publishes exercise (fitness_msgs/ExerciseClassification) at `rate` by
    stamp and exercise/info (fitness_msgs/ClassifierInfo, latched) when activated and when the threshold changes.
    Started again after a crash, it takes the poses that their publisher still has and labels them again.
    """

    PARAMETERS = (
        Parameter(
            "model",
            "",
            "Model file (.tflite written by `./fitness train`); empty = the shipped one.",
            read_only=True,
        ),
        Parameter(
            "catalogue",
            "",
            "Folder of exercise files; the labels must be among them. Empty = the shipped ones.",
            read_only=True,
        ),
        Parameter(
            "rate",
            10.0,
            "Classifications per second of stamps [Hz], at most one per pose.",
            0.1,
            100.0,
            read_only=True,
        ),
        Parameter(
            "confidence_threshold",
            math.nan,
            "Probability (0..1) below which a label is UNCERTAIN; NaN or negative = the model's own.",
        ),
        Parameter("threads", 1, "Threads of one inference.", 1, 16, read_only=True),
    )

    # Its network takes longer than all else that a pose leads to, and its labels count from 0.1 s later.
    URGENCY = -1

    def __init__(self, name: str = "exercise_classifier", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._classifier: ExerciseClassifier | None = None
        self._newest: Classification | None = None
        self._last_said = LastSaid(self)
        self._catch_up: CatchUp | None = None
        self._rate = diagnostics.Rate()
        self._exercise = self.create_lifecycle_publisher(ExerciseClassification, "exercise", qos.LABELS)
        self._info = self.create_lifecycle_publisher(ClassifierInfo, "exercise/info", qos.LATCHED)
        self.create_subscription(BodyPose, "body_pose", self._on_pose, qos.EVERY)

    def configure(self) -> None:
        """Load the model and hold its labels against the catalogue."""
        self.check_parameter("confidence_threshold", self.params.confidence_threshold)
        self._classifier = ExerciseClassifier(
            paths.given(self.params.model) if self.params.model else None,
            rate=self.params.rate,
            confidence_threshold=self._threshold,
            threads=self.params.threads,
        )
        self._classifier.check_labels(Catalogue.load(self.params.catalogue))

    def activate(self) -> None:
        """Say what the classifier is; poses are taken from now on."""
        assert self._classifier is not None  # configured before
        self._classifier.reset()
        self._tell_info()
        if self._last_said.left() is not None:
            topics = {"body_pose": (BodyPose, qos.POSES)}
            self._catch_up = CatchUp(self, topics, lambda heard: self._resume(heard["body_pose"]))

    def check_parameter(self, name: str, value: Value) -> None:
        """Its bounds cannot be a range of ROS 2, which NaN would be out of."""
        if name == "confidence_threshold" and float(value) > 1.0:  # type: ignore[arg-type]
            raise InputError(
                f"parameter 'confidence_threshold' is {value:g}; accepted: 0 .. 1, or NaN for the model's own"
            )

    def parameters_changed(self, names: set[str]) -> None:
        """The threshold holds from the next classification on."""
        if self._classifier is not None and "confidence_threshold" in names:
            self._classifier.trust(self._threshold)
            self._tell_info()

    @property
    def _threshold(self) -> float | None:
        threshold = self.params.confidence_threshold
        return threshold if threshold >= 0 else None

    def _tell_info(self) -> None:
        assert self._classifier is not None
        info = self._classifier.info
        # Without a stamp: it is of no picture, and a recording that is replayed says the same each time.
        self._info.publish(
            ClassifierInfo(
                model_id=info.model_id,
                labels=list(info.labels),
                window_duration=info.window_duration,
                window_rate=info.window_rate,
                confidence_threshold=info.confidence_threshold,
            )
        )

    def deactivate(self) -> None:
        """Forget the poses of this run."""
        if self._catch_up is not None:
            self._catch_up.cancel()
            self._catch_up = None
        self._last_said.forget()
        if self._classifier is not None:
            self._classifier.reset()
        self._newest = None

    def release(self) -> None:
        """Let go of the model."""
        self._classifier = None

    def _on_pose(self, message: BodyPose) -> None:
        if self._catch_up is not None:
            self._catch_up.hear("body_pose", message)
        elif self.active and self._classifier is not None:
            self._classify(self._classifier, message)

    def _resume(self, poses: list[Heard]) -> None:
        self._catch_up = None
        assert self._classifier is not None
        self.get_logger().warning(f"restarted; caught up with {len(poses)} poses")
        # All of them again: a counter that was started again too has heard none of what was said before, and what it
        # has heard it passes over.
        for begin in range(0, len(poses), _BLOCK):
            block, topic = poses[begin : begin + _BLOCK], self.resolve_topic_name("body_pose")
            some = usable(block, from_body_pose, self.refusals, topic)
            for pose, result in zip(some, self._classifier.steps(some), strict=True):
                self._tell(result, pose.frame_id)

    def _classify(self, classifier: ExerciseClassifier, message: BodyPose) -> None:
        """Take a pose; say what is due."""
        pose = from_body_pose(message)
        begun = time.perf_counter()
        result = classifier.step(pose)
        if result is not None:
            self._rate.tick(time.perf_counter() - begun)
            self._tell(result, pose.frame_id)

    def _tell(self, result: Classification | None, frame_id: str) -> None:
        if result is not None:
            self._newest = result
            self._exercise.publish(of_classification(result, frame_id))

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        """Rate, cost, and what is seen."""
        level, message, values = super().diagnose()
        values |= {
            "rate_hz": self._rate.hertz(),
            "inference_ms": self._rate.mean_cost() * 1000,
            "model": self._classifier.info.model_id if self._classifier else "",
        }
        if self._newest is not None:
            if self.active:
                self._last_said.keep(self._newest.stamp)
            values |= {
                "status": self._newest.status.name,
                "label": self._newest.label,
                "confidence": self._newest.confidence,
            }
            message = self._newest.label or self._newest.status.name.lower().replace("_", " ")
        return level, message, values


def main() -> int:
    """Run the node until it is told to stop."""
    return run(ExerciseClassifierNode)


if __name__ == "__main__":
    sys.exit(main())
