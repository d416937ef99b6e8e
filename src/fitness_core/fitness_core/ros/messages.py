"""Between the plain data of `fitness_core.types` and the messages of `fitness_msgs`, both ways.

States and labels, of which every pose has some, are written as bytes: `fitness_core.ros.serialized`.

`from_*` raise InputError for what the interface does not allow: a number that no constant of an enumeration has, a
stamp that is none, numbers where only finite ones mean anything.
"""

import math
from dataclasses import replace
from enum import IntEnum
from typing import TypeVar

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point32
from std_msgs.msg import Header

from fitness_core import types
from fitness_core.errors import InputError
from fitness_core.skeleton import N_LANDMARKS
from fitness_core.types import NANOSECONDS
from fitness_msgs import msg

Kind = TypeVar("Kind", bound=IntEnum)
FARTHEST = 1000.0
"""Landmarks beyond this many picture sizes or metres, or not finite, are not measured: NaN."""
_DEPTH, _VISIBILITY = 2, 6
"""Of a landmark's eight numbers."""
# For every pose; of the class they take a call each.
_TRACKED, _LOST = msg.BodyPose.STATUS_TRACKED, msg.BodyPose.STATUS_LOST


def to_time(stamp: int) -> Time:
    """Nanoseconds to builtin_interfaces/Time."""
    return Time(sec=stamp // NANOSECONDS, nanosec=stamp % NANOSECONDS)


def from_time(time: Time) -> int:
    """builtin_interfaces/Time to nanoseconds."""
    return stamp_of(time.sec, time.nanosec)


def stamp_of(sec: int, nanosec: int) -> int:
    """Seconds and nanoseconds of a builtin_interfaces/Time in nanoseconds."""
    if sec < 0 or nanosec >= NANOSECONDS:
        raise InputError(f"stamp of {sec} s and {nanosec} ns; seconds are 0 or more, nanoseconds below 10^9")
    return sec * NANOSECONDS + nanosec


def _one_of(kind: type[Kind], value: int) -> Kind:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(f"{member.value} {member.name}" for member in kind)
        raise InputError(f"{kind.__name__} {value} is not known; there are {known}") from None


def header(stamp: int, frame_id: str) -> Header:
    """A std_msgs/Header of a stamp [ns]."""
    return Header(stamp=to_time(stamp), frame_id=frame_id)


def to_body_pose(pose: types.Pose) -> msg.BodyPose:
    """Pose -> fitness_msgs/BodyPose."""
    landmarks = [
        msg.Landmark(
            x=x,
            y=y,
            z=z,
            world=Point32(x=world_x, y=world_y, z=world_z),
            visibility=visibility,
            presence=presence,
        )
        for (x, y, z), (world_x, world_y, world_z), visibility, presence in zip(
            pose.image.tolist(),
            pose.world.tolist(),
            pose.visibility.tolist(),
            pose.presence.tolist(),
            strict=True,
        )
    ]
    return msg.BodyPose(
        header=header(pose.stamp, pose.frame_id),
        status=_status(pose),
        body_id=pose.body_id,
        image_width=pose.width,
        image_height=pose.height,
        score=pose.score,
        landmarks=landmarks,
    )


def _status(pose: types.Pose) -> int:
    if pose.tracked:
        return msg.BodyPose.STATUS_TRACKED
    return msg.BodyPose.STATUS_LOST if pose.lost else msg.BodyPose.STATUS_NO_BODY


def from_body_pose(message: msg.BodyPose) -> types.Pose:
    """fitness_msgs/BodyPose -> Pose. Also takes what `rosbags` and `serialized.body_pose_of` make of one."""
    values, size = message.landmarks, (message.image_width, message.image_height)
    if isinstance(values, np.ndarray):
        return message.pose
    values = np.array(
        [
            (p.x, p.y, p.z, p.world.x, p.world.y, p.world.z, p.visibility, p.presence)
            for p in message.landmarks[:N_LANDMARKS]
        ],
        np.float32,
    )
    stamp, frame_id = from_time(message.header.stamp), message.header.frame_id
    return pose_of(stamp, frame_id, message.status, message.body_id, *size, message.score, values)


def pose_of(
    stamp: int, frame_id: str, status: int, body_id: str, width: int, height: int, score: float, landmarks: np.ndarray
) -> types.Pose:
    """The pose that the fields of a BodyPose tell of; stamp [ns], landmarks float32 [33, 8]."""
    if status > _LOST:
        raise InputError(f"BodyPose.status {status} is not known; there are 0, 1 and 2")
    if status != _TRACKED:
        nobody = types.Pose.nobody(stamp, width, height, frame_id)
        return replace(nobody, lost=status == _LOST)
    values = measured(landmarks, width, height)
    image, world, visibility, presence = values[:, 0:3], values[:, 3:6], values[:, 6], values[:, 7]
    return types.Pose(stamp, image, world, visibility, presence, width, height, score, body_id, frame_id)


def measured(landmarks: np.ndarray, width: int, height: int) -> np.ndarray:
    """Landmarks [33, 8] as BodyPose has them, NaN where they cannot be of a body; size of the picture [px].

    Where a landmark is measured, but not its depth or visibility, as by an estimator that knows none: it lies in the
    plane of the hips, and is visible. One that is not measured is not visible, whatever is said of it.
    """
    if landmarks.shape != (N_LANDMARKS, 8) or not (width and height):
        raise InputError(
            f"a body of {len(landmarks)} landmarks in a picture of {width}x{height}; it takes {N_LANDMARKS} and the "
            "size of the picture"
        )
    farthest = np.abs(landmarks)
    if np.maximum.reduce(farthest, axis=None) < FARTHEST:  # which no NaN is
        return landmarks
    values = np.where((farthest >= FARTHEST).any(axis=1)[:, None], np.float32(np.nan), landmarks)
    somewhere = np.isfinite(values[:, :2]).all(axis=1)
    for column, assumed in ((_DEPTH, 0.0), (_VISIBILITY, 1.0)):
        values[somewhere & np.isnan(values[:, column]), column] = assumed
    values[~somewhere, _VISIBILITY] = np.nan
    return values


def to_joint_angles(angles: types.JointAngles, frame_id: str) -> msg.JointAngles:
    """JointAngles -> fitness_msgs/JointAngles."""
    return msg.JointAngles(
        header=header(angles.stamp, frame_id),
        body_id=angles.body_id,
        angles=angles.angles,
        confidences=angles.confidences,
    )


def from_joint_angles(message: msg.JointAngles) -> types.JointAngles:
    """fitness_msgs/JointAngles -> JointAngles."""
    return types.JointAngles(
        stamp=from_time(message.header.stamp),
        angles=np.array(message.angles, np.float32),
        confidences=np.array(message.confidences, np.float32),
        body_id=message.body_id,
    )


def from_classification(message: msg.ExerciseClassification, labels: list[str]) -> types.Classification:
    """fitness_msgs/ExerciseClassification -> Classification; labels: of the last ClassifierInfo.

    Where as many labels as probabilities are not known yet, the message's own label stands for all.
    """
    probabilities = [float(value) for value in message.probabilities]
    if not all(0.0 <= value <= 1.001 for value in probabilities):
        raise InputError("a probability is not between 0 and 1")
    if probabilities and len(labels) == len(probabilities):
        named = dict(zip(labels, probabilities, strict=True))
    else:
        named = {message.label: message.confidence} if message.label and 0.0 <= message.confidence <= 1.0 else {}
    return types.Classification(
        stamp=from_time(message.header.stamp),
        window_start=from_time(message.window_start),
        status=_one_of(types.ClassificationStatus, message.status),
        label=message.label,
        confidence=message.confidence,
        probabilities=named,
        body_id=message.body_id,
    )


def from_rep_state(message: msg.RepState) -> types.RepState:
    """fitness_msgs/RepState -> RepState."""
    return types.RepState(
        stamp=from_time(message.header.stamp),
        exercise=message.exercise,
        phase=_one_of(types.Phase, message.phase),
        progress=message.progress,
        count=message.count,
        rejected=message.rejected,
        set_index=message.set_index,
        body_id=message.body_id,
    )


def to_rep_event(event: types.RepEvent, frame_id: str) -> msg.RepEvent:
    """RepEvent -> fitness_msgs/RepEvent."""
    out, pause, back = event.tempo if event.whole else (math.nan,) * 3
    return msg.RepEvent(
        header=header(event.stamp, frame_id),
        body_id=event.body_id,
        exercise=event.exercise,
        set_index=event.set_index,
        index=event.index,
        status=msg.RepEvent.STATUS_COUNTED if event.counted else msg.RepEvent.STATUS_REJECTED,
        reason=int(event.reason),
        start=to_time(event.start),
        turn=to_time(event.turn),
        turn_start=to_time(event.turn_start or event.turn),
        turn_end=to_time(event.turn_end or event.turn),
        end=to_time(event.end),
        duration=event.duration if event.whole else math.nan,
        duration_out=out,
        duration_turn=pause,
        duration_back=back,
        range_of_motion=event.range_of_motion,
        symmetry=event.symmetry,
        smoothness=event.smoothness,
        confidence=event.confidence,
        form_judged=list(event.form_judged),
        form_faults=list(event.form_faults),
    )


def from_rep_event(message: msg.RepEvent) -> types.RepEvent:
    """fitness_msgs/RepEvent -> RepEvent."""
    return types.RepEvent(
        stamp=from_time(message.header.stamp),
        exercise=message.exercise,
        set_index=message.set_index,
        index=message.index,
        reason=_one_of(types.Reason, message.reason),
        start=from_time(message.start),
        turn=from_time(message.turn),
        end=from_time(message.end),
        range_of_motion=message.range_of_motion,
        symmetry=message.symmetry,
        smoothness=message.smoothness,
        confidence=message.confidence,
        form_faults=tuple(message.form_faults),
        body_id=message.body_id,
        turn_start=from_time(message.turn_start),
        turn_end=from_time(message.turn_end),
        form_judged=tuple(message.form_judged),
        whole=not math.isnan(message.duration),
    )


def to_form_cue(cue: types.FormCue, frame_id: str) -> msg.FormCue:
    """FormCue -> fitness_msgs/FormCue."""
    return msg.FormCue(
        header=header(cue.stamp, frame_id),
        body_id=cue.body_id,
        exercise=cue.exercise,
        code=cue.code,
        text=cue.text,
        priority=int(cue.priority),
    )


def from_form_cue(message: msg.FormCue) -> types.FormCue:
    """fitness_msgs/FormCue -> FormCue."""
    return types.FormCue(
        stamp=from_time(message.header.stamp),
        exercise=message.exercise,
        code=message.code,
        text=message.text,
        priority=_one_of(types.CuePriority, message.priority),
        body_id=message.body_id,
    )


def to_set_summary(summary: types.SetSummary, frame_id: str) -> msg.SetSummary:
    """SetSummary -> fitness_msgs/SetSummary."""
    return msg.SetSummary(
        header=header(summary.stamp, frame_id),
        body_id=summary.body_id,
        exercise=summary.exercise,
        set_index=summary.set_index,
        start=to_time(summary.start),
        end=to_time(summary.end),
        repetitions=summary.repetitions,
        rejected=summary.rejected,
        duration_mean=summary.duration_mean,
        range_of_motion_mean=summary.range_of_motion_mean,
        symmetry_mean=summary.symmetry_mean,
        velocity_loss=summary.velocity_loss,
        form_faults=list(summary.form_faults),
        second_opinion=summary.second_opinion,
    )


def from_set_summary(message: msg.SetSummary) -> types.SetSummary:
    """fitness_msgs/SetSummary -> SetSummary."""
    return types.SetSummary(
        stamp=from_time(message.header.stamp),
        exercise=message.exercise,
        set_index=message.set_index,
        start=from_time(message.start),
        end=from_time(message.end),
        repetitions=message.repetitions,
        rejected=message.rejected,
        duration_mean=message.duration_mean,
        range_of_motion_mean=message.range_of_motion_mean,
        symmetry_mean=message.symmetry_mean,
        velocity_loss=message.velocity_loss,
        form_faults=tuple(message.form_faults),
        body_id=message.body_id,
        second_opinion=message.second_opinion,
    )


def to_periodicity(found: types.Periodicity, frame_id: str) -> msg.Periodicity:
    """Periodicity -> fitness_msgs/Periodicity."""
    return msg.Periodicity(
        header=header(found.stamp, frame_id),
        body_id=found.body_id,
        start=to_time(found.start),
        repetitions=found.repetitions,
        period=found.period,
        strength=found.strength,
    )
