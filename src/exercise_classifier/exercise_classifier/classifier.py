"""Which exercise the last seconds of poses show."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from exercise_classifier import model_file
from exercise_classifier.features import FEATURE_SETS
from exercise_classifier.label_hold import LabelHold
from exercise_classifier.pose_sequence import seen_steps
from exercise_classifier.rest import resting, with_rest
from exercise_classifier.window import MIN_SEEN, Cut, PoseWindow, holds_enough, planes_of_poses
from fitness_core.catalogue import NON_EXERCISES, Catalogue
from fitness_core.errors import InputError
from fitness_core.quiet import LITERT_CHATTER, without
from fitness_core.types import Classification, ClassificationStatus, Pose, nanoseconds, seconds

MODEL = "exercise_lstm.tflite"
"""File name of the shipped model."""

_TOGETHER = 32
"""Windows that a network takes at once where there are many: enough to be fast, few enough for the cache."""
_AT_ONCE = 6 * _TOGETHER
"""Windows whose features are made at once: the more, the more instants they share."""


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


class LoadedModel:
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
        says = (1, steps, FEATURE_SETS[self.info.features].count), (1, len(self.info.labels))
        takes, gives = tuple(given["shape"]), tuple(result["shape"])
        if (takes, gives) != says:
            raise InputError(
                f"model {path} takes {takes} and gives {gives}; its own description says {says[0]} and {says[1]}: fit "
                "it again or use the shipped one"
            )
        self._input, self._output = given["index"], result["index"]
        self._content, self._threads = file.network, threads
        # A network that is a loop over the steps takes one window only.
        self._together = _TOGETHER if given["shape_signature"][0] == -1 else 1
        self._many: Interpreter | None = None
        self._worker: ThreadPoolExecutor | None = None

    def begin(self, windows: np.ndarray) -> Callable[[], np.ndarray]:
        """Let the network begin; what comes back waits for it and gives what a call gives.

        Of many windows at once in a thread, which does not need Python meanwhile; then of single ones too: they may
        not meet in it.
        """
        if len(windows) <= 1 and self._worker is None:
            found = self(windows)
            return lambda: found
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "network")
        return self._worker.submit(self, windows).result

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Probabilities [..., labels] of windows of features [..., steps, features]; none, one or many."""
        given = windows.reshape(-1, *windows.shape[-2:]).astype(np.float32, copy=False)
        found = np.empty((len(given), len(self.info.labels)), np.float32)
        at = 0
        while at < len(given):
            count = min(len(given) - at, self._together)
            found[at : at + count] = self._invoke(given[at : at + count])
            at += count
        return found.reshape(*windows.shape[:-2], len(self.info.labels))

    def _invoke(self, windows: np.ndarray) -> np.ndarray:
        interpreter = self._interpreter
        count = len(windows)
        if count > 1:
            interpreter = self._many = self._many or self._prepared_for(_TOGETHER)
            if count < _TOGETHER:
                windows = np.concatenate([windows, np.zeros((_TOGETHER - count, *windows.shape[1:]), np.float32)])
        interpreter.set_tensor(self._input, windows)
        interpreter.invoke()
        return interpreter.get_tensor(self._output)[:count]

    def _prepared_for(self, count: int) -> Interpreter:
        with without(LITERT_CHATTER):
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            interpreter.resize_tensor_input(self._input, (count, *interpreter.get_input_details()[0]["shape"][1:]))
            interpreter.allocate_tensors()
        return interpreter


class _Due(NamedTuple):
    """A classification to be made: what the window was, and whether nothing that was held before counts any more."""

    number: int
    pose: Pose
    cut: Cut
    start: int
    held: float
    anew: bool


# What is due, which of it holds enough of a body, and of these in which somebody rests and what waits for the network.
_Begun = tuple[list[_Due], list[bool], np.ndarray, Callable[[], np.ndarray]]


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
        self._network = LoadedModel(model if model is not None else default_model(), threads)
        self.info = info = self._network.info
        self.trust(confidence_threshold)
        self._features = FEATURE_SETS[info.features].compute
        self._period = nanoseconds(1.0 / rate)
        self._window = PoseWindow(info.window_duration, info.window_rate)
        self._hold = LabelHold()
        self._due: int | None = None
        self._waiting: list[Pose] = []  # poses at which nothing is due, not looked at yet
        self._last = 0  # stamp of the newest of these [ns]

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
        self._waiting = []

    def check_labels(self, catalogue: Catalogue) -> None:
        """Raise InputError where the model names an exercise that the catalogue does not have."""
        unknown = [label for label in self.info.labels if label not in (*catalogue.names, *NON_EXERCISES)]
        if unknown:
            raise InputError(
                f"model {self.info.model_id} names {', '.join(map(repr, unknown))}, which the catalogue does not have "
                f"(it has: {', '.join(catalogue.names)}); give the catalogue with their files, or use another model"
            )

    def step(self, pose: Pose) -> Classification | None:
        """The classification of the window that ends at this pose; None where none is due yet."""
        if self._can_wait(pose):
            self._waiting.append(pose)
            self._last = pose.stamp
            return None
        return self.steps([pose])[0]

    def _can_wait(self, pose: Pose) -> bool:
        """Whether nothing is due at a pose: it is looked at with those that follow, a third of the time for each.

        Not where it begins a window anew, by a jump back or somebody else's body.
        """
        if self._due is None or pose.stamp >= self._due or len(self._waiting) >= _TOGETHER:
            return False
        return pose.body_id == self._window.body_id and pose.stamp >= (
            self._last if self._waiting else self._window.newest
        )

    def steps(self, poses: Sequence[Pose]) -> list[Classification | None]:
        """What `step` gives for each of many poses, in the order of their stamps, in a fraction of the time."""
        return self.begin(poses)()

    def begin(self, poses: Sequence[Pose]) -> Callable[[], list[Classification | None]]:
        """Let the network begin with what is due at these poses; what comes back gives what `steps` gives.

        It is called once, in the order in which poses were begun with, and before a `reset`.
        """
        if self._waiting:
            poses, before, self._waiting = [*self._waiting, *poses], len(self._waiting), []
            later = self.begin(poses)
            return lambda: later()[before:]
        begun: list[_Begun] = []
        due: list[_Due] = []
        seen = [pose.tracked for pose in poses]
        rows = iter(
            planes_of_poses([pose for pose, tracked in zip(poses, seen, strict=True) if tracked]).swapaxes(0, 1)
        )
        anew = False
        for number, (pose, tracked) in enumerate(zip(poses, seen, strict=True)):
            if self._window.add(pose, next(rows) if tracked else None):
                # Windows before a jump of time have stamps of their own.
                begun += self._begin(due)
                due, anew = [], True
                self._due = None
            if self._due is not None and pose.stamp < self._due:
                continue
            # On a grid of stamps, so that 30 poses/s give 10 results/s and not 7.5; after a gap the grid starts anew.
            late = self._due is None or pose.stamp - self._due >= self._period
            self._due = (pose.stamp if late or self._due is None else self._due) + self._period
            due.append(_Due(number, pose, self._window.cut(), self._window.start, self._window.held, anew))
            anew = False
        begun += self._begin(due)
        return lambda: self._end(begun, len(poses))

    def _begin(self, due: list[_Due]) -> list[_Begun]:
        begun: list[_Begun] = []
        for at in range(0, len(due), _AT_ONCE):
            some = due[at : at + _AT_ONCE]
            sequences = self._window.sequences([of.cut for of in some])
            tells = holds_enough(seen_steps(sequences), self.info.window_rate)
            network = self._network.begin(self._features(sequences)[tells])
            begun.append((some, tells.tolist(), resting(sequences)[tells], network))
        return begun

    def _end(self, begun: list[_Begun], poses: int) -> list[Classification | None]:
        found: list[Classification | None] = [None] * poses
        for due, enough, rests, network in begun:
            probabilities = iter(with_rest(network(), rests, self.info.labels))
            for of, tells in zip(due, enough, strict=True):
                if of.anew:
                    self._hold.reset()
                found[of.number] = self._classification(of, next(probabilities) if tells else None)
        return found

    def _classification(self, of: _Due, values: np.ndarray | None) -> Classification:
        pose, start = of.pose, of.start
        if values is None:
            filling = pose.tracked or of.held < MIN_SEEN
            status = ClassificationStatus.WARMING_UP if filling else ClassificationStatus.NO_BODY
            self._hold.reset()
            return Classification(pose.stamp, start, status, body_id=pose.body_id)
        averaged, held = self._hold.step(seconds(pose.stamp), values)
        confidence = float(averaged[held])
        trusted = confidence >= self.info.confidence_threshold
        return Classification(
            stamp=pose.stamp,
            window_start=start,
            status=ClassificationStatus.OK if trusted else ClassificationStatus.UNCERTAIN,
            label=self.info.labels[held],
            confidence=confidence,
            probabilities=dict(zip(self.info.labels, values.tolist(), strict=True)),
            body_id=pose.body_id,
        )
