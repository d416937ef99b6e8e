"""What is told of a repetition that a set takes in: how it was done, measured once it is known whose it is."""

from fitness_core.types import RepEvent
from rep_counter.body.past import Past
from rep_counter.repetitions import form
from rep_counter.repetitions.candidate import Candidate
from rep_counter.repetitions.track import Track


def event_of(candidate: Candidate, track: Track, past: Past, now: int, body_id: str, min_visibility: float) -> RepEvent:
    """The event at stamp `now` [ns]; its place in the set is the set's to say.

    track: of the exercise. past: the poses. min_visibility: below it a landmark is not measured [0..1].
    """
    excursion, motion = candidate.excursion, track.motion(candidate)
    poses = past.poses(excursion.start, excursion.end)
    verdicts = [v for v in form.judge(track.exercise, poses, excursion.turn, min_visibility) if v.judged]
    return RepEvent(
        stamp=now,
        exercise=track.exercise.name,
        set_index=0,
        index=0,
        reason=candidate.reason,
        start=excursion.start,
        turn=excursion.turn,
        end=excursion.end,
        range_of_motion=excursion.range_of_motion,
        symmetry=candidate.symmetry,
        smoothness=motion.smoothness,
        confidence=candidate.confidence,
        form_faults=tuple(verdict.rule.code for verdict in verdicts if verdict.fault),
        body_id=body_id,
        turn_start=motion.turn_start,
        turn_end=motion.turn_end,
        form_judged=tuple(verdict.rule.code for verdict in verdicts),
        whole=excursion.begun and excursion.returned,
        turn_value=track.exercise.direction.sign * excursion.turn_value,
    )
