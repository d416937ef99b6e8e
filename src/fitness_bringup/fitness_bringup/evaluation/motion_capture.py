"""Motion capture put in front of a camera: landmarks of people whose every movement is known."""

from pathlib import Path

import numpy as np

from fitness_core.errors import InputError
from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import DEPTH_OF_IMAGE, Pose, nanoseconds

CAMERAS = {"front": 0.0, "oblique": 45.0, "side": 90.0}
"""Where motion capture is seen from [deg] around the person."""

# Joints -> landmarks; the right side likewise. UI-PRMD (Vakanski et al. 2018, https://doi.org/10.3390/data3010002)
# names joints. CMU (http://mocap.cs.cmu.edu) names bones and gives their ends: a shoulder is where a collar bone ends.
_JOINTS = {
    "l_upper_arm(shoulder)": "left_shoulder",
    "l_forearm(elbow)": "left_elbow",
    "l_hand(wrist)": "left_wrist",
    "l_upper_leg(hip)": "left_hip",
    "l_lower_leg(knee)": "left_knee",
    "l_foot(ankle)": "left_ankle",
    "l_toes": "left_foot_index",
    "lclavicle": "left_shoulder",
    "lhumerus": "left_elbow",
    "lradius": "left_wrist",
    "lhipjoint": "left_hip",
    "lfemur": "left_knee",
    "ltibia": "left_ankle",
    "ltoes": "left_foot_index",
}
_SIZE = (640, 480)  # of the picture [px]
_FAR = 3.5  # from the camera to the middle of the hips [m]
_FOCAL = 640.0  # [px]


def read_motion_capture(path: Path) -> tuple[np.ndarray, float]:
    """World landmarks [n, 33, 3] in metres (x right, y down, z away; NaN = no such joint) and rate [Hz] of an npz.

    The file: `joints` [n, joints, 3] in metres with y up, `names`, `fps`. Raises InputError for another one.
    """
    try:
        with np.load(path) as data:
            joints, names, rate = data["joints"], [str(name) for name in data["names"]], float(data["fps"])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not motion capture of ../shared/data/README.md ({error})") from None
    world = np.full((len(joints), N_LANDMARKS, 3), np.nan)
    for joint, landmark in _JOINTS.items():
        for name, point in ((joint, landmark), (f"r{joint[1:]}", landmark.replace("left", "right"))):
            if name in names:
                world[:, INDEX[point]] = joints[:, names.index(name)]
    if not np.isfinite(world[:, INDEX["left_hip"]]).any():
        raise InputError(
            f"{path}: has no joint l_upper_leg(hip) nor lhipjoint; only the skeletons of UI-PRMD and CMU are read"
        )
    return world * [1.0, -1.0, -1.0], rate


def seen_from(world: np.ndarray, rate: float, degrees: float) -> list[Pose]:
    """The poses that a level camera at hip height sees, which stands at so many degrees around the person.

    world: [n, 33, 3], see `read_motion_capture`. degrees: 0 = the person faces the camera (on average over the
    recording), 90 = seen from the side. Landmarks are exact: a pose network is worse at depth than this.
    """
    hips = world[:, [INDEX["left_hip"], INDEX["right_hip"]]]
    shoulders = world[:, [INDEX["left_shoulder"], INDEX["right_shoulder"]]]
    across = (hips + shoulders)[:, 0].mean(axis=0) - (hips + shoulders)[:, 1].mean(axis=0)
    angle = np.arctan2(across[2], across[0]) + np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    middle = hips.mean(axis=(0, 1))
    camera = (world - middle) @ turn.T + [0, 0, _FAR]
    centred = (world - hips.mean(axis=1, keepdims=True)) @ turn.T
    image = np.stack(
        [
            0.5 + _FOCAL * camera[..., 0] / camera[..., 2] / _SIZE[0],
            0.5 + _FOCAL * camera[..., 1] / camera[..., 2] / _SIZE[1],
            _FOCAL * centred[..., 2] / _FAR / _SIZE[0] / DEPTH_OF_IMAGE,
        ],
        axis=-1,
    )
    seen = np.where(np.isfinite(world[..., 0]), 0.95, 0.0).astype(np.float32)
    return [
        Pose(
            nanoseconds(number / rate),
            np.nan_to_num(image[number], nan=0.5).astype(np.float32),
            np.nan_to_num(centred[number]).astype(np.float32),
            seen[number],
            seen[number],
            *_SIZE,
            score=1.0,
        )
        for number in range(len(world))
    ]
