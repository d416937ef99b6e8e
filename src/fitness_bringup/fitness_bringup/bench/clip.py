"""The pictures that every contender of the benchmark gets: the same 640x480 ones, decoded beforehand."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fitness_bringup.composition.live import DEMO
from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from fitness_core.skeleton import INDEX
from fitness_core.types import Pose, nanoseconds, seconds

WIDTH, HEIGHT, RATE = 640, 480, 30.0
"""Size [px] and rate [Hz] of the benchmark's pictures."""
DRAWN = "a figure drawn from the demo's landmarks"
"""Where no clip is given: any fresh clone has it, and BlazePose finds and follows it like a person."""
DRAWN_FROM = 19.0
"""Where the drawing begins [s after the demo's first pose]: at its squats, so that there is something to count; the
figure's arms bend too little for a curl."""

_SKIN, _SHIRT, _TROUSERS, _SHOES, _HAIR = (150, 180, 225), (140, 80, 40), (70, 60, 55), (40, 40, 40), (30, 40, 60)
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Clip:
    """name: what it shows. pictures: BGR uint8 [n, 480, 640, 3], mapped from a file. video: the same as an MP4."""

    name: str
    pictures: np.ndarray
    video: Path


def prepare(source: str, folder: Path, count: int) -> Clip:
    """Decode `count` pictures of a video or folder of pictures (empty = draw them) into files in `folder`.

    A clip that is shorter is repeated; pictures of another size are scaled into 640x480 with grey borders.
    Raises InputError where the source is none.
    """
    name = Path(source).name if source else DRAWN
    file, video = folder / "pictures.npy", folder / "clip.mp4"
    pictures = np.lib.format.open_memmap(file, "w+", np.uint8, (count, HEIGHT, WIDTH, 3))
    made = (_fitted(picture) for picture in _decoded(source)) if source else _drawn()
    number = 0
    for picture in made:
        pictures[number] = picture
        number += 1
        if number == count:
            break
    if not number:
        raise InputError(
            f"{source}: holds no pictures; give a video or a folder of pictures, or none to have one drawn"
        )
    for further in range(number, count):
        pictures[further] = pictures[further % number]
    pictures.flush()
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return Clip(name, pictures, video)


def load(folder: Path) -> Clip:
    """The clip that `prepare` has put into a folder."""
    return Clip("", np.load(folder / "pictures.npy", mmap_mode="r"), folder / "clip.mp4")


def _decoded(source: str) -> Iterator[np.ndarray]:
    from fitness_camera.sources import open_source

    with open_source(source) as opened:
        if opened.live:
            raise InputError(f"{source} has no end; bench takes a video or a folder of pictures")
        for frame in opened:
            yield frame.image


def _fitted(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    canvas = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return canvas


def _drawn() -> Iterator[np.ndarray]:
    """The demo's person as a figure, at 30 Hz whatever the rate it was recorded at."""
    from fitness_datasets.bags import BagReader

    with BagReader(DEMO) as bag:
        poses = [pose for pose in bag.poses() if pose.tracked]
    times = np.array([seconds(pose.stamp - poses[0].stamp) for pose in poses])
    points = np.stack([_in_picture(pose) for pose in poses])
    for at in np.arange(DRAWN_FROM, times[-1], 1 / RATE):
        after = min(int(np.searchsorted(times, at)), len(times) - 1)
        before = max(after - 1, 0)
        near = times[after] - times[before] < seconds(nanoseconds(0.5))
        share = (at - times[before]) / (times[after] - times[before]) if near and after != before else 0.0
        yield _figure(points[before] * (1 - share) + points[after] * share)


def _in_picture(pose: Pose) -> np.ndarray:
    """Landmarks [33, 2] in pixels of a 640x480 picture, with the pose's own aspect."""
    scale = min(WIDTH / pose.width, HEIGHT / pose.height)
    size = np.array([pose.width, pose.height]) * scale
    return pose.image[:, :2] * size + (np.array([WIDTH, HEIGHT]) - size) / 2


def _figure(points: np.ndarray) -> np.ndarray:
    """Somebody in a room [480, 640, 3] with the landmarks [33, 2] where `points` [px] has them."""
    shade = np.linspace(205, 150, HEIGHT)[:, None, None]
    picture = np.repeat(np.repeat(shade, WIDTH, 1), 3, 2).astype(np.uint8)
    picture[int(HEIGHT * 0.86) :] = (110, 130, 150)

    def at(name: str) -> np.ndarray:
        return points[INDEX[name]]

    def middle(name: str) -> np.ndarray:
        return (at(f"left_{name}") + at(f"right_{name}")) / 2

    torso = float(np.linalg.norm(middle("shoulder") - middle("hip")))

    def limb(start: np.ndarray, end: np.ndarray, thick: float, thin: float, colour: tuple[int, int, int]) -> None:
        for share in np.linspace(0, 1, 24):
            _disc(picture, start + (end - start) * share, torso * (thick + (thin - thick) * share), colour)

    for side in _SIDES:
        limb(at(f"{side}_hip"), at(f"{side}_knee"), 0.17, 0.12, _TROUSERS)
        limb(at(f"{side}_knee"), at(f"{side}_ankle"), 0.12, 0.075, _TROUSERS)
        limb(at(f"{side}_heel"), at(f"{side}_foot_index"), 0.07, 0.05, _SHOES)
    corners = [at(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    cv2.fillPoly(picture, [np.array(corners).astype(np.int32)], _SHIRT, cv2.LINE_AA)
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        limb(start, end, 0.13, 0.13, _SHIRT)
    for side in _SIDES:
        limb(at(f"{side}_shoulder"), at(f"{side}_elbow"), 0.12, 0.09, _SHIRT)
        limb(at(f"{side}_elbow"), at(f"{side}_wrist"), 0.085, 0.06, _SKIN)
        limb(at(f"{side}_wrist"), at(f"{side}_index"), 0.075, 0.05, _SKIN)
    limb(middle("shoulder"), middle("ear"), 0.09, 0.09, _SKIN)
    _face(picture, at, 0.6 * middle("ear") + 0.4 * at("nose"), 0.24 * torso)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def _face(picture: np.ndarray, at, centre: np.ndarray, size: float) -> None:
    for colour, down, across, along in ((_HAIR, -0.15, 0.85, 1.15), (_SKIN, 0.12, 0.72, 0.95)):
        axes = int(size * across), int(size * along)
        cv2.ellipse(picture, _pixel(centre + np.array([0, size * down])), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    for side in _SIDES:
        _disc(picture, at(f"{side}_eye"), size * 0.12, (250, 250, 250))
        _disc(picture, at(f"{side}_eye"), size * 0.07, (30, 30, 30))
    mouth = _pixel(at("mouth_left")), _pixel(at("mouth_right"))
    cv2.line(picture, *mouth, (60, 60, 160), max(1, int(size * 0.1)), cv2.LINE_AA)
    _disc(picture, at("nose"), size * 0.1, (120, 150, 205))


def _disc(picture: np.ndarray, centre: np.ndarray, radius: float, colour: tuple[int, int, int]) -> None:
    fixed = (int(centre[0] * 16), int(centre[1] * 16))
    cv2.circle(picture, fixed, max(8, int(radius * 16)), colour, -1, cv2.LINE_AA, 4)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
