"""Pose files: landmark sequences of public datasets as NumPy archives."""

import math
from pathlib import Path

import numpy as np

from fitness_core.errors import InputError
from fitness_core.skeleton import N_LANDMARKS
from fitness_core.types import Pose, nanoseconds

WIDTH, HEIGHT = 640, 480
"""Size [px] taken for a picture whose size is not told: 4:3, what most cameras of such datasets give.
Angles are measured in pixels, so a wrong aspect ratio bends them; give the true size where it is known."""

MOST_PIXELS = 100_000
"""No picture is so wide or high."""
LARGEST = 2_000_000_000
"""Bytes of an unpacked array: ten hours at 100 Hz."""

_ACCEPTED = f"accepted: a .npz file with `landmarks` [frames, {N_LANDMARKS}, 3 or 4] (x, y, z, visibility)"


def read_pose_file(path: Path, fps: float, width: int = 0, height: int = 0) -> list[Pose]:
    """Poses of a NumPy archive with the key `landmarks`.

    landmarks: numbers [frames, 33, 4], BlazePose's points: x, y, z normalised by the picture's width, height,
    width, and visibility 0..1; or [frames, 33, 3], every point then counts as visible. Frames of nothing but NaN or
    zero: nobody is seen. fps: frames per second, sets the stamps, from 0 on. width, height: of the picture [px];
    0 = the file's keys `width` and `height`, else 640x480. World landmarks stay NaN; presence is set to the
    visibility. Raises InputError for a file, a key, a shape or a rate that is not accepted.
    """
    path = Path(path)
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{path}: {fps:g} frames per second given; it takes a number above 0 (--fps)")
    arrays = _load(path)
    if "landmarks" not in arrays:
        raise InputError(f"{path} has the keys {', '.join(sorted(arrays)) or 'none'}, not `landmarks`; {_ACCEPTED}")
    landmarks = arrays["landmarks"]
    if landmarks.dtype.kind not in "fiu" or landmarks.shape[1:] not in ((N_LANDMARKS, 3), (N_LANDMARKS, 4)):
        raise InputError(f"{path}: `landmarks` is {landmarks.dtype} {list(landmarks.shape)}; {_ACCEPTED}")
    if not len(landmarks):
        raise InputError(f"{path}: `landmarks` holds no frames")
    width = width or _size(arrays, "width") or WIDTH
    height = height or _size(arrays, "height") or HEIGHT
    landmarks = landmarks.astype(np.float32)
    return [_pose(values, nanoseconds(index / fps), width, height) for index, values in enumerate(landmarks)]


def _pose(values: np.ndarray, stamp: int, width: int, height: int) -> Pose:
    points = values[:, :3]
    if not np.isfinite(points).all(axis=1).any() or not np.nan_to_num(values).any():
        return Pose.nobody(stamp, width, height)
    visibility = values[:, 3] if values.shape[1] == 4 else np.where(np.isfinite(points[:, 0]), 1, np.nan)
    visibility = np.clip(visibility, 0, 1).astype(np.float32)
    world = np.full((N_LANDMARKS, 3), np.nan, np.float32)
    return Pose(stamp, points.copy(), world, visibility, visibility.copy(), width, height, score=1.0)


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        raise InputError(f"{path} does not exist; {_ACCEPTED}")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError(f"{path} is one bare NumPy array; {_ACCEPTED}")
        largest = max((entry.file_size for entry in archive.zip.infolist()), default=0)
        if largest > LARGEST:
            archive.close()
            raise InputError(f"{path} unpacks to {largest / 1e9:.1f} GB; at most {LARGEST / 1e9:g} GB are read")
        with archive:
            return {key: archive[key] for key in archive.files if key in ("landmarks", "width", "height")} or {
                key: np.empty(0) for key in archive.files
            }
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile raise whatever broken bytes lead them to
        reason = "Python objects, which could run code" if "pickle" in str(error).lower() else "no or a damaged archive"
        if isinstance(error, PermissionError):
            reason = "not readable"
        raise InputError(f"{path} is not a pose file ({reason}); {_ACCEPTED}") from None


def _size(arrays: dict[str, np.ndarray], key: str) -> int:
    value = arrays.get(key)
    if value is None or value.size != 1 or value.dtype.kind not in "fiu" or not 0 < value < MOST_PIXELS:
        return 0
    return int(value)
