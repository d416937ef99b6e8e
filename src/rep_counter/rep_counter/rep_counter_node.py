"""Node `rep_counter`: body poses and exercise labels to joint angles, phases, repetitions, sets and form cues."""

import sys
from typing import ClassVar

from std_srvs.srv import Trigger

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, messages, qos, serialized
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter, Value
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_msgs import msg, srv
from rep_counter.counter import CounterOutput, RepCounter
from rep_counter.repetitions.cues import Cues
from rep_counter.ros.beforehand import import_beforehand
from rep_counter.ros.continuity import Continuity
from rep_counter.ros.rivals import Rivals

BEFOREHAND = "scipy.ndimage", "scipy.linalg"
"""Imported while there is time, for `periodicity`; by a spare before it is needed."""
NOT_ACTIVE = "the counter is not active; configure and activate it first"
MANY_MISSING = 0.2
"""Where more poses than this share are missing, /diagnostics warns."""


class RepCounterNode(FitnessNode):
    """Counts repetitions of the exercises of the catalogue; see `rep_counter.counter.RepCounter`.

    Started again after a crash, it continues the running set from what it had published and from the poses and labels
    that their publishers still have. If poses are missing, it publishes a RepEvent with REASON_INTERRUPTED.
    """

    PARAMETERS: ClassVar = (
        Parameter(
            "catalogue", "", "Folder of exercise YAML files, or one file; empty = the shipped ones.", read_only=True
        ),
        Parameter("exercise", "", "Count this exercise whatever the classifier says; empty = the classifier decides."),
        Parameter(
            "min_visibility",
            MIN_VISIBILITY,
            "A joint is measured if all its landmarks are at least this visible [0..1].",
            minimum=0.0,
            maximum=1.0,
            read_only=True,
        ),
        Parameter("cues", True, "Say what to do better: publish form_cue."),
        Parameter("cue_cool_down", 12.0, "Least time until the same cue is said again [s].", minimum=0.0),
        Parameter("cue_gap", 4.0, "Least time between two cues [s].", minimum=0.0),
        Parameter(
            "restore_within",
            60.0,
            "Continue the set of a counter that crashed at most this long ago [s]; 0 = keep nothing for that.",
            minimum=0.0,
            read_only=True,
        ),
    )

    # A robot waits for what is counted, and no label is needed at its pose: it counts from 0.1 s later.
    URGENCY: ClassVar = 1

    def __init__(self, name: str = "rep_counter", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._counter: RepCounter | None = None
        self._cues: Cues | None = None
        self._labels: list[str] = []
        self._frame_id = ""
        self._rate = diagnostics.Rate()
        self._labelled = diagnostics.Rate(window=3.0)
        self._sets_in_doubt = 0
        self._progress = diagnostics.Progress()
        self._continuity: Continuity | None = None
        self._angles = self.create_lifecycle_publisher(msg.JointAngles, "joint_angles", qos.STREAM)
        self._state = self.create_lifecycle_publisher(msg.RepState, "rep_state", qos.STATE)
        self._events = self.create_lifecycle_publisher(msg.RepEvent, "rep_event", qos.EVENTS)
        self._summaries = self.create_lifecycle_publisher(msg.SetSummary, "set_summary", qos.STATE)
        self._periodicity = self.create_lifecycle_publisher(msg.Periodicity, "periodicity", qos.STREAM)
        self._form = self.create_lifecycle_publisher(msg.FormCue, "form_cue", qos.STREAM)
        self.create_subscription(msg.BodyPose, "body_pose", self._on_pose, qos.EVERY)
        label = serialized.in_place(msg.ExerciseClassification, self._on_classification, serialized.classification_of)
        self.create_subscription(msg.ExerciseClassification, "exercise", label, qos.EVERY, raw=True)
        self.create_subscription(msg.ClassifierInfo, "exercise/info", self._on_info, qos.LATCHED)
        self.create_service(srv.SetExercise, "~/set_exercise", self._on_set_exercise)
        self.create_service(Trigger, "~/reset", self._on_reset)

    def configure(self) -> None:
        catalogue = Catalogue.load(self.params.catalogue)
        self._counter = RepCounter(catalogue, self.params.exercise, self.params.min_visibility)
        self._cues = Cues(catalogue, self.params.cue_cool_down, self.params.cue_gap)

    def activate(self) -> None:
        if self._counter is not None:
            within = self.params.restore_within
            self._continuity = Continuity(self, self._counter, within, self._labels, self._publish)
            self._rivals = Rivals(self, self._state, self._continuity.restarted)

    def deactivate(self) -> None:
        if self._continuity is not None:
            self._continuity.end(self._close)
        self._continuity = None

    def release(self) -> None:
        self._counter = self._cues = None

    def check_parameter(self, name: str, value: Value) -> None:
        if name == "exercise" and self._counter is not None:
            self._counter.check_exercise(str(value))

    def parameters_changed(self, names: set[str]) -> None:
        if self._cues is not None:
            self._cues.cool_down, self._cues.gap = self.params.cue_cool_down, self.params.cue_gap
        if "exercise" in names and self._counter is not None:
            self._counter.set_exercise(self.params.exercise)
            if self._continuity is not None:
                self._continuity.asked_for(self.params.exercise)

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message, _ = super().diagnose()
        values: dict[str, object] = {"rate_hz": self._rate.hertz(), "step_ms": self._rate.mean_cost() * 1e3}
        if self._rate.hertz() and not self._labelled.hertz() and self._counter and not self._counter.exercise:
            level, message = diagnostics.WARN, "poses come but no labels: is exercise_classifier running?"
        if self._counter is not None and self.active:
            values |= {"told": self._counter.exercise, "missing": self._counter.missing}
            if self._progress.stands_still(self._rate.total, self._counter.stamp):
                level, message = diagnostics.WARN, "stamps stand still: does the driver set them, is /clock published?"
            if self._counter.missing > MANY_MISSING:
                level, message = diagnostics.WARN, f"{self._counter.missing:.0%} of the poses are missing"
        if self._continuity is not None:
            self._continuity.alive()
            values["interruptions"] = self._continuity.interruptions
            if problem := self._continuity.problem or self._rivals.look():
                level, message = diagnostics.WARN, problem
        return level, message, {**values, "sets_in_doubt": self._sets_in_doubt}

    def _on_info(self, message: msg.ClassifierInfo) -> None:
        self._labels[:] = message.labels

    def _on_classification(self, message: serialized.ReadClassification) -> None:
        if not self.active or self._counter is None:
            return
        self._labelled.tick()
        if not (self._continuity and self._continuity.withholds("exercise", message)):
            self._counter.classify(messages.from_classification(message, self._labels))

    def _on_pose(self, message: msg.BodyPose) -> None:
        if not self.active or self._counter is None:
            return
        if self._continuity and self._continuity.withholds("body_pose", message):
            self._frame_id = message.header.frame_id
            return
        pose = messages.from_body_pose(message)
        self._frame_id = pose.frame_id
        with self._rate.timed():
            output = self._counter.step(pose)
        self._publish(output)
        # `periodicity` needs them first in the middle of a set, where poses would wait for most of a second.
        import_beforehand(*BEFOREHAND)
        if not pose.tracked and message.status == msg.BodyPose.STATUS_TRACKED:
            raise InputError("a body of which no landmark is a number within reach; taken for nobody")

    def _close(self) -> None:
        """The stream may be over: what waits is decided and the set is closed, so that nothing counted is lost."""
        if self._counter is not None and self._cues is not None:
            self._publish(self._counter.begin_anew(), live=False)
            self._cues.reset()

    def _publish(self, output: CounterOutput, live: bool = True) -> None:
        for event in output.events:
            self._events.publish(messages.to_rep_event(event, self._frame_id))
            if live and self.params.cues and self._cues is not None and (cue := self._cues.step(event)):
                self._form.publish(messages.to_form_cue(cue, self._frame_id))
        for summary in output.summaries:
            self._summaries.publish(messages.to_set_summary(summary, self._frame_id))
            self._sets_in_doubt += summary.in_doubt
        if self._continuity is not None:
            self._continuity.published(output)
        if output.periodicity is not None:
            self._periodicity.publish(messages.to_periodicity(output.periodicity, self._frame_id))
        if live:
            if self._angles.get_subscription_count():
                self._angles.publish(messages.to_joint_angles(output.angles, self._frame_id))
            self._state.publish(serialized.of_rep_state(output.state, self._frame_id))

    def _on_set_exercise(
        self, request: srv.SetExercise.Request, response: srv.SetExercise.Response
    ) -> srv.SetExercise.Response:
        try:
            if self._counter is None or not self.active:
                raise InputError(NOT_ACTIVE)
            self._counter.set_exercise(request.exercise)
        except InputError as error:
            response.success, response.message = False, str(error)
            return response
        if self._continuity is not None:
            self._continuity.asked_for(request.exercise)
        response.success = True
        response.message = f"counting {request.exercise}" if request.exercise else "counting what is classified"
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.message = NOT_ACTIVE
        if self._continuity is not None:
            self._continuity.anew(self._close)
            response.success, response.message = True, "sets and repetitions start from nought"
        return response


def main() -> int:
    """Run the node."""
    return run(RepCounterNode)


if __name__ == "__main__":
    sys.exit(main())
