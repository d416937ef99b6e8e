"""Synthetic takes: a jointed body that moves as an exercise asks, with random proportions, tempo, range and style.

There are few people in public clips of an exercise; this fills in what they lack. Never used to test.
Body axes as in `features`: x to the person's left, y up, z forward; angles in radians.
"""

from collections.abc import Callable

import numpy as np

from exercise_classifier.training.takes import Take
from fitness_core.skeleton import INDEX, N_LANDMARKS
from fitness_core.types import DEPTH_OF_IMAGE

_RATE = 15.0
_SIZE = (640, 480)
_PIXELS_PER_METRE = 160.0
_SIDES = (("left", 1.0), ("right", -1.0))

Motion = dict[str, np.ndarray]
Generator = np.random.Generator


def degrees(rng: Generator, low: float, high: float) -> float:
    """A random angle between two given in degrees [rad]."""
    return float(np.radians(rng.uniform(low, high)))


def repetitions(steps: int, rng: Generator, shift: float = 0.0) -> np.ndarray:
    """A signal [steps] that goes 0, 1, 0, ... once per repetition of 0.9 to 4.5 s, with rests at both ends."""
    period = np.exp(rng.uniform(np.log(0.9), np.log(4.5)))
    time = np.arange(steps) / _RATE
    phase = time / period + rng.uniform() + shift
    phase = phase + rng.uniform(0, 0.12) * np.sin(2 * np.pi * phase)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    wave = np.clip((wave - 0.5) * rng.uniform(1.0, 1.5) + 0.5, 0, 1)
    return wave * (1 - rng.uniform(0, 0.15) * np.sin(phase * 1.7) ** 2)


def wander(steps: int, rng: Generator, size: float, seconds: float = 0.7) -> np.ndarray:
    """A slow random signal [steps] of zero mean and this spread."""
    width = max(int(seconds * _RATE), 1)
    noise = rng.normal(size=steps + 4 * width)
    kernel = np.hanning(2 * width + 1)
    slow = np.convolve(noise, kernel, "same")[2 * width : 2 * width + steps]
    return size * slow / (slow.std() + 1e-9)


def _mix(wave: np.ndarray, start: float, end: float) -> np.ndarray:
    return start + (end - start) * wave


def _standing(steps: int, rng: Generator, seated: bool | None = None) -> Motion:
    """A body that stands or sits nearly still with hanging arms; motions overwrite what they move."""
    seated = rng.random() < 0.35 if seated is None else seated
    motion = {"lean": wander(steps, rng, 0.03) + degrees(rng, -8, 12), "drop": np.zeros(steps), "lie": np.zeros(steps)}
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.02) + (degrees(rng, 70, 100) if seated else degrees(rng, -3, 8))
        motion[f"{side}_knee"] = wander(steps, rng, 0.02) + (degrees(rng, 70, 110) if seated else degrees(rng, 0, 10))
        motion[f"{side}_spread"] = np.full(steps, degrees(rng, 0, 18))
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + degrees(rng, 0, 20)
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + degrees(rng, 10, 90)
        motion[f"{side}_elbow"] = wander(steps, rng, 0.06) + degrees(rng, 135, 178)
        motion[f"{side}_forearm"] = np.tile(np.array([-0.2, 0.3, 1.0]), (steps, 1))
    return motion


def _waves(steps: int, rng: Generator, alternate: bool = True) -> dict[str, np.ndarray | None]:
    """The signal of each arm: together, in turn, or one arm alone (None = the other rests)."""
    style = rng.random()
    wave = repetitions(steps, rng)
    if style < 0.7 or not alternate:
        return {"left": wave, "right": wave * rng.uniform(0.9, 1.0)}
    if style < 0.85:
        other = "left" if rng.random() < 0.5 else "right"
        return {"left": None if other == "left" else wave, "right": None if other == "right" else wave}
    return {"left": np.maximum(2 * wave - 1, 0), "right": np.maximum(1 - 2 * wave, 0)}


def curl(steps: int, rng: Generator) -> Motion:
    """Elbows bend, upper arms stay: standing, seated, preacher, concentration; both arms, one, or in turn."""
    motion = _standing(steps, rng)
    rest = degrees(rng, 30, 70) if rng.random() < 0.2 else degrees(rng, 0, 22)
    bottom, top, out, follow = degrees(rng, 140, 178), degrees(rng, 22, 65), degrees(rng, 0, 45), degrees(rng, 0, 25)
    inwards = rng.uniform(-0.5, 0.3)
    if rng.random() < 0.15:
        motion["lean"] = motion["lean"] + degrees(rng, 10, 40)
    for side, wave in _waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + rest + follow * wave
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + out
        motion[f"{side}_elbow"] = _mix(wave, bottom, top) + wander(steps, rng, 0.04)
        motion[f"{side}_forearm"] = np.tile(np.array([inwards, 0.3, 1.0]), (steps, 1))
    return motion


def press(steps: int, rng: Generator) -> Motion:
    """Hands go from the shoulders to over the head: dumbbells, barbell, Arnold; standing, seated, with a knee dip."""
    motion = _standing(steps, rng)
    low, high = degrees(rng, 15, 85), degrees(rng, 140, 178)
    bent, straight = degrees(rng, 25, 95), degrees(rng, 140, 178)
    out = degrees(rng, 0, 95)
    turn = degrees(rng, 0, 60) if rng.random() < 0.2 else 0.0
    inwards = rng.uniform(-0.4, 0.2)
    for side, wave in _waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = _mix(wave, low, high) + wander(steps, rng, 0.04)
        motion[f"{side}_out"] = wander(steps, rng, 0.08) + out + turn * wave
        motion[f"{side}_elbow"] = _mix(wave, bent, straight) + wander(steps, rng, 0.04)
        motion[f"{side}_forearm"] = np.tile(np.array([inwards, 1.0, 0.1]), (steps, 1))
    return motion


def _hold_arms(motion: Motion, steps: int, rng: Generator) -> None:
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
    for side, _ in _SIDES:
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + values[0]
        motion[f"{side}_out"] = wander(steps, rng, 0.06) + values[1]
        motion[f"{side}_elbow"] = wander(steps, rng, 0.04) + values[2]
        motion[f"{side}_forearm"] = np.tile(np.array(angles[3]), (steps, 1))


def squat(steps: int, rng: Generator) -> Motion:
    """Hips and knees bend together, feet stay: with any hold of the arms, shallow to deep."""
    motion = _standing(steps, rng, seated=False)
    _hold_arms(motion, steps, rng)
    wave = repetitions(steps, rng)
    depth = rng.uniform(0.6, 1.0)
    knee, hip, lean = degrees(rng, 95, 135) * depth, degrees(rng, 85, 115) * depth, degrees(rng, 10, 50) * depth
    raised = degrees(rng, 20, 80) if rng.random() < 0.25 else 0.0
    wide = degrees(rng, 0, 30)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_spread"] = motion[f"{side}_spread"] + wide * wave
        motion[f"{side}_raise"] = motion[f"{side}_raise"] + raised * wave
    return motion


def deadlift(steps: int, rng: Generator) -> Motion:
    """Hips and knees bend, the trunk leans over, the arms hang: from straight legs to a deep pull off the floor."""
    motion = _standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    lean, hip, knee = degrees(rng, 35, 90), degrees(rng, 15, 65), degrees(rng, 5, 75)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    forward, elbow = degrees(rng, 0, 20), degrees(rng, 155, 178)
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_raise"] = wander(steps, rng, 0.03) + forward * wave
        motion[f"{side}_elbow"] = wander(steps, rng, 0.03) + elbow
    return motion


def sit_up(steps: int, rng: Generator) -> Motion:
    """A body on its back raises its trunk: knees bent or straight, hands at the head, crossed, or reaching."""
    motion = _standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    motion["lie"] = np.full(steps, -degrees(rng, 80, 95))
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 0, 15) + degrees(rng, 30, 95) * wave
    knee = degrees(rng, 70, 125) if rng.random() < 0.85 else degrees(rng, 0, 30)
    raised, elbow = degrees(rng, 20, 120), degrees(rng, 30, 100) if rng.random() < 0.7 else degrees(rng, 120, 175)
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + knee * rng.uniform(0.4, 0.6)
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
        motion[f"{side}_raise"] = wander(steps, rng, 0.05) + raised + degrees(rng, 0, 60) * wave
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + elbow
    return motion


def hinge(steps: int, rng: Generator) -> Motion:
    """Good morning, toe touch: the trunk goes down more than the hips, the arms hold a bar on the back or reach."""
    motion = _standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    lean, hip, knee = degrees(rng, 50, 100), degrees(rng, 10, 60), degrees(rng, 5, 60)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    bar, reach = rng.random() < 0.6, degrees(rng, 20, 60)
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_raise"] = motion[f"{side}_raise"] + (reach * wave)
        if bar:
            motion[f"{side}_raise"] = wander(steps, rng, 0.04) + degrees(rng, 20, 60)
            motion[f"{side}_elbow"] = wander(steps, rng, 0.04) + degrees(rng, 30, 60)
    return motion


def lunge(steps: int, rng: Generator, sideways: bool = False) -> Motion:
    """One leg in front, one behind: both knees bend; or one leg to the side."""
    motion = _standing(steps, rng, seated=False)
    if rng.random() < 0.5:
        _hold_arms(motion, steps, rng)
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


def side_lunge(steps: int, rng: Generator) -> Motion:
    """One knee bends, the other leg is stretched to the side."""
    return lunge(steps, rng, sideways=True)


def front_raise(steps: int, rng: Generator) -> Motion:
    """Nearly straight arms go up in front."""
    return _arm_raise(steps, rng, "front")


def lateral_raise(steps: int, rng: Generator) -> Motion:
    """Nearly straight arms go up at the sides."""
    return _arm_raise(steps, rng, "side")


def upright_row(steps: int, rng: Generator) -> Motion:
    """Elbows go up at the sides, the hands stay under them."""
    return _arm_raise(steps, rng, "row")


def _arm_raise(steps: int, rng: Generator, kind: str) -> Motion:
    motion = _standing(steps, rng)
    high = degrees(rng, 70, 125) if kind != "row" else degrees(rng, 60, 100)
    out = {"front": degrees(rng, 0, 25), "side": degrees(rng, 65, 100), "row": degrees(rng, 65, 100)}[kind]
    straight = degrees(rng, 140, 178)
    for side, wave in _waves(steps, rng).items():
        if wave is None:
            continue
        motion[f"{side}_raise"] = _mix(wave, degrees(rng, 0, 20), high) + wander(steps, rng, 0.04)
        motion[f"{side}_out"] = wander(steps, rng, 0.06) + out
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + straight
        if kind == "row":
            motion[f"{side}_elbow"] = _mix(wave, straight, degrees(rng, 35, 80))
            motion[f"{side}_forearm"] = np.tile(np.array([-0.6, -1.0, 0.4]), (steps, 1))
    return motion


def pull_up(steps: int, rng: Generator) -> Motion:
    """Arms as in a press, but the hands stay and the body rises."""
    motion = press(steps, rng)
    motion["hang"] = np.ones(steps)
    for side, _ in _SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.05) + degrees(rng, 0, 30)
        motion[f"{side}_knee"] = wander(steps, rng, 0.05) + degrees(rng, 0, 100)
    return motion


def bench(steps: int, rng: Generator) -> Motion:
    """A press or a curl of a body that lies or leans far back or forward."""
    motion = press(steps, rng) if rng.random() < 0.7 else squat(steps, rng)
    motion["lie"] = np.full(steps, rng.choice([-1, 1]) * degrees(rng, 60, 95))
    return motion


def row(steps: int, rng: Generator) -> Motion:
    """Bent-over row: the trunk stays bent, the elbows go back."""
    motion = _standing(steps, rng, seated=False)
    motion["lean"] = wander(steps, rng, 0.04) + degrees(rng, 35, 85)
    motion["drop"] = np.ones(steps)
    hip, knee = degrees(rng, 10, 40), degrees(rng, 10, 40)
    for side, wave in _waves(steps, rng).items():
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee
        if wave is not None:
            motion[f"{side}_raise"] = _mix(wave, degrees(rng, 0, 20), -degrees(rng, 30, 60))
            motion[f"{side}_out"] = wander(steps, rng, 0.06) + degrees(rng, 0, 40)
            motion[f"{side}_elbow"] = _mix(wave, degrees(rng, 150, 178), degrees(rng, 70, 110))
    return motion


def jumping_jack(steps: int, rng: Generator) -> Motion:
    """Arms and legs open and close at the sides."""
    return _swing(steps, rng, degrees(rng, 12, 35), circle=False)


def arm_swing(steps: int, rng: Generator) -> Motion:
    """Arms alone open, close or circle."""
    return _swing(steps, rng, 0.0, circle=rng.random() < 0.7)


def _swing(steps: int, rng: Generator, legs: float, circle: bool) -> Motion:
    motion = _standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    high, out = degrees(rng, 110, 175), degrees(rng, 60, 110)
    for side, _ in _SIDES:
        motion[f"{side}_spread"] = motion[f"{side}_spread"] + legs * wave
        motion[f"{side}_raise"] = _mix(wave, degrees(rng, 5, 25), high)
        motion[f"{side}_out"] = wander(steps, rng, 0.08) + out + (np.gradient(wave) * 6 if circle else 0)
    return motion


def walk(steps: int, rng: Generator) -> Motion:
    """Walking, on the spot or through the picture."""
    return _steps(steps, rng, rng.uniform(0.6, 1.1), degrees(rng, 10, 32), degrees(rng, 130, 175), march=False)


def run(steps: int, rng: Generator) -> Motion:
    """Running or marching with high knees."""
    return _steps(
        steps, rng, rng.uniform(0.8, 1.8), degrees(rng, 30, 50), degrees(rng, 70, 130), march=rng.random() < 0.6
    )


def _steps(steps: int, rng: Generator, pace: float, stride: float, elbow: float, march: bool) -> Motion:
    motion = _standing(steps, rng, seated=False)
    phase = 2 * np.pi * (np.arange(steps) / _RATE * pace + rng.uniform())
    arms = degrees(rng, 0, 40)
    for side, sign in _SIDES:
        swing = np.sin(phase) * sign
        motion[f"{side}_hip"] = (np.maximum(swing, 0) * 2 if march else swing) * stride
        motion[f"{side}_knee"] = np.maximum(np.sin(phase + 0.9) * sign, 0) * stride * 2
        motion[f"{side}_raise"] = -swing * arms
        motion[f"{side}_out"] = np.full(steps, degrees(rng, 0, 30))
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + elbow
    motion["drift"] = np.arange(steps) / _RATE * rng.choice([0.0, 0.8, -0.8])
    return motion


def idle(steps: int, rng: Generator) -> Motion:
    """Standing or sitting: still, talking with the hands, holding something, hands on the hips."""
    motion = _standing(steps, rng)
    gesture = rng.random()
    for side, _ in _SIDES:
        if gesture < 0.35:
            motion[f"{side}_raise"] = wander(steps, rng, 0.15, 0.4) + degrees(rng, 5, 40)
            motion[f"{side}_elbow"] = wander(steps, rng, 0.3, 0.4) + degrees(rng, 60, 120)
            inwards = rng.uniform(-1, 0.2)
            motion[f"{side}_forearm"] = np.tile(np.array([inwards, 0.2, 1.0]), (steps, 1))
        elif gesture < 0.6:
            motion[f"{side}_raise"] = wander(steps, rng, 0.04) + degrees(rng, 0, 60)
            motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + degrees(rng, 35, 130)
            motion[f"{side}_forearm"] = np.tile(np.array([rng.uniform(-1, 0.2), rng.uniform(-0.5, 1), 0.6]), (steps, 1))
    motion["lean"] = motion["lean"] + wander(steps, rng, degrees(rng, 0, 8))
    return motion


def push_up(steps: int, rng: Generator, moving: bool = True) -> Motion:
    """A body on its hands, face down: the elbows bend and the trunk goes down; on the feet or the knees."""
    motion = _standing(steps, rng, seated=False)
    motion["lie"] = np.full(steps, degrees(rng, 60, 92))
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, -10, 12)
    wave = repetitions(steps, rng) * (rng.uniform(0.5, 1.0) if moving else 0.0)
    raised, lowered = degrees(rng, 70, 100), degrees(rng, 0, 60)
    straight, bent = degrees(rng, 150, 178), degrees(rng, 40, 100)
    out = degrees(rng, 0, 80)
    knee = degrees(rng, 60, 110) if rng.random() < 0.15 else degrees(rng, 0, 12)
    for side, _ in _SIDES:
        motion[f"{side}_raise"] = _mix(wave, raised, lowered) + wander(steps, rng, 0.03)
        motion[f"{side}_out"] = wander(steps, rng, 0.05) + out * np.maximum(wave, 0.2)
        motion[f"{side}_elbow"] = _mix(wave, straight, bent) + wander(steps, rng, 0.03)
        motion[f"{side}_forearm"] = np.tile(np.array([0.0, 0.0, 1.0]), (steps, 1))
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + degrees(rng, -10, 15)
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
    motion["on_hands"] = np.ones(steps)
    return motion


def plank(steps: int, rng: Generator) -> Motion:
    """The push-up's posture without its motion: still, or with the knees drawn up in turn (mountain climber)."""
    motion = push_up(steps, rng, moving=False)
    if rng.random() < 0.4:
        for side, _ in _SIDES:
            motion[f"{side}_elbow"] = wander(steps, rng, 0.03) + degrees(rng, 75, 105)
            motion[f"{side}_raise"] = wander(steps, rng, 0.03) + degrees(rng, 70, 100)
    if rng.random() < 0.5:
        phase = 2 * np.pi * (np.arange(steps) / _RATE * rng.uniform(0.5, 2.0) + rng.uniform())
        high, bend = degrees(rng, 50, 110), degrees(rng, 60, 110)
        for side, sign in _SIDES:
            drawn = np.maximum(np.sin(phase) * sign, 0)
            motion[f"{side}_hip"] = motion[f"{side}_hip"] + high * drawn
            motion[f"{side}_knee"] = motion[f"{side}_knee"] + bend * drawn
    return motion


def crunch(steps: int, rng: Generator) -> Motion:
    """On the back: shoulders leave the floor a little, or the legs go up and down, straight, bent, or in turn."""
    motion = sit_up(steps, rng)
    wave = repetitions(steps, rng)
    if rng.random() < 0.4:
        motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 5, 15) + degrees(rng, 10, 28) * wave
        return motion
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 0, 30)
    in_turn = rng.random() < 0.4
    low, high, bend = degrees(rng, 0, 30), degrees(rng, 60, 100), degrees(rng, 0, 100)
    for side, sign in _SIDES:
        own = wave if not in_turn or sign > 0 else 1 - wave
        motion[f"{side}_hip"] = _mix(own, low, high)
        motion[f"{side}_knee"] = bend * (own if in_turn else 0.3 + 0 * own) + wander(steps, rng, 0.04)
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + (
            degrees(rng, 0, 30) if not in_turn else degrees(rng, 90, 140)
        )
    return motion


def twist(steps: int, rng: Generator) -> Motion:
    """Seated on the floor, leaning back, the arms go from side to side (Russian twist)."""
    motion = _standing(steps, rng, seated=False)
    motion["lean"] = wander(steps, rng, 0.04) - degrees(rng, 20, 50)
    wave = repetitions(steps, rng)
    across = degrees(rng, 30, 80)
    for side, sign in _SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.04) + degrees(rng, 80, 110)
        motion[f"{side}_knee"] = wander(steps, rng, 0.04) + degrees(rng, 60, 110)
        motion[f"{side}_raise"] = wander(steps, rng, 0.05) + degrees(rng, 30, 70)
        motion[f"{side}_out"] = sign * across * (2 * wave - 1)
        motion[f"{side}_elbow"] = wander(steps, rng, 0.08) + degrees(rng, 80, 150)
        motion[f"{side}_forearm"] = np.tile(np.array([-0.8, 0.2, 1.0]), (steps, 1))
    return motion


def calf_raise(steps: int, rng: Generator) -> Motion:
    """The whole body goes up and down a little on nearly straight legs."""
    motion = _standing(steps, rng, seated=False)
    if rng.random() < 0.5:
        _hold_arms(motion, steps, rng)
    motion["rise"] = rng.uniform(0.03, 0.1) * repetitions(steps, rng)
    return motion


def step_up(steps: int, rng: Generator) -> Motion:
    """One leg is lifted onto a box or to the chest, then the body may rise; a leg is stretched out while seated."""
    seated = rng.random() < 0.35
    motion = _standing(steps, rng, seated=seated)
    wave = repetitions(steps, rng)
    sides = [side for side, _ in _SIDES]
    both, first = rng.random() < (0.5 if seated else 0.0), sides[rng.integers(2)]
    for side in sides if both else [first]:
        if seated:
            motion[f"{side}_knee"] = motion[f"{side}_knee"] * (1 - wave) + degrees(rng, 0, 20) * wave
        else:
            high = degrees(rng, 50, 100)
            motion[f"{side}_hip"] = motion[f"{side}_hip"] + high * wave
            motion[f"{side}_knee"] = motion[f"{side}_knee"] + high * rng.uniform(0.9, 1.1) * wave
    if not seated and rng.random() < 0.6:
        motion["rise"] = rng.uniform(0.1, 0.35) * np.roll(wave, round(0.4 * _RATE))
    return motion


def box(steps: int, rng: Generator) -> Motion:
    """Fists before the face strike out in turn."""
    motion = _standing(steps, rng, seated=False)
    pace = rng.uniform(0.5, 2.0)
    phase = 2 * np.pi * (np.arange(steps) / _RATE * pace + rng.uniform())
    guard, raised = degrees(rng, 25, 60), degrees(rng, 20, 50)
    for side, sign in _SIDES:
        out = np.clip(np.sin(phase) * sign, 0, 1) ** 2 * rng.uniform(0.6, 1.0)
        motion[f"{side}_raise"] = _mix(out, raised, degrees(rng, 70, 100)) + wander(steps, rng, 0.06)
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + degrees(rng, 0, 40)
        motion[f"{side}_elbow"] = _mix(out, guard, degrees(rng, 130, 175))
        motion[f"{side}_forearm"] = np.tile(np.array([-0.4, 1.0, 0.5]), (steps, 1))
    return motion


def dip(steps: int, rng: Generator) -> Motion:
    """Hands on bars at the hips: the elbows bend behind the trunk and the body goes down."""
    motion = _standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 0, 20) + degrees(rng, 0, 20) * wave
    back, bent = degrees(rng, 25, 60), degrees(rng, 75, 110)
    hip, knee = degrees(rng, 0, 40), degrees(rng, 0, 100)
    for side, _ in _SIDES:
        motion[f"{side}_raise"] = _mix(wave, degrees(rng, 0, 10), -back)
        motion[f"{side}_elbow"] = _mix(wave, degrees(rng, 155, 178), bent)
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + hip
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
    motion["hang"] = np.ones(steps)
    return motion


MOTIONS: dict[str, tuple[Callable[[int, Generator], Motion], ...]] = {
    "curl": (curl,),
    "press": (press,),
    "squat": (squat,),
    "lunge": (lunge,),
    "sit_up": (sit_up,),
    "deadlift": (deadlift,),
    "front_raise": (front_raise,),
    "lateral_raise": (lateral_raise,),
    "pull_up": (pull_up,),
    "jumping_jack": (jumping_jack,),
    "push_up": (push_up,),
    "idle": (idle, idle, walk),
    "other": (
        *(hinge, side_lunge, upright_row, bench, row, row, arm_swing, run),
        *(plank, plank, crunch, twist, calf_raise, step_up, box, dip),
    ),
}
"""Exercise -> the motions it is drawn from."""


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
    for number, (side, sign) in enumerate(_SIDES):
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


def take_of(exercise: str, name: str, rng: Generator, seconds: float = 6.0) -> Take:
    """A synthetic take of a class, seen from a level camera."""
    steps = round(seconds * _RATE)
    motions = MOTIONS[exercise]
    points, place = body(motions[rng.integers(len(motions))](steps, rng), rng)
    # The pose network gives no point twice the same: an error that changes slowly, besides the one of each frame.
    for landmark in np.flatnonzero(np.isfinite(points[0, :, 0])):
        points[:, landmark] += np.stack([wander(steps, rng, 0.012) for _ in range(3)], axis=1)
    yaw = rng.uniform(-np.pi, np.pi)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    world = (points @ turn.T) * [1, -1, -1]
    seen = world + (place * [1, -1, -1])[:, None]
    pixels = seen * _PIXELS_PER_METRE + [_SIZE[0] / 2, _SIZE[1] / 2, 0]
    image = pixels / [_SIZE[0], _SIZE[1], _SIZE[0] * DEPTH_OF_IMAGE]
    visibility = np.where(np.isfinite(world[..., 0]), 0.95, 0.0)
    # Every landmark must be there for a body to be seen; what was not made lies hidden at the mid-hips.
    world, image = np.nan_to_num(world), np.where(np.isfinite(image), image, 0.5)
    return Take(
        name,
        exercise,
        f"synthetic {name}",
        False,
        np.arange(steps) / _RATE,
        image.astype(np.float32),
        world.astype(np.float32),
        visibility.astype(np.float32),
        *_SIZE,
        kind="synthetic",
    )


def takes(number: int, seed: int) -> list[Take]:
    """So many takes of each exercise, twice as many of `other`, which is many things."""
    rng = np.random.default_rng(seed)
    return [
        take_of(exercise, f"{exercise} {n}", rng)
        for exercise in MOTIONS
        for n in range(number * (2 if exercise == "other" else 1))
    ]
