"""Landmarks of a jointed body that moves as a motion says, with random proportions.

Body axes as in `features`: x to the person's left, y up, z forward; angles in radians.
"""

import numpy as np

from exercise_classifier.training.synthetic.signals import SIDES, Generator, Motion
from fitness_core.skeleton import INDEX, N_LANDMARKS


def body(motion: Motion, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks [steps, 33, 3] in metres about the mid-hips, and where these are [steps, 3]; y up; NaN = not made."""
    steps = len(motion["lean"])
    size = rng.uniform(0.9, 1.1)
    trunk, wide, hips = 0.5 * size, 0.18 * size * rng.uniform(0.85, 1.15), 0.1 * size
    upper, fore = 0.28 * size * rng.uniform(0.9, 1.1), 0.25 * size * rng.uniform(0.9, 1.1)
    thigh, shin = 0.41 * size * rng.uniform(0.9, 1.1), 0.4 * size * rng.uniform(0.9, 1.1)
    points = np.full((steps, N_LANDMARKS, 3), np.nan)
    lean = motion["lean"]
    up = np.stack([np.zeros(steps), np.cos(lean), np.sin(lean)], axis=1)
    points[:, INDEX["nose"]] = up * (trunk + 0.24 * size) + [0, 0, 0.09]
    sole = np.full((steps, 2), np.nan)
    for number, (side, sign) in enumerate(SIDES):
        shoulder = up * trunk + [sign * wide, 0, 0]
        raised, out = motion[f"{side}_raise"], motion[f"{side}_out"]
        arm = np.stack([sign * np.sin(raised) * np.sin(out), -np.cos(raised), np.sin(raised) * np.cos(out)], axis=1)
        arm = _unit(arm + np.array([sign * 0.08, 0, 0]))
        bend = motion[f"{side}_forearm"] * [sign, 1, 1]
        bend = _unit(bend - (bend * arm).sum(axis=1, keepdims=True) * arm + 1e-6)
        flexed = np.clip(np.pi - motion[f"{side}_elbow"], 0, np.radians(165))[:, None]
        elbow = shoulder + arm * upper
        points[:, INDEX[f"{side}_shoulder"]] = shoulder
        points[:, INDEX[f"{side}_elbow"]] = elbow
        points[:, INDEX[f"{side}_wrist"]] = elbow + (np.cos(flexed) * arm + np.sin(flexed) * bend) * fore
        hip = np.tile(np.array([sign * hips, 0, 0]), (steps, 1))
        first = motion[f"{side}_hip"]
        second = first - motion[f"{side}_knee"]
        apart = sign * np.sin(motion[f"{side}_spread"])
        knee = hip + _unit(np.stack([apart, -np.cos(first), np.sin(first)], axis=1)) * thigh
        ankle = knee + _unit(np.stack([apart * 0.5, -np.cos(second), np.sin(second)], axis=1)) * shin
        points[:, INDEX[f"{side}_hip"]] = hip
        points[:, INDEX[f"{side}_knee"]] = knee
        points[:, INDEX[f"{side}_ankle"]] = ankle
        points[:, INDEX[f"{side}_foot_index"]] = ankle + np.array([sign * 0.03, -0.06, 0.16])
        sole[:, number] = ankle[:, 1]
    place = np.zeros((steps, 3))
    if motion["drop"].any():
        place[:, 1] = -sole.min(axis=1)
    if "hang" in motion:
        hands = points[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 1].max(axis=1)
        place[:, 1] = -hands
    if "drift" in motion:
        place[:, 0] = motion["drift"]
    lie = motion["lie"]
    if lie.any():
        y, z = points[..., 1].copy(), points[..., 2].copy()
        points[..., 1] = np.cos(lie)[:, None] * y - np.sin(lie)[:, None] * z
        points[..., 2] = np.sin(lie)[:, None] * y + np.cos(lie)[:, None] * z
    if "on_hands" in motion:
        place[:, 1] = -points[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 1].min(axis=1)
    if "rise" in motion:
        place[:, 1] += motion["rise"]
    return points, place


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
