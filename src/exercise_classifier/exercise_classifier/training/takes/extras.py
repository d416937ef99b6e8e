"""Extra takes from public pose sequences and motion capture: more people to fit to, never tested on.

Table formats: ../shared/data/README.md. What a source does not measure (fps, picture size) is assumed and said here.
"""

import math
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from exercise_classifier.training.takes.takes import Take
from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import DEPTH_OF_IMAGE

_ASSUMED_RATE = 30.0  # of a pose file whose table says nothing

MINMAX = "blazepose33_minmax_xyz"
"""The layout whose axes were scaled to 0..1, frame by frame."""

# Landmark -> what UI-PRMD and CMU call it. CMU names a bone and gives its end: a shoulder is that of a collar bone.
_NAMES = {
    "left_shoulder": ("l_upper_arm(shoulder)", "lclavicle"),
    "left_elbow": ("l_forearm(elbow)", "lhumerus"),
    "left_wrist": ("l_hand(wrist)", "lradius"),
    "left_hip": ("l_upper_leg(hip)", "lhipjoint"),
    "left_knee": ("l_lower_leg(knee)", "lfemur"),
    "left_ankle": ("l_foot(ankle)", "ltibia"),
    "left_foot_index": ("l_toes", "ltoes"),
    "nose": ("head_tip", "head"),
}
# Nominal lengths [m] of bones that the scaling of countix is undone with.
_BONES = [
    (f"{side}_{a}", f"{side}_{b}", length)
    for side in ("left", "right")
    for a, b, length in (
        ("shoulder", "elbow", 0.28),
        ("elbow", "wrist", 0.25),
        ("hip", "knee", 0.41),
        ("knee", "ankle", 0.40),
        ("shoulder", "hip", 0.50),
    )
] + [("left_shoulder", "right_shoulder", 0.36), ("left_hip", "right_hip", 0.20)]

_COCO18 = {0: "nose", 2: "right_shoulder", 3: "right_elbow", 4: "right_wrist", 5: "left_shoulder", 6: "left_elbow"} | {
    7: "left_wrist",
    8: "right_hip",
    9: "right_knee",
    10: "right_ankle",
    11: "left_hip",
    12: "left_knee",
    13: "left_ankle",
}
_TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def extra_take(path: Path, row: dict[str, str], longest_s: float = 30.0) -> Take | None:
    """The take of a row of `poses.csv` (it has a layout) or of `mocap.csv`; None where it would not help.

    longest_s: of a min-max scaled sequence; the rest is left out.
    """
    name = Path(row["file"]).name
    if not row.get("layout"):
        # Mixed recordings have no one label; getting up from a chair (m05) is a squat to some and not to others.
        if row["exercise"] == "mixed" or name.startswith("m05"):
            return None
        with np.load(path) as data:
            return _mocap(data["joints"], [str(joint) for joint in data["names"]], _rate_of(data["fps"]), row)
    maker = LAYOUTS.get(row["layout"])
    # Of coco18 only what is filmed from the front: flat side views have no left-right axis to align to.
    flat_side = row["layout"] == "coco18_px_xyc" and row["exercise"] in ("curl", "front_raise")
    # A rope push-down is a curl backwards, and nobody has told these joint by joint; better unsaid than wrong.
    if maker is None or flat_side or row["exercise"] == "rope_pushdown":
        return None
    rate = _rate_of(row.get("fps") or _ASSUMED_RATE)
    with np.load(path) as data:
        landmarks = data["landmarks"]
    if row["layout"] == MINMAX:
        landmarks = landmarks[: round(min(longest_s * rate, len(landmarks)))]
    return maker(landmarks, row, rate)


def _rate_of(fps: str | float) -> float:
    try:
        rate = float(fps)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise InputError(f"fps is {str(fps)!r}; give a number above 0, the pictures a second")
    return rate


def _make(
    row: dict[str, str],
    rate: float,
    image: np.ndarray,
    world: np.ndarray,
    visibility: np.ndarray,
    size: tuple[int, int],
    kind: str,
) -> Take:
    name = row["file"]
    stamps = np.arange(len(image)) / rate
    return Take(
        name,
        row["exercise"],
        f"{kind} {name}",
        False,
        stamps,
        image.astype(np.float32),
        world.astype(np.float32),
        visibility.astype(np.float32),
        size[0],
        size[1],
        kind,
        synthetic=kind == "mocap",
    )


def _blazepose(landmarks: np.ndarray, row: dict, rate: float) -> Take | None:
    """Image landmarks; square pictures assumed (fit3d: 900 x 900)."""
    world = np.full((len(landmarks), N_LANDMARKS, 3), np.nan)
    return _make(row, rate, landmarks[..., :3], world, np.nan_to_num(landmarks[..., 3]), (900, 900), "pose file")


def _minmax(landmarks: np.ndarray, row: dict, rate: float) -> Take | None:
    """Each axis of each frame was scaled to 0..1; three scales per frame that give bones their length undo it."""
    a = np.array([INDEX[first] for first, _, _ in _BONES])
    b = np.array([INDEX[second] for _, second, _ in _BONES])
    squared = np.array([length**2 for _, _, length in _BONES])
    landmarks = landmarks.astype(np.float64)
    world = np.full(landmarks.shape, np.nan)
    for number, frame in enumerate(landmarks):
        if not frame.any():
            continue
        scale, _ = nnls((frame[a] - frame[b]) ** 2, squared)
        world[number] = frame * np.sqrt(np.clip(scale, 0.02, 25.0))
    hips = world[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    world -= hips
    image = (world * 160 + [320, 240, 0]) / [640, 480, 640 * DEPTH_OF_IMAGE]
    visibility = np.where(np.isfinite(world[..., 0]), 0.95, 0.0)
    return _make(row, rate, image, world, visibility, (640, 480), "pose file")


def _coco18(landmarks: np.ndarray, row: dict, rate: float) -> Take | None:
    points = np.zeros((len(landmarks), N_LANDMARKS, 3))
    visibility = np.zeros((len(landmarks), N_LANDMARKS))
    for number, name in _COCO18.items():
        points[:, INDEX[name], :2] = landmarks[:, number, :2]
        visibility[:, INDEX[name]] = np.clip(landmarks[:, number, 2] * 1.5, 0, 1)
    trunk = np.array([INDEX[name] for name in _TRUNK])
    nobody = (visibility[:, trunk] == 0).any(axis=1)
    points[nobody] = np.nan
    if nobody.mean() > 0.3:
        return None
    world = np.full_like(points, np.nan)
    image = points / [1280, 720, 1280]
    return _make(row, rate, image, world, visibility, (1280, 720), "pose file")


def _mocap(joints: np.ndarray, names: list[str], rate: float, row: dict) -> Take:
    world = np.full((len(joints), N_LANDMARKS, 3), np.nan)
    for landmark, candidates in _NAMES.items():
        for name in candidates:
            if name in names:
                world[:, INDEX[landmark]] = joints[:, names.index(name)]
                if landmark.startswith("left"):
                    twin = ("r" + name[1:]) if name.startswith("l") else name
                    world[:, INDEX[landmark.replace("left", "right")]] = joints[:, names.index(twin)]
    missing = [name for name in _TRUNK if not np.isfinite(world[:, INDEX[name]]).any()]
    if missing:
        raise InputError(f"motion capture without {', '.join(missing)}; it has the joints {', '.join(names)}")
    world = world * [1, -1, -1]
    hips = world[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1, keepdims=True)
    image = (world * 160 + [320, 300, 0]) / [640, 480, 640 * DEPTH_OF_IMAGE]
    visibility = np.where(np.isfinite(world[..., 0]), 0.95, 0.0)
    world = np.nan_to_num(world - hips)
    return _make(row, rate, np.where(np.isfinite(image), image, 0.5), world, visibility, (640, 480), "mocap")


LAYOUTS = {"coco18_px_xyc": _coco18, MINMAX: _minmax, "blazepose33_xyzv": _blazepose}
"""Layout of a pose file -> what makes a take of it."""
