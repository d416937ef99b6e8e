"""Which exercise the last seconds of poses show."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from exercise_classifier import model_file
from exercise_classifier.features import FEATURE_SETS, seen_steps
from exercise_classifier.hold import LabelHold
from exercise_classifier.window import MIN_SEEN, PoseWindow
from fitness_core.catalogue import NON_EXERCISES, Catalogue
from fitness_core.errors import InputError
from fitness_core.quiet import LITERT_CHATTER, without
from fitness_core.types import Classification, ClassificationStatus, Pose, nanoseconds, seconds

MODEL = "exercise_lstm.tflite"
"""File name of the shipped model."""


def default_model() -> Path:
    """The shipped model: of the source tree this code lies in, else of the installed package."""
    in_source = Path(__file__).resolve().parent.parent / "models" / MODEL
    if in_source.is_file():
        return in_source
    try:
        from ament_index_python.packages import get_package_share_directory

        return Path(get_package_share_directory("exercise_classifier")) / "models" / MODEL
    except (ImportError, LookupError):
        raise InputError(f"the shipped model {MODEL} is not installed; build the workspace with colcon") from None


class Network:
    """A checked model file in LiteRT. threads: of one inference."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        file = model_file.read(path)
        self.info = file.info
        try:
            with without(LITERT_CHATTER):
                self._interpreter = Interpreter(model_content=file.network, num_threads=threads)
                self._interpreter.allocate_tensors()
            (given,) = self._interpreter.get_input_details()
            (result,) = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"model {path} is broken ({reason}); fit it again or use the shipped one") from None
        steps = round(self.info.window_duration * self.info.window_rate)
        expected = (1, steps, FEATURE_SETS[self.info.features].count)
        if tuple(given["shape"]) != expected or tuple(result["shape"]) != (
            1,
            len(self.info.labels),
        ):
            raise InputError(
                f"model {path} takes {tuple(given['shape'])} and gives {tuple(result['shape'])}; its own description "
                f"says {expected} and {(1, len(self.info.labels))}: fit it again or use the shipped one"
            )
        self._input, self._output = given["index"], result["index"]

    def __call__(self, window: np.ndarray) -> np.ndarray:
        """Probabilities [labels] of a window of features [steps, features]."""
        self._interpreter.set_tensor(self._input, window[None].astype(np.float32))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]


class ExerciseClassifier:
    """Poses in, at `rate` by stamp a classification out.

    model: a file that `./fitness train` wrote; None = the shipped one. rate: classifications per second of stamps [Hz],
    at most one per pose. confidence_threshold: below it a label is UNCERTAIN; None = the model's own.
    Raises InputError where the model cannot be used.
    """

    def __init__(
        self,
        model: Path | None = None,
        rate: float = 10.0,
        confidence_threshold: float | None = None,
        threads: int = 1,
    ) -> None:
        self._network = Network(model if model is not None else default_model(), threads)
        self.info = info = self._network.info
        self.trust(confidence_threshold)
        self._features = FEATURE_SETS[info.features].compute
        self._period = nanoseconds(1.0 / rate)
        self._window = PoseWindow(info.window_duration, info.window_rate)
        self._hold = LabelHold()
        self._due: int | None = None

    def trust(self, confidence_threshold: float | None) -> None:
        """Labels below this are UNCERTAIN from now on; None = the model's own threshold."""
        own = self._network.info.confidence_threshold
        threshold = own if confidence_threshold is None else confidence_threshold
        self.info = replace(self.info, confidence_threshold=threshold)

    def reset(self) -> None:
        """Forget every pose."""
        self._window.reset()
        self._hold.reset()
        self._due = None

    def check_labels(self, catalogue: Catalogue) -> None:
        """Raise InputError where the model names an exercise that the catalogue does not have."""
        unknown = [label for label in self.info.labels if label not in (*catalogue.names, *NON_EXERCISES)]
        if unknown:
            raise InputError(
                f"model {self.info.model_id} names {', '.join(map(repr, unknown))}, which the catalogue does not have "
                f"(it has: {', '.join(catalogue.names)}); add an exercise file for it or use another model"
            )

    def step(self, pose: Pose) -> Classification | None:
        """The classification of the window that ends at this pose; None where none is due yet."""
        if self._window.add(pose):
            self._hold.reset()
            self._due = None
        if self._due is not None and pose.stamp < self._due:
            return None
        # On a grid of stamps, so that 30 poses/s give 10 results/s and not 7.5; after a gap the grid starts anew.
        late = self._due is None or pose.stamp - self._due >= self._period
        self._due = (pose.stamp if late or self._due is None else self._due) + self._period
        return self._classify(pose)

    def _classify(self, pose: Pose) -> Classification:
        sequence = self._window.sequence()
        seen = np.count_nonzero(seen_steps(sequence)) / self.info.window_rate
        start = self._window.start
        # A sequence of n steps spans n - 1 intervals.
        if seen + 1.5 / self.info.window_rate < MIN_SEEN:
            filling = pose.tracked or self._window.held < MIN_SEEN
            status = ClassificationStatus.WARMING_UP if filling else ClassificationStatus.NO_BODY
            self._hold.reset()
            return Classification(pose.stamp, start, status, body_id=pose.body_id)
        values = self._network(self._features(sequence))
        averaged, held = self._hold.step(seconds(pose.stamp), values)
        confidence = float(averaged[held])
        trusted = confidence >= self.info.confidence_threshold
        return Classification(
            stamp=pose.stamp,
            window_start=start,
            status=ClassificationStatus.OK if trusted else ClassificationStatus.UNCERTAIN,
            label=self.info.labels[held],
            confidence=confidence,
            probabilities=dict(zip(self.info.labels, map(float, values), strict=True)),
            body_id=pose.body_id,
        )
