"""Foxglove's own messages: the body on the picture (ImageAnnotations) and in space (SceneUpdate). Free of ROS.

Needs foxglove-sdk. Schemas: https://docs.foxglove.dev/docs/visualization/message-schemas.
"""

import math

from foxglove import messages as fox

from fitness_core.skeleton import JOINTS, MIN_VISIBILITY
from fitness_core.types import NANOSECONDS, JointAngles, Pose, RepState
from fitness_visualization.space.figure import BONE_WIDTH, BONES, DOT_SIZE, DRAWN, SIDES, Figure, Words, title_of

UPRIGHT = "camera_upright"
"""Frame at the camera with x forward, y left, z up (REP 103), so that people stand in a viewer whose up is z."""
ANGLE_HEIGHT, TITLE_HEIGHT = 0.08, 0.18
"""Height of words in space [m]."""
LIFETIME = fox.Duration(sec=1, nsec=0)
"""What is not drawn again goes."""

_COLOURS = tuple(fox.Color(r=red, g=green, b=blue, a=1.0) for red, green, blue in SIDES)
_WHITE = fox.Color(r=1.0, g=1.0, b=1.0, a=1.0)
_SHADE = fox.Color(r=0.07, g=0.06, b=0.05, a=0.7)
_STRAIGHT = fox.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0)


def annotations(
    pose: Pose, angles: JointAngles | None, state: RepState | None, min_visibility: float = MIN_VISIBILITY
) -> fox.ImageAnnotations:
    """Skeleton, joint angles, exercise and count in pixels of the picture with the pose's stamp; empty of nobody."""
    stamp = _stamp(pose.stamp)
    pixels = pose.pixels()[:, :2].astype(float)
    seen = [
        bool(pose.visibility[index] >= min_visibility and math.isfinite(x) and math.isfinite(y))
        for index, (x, y) in enumerate(pixels)
    ]
    unit = max(pose.width, pose.height, 1) / 100
    ends = [index for bone in BONES if seen[bone[0]] and seen[bone[1]] for index in bone]
    dots = [index for index in DRAWN if seen[index]]
    points = []
    for kind, indices, width in (
        (fox.PointsAnnotationType.LineList, ends, 0.5 * unit),
        (fox.PointsAnnotationType.Points, dots, unit),
    ):
        if indices:
            points.append(
                fox.PointsAnnotation(
                    timestamp=stamp,
                    type=kind,
                    points=[_point2(pixels[index]) for index in indices],
                    # One colour for each line, or for each point.
                    outline_colors=[_COLOURS[index] for index in (indices[1::2] if indices is ends else indices)],
                    outline_color=_WHITE,
                    fill_color=_WHITE,
                    thickness=width,
                )
            )
    texts = []
    for number, joint in enumerate(JOINTS):
        if angles is not None and seen[joint.at] and angles.confidences[number] >= min_visibility:
            angle = float(angles.angles[number])
            if math.isfinite(angle):
                words = f"{math.degrees(angle):.0f}\N{DEGREE SIGN}"
                texts.append(_annotation(stamp, pixels[joint.at], words, 2.2 * unit))
    if state is not None and state.exercise:
        texts.append(_annotation(stamp, (1.5 * unit, 6 * unit), title_of(state), 5 * unit))
    return fox.ImageAnnotations(timestamp=stamp, circles=[], points=points, texts=texts)


def scene(figure: Figure | None, stamp: int, frame_id: str) -> fox.SceneUpdate:
    """The figure in metres in the camera optical frame at `stamp` [ns]; deletes the last one where there is none."""
    if figure is None:
        deletion = fox.SceneEntityDeletion(
            timestamp=_stamp(stamp), type=fox.SceneEntityDeletionType.MatchingId, id="body"
        )
        return fox.SceneUpdate(deletions=[deletion], entities=[])
    ends = [index for bone in figure.bones for index in bone]
    bones = fox.LinePrimitive(
        type=fox.LinePrimitiveLineType.LineList,
        pose=_place((0.0, 0.0, 0.0)),
        thickness=BONE_WIDTH,
        points=[fox.Point3(x=x, y=y, z=z) for x, y, z in figure.points[ends].tolist()],
        colors=[_COLOURS[index] for index in ends],
    )
    size = fox.Vector3(x=DOT_SIZE, y=DOT_SIZE, z=DOT_SIZE)
    dots = [
        fox.SpherePrimitive(pose=_place(figure.points[index]), size=size, color=_COLOURS[index])
        for index in figure.seen
    ]
    texts = [_text(words, ANGLE_HEIGHT) for words in figure.joints.values()]
    if figure.title is not None:
        texts.append(_text(figure.title, TITLE_HEIGHT))
    entity = fox.SceneEntity(
        timestamp=_stamp(stamp),
        frame_id=frame_id,
        id="body",
        lifetime=LIFETIME,
        frame_locked=True,
        lines=[bones],
        spheres=dots,
        texts=texts,
    )
    return fox.SceneUpdate(deletions=[], entities=[entity])


def upright(stamp: int, frame_id: str) -> fox.FrameTransform:
    """Where the camera optical frame is in UPRIGHT: turned as REP 103 has it."""
    return fox.FrameTransform(
        timestamp=_stamp(stamp),
        parent_frame_id=UPRIGHT,
        child_frame_id=frame_id,
        translation=fox.Vector3(x=0.0, y=0.0, z=0.0),
        rotation=fox.Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5),
    )


def _stamp(stamp: int) -> fox.Timestamp:
    return fox.Timestamp(sec=stamp // NANOSECONDS, nsec=stamp % NANOSECONDS)


def _annotation(stamp, at, words: str, size: float) -> fox.TextAnnotation:
    return fox.TextAnnotation(
        timestamp=stamp, position=_point2(at), text=words, font_size=size, text_color=_WHITE, background_color=_SHADE
    )


def _text(words: Words, size: float) -> fox.TextPrimitive:
    return fox.TextPrimitive(pose=_place(words.at), billboard=True, font_size=size, color=_WHITE, text=words.text)


def _place(at) -> fox.Pose:
    x, y, z = map(float, at)
    return fox.Pose(position=fox.Vector3(x=x, y=y, z=z), orientation=_STRAIGHT)


def _point2(at) -> fox.Point2:
    return fox.Point2(x=float(at[0]), y=float(at[1]))
