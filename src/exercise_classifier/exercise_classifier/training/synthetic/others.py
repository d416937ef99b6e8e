"""How a jointed body moves in what is none of the exercises: other movements, walking, standing about.

Each function gives the motion of so many steps. Axes and joints as in `body.py`; angles in radians.
"""

import numpy as np

from exercise_classifier.training.synthetic.exercises import arm_raise, lunge, press, push_up, sit_up, squat, swing
from exercise_classifier.training.synthetic.signals import (
    RATE,
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


def hinge(steps: int, rng: Generator) -> Motion:
    """Good morning, toe touch: the trunk goes down more than the hips, the arms hold a bar on the back or reach."""
    motion = standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    lean, hip, knee = degrees(rng, 50, 100), degrees(rng, 10, 60), degrees(rng, 5, 60)
    motion["lean"] = motion["lean"] + lean * wave
    motion["drop"] = np.ones(steps)
    bar, reach = rng.random() < 0.6, degrees(rng, 20, 60)
    for side, _ in SIDES:
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip * wave
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee * wave
        motion[f"{side}_raise"] = motion[f"{side}_raise"] + (reach * wave)
        if bar:
            motion[f"{side}_raise"] = wander(steps, rng, 0.04) + degrees(rng, 20, 60)
            motion[f"{side}_elbow"] = wander(steps, rng, 0.04) + degrees(rng, 30, 60)
    return motion


def side_lunge(steps: int, rng: Generator) -> Motion:
    """One knee bends, the other leg is stretched to the side."""
    return lunge(steps, rng, sideways=True)


def upright_row(steps: int, rng: Generator) -> Motion:
    """Elbows go up at the sides, the hands stay under them."""
    return arm_raise(steps, rng, "row")


def bench(steps: int, rng: Generator) -> Motion:
    """A press or a curl of a body that lies or leans far back or forward."""
    motion = press(steps, rng) if rng.random() < 0.7 else squat(steps, rng)
    motion["lie"] = np.full(steps, rng.choice([-1, 1]) * degrees(rng, 60, 95))
    return motion


def row(steps: int, rng: Generator) -> Motion:
    """Bent-over row: the trunk stays bent, the elbows go back."""
    motion = standing(steps, rng, seated=False)
    motion["lean"] = wander(steps, rng, 0.04) + degrees(rng, 35, 85)
    motion["drop"] = np.ones(steps)
    hip, knee = degrees(rng, 10, 40), degrees(rng, 10, 40)
    for side, wave in arm_waves(steps, rng).items():
        motion[f"{side}_hip"] = motion[f"{side}_hip"] + hip
        motion[f"{side}_knee"] = motion[f"{side}_knee"] + knee
        if wave is not None:
            motion[f"{side}_raise"] = mix(wave, degrees(rng, 0, 20), -degrees(rng, 30, 60))
            motion[f"{side}_out"] = wander(steps, rng, 0.06) + degrees(rng, 0, 40)
            motion[f"{side}_elbow"] = mix(wave, degrees(rng, 150, 178), degrees(rng, 70, 110))
    return motion


def arm_swing(steps: int, rng: Generator) -> Motion:
    """Arms alone open, close or circle."""
    return swing(steps, rng, 0.0, circle=rng.random() < 0.7)


def walk(steps: int, rng: Generator) -> Motion:
    """Walking, on the spot or through the picture."""
    return _steps(steps, rng, rng.uniform(0.6, 1.1), degrees(rng, 10, 32), degrees(rng, 130, 175), march=False)


def run(steps: int, rng: Generator) -> Motion:
    """Running or marching with high knees."""
    return _steps(
        steps, rng, rng.uniform(0.8, 1.8), degrees(rng, 30, 50), degrees(rng, 70, 130), march=rng.random() < 0.6
    )


def _steps(steps: int, rng: Generator, pace: float, stride: float, elbow: float, march: bool) -> Motion:
    motion = standing(steps, rng, seated=False)
    phase = 2 * np.pi * (np.arange(steps) / RATE * pace + rng.uniform())
    arms = degrees(rng, 0, 40)
    for side, sign in SIDES:
        swing = np.sin(phase) * sign
        motion[f"{side}_hip"] = (np.maximum(swing, 0) * 2 if march else swing) * stride
        motion[f"{side}_knee"] = np.maximum(np.sin(phase + 0.9) * sign, 0) * stride * 2
        motion[f"{side}_raise"] = -swing * arms
        motion[f"{side}_out"] = np.full(steps, degrees(rng, 0, 30))
        motion[f"{side}_elbow"] = wander(steps, rng, 0.05) + elbow
    motion["drift"] = np.arange(steps) / RATE * rng.choice([0.0, 0.8, -0.8])
    return motion


def idle(steps: int, rng: Generator) -> Motion:
    """Standing or sitting: still, talking with the hands, holding something, hands on the hips."""
    motion = standing(steps, rng)
    gesture = rng.random()
    for side, _ in SIDES:
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


def plank(steps: int, rng: Generator) -> Motion:
    """The push-up's posture without its motion: still, or with the knees drawn up in turn (mountain climber)."""
    motion = push_up(steps, rng, moving=False)
    if rng.random() < 0.4:
        for side, _ in SIDES:
            motion[f"{side}_elbow"] = wander(steps, rng, 0.03) + degrees(rng, 75, 105)
            motion[f"{side}_raise"] = wander(steps, rng, 0.03) + degrees(rng, 70, 100)
    if rng.random() < 0.5:
        phase = 2 * np.pi * (np.arange(steps) / RATE * rng.uniform(0.5, 2.0) + rng.uniform())
        high, bend = degrees(rng, 50, 110), degrees(rng, 60, 110)
        for side, sign in SIDES:
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
    for side, sign in SIDES:
        own = wave if not in_turn or sign > 0 else 1 - wave
        motion[f"{side}_hip"] = mix(own, low, high)
        motion[f"{side}_knee"] = bend * (own if in_turn else 0.3 + 0 * own) + wander(steps, rng, 0.04)
        motion[f"{side}_raise"] = wander(steps, rng, 0.04) + (
            degrees(rng, 0, 30) if not in_turn else degrees(rng, 90, 140)
        )
    return motion


def twist(steps: int, rng: Generator) -> Motion:
    """Seated on the floor, leaning back, the arms go from side to side (Russian twist)."""
    motion = standing(steps, rng, seated=False)
    motion["lean"] = wander(steps, rng, 0.04) - degrees(rng, 20, 50)
    wave = repetitions(steps, rng)
    across = degrees(rng, 30, 80)
    for side, sign in SIDES:
        motion[f"{side}_hip"] = wander(steps, rng, 0.04) + degrees(rng, 80, 110)
        motion[f"{side}_knee"] = wander(steps, rng, 0.04) + degrees(rng, 60, 110)
        motion[f"{side}_raise"] = wander(steps, rng, 0.05) + degrees(rng, 30, 70)
        motion[f"{side}_out"] = sign * across * (2 * wave - 1)
        motion[f"{side}_elbow"] = wander(steps, rng, 0.08) + degrees(rng, 80, 150)
        motion[f"{side}_forearm"] = np.tile(np.array([-0.8, 0.2, 1.0]), (steps, 1))
    return motion


def calf_raise(steps: int, rng: Generator) -> Motion:
    """The whole body goes up and down a little on nearly straight legs."""
    motion = standing(steps, rng, seated=False)
    if rng.random() < 0.5:
        hold_arms(motion, steps, rng)
    motion["rise"] = rng.uniform(0.03, 0.1) * repetitions(steps, rng)
    return motion


def step_up(steps: int, rng: Generator) -> Motion:
    """One leg is lifted onto a box or to the chest, then the body may rise; a leg is stretched out while seated."""
    seated = rng.random() < 0.35
    motion = standing(steps, rng, seated=seated)
    wave = repetitions(steps, rng)
    sides = [side for side, _ in SIDES]
    both, first = rng.random() < (0.5 if seated else 0.0), sides[rng.integers(2)]
    for side in sides if both else [first]:
        if seated:
            motion[f"{side}_knee"] = motion[f"{side}_knee"] * (1 - wave) + degrees(rng, 0, 20) * wave
        else:
            high = degrees(rng, 50, 100)
            motion[f"{side}_hip"] = motion[f"{side}_hip"] + high * wave
            motion[f"{side}_knee"] = motion[f"{side}_knee"] + high * rng.uniform(0.9, 1.1) * wave
    if not seated and rng.random() < 0.6:
        motion["rise"] = rng.uniform(0.1, 0.35) * np.roll(wave, round(0.4 * RATE))
    return motion


def box(steps: int, rng: Generator) -> Motion:
    """Fists before the face strike out in turn."""
    motion = standing(steps, rng, seated=False)
    pace = rng.uniform(0.5, 2.0)
    phase = 2 * np.pi * (np.arange(steps) / RATE * pace + rng.uniform())
    guard, raised = degrees(rng, 25, 60), degrees(rng, 20, 50)
    for side, sign in SIDES:
        out = np.clip(np.sin(phase) * sign, 0, 1) ** 2 * rng.uniform(0.6, 1.0)
        motion[f"{side}_raise"] = mix(out, raised, degrees(rng, 70, 100)) + wander(steps, rng, 0.06)
        motion[f"{side}_out"] = wander(steps, rng, 0.1) + degrees(rng, 0, 40)
        motion[f"{side}_elbow"] = mix(out, guard, degrees(rng, 130, 175))
        motion[f"{side}_forearm"] = np.tile(np.array([-0.4, 1.0, 0.5]), (steps, 1))
    return motion


def dip(steps: int, rng: Generator) -> Motion:
    """Hands on bars at the hips: the elbows bend behind the trunk and the body goes down."""
    motion = standing(steps, rng, seated=False)
    wave = repetitions(steps, rng)
    motion["lean"] = wander(steps, rng, 0.03) + degrees(rng, 0, 20) + degrees(rng, 0, 20) * wave
    back, bent = degrees(rng, 25, 60), degrees(rng, 75, 110)
    hip, knee = degrees(rng, 0, 40), degrees(rng, 0, 100)
    for side, _ in SIDES:
        motion[f"{side}_raise"] = mix(wave, degrees(rng, 0, 10), -back)
        motion[f"{side}_elbow"] = mix(wave, degrees(rng, 155, 178), bent)
        motion[f"{side}_hip"] = wander(steps, rng, 0.03) + hip
        motion[f"{side}_knee"] = wander(steps, rng, 0.03) + knee
    motion["hang"] = np.ones(steps)
    return motion
