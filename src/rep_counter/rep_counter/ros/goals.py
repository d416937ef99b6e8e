"""What a goal of the action run_set asks for."""

from fitness_core.types import NANOSECONDS
from fitness_msgs.action import RunSet
from rep_counter.sets.run_set import SetRequest


def request_of(goal: RunSet.Goal) -> SetRequest:
    """The set that a goal asks for; its durations in seconds."""
    limit, rest = (duration.sec + duration.nanosec / NANOSECONDS for duration in (goal.time_limit, goal.rest))
    return SetRequest(goal.exercise, goal.repetitions, limit, rest)
