"""A backend beside MediaPipe: how far apart their landmarks are, and what each costs. Free of ROS.

`python -m pose_estimator.compare_backends CLIP ...` prints both.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from fitness_core.geometry import angles_of
from fitness_core.skeleton import INDEX
from pose_estimator.backend import PoseBackend
from pose_estimator.backends import DEFAULT, backend_class, make_backend
from pose_estimator.options import Options

REFERENCE = DEFAULT
"""What the shipped classifier was fitted to."""
_SHOULDERS = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
_HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


@dataclass(frozen=True, slots=True)
class Differences:
    """How far a backend is from MediaPipe on the pictures of one clip.

    pictures: seen; both, one_only: with a body by both, by only one of them. landmarks, landmarks_p95: distance in the
    picture, in lengths of the torso (middle of the shoulders to middle of the hips); median and 95th percentile over
    all landmarks of all pictures. angles, angles_p95: joint angles [deg]. world: distance of world landmarks [m].
    visibility: median difference. NaN where no picture has a body by both.
    """

    pictures: int
    both: int
    one_only: int
    landmarks: float
    landmarks_p95: float
    angles: float
    angles_p95: float
    world: float
    visibility: float

    def as_dict(self) -> dict[str, float | None]:
        """The fields by name, for JSON: None for NaN."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}


def differences(pictures: Iterable[np.ndarray], backend: str = "litert", options: Options | None = None) -> Differences:
    """Run MediaPipe and a backend over the same BGR pictures of one clip, each following the body by itself."""
    one, other = _both(backend, options)
    rows: list[tuple[np.ndarray, ...]] = []
    seen = one_only = 0
    for picture in pictures:
        first, second = one.detect(picture, seen), other.detect(picture, seen)
        seen += 1
        if first is None or second is None:
            one_only += first is not second
            continue
        size = np.array((picture.shape[1], picture.shape[0]))
        a, b = first.image[:, :2] * size, second.image[:, :2] * size
        torso = np.linalg.norm(a[_SHOULDERS].mean(axis=0) - a[_HIPS].mean(axis=0))
        rows.append(
            (
                np.linalg.norm(a - b, axis=1) / torso,
                np.degrees(np.abs(angles_of(first.world) - angles_of(second.world))),
                np.linalg.norm(first.world - second.world, axis=1),
                np.abs(first.visibility - second.visibility),
            )
        )
    one.close()
    other.close()
    if not rows:
        return Differences(seen, 0, one_only, *[float("nan")] * 6)
    landmarks, angles, world, visibility = (np.array(column) for column in zip(*rows, strict=True))
    return Differences(
        pictures=seen,
        both=len(rows),
        one_only=one_only,
        landmarks=float(np.median(landmarks)),
        landmarks_p95=float(np.percentile(landmarks, 95)),
        # Of a backend without metres there are none.
        angles=float(np.nanmedian(angles)) if np.isfinite(angles).any() else float("nan"),
        angles_p95=float(np.nanpercentile(angles, 95)) if np.isfinite(angles).any() else float("nan"),
        world=float(np.median(world)),
        visibility=float(np.median(visibility)),
    )


@dataclass(frozen=True, slots=True)
class Costs:
    """What a picture costs each backend; name -> milliseconds.

    latency, cpu: median over slices of the mean in a slice; cpu: of all threads of the process. latency_ratio,
    cpu_ratio: the backend by MediaPipe, median over neighbouring slices; latency_spread: its quartiles.
    """

    latency: dict[str, float]
    cpu: dict[str, float]
    latency_ratio: float
    latency_spread: tuple[float, float]
    cpu_ratio: float

    def as_dict(self) -> dict[str, object]:
        """The fields by name."""
        return asdict(self)


def costs(
    pictures: Sequence[np.ndarray],
    backend: str = "litert",
    options: Options | None = None,
    slices: int = 12,
    length: int = 20,
) -> Costs:
    """Let MediaPipe and a backend take turns over the BGR pictures of one clip, a slice of `length` pictures each.

    Turns and ratios of neighbours: what else runs on the machine, and its clock, meet both alike. What a backend's
    threads still spin after its turn falls into a pause between turns.
    """
    compared = (REFERENCE, backend)
    backends = dict(zip(compared, _both(backend, options), strict=True))
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
    stamp = 0
    for number in range(-1, slices):
        start = (number + 1) * length
        for name in compared if number % 2 else compared[::-1]:
            time.sleep(0.02)
            wall, cpu = time.perf_counter(), time.process_time()
            for step in range(length):
                stamp += 1
                backends[name].detect(pictures[(start + step) % len(pictures)], stamp)
            if number >= 0:  # before that they warm up
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                spent[name].append((wall / length * 1000, cpu / length * 1000))
    for made in backends.values():
        made.close()
    table = {name: np.array(rows) for name, rows in spent.items()}
    ratios = table[backend] / table[REFERENCE]
    low, middle, high = np.percentile(ratios, (25, 50, 75), axis=0)
    return Costs(
        latency={name: float(np.median(rows[:, 0])) for name, rows in table.items()},
        cpu={name: float(np.median(rows[:, 1])) for name, rows in table.items()},
        latency_ratio=float(middle[0]),
        latency_spread=(float(low[0]), float(high[0])),
        cpu_ratio=float(middle[1]),
    )


def _both(backend: str, options: Options | None) -> tuple[PoseBackend, PoseBackend]:
    """The reference, with the same model where it has one that is called so, and the backend."""
    options = options or Options()
    known = options.model in backend_class(REFERENCE).models
    reference = make_backend(REFERENCE, options if known else replace(options, model=""))
    return reference, make_backend(backend, options)
