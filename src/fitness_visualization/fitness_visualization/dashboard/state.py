"""What is known of the graph, as the JSON that pages and scripts get. docs/dashboard.md describes every field.

Angles are degrees here, since people read them; times are seconds; what is not measured is null.
"""

import math
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from fitness_core.catalogue import Catalogue, Exercise, JointName
from fitness_core.skeleton import CONNECTIONS, JOINTS
from fitness_core.types import (
    SET_BACK,
    Classification,
    ClassificationStatus,
    FormCue,
    JointAngles,
    Phase,
    Pose,
    RepEvent,
    RepState,
    SetSummary,
    seconds,
)
from fitness_visualization.answers import Answers

Json = dict[str, Any]

PROTOCOL = 1
"""Version of the messages; it goes up when a field changes its meaning or goes."""
KEPT = 200
"""Repetitions, sets and cues that somebody who comes late is still told."""
ANSWERS = ("rep_state", "exercise")
"""Topics that have a message for each pose, or nearly so; angles come with rep_state."""
AHEAD = 5.0
"""A repetition that ends so long after the newest pose was done before the stamps jumped back [s]."""
RATE_WINDOW = 30
"""Poses over whose stamps the rate is taken."""


class State:
    """The newest of everything. One thread takes what comes, any thread may read."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.exercises = [{"name": e.name, "title": e.title, "joint": _joint_of(e)} for e in catalogue]
        self._by_distance = {e.name for e in catalogue if e.joint is None}
        self.threshold = math.nan
        self.model = ""
        self._nodes: dict[str, tuple[float, Json]] = {}  # with the time at which they said so
        self._answers = Answers(ANSWERS)
        self.instruction = ""
        self._stamps: deque[int] = deque(maxlen=RATE_WINDOW)
        self._came = math.nan
        self._classification: Classification | None = None
        self._rep: RepState | None = None
        self._repetitions: deque[Json] = deque(maxlen=KEPT)
        self._sets: deque[Json] = deque(maxlen=KEPT)
        self._cues: deque[Json] = deque(maxlen=KEPT)
        self._totals = {"sets": 0, "repetitions": 0}  # of all sets, those too that are not kept any more

    def tick(self, stamp: int) -> None:
        """A pose of that stamp [ns] has come. Stamps that jump back begin a new recording."""
        if self._stamps and stamp < self._stamps[-1]:
            if stamp < self._stamps[-1] - SET_BACK:
                self._repetitions.clear()
                self._cues.clear()
            self._stamps.clear()
        if not self._stamps or stamp > self._stamps[-1]:
            self._stamps.append(stamp)
        self._came = time.monotonic()
        self._answers.posed(self._came)

    def answered(self, topic: str) -> None:
        """A message of one of ANSWERS has come."""
        self._answers.came(topic)

    def take_classification(self, classification: Classification) -> None:
        """The newest label."""
        self._classification = classification

    def take_state(self, rep: RepState) -> None:
        """The newest phase and count."""
        self._rep = rep

    @property
    def silent_after(self) -> float:
        """So long after the last of its kind, nothing that was said is of now any more [s]."""
        return self._answers.patience

    @silent_after.setter
    def silent_after(self, patience: float) -> None:
        self._answers.patience = patience

    @property
    def missing(self) -> list[str]:
        """Which of ANSWERS come no more, though poses do."""
        return [topic for topic in ANSWERS if self._answers.missing(topic)]

    def take_repetition(self, event: RepEvent) -> Json:
        """A finished repetition; returns its message."""
        message = {
            "type": "repetition",
            "stamp": seconds(event.stamp),
            "exercise": event.exercise,
            "set": event.set_index,
            "index": event.index,
            "counted": event.counted,
            "reason": "" if event.counted else event.reason.name.lower(),
            "start": seconds(event.start),
            "turn": seconds(event.turn),
            "end": seconds(event.end),
            "duration": number(event.duration if event.whole else math.nan, 2),
            "range": self._range(event.exercise, event.range_of_motion),
            "symmetry": number(event.symmetry, 3),
            "faults": list(event.form_faults),
        }
        # The set that ends with a recording is told when the next one may have begun.
        if not self._stamps or seconds(event.end - self._stamps[-1]) <= AHEAD:
            self._repetitions.append(message)
        return message

    def take_set(self, summary: SetSummary) -> Json:
        """A finished set; returns its message."""
        if summary.repetitions or summary.rejected:
            self._totals["sets"] += 1
            self._totals["repetitions"] += summary.repetitions
        return _keep(
            self._sets,
            {
                "type": "set",
                "stamp": seconds(summary.stamp),
                "exercise": summary.exercise,
                "set": summary.set_index,
                "start": seconds(summary.start),
                "end": seconds(summary.end),
                "repetitions": summary.repetitions,
                "rejected": summary.rejected,
                "duration": number(summary.duration_mean, 2),
                "range": self._range(summary.exercise, summary.range_of_motion_mean),
                "symmetry": number(summary.symmetry_mean, 3),
                "velocity_loss": number(summary.velocity_loss, 3),
                "faults": list(summary.form_faults),
                "totals": dict(self._totals),
            },
        )

    def _range(self, exercise: str, value: float) -> float | None:
        """A range of motion [rad] in degrees; None where a distance drives the exercise: that is in torso lengths."""
        return None if exercise in self._by_distance else degrees(value)

    def take_cue(self, cue: FormCue) -> Json:
        """Something to say to the person; returns its message."""
        said = {"exercise": cue.exercise, "code": cue.code, "text": cue.text, "priority": cue.priority.name.lower()}
        return _keep(self._cues, {"type": "cue", "stamp": seconds(cue.stamp)} | said)

    def take_instruction(self, text: str) -> Json:
        """What the guide through takes tells the person, "" = nothing; returns its message."""
        self.instruction = text
        return {"type": "instruction", "text": text}

    def take_diagnostics(self, name: str, level: int, message: str, values: dict[str, str]) -> None:
        """What a node says of itself; level as in diagnostic_msgs/DiagnosticStatus. No graph has KEPT nodes."""
        if name not in self._nodes and len(self._nodes) >= KEPT:
            return
        said = {"level": ("ok", "warn", "error", "stale")[min(level, 3)], "message": message, "values": values}
        self._nodes[name] = time.monotonic(), said

    @property
    def nodes(self) -> dict[str, Json]:
        """What each node says of itself, of those that still do: once a second."""
        since = time.monotonic() - self.silent_after
        return {name: said for name, (at, said) in list(self._nodes.items()) if at >= since}

    @property
    def told(self) -> str | None:
        """The exercise that the counter was told to count; "" = the classifier decides, None = it has not said."""
        node = self.nodes.get("rep_counter")
        return node["values"].get("told") if node else None

    @told.setter
    def told(self, exercise: str) -> None:
        # Its next diagnostics say so too.
        if node := self.nodes.get("rep_counter"):
            node["values"]["told"] = exercise

    def counted_anew(self, told: RepEvent | SetSummary) -> bool:
        """Whether a repetition or set says that somebody has reset the counter: a finished set's number comes again.

        Ask before it is taken.
        """
        if not (told.set_index and self._sets):
            return False
        last = self._sets[-1]
        if told.set_index == last["set"]:
            # What a counter that crashed has told before is told again.
            return not last["start"] <= seconds(told.end) <= last["end"]
        return told.set_index < last["set"]

    def forget_repetitions(self) -> None:
        """The counter was reset: its sets begin with 1 again."""
        for kept in (self._repetitions, self._sets, self._cues):
            kept.clear()
        self._totals = dict.fromkeys(self._totals, 0)

    def now(self, pose: Pose | None, angles: JointAngles | None) -> Json:
        """The message `state`, the same as /api/state."""
        missing = self.missing
        seen = None if "exercise" in missing else self._classification
        rep = None if "rep_state" in missing else self._rep
        known = seen is not None and seen.status == ClassificationStatus.OK
        return {
            "type": "state",
            "stamp": seconds(pose.stamp) if pose else None,
            # What most scripts ask for; below it is all that the graph says.
            "exercise": rep.exercise if rep and rep.exercise else seen.label if seen and known else "",
            "confidence": number(seen.confidence, 3) if seen else None,
            "count": rep.count if rep else 0,
            "phase": (rep.phase if rep else Phase.UNKNOWN).name.lower(),
            "pose": _pose(pose),
            "angles": {joint.name: degrees(value) for joint, value in zip(JOINTS, angles.angles, strict=True)}
            if angles and "rep_state" not in missing
            else {},
            "classification": {
                "status": seen.status.name.lower(),
                "label": seen.label,
                "confidence": number(seen.confidence, 3),
                "threshold": number(self.threshold, 3),
                "probabilities": {label: number(value, 3) for label, value in seen.probabilities.items()},
            }
            if seen
            else None,
            "rep": {
                "exercise": rep.exercise,
                "phase": rep.phase.name.lower(),
                "progress": number(rep.progress, 3),
                "count": rep.count,
                "rejected": rep.rejected,
                "set": rep.set_index,
            }
            if rep
            else None,
            "fps": round(self._rate(), 1),
            "silence": number(self.silence(), 1),
            "silent_after": number(self.silent_after, 1),
            "missing": missing,
            "latency_ms": self._pose_value("stamp_age_ms"),
            "drops": self._drops(),
        }

    def hello(self) -> Json:
        """The message `hello`: what does not change, and what has been so far."""
        return {
            "type": "hello",
            "protocol": PROTOCOL,
            "exercises": self.exercises,
            "connections": CONNECTIONS,
            "joints": [joint._asdict() for joint in JOINTS],
            "model": self.model,
            "repetitions": list(self._repetitions),
            "sets": list(self._sets),
            "totals": self._totals,
            "cues": list(self._cues),
            "instruction": self.instruction,
            "nodes": self.nodes,
        }

    def silence(self) -> float:
        """How long ago the last pose came [s]; NaN before the first."""
        return time.monotonic() - self._came

    def _rate(self) -> float:
        """Poses per second of their stamps, while they come."""
        if len(self._stamps) < 2 or self.silence() > self.silent_after:
            return 0.0
        return (len(self._stamps) - 1) / seconds(self._stamps[-1] - self._stamps[0])

    def _pose_value(self, key: str) -> float | None:
        node = self.nodes.get("pose_estimator")
        return number(_figure(node["values"].get(key, "")), 1) if node else None

    def _drops(self) -> int | None:
        """Pictures that were not made poses of, one after the other: on the way, replaced by newer ones, unreadable."""
        node = self.nodes.get("pose_estimator")
        if node is None:
            return None
        figures = [_figure(node["values"].get(key, "")) for key in ("lost", "replaced", "refused", "failed")]
        return int(sum(figure for figure in figures if math.isfinite(figure)))


def _figure(text: str) -> float:
    """The number that a diagnostic says; NaN where it says something else."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def number(value: float, digits: int) -> float | None:
    """A number of so many digits after the point; null where it is not measured."""
    return round(float(value), digits) if math.isfinite(value) else None


def degrees(radians: float) -> float | None:
    """Radians in degrees; null where it is not measured."""
    return number(math.degrees(radians), 1)


def _pose(pose: Pose | None) -> Json | None:
    if pose is None:
        return None
    landmarks: Iterable[list[float]] = []
    if pose.tracked:
        landmarks = np.column_stack((pose.image[:, :2], pose.visibility)).astype(float).round(4).tolist()
        landmarks = [point if all(map(math.isfinite, point)) else [0.0, 0.0, 0.0] for point in landmarks]
    return {"width": pose.width, "height": pose.height, "body_id": pose.body_id, "landmarks": landmarks}


def _joint_of(exercise: Exercise) -> str | None:
    """The joint whose angle is shown of an exercise: that which drives it, else that from which its distance goes."""
    if exercise.joint is not None:
        return str(exercise.joint)
    assert exercise.distance is not None
    ends = str(exercise.distance.of), str(exercise.distance.point)
    return next((end for end in ends if end in set(JointName)), None)


def _keep(kept: deque[Json], message: Json) -> Json:
    kept.append(message)
    return message
