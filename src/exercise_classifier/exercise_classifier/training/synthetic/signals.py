"""What the motions of a synthetic take are made of: random angles, signals over time, a standing body, arms."""

import numpy as np

RATE = 15.0
"""Steps per second of a motion [Hz]."""

SIDES = (("left", 1.0), ("right", -1.0))
"""Sides of the body and where they are along its x axis."""

Motion = dict[str, np.ndarray]
"""Name of what moves -> signal [steps]: angles of joints [rad], `forearm` a direction [steps, 3]."""

Generator = np.random.Generator


def degrees(rng: Generator, low: float, high: float) -> float:
    """A random angle between two given in degrees [rad]."""
    return float(np.radians(rng.uniform(low, high)))


def repetitions(steps: int, rng: Generator, shift: float = 0.0) -> np.ndarray:
    """A signal [steps] that goes 0, 1, 0, ... once per repetition of 0.9 to 4.5 s, with rests at both ends."""
    period = np.exp(rng.uniform(np.log(0.9), np.log(4.5)))
    time = np.arange(steps) / RATE
    phase = time / period + rng.uniform() + shift
    phase = phase + rng.uniform(0, 0.12) * np.sin(2 * np.pi * phase)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    wave = np.clip((wave - 0.5) * rng.uniform(1.0, 1.5) + 0.5, 0, 1)
    return wave * (1 - rng.uniform(0, 0.15) * np.sin(phase * 1.7) ** 2)


def wander(steps: int, rng: Generator, size: float, seconds: float = 0.7) -> np.ndarray:
    """A slow random signal [steps] of zero mean and this spread."""
    width = max(int(seconds * RATE), 1)
    noise = rng.normal(size=steps + 4 * width)
    kernel = np.hanning(2 * width + 1)
    slow = np.convolve(noise, kernel, "same")[2 * width : 2 * width + steps]
    return size * slow / (slow.std() + 1e-9)


def mix(wave: np.ndarray, start: float, end: float) -> np.ndarray:
    """From one value to another as the signal goes from 0 to 1."""
    return start + (end - start) * wave


def standing(steps: int, rng: Generator, seated: bool | None = None) -> Motion:
    """A body that stands or sits nearly still with hanging arms; motions overwrite what they move."""
    seated = rng.random() < 0.35 if seated is None else seated
    motion = {"lean": wander(steps, rng, 0.03) + degrees(rng, -8, 12), "drop": np.zeros(steps), "lie": np.zeros(steps)}
    for side, _ in SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.02) + (degrees(rng, 70, 100) if seated else degrees(rng, -3, 8))
        motion[f"{side}_knee"] = wander(steps, rng, 0.02) + (degrees(rng, 70, 110) if seated else degrees(rng, 0, 10))
        motion[f"{side}_spread"] = np.full(steps, degrees(rng, 0, 18))
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + degrees(rng, 0, 20)
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + degrees(rng, 10, 90)
        motion[f"{side}_elbow"] = wander(steps, rng, 0.06) + degrees(rng, 135, 178)
        motion[f"{side}_forearm"] = np.tile(np.array([-0.2, 0.3, 1.0]), (steps, 1))
    return motion


def arm_waves(steps: int, rng: Generator, alternate: bool = True) -> dict[str, np.ndarray | None]:
    """The signal of each arm: together, in turn, or one arm alone (None = the other rests)."""
    style = rng.random()
    wave = repetitions(steps, rng)
    if style < 0.7 or not alternate:
        return {"left": wave, "right": wave * rng.uniform(0.9, 1.0)}
    if style < 0.85:
        other = "left" if rng.random() < 0.5 else "right"
        return {"left": None if other == "left" else wave, "right": None if other == "right" else wave}
    return {"left": np.maximum(2 * wave - 1, 0), "right": np.maximum(1 - 2 * wave, 0)}


def hold_arms(motion: Motion, steps: int, rng: Generator) -> None:
    """What arms do in a squat: hold a bar on the back or in front, stretch forward, hang, clasp, reach up."""
    style = rng.choice(["back", "front", "forward", "hang", "clasp", "over"], p=[0.32, 0.13, 0.2, 0.15, 0.15, 0.05])
    angles = {
        "back": ((15, 60), (60, 100), (30, 70), (0.3, 1.0, -0.3)),
        "front": ((50, 95), (0, 30), (15, 50), (-0.5, 1.0, 0.0)),
        "forward": ((60, 105), (0, 20), (140, 178), (0.0, 0.3, 1.0)),
        "hang": ((0, 20), (30, 90), (140, 178), (0.0, 0.3, 1.0)),
        "clasp": ((15, 60), (0, 40), (30, 80), (-1.0, 0.8, 0.3)),
        "over": ((140, 175), (40, 95), (140, 178), (0.0, 1.0, 0.0)),
    }[str(style)]
    values = [degrees(rng, *given) for given in angles[:3]]
    for side, _ in SIDES:
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + values[0]
        motion[f"{side}_out"] = wander(steps, rng, 0.06) + values[1]
        motion[f"{side}_elbow"] = wander(steps, rng, 0.04) + values[2]
        motion[f"{side}_forearm"] = np.tile(np.array(angles[3]), (steps, 1))
