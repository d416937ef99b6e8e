"""Parameters of the node `record_take`, and the messages of takes."""

from collections.abc import Callable
from types import SimpleNamespace

from fitness_core.catalogue import Catalogue
from fitness_core.ros import diagnostics, messages, pictures
from fitness_core.ros.parameters import Parameter
from fitness_core.types import nanoseconds, seconds
from fitness_datasets.collection.collector import Collector, Label, Outcome
from fitness_datasets.collection.guidance import Guidance, Settings, TakeRequest
from fitness_datasets.collection.quality import Limits
from fitness_datasets.collection.session import Session, plan
from fitness_msgs.action import RecordTake
from fitness_msgs.msg import RepEvent, TakeLabel
from fitness_msgs.srv import SetExercise

PARAMETERS = (
    Parameter("subject", "", "Pseudonym of the person recorded, e.g. P01; empty = wait for goals.", read_only=True),
    Parameter("session", "S01", "Name of this visit of the subject.", read_only=True),
    Parameter("exercise", "squat", "Exercises to record, separated by commas; idle and other too.", read_only=True),
    Parameter(
        "takes", 1, "How many takes of each exercise to keep in the session.", minimum=1, maximum=1000, read_only=True
    ),
    Parameter("repetitions", 5, "End a take after this many repetitions; 0 = by time.", minimum=0, read_only=True),
    Parameter("seconds", 0.0, "End a take after this time [s]; 0 = by repetitions.", minimum=0.0, read_only=True),
    Parameter("consent", False, "The subject has agreed to be recorded; nothing is recorded without.", read_only=True),
    Parameter("auto", False, "Keep good takes and repeat others without asking.", read_only=True),
    Parameter("attempts", 3, "With auto: give a take up after this many attempts.", minimum=1, read_only=True),
    Parameter("out", "", "Folder of the collection, for session.yaml; empty = none.", at_configure=True),
    Parameter("bag", "", "Bag that is being recorded, by the name for session.yaml.", at_configure=True),
    Parameter(
        "needs_recorder",
        False,
        "Keep a take only where the node `recorder` says on /diagnostics that it records `bag`; false = any recorder "
        "that says nothing there will do.",
        at_configure=True,
    ),
    Parameter("camera", "", "What the camera is, for session.yaml.", read_only=True),
    Parameter("catalogue", "", "Folder of exercise files, or one file; empty = the shipped ones.", read_only=True),
    pictures.TRANSPORT,
    Parameter("countdown", 3.0, "From a good placement to the start of the take [s].", minimum=0.0),
    Parameter("patience", 20.0, "End a take by repetitions after this time without one [s].", minimum=1.0),
    Parameter(
        "placement_timeout",
        60.0,
        "With auto: give up the session after so long without a good placement, or without a pose [s]; 0 = never. "
        "Without auto it waits.",
        minimum=0.0,
    ),
    Parameter("max_lost", 0.1, "Largest share of a take in which the body may be lost.", minimum=0.0, maximum=1.0),
    Parameter("max_dropped", 0.2, "Largest share of a take in which frames may be missing.", minimum=0.0, maximum=1.0),
    Parameter("max_gap", 0.5, "Longest time without a frame [s].", minimum=0.0),
)
"""Of the node `record_take`."""


def settings_of(params: SimpleNamespace) -> Settings:
    """How the parameters say that a person is guided."""
    return Settings(
        countdown=params.countdown,
        patience=params.patience,
        placement_timeout=params.placement_timeout if params.auto else 0.0,
        asks=not params.auto,
        limits=Limits(max_lost=params.max_lost, max_dropped=params.max_dropped, max_gap=params.max_gap),
    )


def exercises_of(params: SimpleNamespace) -> list[str]:
    """The exercises that the parameter names."""
    return [name.strip() for name in params.exercise.split(",")]


def request_of(params: SimpleNamespace, exercise: str, number: int) -> TakeRequest:
    """A take as the parameters ask for it."""
    return TakeRequest(
        params.subject, params.session, exercise, number, params.repetitions, params.seconds, params.consent
    )


def became(request: TakeRequest, outcome: Outcome) -> str:
    """What became of a take, in a line."""
    return f"take {request.number}, {request.exercise}: {'kept' if outcome.kept else f'not kept, {outcome.reason}'}"


def left_of(session: Session, params: SimpleNamespace) -> str:
    """What a session still lacks of what the parameters ask for, in a line."""
    missing = len(plan(session, exercises_of(params), params.takes))
    where = session.folder or f"session {params.session} of {params.subject}"
    if not missing:
        return f"{where} has every take"
    return f"{where}: takes still to do: {missing} (the same again goes on)"


def from_goal(goal: RecordTake.Goal, session: Session | None = None) -> TakeRequest:
    """Goal of the action RecordTake -> TakeRequest. session: which knows what number is the next one."""
    limit = seconds(nanoseconds(goal.time_limit.sec) + goal.time_limit.nanosec)
    number = goal.take or (session.next_take if session else 0)
    return TakeRequest(goal.subject, goal.session, goal.exercise, number, goal.repetitions, limit, goal.consent)


def to_label(label: Label | None, frame_id: str) -> TakeLabel:
    """Label -> fitness_msgs/TakeLabel; an empty one for None."""
    if label is None:
        return TakeLabel()
    return TakeLabel(
        header=messages.header(label.stamp, frame_id),
        event=int(label.event),
        subject=label.request.subject,
        session=label.request.session,
        exercise=label.request.exercise,
        take=label.request.number,
        repetitions=label.repetitions,
    )


def to_set_exercise(request: TakeRequest, catalogue: Catalogue) -> SetExercise.Request:
    """What the counter is told: the exercise, or, for idle and other, that the classifier decides."""
    return SetExercise.Request(exercise=request.exercise if request.exercise in catalogue else "")


def to_feedback(guidance: Guidance) -> RecordTake.Feedback:
    """State of a take -> feedback of the action RecordTake."""
    return RecordTake.Feedback(
        phase=int(guidance.phase),
        instruction=guidance.instruction,
        repetitions=guidance.repetitions,
        remaining=guidance.remaining,
    )


def to_result(outcome: Outcome, frame_id: str) -> RecordTake.Result:
    """What became of a take -> result of the action RecordTake."""
    label = to_label(outcome.label, frame_id)
    return RecordTake.Result(kept=outcome.kept, message=outcome.reason, label=label)


def count_by(collector: Collector) -> Callable[[RepEvent], None]:
    """What takes in the repetitions of a take."""
    return lambda message: collector.count(messages.from_rep_event(message))


def told_of(collector: Collector) -> tuple[bytes, str, dict[str, object]] | None:
    """Level, message and values for /diagnostics; None where no take is under way and all is well."""
    if collector.problem:
        return diagnostics.ERROR, collector.problem, {}
    if (guidance := collector.guidance) is None:
        return None
    return diagnostics.OK, guidance.instruction, {"exercise": guidance.request.exercise, "phase": guidance.phase}
