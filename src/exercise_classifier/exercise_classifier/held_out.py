"""Labels of clips by networks that saw nothing of their source: a file between the evaluation and who counts with it.

`./fitness evaluate --held-out FILE` writes it, `./fitness evaluate counts --held-out FILE` reads it: an .npz of
`labels` [classes], `clips` [clips] (as the clip table names them), and for every window `clip` (index), `end` (s,
the clip's stamps) and `probabilities` [windows, classes] (calibrated); `threshold`, `duration` (of a window [s]) and
`model`. Free of TensorFlow.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fitness_core.command_line import write_file
from fitness_core.errors import InputError
from fitness_core.types import Classification, ClassificationStatus, nanoseconds


@dataclass(frozen=True, slots=True)
class HeldOutLabels:
    """What such a file holds; see the module. model: whose configuration the networks had."""

    labels: tuple[str, ...]
    clips: tuple[str, ...]
    clip: np.ndarray
    end: np.ndarray
    probabilities: np.ndarray
    threshold: float
    duration: float
    model: str

    def of(self, clip: str) -> list[Classification]:
        """The classifications of a clip by stamp; empty where it is not known."""
        names = [name.removeprefix("videos/") for name in self.clips]
        name = clip.removeprefix("videos/")
        if name not in names:
            return []
        rows = np.flatnonzero(self.clip == names.index(name))
        rows = rows[np.argsort(self.end[rows], kind="stable")]
        return [self._classification(float(self.end[row]), self.probabilities[row]) for row in rows]

    def _classification(self, end: float, probabilities: np.ndarray) -> Classification:
        best = int(probabilities.argmax())
        confidence = float(probabilities[best])
        sure = confidence >= self.threshold
        return Classification(
            nanoseconds(end),
            nanoseconds(end - self.duration),
            ClassificationStatus.OK if sure else ClassificationStatus.UNCERTAIN,
            self.labels[best],
            confidence,
            dict(zip(self.labels, map(float, probabilities), strict=True)),
        )


def write(path: Path, held_out: HeldOutLabels) -> None:
    """Write the file. Raises InputError where the disk refuses."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        labels=np.array(held_out.labels),
        clips=np.array(held_out.clips),
        clip=held_out.clip.astype(np.int32),
        end=held_out.end.astype(np.float32),
        probabilities=held_out.probabilities.astype(np.float32),
        threshold=held_out.threshold,
        duration=held_out.duration,
        model=held_out.model,
    )
    write_file(path, content.getvalue())


def read(path: Path) -> HeldOutLabels:
    """Read the file. Raises InputError where it is none."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return HeldOutLabels(
                tuple(map(str, data["labels"])),
                tuple(map(str, data["clips"])),
                data["clip"],
                data["end"].astype(float),
                data["probabilities"],
                float(data["threshold"]),
                float(data["duration"]),
                str(data["model"]),
            )
    except Exception as error:  # NumPy raises whatever a broken archive leads it to
        raise InputError(
            f"{path} holds no held-out labels ({error}); write it with ./fitness evaluate --held-out"
        ) from None
