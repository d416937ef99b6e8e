"""A counter goes on after a crash: what was published before, then the poses and labels of around the crash."""

from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import TypeVar

from fitness_core.types import SET_BACK, Classification, Pose, nanoseconds, seconds
from rep_counter.counter import CounterOutput, RepCounter
from rep_counter.sets.memory import Memory

# The rest position is the extreme of so long: machines need it before the first movement that is new to them.
_WARM_UP = nanoseconds(6.0)

Stamped = TypeVar("Stamped", Pose, Classification)


@dataclass(frozen=True, slots=True)
class Resumed:
    """What going on led to. outputs: with events, summaries, and the newest pose's last. story: one line for people."""

    story: str
    outputs: list[CounterOutput] = field(default_factory=list)


def needed(memory: Memory, stamps: list[int]) -> int:
    """Index of the first pose that is of use, of poses in the order they were published; the last one always is."""
    if not stamps:
        return 0
    since = memory.end - _WARM_UP
    first = 0
    # A recording that is played again and again has a stamp in every loop: the newest that has it is taken.
    begins = [0, *(index for index in range(1, len(stamps)) if stamps[index - 1] - stamps[index] > SET_BACK)]
    for begin, end in zip(begins, [*begins[1:], len(stamps)], strict=True):
        if stamps[begin] <= memory.stamp <= stamps[end - 1]:
            first = begin
    for index, stamp in enumerate(stamps[first:-1], first):
        if stamp >= since or stamp - stamps[index + 1] > SET_BACK:
            return index
    return len(stamps) - 1


def resume(
    counter: RepCounter, memory: Memory, poses: list[Pose], labels: list[Classification], oldest: int | None = None
) -> Resumed:
    """Restore the counter and take it through poses (at least one) and labels in the order they were published.

    Where all poses are older than what was published they are of another stream: the set of before is closed. oldest:
    stamp of the oldest pose that was kept [ns], where those that are of no use are left out of `poses`.
    """
    counter.restore(memory)
    running = memory.running
    done = f"set {running.index}, {running.exercise}: {len(running.counted)}" if running else "no set was running"
    if max(pose.stamp for pose in poses) < memory.stamp:
        outputs = [counter.start_over()]
        story = f"restarted on another stream; the set before is closed ({done})"
        return Resumed(story, outputs + _run(counter, poses, labels))
    outputs = _run(counter, poses, labels)
    oldest = poses[0].stamp if oldest is None else oldest
    if oldest <= memory.stamp:
        return Resumed(f"restarted, no pose was missed; went on with {done}", outputs)
    if not memory.stamp:
        return Resumed(f"restarted; no pose had come before; went on with {done}", outputs)
    blind = seconds(oldest - memory.stamp)
    return Resumed(f"restarted, poses of {blind:.1f} s are missing; went on with {done}", outputs)


def _run(counter: RepCounter, poses: list[Pose], labels: list[Classification]) -> list[CounterOutput]:
    """Step through streams whose stamps may jump back (a recording that is played in a loop), label by label."""
    outputs: list[CounterOutput] = []
    # Loops are matched from the newest on: the oldest may be there for one of the two only.
    loops = zip_longest(reversed(_loops(poses)), reversed(_loops(labels)), fillvalue=())
    for some_poses, some_labels in reversed(list(loops)):
        if not some_poses:
            continue
        outputs += counter.steps(some_poses[:1])
        # A stamp that jumps back makes the counter forget its labels: those of this loop come after it.
        for label in some_labels:
            counter.classify(label)
        outputs += counter.steps(some_poses[1:])
    return [output for output in outputs if output.events or output.summaries or output is outputs[-1]]


def _loops(stamped: list[Stamped]) -> list[list[Stamped]]:
    loops = [stamped[:1]]
    for before, after in pairwise(stamped):
        if before.stamp - after.stamp > SET_BACK:
            loops.append([])
        loops[-1].append(after)
    return loops
