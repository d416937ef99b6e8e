"""The annotated picture: skeleton, joint angles, exercise, phase, repetition counter, probabilities. Headless."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fitness_core.skeleton import CONNECTIONS, INDEX, JOINTS, LANDMARKS, MIN_VISIBILITY
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    FormCue,
    JointAngles,
    Phase,
    Pose,
    RepState,
    nanoseconds,
)
from fitness_core.words import words_of
from fitness_visualization.picture import banner, drawing
from fitness_visualization.picture.drawing import Box, Colour


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known at the moment of a picture; None = not known (yet).

    instruction: for the person, "" = none. cue: the last one about form; shown where there is no instruction.
    """

    pose: Pose | None = None
    angles: JointAngles | None = None
    classification: Classification | None = None
    state: RepState | None = None
    instruction: str = ""
    cue: FormCue | None = None


# One small palette, BGR. The person's left is orange and the right is blue: also told apart by the colour-blind.
LEFT = (64, 159, 255)
RIGHT = (255, 190, 72)
MIDDLE = (235, 235, 235)
ACCENT = (150, 230, 110)
TEXT = (245, 245, 245)
MUTED = (208, 204, 200)
TRACK = (112, 105, 98)
BACKGROUND = (34, 28, 24)
FLOOR = (44, 37, 32)

CUE_SHOWN = nanoseconds(4.0)
"""How long a form cue is shown [ns of stamps]."""

PHASE_WORDS = {Phase.UNKNOWN: "", Phase.REST: "rest", Phase.OUT: "out", Phase.TURN: "turn", Phase.BACK: "back"}

_FACE = tuple(INDEX[name] for name in LANDMARKS[:11])
_TIPS = frozenset(
    number for number, name in enumerate(LANDMARKS) if name.split("_")[-1] in ("pinky", "thumb", "heel", "index")
)
_BONES = tuple((a, b) for a, b in CONNECTIONS if a not in _FACE)
_SIDES = tuple(LEFT if "left" in name else RIGHT if "right" in name else MIDDLE for name in LANDMARKS)
_DOTS = tuple(
    INDEX[f"{side}_{name}"]
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
_ANGLES = tuple(number for number, joint in enumerate(JOINTS) if not joint.name.endswith("ankle"))
_TORSO = tuple(INDEX[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip"))

# The panel changes sides when clearly more of the body was under it, over some 20 pictures, than would be there.
_MEMORY = 0.05
_CLEARLY = 0.1


class _Body(NamedTuple):
    """What was drawn: points [33, 2] and width of a bone in pixels of the canvas, which of the points are seen."""

    points: np.ndarray
    seen: np.ndarray
    width: float


class _Heading(NamedTuple):
    """The words at the top of the panel."""

    text: str
    detail: str
    colour: Colour


class Overlay:
    """Draws scenes; remembers only on which side its panel is, so that it does not jump.

    min_visibility: landmarks below it are not drawn, angles below it not written. size: width, height [px] of the
    plain background that stands for a missing picture; the pose keeps its own aspect ratio on it.
    """

    def __init__(self, min_visibility: float = MIN_VISIBILITY, size: tuple[int, int] = (960, 540)) -> None:
        self.min_visibility = min_visibility
        self.size = size
        self._covered: list[float] = []
        self._place = 0

    def draw(self, picture: np.ndarray | None, scene: Scene) -> np.ndarray:
        """An annotated copy, BGR uint8. picture: BGR uint8 [height, width, 3], or None for a plain background."""
        pose = scene.pose
        if picture is None:
            canvas, area = self._plain(pose)
        else:
            canvas = picture.copy()
            area = Box(0, 0, picture.shape[1], picture.shape[0])
        body = self._body(canvas, area, pose) if pose is not None and pose.tracked else None
        panel = self._panel(canvas, body.points[body.seen] if body else np.empty((0, 2)), scene)
        if body and scene.angles is not None:
            self._angles(canvas, body, scene.angles, panel)
        if words := scene.instruction or _said(scene):
            banner.draw(canvas, words, ACCENT, BACKGROUND)
        return canvas

    def _plain(self, pose: Pose | None) -> tuple[np.ndarray, Box]:
        width, height = self.size
        canvas = np.full((height, width, 3), BACKGROUND, np.uint8)
        aspect = pose.width / pose.height if pose is not None and pose.width and pose.height else width / height
        scale = min(width / aspect, height)
        area = Box((width - scale * aspect) / 2, (height - scale) / 2, scale * aspect, scale)
        left, top = round(area.x), round(area.y)
        canvas[top : top + round(area.height), left : left + round(area.width)] = FLOOR
        return canvas, area

    def _body(self, canvas: np.ndarray, area: Box, pose: Pose) -> _Body | None:
        """Draw the skeleton; None where nothing of it is seen."""
        points = pose.image[:, :2] * (area.width, area.height) + (area.x, area.y)
        with np.errstate(invalid="ignore"):
            # Points far outside cannot be drawn into the picture and overflow OpenCV's integers.
            inside = (np.abs(pose.image[:, :2] - 0.5) < 2).all(axis=1)
            seen = (pose.visibility >= self.min_visibility) & inside
        if not seen.any():
            return None
        width = self._line_width(canvas, points, seen)
        bones = [(a, b) for a, b in _BONES if seen[a] and seen[b]]
        for edge in (True, False):
            # First all dark edges, then all colours: limbs that cross stay readable on light and dark footage.
            for a, b in bones:
                colour = BACKGROUND if edge else _SIDES[a] if _SIDES[a] == _SIDES[b] else MIDDLE
                stroke = width * (0.55 if b in _TIPS else 1.0)
                drawing.line(canvas, points[a], points[b], colour, stroke + (width * 0.9 if edge else 0.0))
            self._head(canvas, points, seen, BACKGROUND if edge else MIDDLE, width * (1.4 if edge else 0.55))
        for index in _DOTS:
            if seen[index]:
                drawing.dot(canvas, points[index], width * 1.25, BACKGROUND)
                drawing.dot(canvas, points[index], width * 1.0, TEXT)
                drawing.dot(canvas, points[index], width * 0.6, _SIDES[index])
        return _Body(points, seen, width)

    def _head(self, canvas: np.ndarray, points: np.ndarray, seen: np.ndarray, colour: Colour, width: float) -> None:
        """A circle around the visible points of the face."""
        face = points[[index for index in _FACE if seen[index]]]
        if len(face) > 2:
            centre = (face.min(axis=0) + face.max(axis=0)) / 2
            radius = 1.35 * np.linalg.norm(face - centre, axis=1).max()
            drawing.arc(canvas, (centre[0], centre[1]), radius, 1.0, colour, width)

    def _line_width(self, canvas: np.ndarray, points: np.ndarray, seen: np.ndarray) -> float:
        """Width of a bone [px]: by the size of the picture, thinner for a person far away."""
        by_picture = min(canvas.shape[:2]) / 110
        extent = np.ptp(points[seen], axis=0).max()
        return max(1.5, min(by_picture, extent / 45))

    def _angles(self, canvas: np.ndarray, body: _Body, angles: JointAngles, panel: Box | None) -> None:
        """Write the angles beside their joints, but none into the words of the panel."""
        points, seen, width = body
        height = max(9.0, min(canvas.shape[:2]) / 34)
        if width * 6 < height:
            return  # the body is too small for eight numbers
        trunk = [index for index in _TORSO if seen[index]]
        middle = points[trunk].mean(axis=0)[0] if trunk else points[seen].mean(axis=0)[0]
        for number in _ANGLES:
            joint = JOINTS[number]
            angle, confidence = angles.angles[number], angles.confidences[number]
            if not (seen[joint.at] and math.isfinite(angle) and confidence >= self.min_visibility):
                continue
            x, y = points[joint.at]
            reach = width * 1.6 + height * 3.6
            side = 1 if x >= middle else -1
            if not 0 <= x + side * reach < canvas.shape[1]:
                side = -side
            text = f"{math.degrees(angle):.0f}"
            at = (x + side * (width * 1.6 + height * 0.4), y + height * 0.5)
            if panel and panel.overlaps(Box(min(x, x + side * reach), at[1] - height, reach, height)):
                continue
            drawing.text(
                canvas, text, at, height, TEXT, anchor="left" if side > 0 else "right", edge=True, degrees=True
            )

    def _panel(self, canvas: np.ndarray, points: np.ndarray, scene: Scene) -> Box | None:
        """Draw the panel where it hides least of these points [n, 2]; where that is, None where it has no words."""
        heading = _heading(scene)
        bars = _bars(scene.classification)
        if not (heading.text or bars or scene.state):
            return None
        height, width = canvas.shape[:2]
        draw = self._column if width >= height * 0.9 else self._row
        return draw(canvas, points, heading, bars, scene.state)

    def _column(self, canvas, points, heading: _Heading, bars, state: RepState | None) -> Box:
        """The panel of a landscape picture: a column at the left or right."""
        height, width = canvas.shape[:2]
        unit = min(0.36 * height, 0.27 * width)
        margin = round(0.07 * unit)
        inner = unit - 2 * margin
        title, detail = 0.36 * unit, 0.98 * unit if state is not None else 0.0
        # Where a sentence would be, nothing is drawn: bars that come and go with it are hard to read.
        free = height - banner.height_of(canvas) - 2 * margin
        rows = max(0, min(len(bars), int((free - title - detail - margin) / (0.2 * unit))))
        bars = _strongest(bars, rows)
        total = title + detail + len(bars) * 0.2 * unit + margin
        box = self._choose(points, [Box(margin, margin, unit, total), Box(width - unit - margin, margin, unit, total)])
        drawing.panel(canvas, box, BACKGROUND)
        left, y = box.x + margin, box.y + margin
        drawing.text(canvas, heading.text, (left, y + 0.13 * unit), 0.105 * unit, heading.colour, fit=inner)
        drawing.text(canvas, heading.detail, (left, y + 0.27 * unit), 0.07 * unit, MUTED, fit=inner)
        y += round(title)
        if state is not None:
            self._ring(canvas, (box.x + unit / 2, y + 0.38 * unit), 0.36 * unit, state)
            words = _phase_words(state)
            drawing.text(canvas, words, (box.x + unit / 2, y + 0.88 * unit), 0.08 * unit, MUTED, "middle", fit=inner)
            y += round(detail)
        for label, value, strongest in bars:
            drawing.bar(canvas, Box(left, y, inner, 0.15 * unit), label, value, ACCENT if strongest else MUTED, TRACK)
            y += round(0.2 * unit)
        return box

    def _row(self, canvas, points, heading: _Heading, bars, state: RepState | None) -> Box:
        """The panel of a portrait picture: a row at the top or bottom."""
        height, width = canvas.shape[:2]
        margin = round(0.02 * width)
        unit = min(0.34 * width, 0.2 * height)
        boxes = [
            Box(margin, margin, width - 2 * margin, unit),
            Box(margin, height - unit - margin, width - 2 * margin, unit),
        ]
        box = self._choose(points, boxes)
        drawing.panel(canvas, box, BACKGROUND)
        left = box.x + 2 * margin
        if state is not None:
            self._ring(canvas, (box.x + unit / 2, box.y + unit / 2), 0.42 * unit, state)
            left = box.x + unit + margin
        bars = _strongest(bars, 4)
        right = box.x + box.width - margin
        middle = left + (right - left) * 0.52 if bars else right
        inner = middle - left - margin
        drawing.text(canvas, heading.text, (left, box.y + 0.34 * unit), 0.16 * unit, heading.colour, fit=inner)
        drawing.text(canvas, heading.detail, (left, box.y + 0.57 * unit), 0.1 * unit, MUTED, fit=inner)
        if state is not None:
            drawing.text(canvas, _phase_words(state), (left, box.y + 0.82 * unit), 0.1 * unit, MUTED, fit=inner)
        step = 0.92 * unit / max(3, len(bars))
        for number, (label, value, strongest) in enumerate(bars):
            row = Box(middle, box.y + 0.06 * unit + number * step, right - middle, step * 0.8)
            drawing.bar(canvas, row, label, value, ACCENT if strongest else MUTED, TRACK)
        return box

    def _ring(self, canvas: np.ndarray, centre: tuple[float, float], radius: float, state: RepState) -> None:
        """The count in big digits inside a ring that closes on the way to the turning point."""
        stroke = radius * 0.14
        drawing.arc(canvas, centre, radius - stroke / 2, 1.0, TRACK, stroke)
        if math.isfinite(state.progress):
            drawing.arc(canvas, centre, radius - stroke / 2, min(1.0, max(0.0, state.progress)), ACCENT, stroke)
        drawing.text(
            canvas,
            str(state.count),
            centre,
            radius * 0.92,
            TEXT,
            "centre",
            fit=radius * 1.3,
            weight=1.5,
        )

    def _choose(self, points: np.ndarray, boxes: list[Box]) -> Box:
        """The place that hides less of the body, kept while it is good enough."""
        if len(points):
            shares = [float(box.contains(points).mean()) for box in boxes]
            if not self._covered:
                self._covered = shares
                self._place = int(shares[1] < shares[0])
            self._covered = [old + _MEMORY * (new - old) for old, new in zip(self._covered, shares, strict=True)]
            if self._covered[self._place] > self._covered[1 - self._place] + _CLEARLY:
                self._place = 1 - self._place
        return boxes[self._place]


def old(picture: np.ndarray) -> np.ndarray:
    """A drawn picture that no other has followed: dark, and it says so."""
    canvas = picture // 3
    banner.draw(canvas, "no new pictures", ACCENT, BACKGROUND)
    return canvas


def _said(scene: Scene) -> str:
    """What the cue says, for some seconds after it."""
    if scene.cue is None or scene.pose is None or abs(scene.pose.stamp - scene.cue.stamp) > CUE_SHOWN:
        return ""
    return scene.cue.text


def _heading(scene: Scene) -> _Heading:
    result = scene.classification
    if scene.pose is not None and not scene.pose.tracked:
        return _Heading("nobody in view", "", MUTED)
    if result is None:
        return _Heading(words_of(scene.state.exercise) if scene.state else "", "", TEXT)
    if result.status == ClassificationStatus.NO_BODY:
        return _Heading("nobody in view", "", MUTED)
    if result.status == ClassificationStatus.WARMING_UP:
        return _Heading("warming up", "", MUTED)
    sure = result.status == ClassificationStatus.OK
    counted = scene.state.exercise if scene.state else ""
    if counted and counted != result.label:
        # The number below is of the exercise that is counted, whatever it looks like.
        return _Heading(words_of(counted), f"looks like {words_of(result.label)}" if sure else "not sure", TEXT)
    percent = f"{100 * result.confidence:.0f} %" if math.isfinite(result.confidence) else ""
    return _Heading(words_of(result.label), percent if sure else f"{percent} not sure", TEXT if sure else MUTED)


def _phase_words(state: RepState) -> str:
    words = [PHASE_WORDS[state.phase]]
    if state.set_index > 1:
        words.append(f"set {state.set_index}")
    if state.rejected:
        words.append(f"{state.rejected} rejected")
    return "   ".join(word for word in words if word)


def _bars(result: Classification | None) -> list[tuple[str, float, bool]]:
    """Label, probability, whether it is the strongest; in the classifier's order."""
    if result is None or not result.probabilities:
        return []
    best = max(result.probabilities, key=lambda label: result.probabilities[label])
    return [(words_of(label), value, label == best) for label, value in result.probabilities.items()]


def _strongest(bars: list[tuple[str, float, bool]], count: int) -> list[tuple[str, float, bool]]:
    """So many of the strongest, in their order."""
    kept = sorted(range(len(bars)), key=lambda number: -bars[number][1])[:count]
    return [bars[number] for number in sorted(kept)]
