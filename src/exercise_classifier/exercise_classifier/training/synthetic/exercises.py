"""How a jointed body moves in each exercise of the catalogue, with random range, tempo and style.

Each function gives the motion of so many steps. Axes and joints as in `body.py`; angles in radians.
"""

import numpy as np

from exercise_classifier.training.synthetic.signals import (
    SIDES,
    Generator,
    Motion,
    arm_waves,
    degrees,
    hold_arms,
    mix,
    repetitions,
    standing,
    wander,
)


def curl(steps: int, rng: Generator) -> Motion:
    """Elbows bend, upper arms stay: standing, seated, preacher, concentration; both arms, one, or in turn."""
    motion = standing(steps, rng)
    rest = degrees(rng, 30, 70) if rng.random() < 0.2 else degrees(rng, 0, 22)
    bottom, top, out, follow = degrees(rng, 140, 178), degrees(rng, 22, 65), degrees(rng, 0, 45), degrees(rng, 0, 25)
    inwards = rng.uniform(-0.5, 0.3)
    if rng.random() < 0.15:
        motion["lean"] = motion["lean"] + degrees(rng, 10, 40)
    for side, wave in arm_waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + rest + follow * wave
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + out
        motion[f"{side}_elbow"] = mix(wave, bottom, top) + wander(steps, rng, 0.04)
        motion[f"{side}_forearm"] = np.tile(np.array([inwards, 0.3, 1.0]), (steps, 1))
    return motion


def press(steps: int, rng: Generator) -> Motion:
    """Hands go from the shoulders to over the head: dumbbells, barbell, Arnold; standing, seated, with a knee dip."""
    motion = standing(steps, rng)
    low, high = degrees(rng, 15, 85), degrees(rng, 140, 178)
    bent, straight = degrees(rng, 25, 95), degrees(rng, 140, 178)
    out = degrees(rng, 0, 95)
    turn = degrees(rng, 0, 60) if rng.random() < 0.2 else 0.0
    inwards = rng.uniform(-0.4, 0.2)
    for side, wave in arm_waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = mix(wave, low, high) + wander(steps, rng, 0.04)
        motion[f"{side}_out"] = wander(steps, rng, 0.08) + out + turn * wave
        motion[f"{side}_elbow"] = mix(wave, bent, straight) + wander(steps, rng, 0.04)
        motion[f"{side}_forearm"] = np.tile(np.array([inwards, 1.0, 0.1]), (steps, 1))
    return motion


def squat(steps: int, rng: Generator) -> Motion:
    """Hips and knees bend together, feet stay: with any hold of the arms, shallow to deep."""
    motion = standing(steps, rng, seated=False)
    hold_arms(motion, steps, rng)
    wave = repetitions(steps, rng)
    depth = rng.uniform(0.6, 1.0)
    knee, hip, lean = degrees(rng, 95, 135) * depth, degrees(rng, 85, 115) * depth, degrees(rng, 10, 50) * depth
    raised = degrees(rng, 20, 80) if rng.random() < 0.25 else 0.0
    wide = degrees(rng, 0, 30)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    for side, _ in SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_spread"] = motion[f"{side}_spread"] + wide * wave
        motion[f"{side}_raise"] = motion[f"{side}_raise"] + raised * wave
    return motion


def deadlift(steps: int, rng: Generator) -> Motion:
    """Hips and knees bend, the trunk leans over, the arms hang: from straight legs to a deep pull off the floor."""
    motion = standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    lean, hip, knee = degrees(rng, 35, 90), degrees(rng, 15, 65), degrees(rng, 5, 75)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    forward, elbow = degrees(rng, 0, 20), degrees(rng, 155, 178)
    for side, _ in SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_raise"] = wander(steps, rng, 0.03) + forward * wave
        motion[f"{side}_elbow"] = wander(steps, rng, 0.03) + elbow
    return motion


def sit_up(steps: int, rng: Generator) -> Motion:
    """A body on its back raises its trunk: knees bent or straight, hands at the head, crossed, or reaching."""
    motion = standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    motion["lie"] = np.full(steps, -degrees(rng, 80, 95))
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 0, 15) + degrees(rng, 30, 95) * wave
    knee = degrees(rng, 70, 125) if rng.random() < 0.85 else degrees(rng, 0, 30)
    raised, elbow = degrees(rng, 20, 120), degrees(rng, 30, 100) if rng.random() < 0.7 else degrees(rng, 120, 175)
    for side, _ in SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + knee * rng.uniform(0.4, 0.6)
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
        motion[f"{side}_raise"] = wander(steps, rng, 0.05) + raised + degrees(rng, 0, 60) * wave
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + elbow
    return motion


def lunge(steps: int, rng: Generator, sideways: bool = False) -> Motion:
    """One leg in front, one behind: both knees bend; or one leg to the side."""
    motion = standing(steps, rng, seated=False)
    if rng.random() < 0.5:
        hold_arms(motion, steps, rng)
    wave = repetitions(steps, rng)
    front, back = ("left", "right") if rng.random() < 0.5 else ("right", "left")
    motion["drop"] = np.ones(steps)
    motion["lean"] = motion["lean"] + degrees(rng, 0, 25) * wave
    if sideways:
        motion[f"{front}_knee"] = motion[f"{front}_knee"] + degrees(rng, 60, 110) * wave
        motion[f"{front}_hip"] = motion[f"{front}_hip"] + degrees(rng, 50, 100) * wave
        motion[f"{back}_spread"] = motion[f"{back}_spread"] + degrees(rng, 25, 50) * wave
        return motion
    split = rng.random() < 0.5
    apart = np.ones(steps) if split else wave
    motion[f"{front}_hip"] = motion[f"{front}_hip"] + degrees(rng, 5, 20) * apart + degrees(rng, 45, 80) * wave
    motion[f"{front}_knee"] = motion[f"{front}_knee"] + degrees(rng, 60, 100) * wave
    motion[f"{back}_hip"] = motion[f"{back}_hip"] - degrees(rng, 5, 35) * apart
    motion[f"{back}_knee"] = motion[f"{back}_knee"] + degrees(rng, 60, 110) * wave
    return motion


def front_raise(steps: int, rng: Generator) -> Motion:
    """Nearly straight arms go up in front."""
    return arm_raise(steps, rng, "front")


def lateral_raise(steps: int, rng: Generator) -> Motion:
    """Nearly straight arms go up at the sides."""
    return arm_raise(steps, rng, "side")


def arm_raise(steps: int, rng: Generator, kind: str) -> Motion:
    """Arms go up: nearly straight in `front` or at the `side`, or in a `row`, the hands under the elbows."""
    motion = standing(steps, rng)
    high = degrees(rng, 70, 125) if kind != "row" else degrees(rng, 60, 100)
    out = {"front": degrees(rng, 0, 25), "side": degrees(rng, 65, 100), "row": degrees(rng, 65, 100)}[kind]
    straight = degrees(rng, 140, 178)
    for side, wave in arm_waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = mix(wave, degrees(rng, 0, 20), high) + wander(steps, rng, 0.04)
        motion[f"{side}_out"] = wander(steps, rng, 0.06) + out
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + straight
        if kind == "row":
            motion[f"{side}_elbow"] = mix(wave, straight, degrees(rng, 35, 80))
            motion[f"{side}_forearm"] = np.tile(np.array([-0.6, -1.0, 0.4]), (steps, 1))
    return motion


def pull_up(steps: int, rng: Generator) -> Motion:
    """Arms as in a press, but the hands stay and the body rises."""
    motion = press(steps, rng)
    motion["hang"] = np.ones(steps)
    for side, _ in SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.05) + degrees(rng, 0, 30)
        motion[f"{side}_knee"] = wander(steps, rng, 0.05) + degrees(rng, 0, 100)
    return motion


def jumping_jack(steps: int, rng: Generator) -> Motion:
    """Arms and legs open and close at the sides."""
    return swing(steps, rng, degrees(rng, 12, 35), circle=False)


def swing(steps: int, rng: Generator, legs: float, circle: bool) -> Motion:
    """Arms open and close at the sides or `circle`, the legs with them by an angle `legs` [rad]."""
    motion = standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    high, out = degrees(rng, 110, 175), degrees(rng, 60, 110)
    for side, _ in SIDES:
        motion[f"{side}_spread"] = motion[f"{side}_spread"] + legs * wave
        motion[f"{side}_raise"] = mix(wave, degrees(rng, 5, 25), high)
        motion[f"{side}_out"] = wander(steps, rng, 0.08) + out + (np.gradient(wave) * 6 if circle else 0)
    return motion


def push_up(steps: int, rng: Generator, moving: bool = True) -> Motion:
    """A body on its hands, face down: the elbows bend and the trunk goes down; on the feet or the knees."""
    motion = standing(steps, rng, seated=False)
    motion["lie"] = np.full(steps, degrees(rng, 60, 92))
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, -10, 12)
    wave = repetitions(steps, rng) * (rng.uniform(0.5, 1.0) if moving else 0.0)
    raised, lowered = degrees(rng, 70, 100), degrees(rng, 0, 60)
    straight, bent = degrees(rng, 150, 178), degrees(rng, 40, 100)
    out = degrees(rng, 0, 80)
    knee = degrees(rng, 60, 110) if rng.random() < 0.15 else degrees(rng, 0, 12)
    for side, _ in SIDES:
        motion[f"{side}_raise"] = mix(wave, raised, lowered) + wander(steps, rng, 0.03)
        motion[f"{side}_out"] = wander(steps, rng, 0.05) + out * np.maximum(wave, 0.2)
        motion[f"{side}_elbow"] = mix(wave, straight, bent) + wander(steps, rng, 0.03)
        motion[f"{side}_forearm"] = np.tile(np.array([0.0, 0.0, 1.0]), (steps, 1))
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + degrees(rng, -10, 15)
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
    motion["on_hands"] = np.ones(steps)
    return motion
