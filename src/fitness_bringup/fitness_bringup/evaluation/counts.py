"""How well repetitions are counted, on recordings that people counted: `./fitness evaluate counts --clips CLIPS.csv`.

Of every set are told: exact (the count is right and nothing is named otherwise), OBO (off by one at most) and MAE (mean
of |count - true| / true), as RepNet (Dwibedi et al. 2020, https://arxiv.org/abs/2006.15418) and TransRAC (Hu et al.
2022, https://arxiv.org/abs/2204.01018) define them. A set of which more repetitions were credited to other exercises
than are missing is off by those. Intervals are 95 % of a bootstrap over sources (Efron and Tibshirani 1993).
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from exercise_classifier import held_out
from exercise_classifier.classifier import ExerciseClassifier, default_model
from exercise_classifier.held_out import HeldOutLabels
from fitness_bringup.evaluation import counted_recordings, scores
from fitness_bringup.evaluation.counted_recordings import CountedRecording
from fitness_bringup.evaluation.peers import PEERS
from fitness_bringup.evaluation.scores import GIVEN, NAMED, Result, Run
from fitness_bringup.tables.terminal import table
from fitness_core.catalogue import NON_EXERCISES, Catalogue
from fitness_core.command_line import ArgumentParser, check_different, check_kept, check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.skeleton import MIN_VISIBILITY
from fitness_core.types import Classification, Phase, Pose, RepEvent, SetSummary, seconds
from rep_counter.body import periodicity
from rep_counter.body.bodies import Bodies
from rep_counter.counter import RepCounter

_PLOTTED = 0.1  # time between points of a plotted signal [s]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was given; see its help."""

    clips: Path | None = None
    stretches: Path | None = None
    poses: Path | None = None
    mocap: Path | None = None
    exercises: tuple[str, ...] = ()
    filter: str = ""
    held_out: Path | None = None
    model: Path | None = None
    cache: Path = counted_recordings.CACHE
    json: Path | None = None
    html: Path | None = None


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code; raises InputError."""
    parser = ArgumentParser(prog="fitness evaluate counts", description="How well repetitions are counted.")
    parser.add_argument("--clips", type=Path, help="clips.csv beside its videos and bags")
    parser.add_argument("--stretches", type=Path, help="what the clips show when (take, start, end, exercise)")
    parser.add_argument(
        "--poses",
        type=Path,
        help="poses.csv: its BlazePose sequences; its min-max scaled ones also for the second opinion",
    )
    parser.add_argument("--mocap", type=Path, help="mocap.csv: its recordings of one movement, from three cameras")
    parser.add_argument("--exercise", default="", help="only these, with commas between")
    parser.add_argument("--filter", default="", help="only recordings whose name holds this")
    parser.add_argument("--held-out", type=Path, help="labels of clips that ./fitness evaluate --held-out has written")
    parser.add_argument("--model", type=Path, help="classifier; default: the one that ships")
    parser.add_argument("--cache", type=Path, default=counted_recordings.CACHE, help="landmarks of the videos")
    parser.add_argument("--json", type=Path, help="write the evaluation as JSON")
    parser.add_argument("--html", type=Path, help="write it as one page, every recording drawn")
    given = vars(parser.parse_args(arguments))
    exercises = tuple(name.strip() for name in given.pop("exercise").split(",") if name.strip())
    run(Options(exercises=exercises, **given))
    return 0


def run(options: Options) -> None:
    """Evaluate, write what was asked for, print the tables."""
    check_writable(options.json, options.html)
    check_kept(
        (options.clips, options.poses, options.mocap, options.stretches, options.held_out, options.model),
        options.json,
        options.html,
    )
    check_different(options.json, options.html)
    console = Console(width=max(160, Console().width))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("counting", total=None)
        evaluation, results = evaluate(options, lambda done, of: progress.update(task, completed=done, total=of))
    with contextlib.ExitStack() as last:
        # After the files: who reads the screen may be gone. Also where a file cannot be written.
        last.callback(_print, evaluation, console)
        if options.json is not None:
            write_file(options.json, json.dumps(evaluation, indent=1) + "\n")
        if options.html is not None:
            from fitness_bringup.evaluation.counts_page import to_html

            write_file(options.html, to_html(evaluation, results, Catalogue.load()))


def evaluate(
    options: Options, progress: Callable[[int, int], None] = lambda done, of: None
) -> tuple[dict[str, Any], list[Result]]:
    """The evaluation as plain data (what --json writes), and what it was made of."""
    catalogue = Catalogue.load()
    recordings = [
        *(counted_recordings.clips(options.clips, options.cache, options.stretches) if options.clips else ()),
        *(counted_recordings.pose_sequences(options.poses) if options.poses else ()),
        *(counted_recordings.motion_capture(options.mocap) if options.mocap else ()),
    ]
    recordings = [one for one in recordings if _wanted(one, options, catalogue)]
    if not recordings and options.poses is None:
        tables = [str(table) for table in (options.clips, options.mocap) if table]
        if not tables:
            raise InputError("nothing to count: give --clips, --mocap or --poses")
        named = f"; only names with {options.filter!r} in them were looked at (--filter)" if options.filter else ""
        raise InputError(
            f"nothing to count: no row of {' and '.join(tables)} has a count (column `reps`) and an exercise that is "
            f"asked for, or is labelled idle or other{named}"
        )
    labels = held_out.read(options.held_out) if options.held_out else None
    classifier = ExerciseClassifier(options.model)
    classifier.check_labels(catalogue)
    results = []
    for done, recording in enumerate(recordings):
        progress(done, len(recordings))
        if labels is not None and recording.exercise not in catalogue and not labels.of(recording.name):
            continue  # a phantom is a matter of labels
        results.append(count(recording, catalogue, classifier, labels))
    evaluation = {
        "labels": _about_labels(options, classifier, labels),
        "sets": scores.sets(results),
        "negatives": scores.negatives(results, catalogue),
        "second_opinion": scores.second_opinion(results),
        "timing": scores.timing(results),
        "any_exercise": _any_exercise(options.poses) if options.poses else {},
        "peers": {peer.name: peer.source for peer in PEERS},
        "recordings": [_plain(result) for result in results],
    }
    return evaluation, results


def _wanted(recording: CountedRecording, options: Options, catalogue: Catalogue) -> bool:
    negative = recording.exercise in NON_EXERCISES
    countable = recording.count is not None or bool(recording.idle)
    known = negative or (recording.exercise in catalogue and countable)
    asked = not options.exercises or recording.exercise in options.exercises
    return known and asked and options.filter in recording.name


def count(
    recording: CountedRecording,
    catalogue: Catalogue,
    classifier: ExerciseClassifier,
    labels: HeldOutLabels | None = None,
) -> Result:
    """Count a recording in every way: not told the exercise, told it, and by the peers' rules, which are told it.

    labels: used instead of the classifier's for the clips they know.
    """
    poses = recording.poses()
    exercise = recording.exercise if recording.exercise in catalogue else ""
    known = labels.of(recording.name) if labels else []
    runs = {}
    if not labels or known:
        runs[NAMED] = count_poses(poses, RepCounter(catalogue), classifier, known)
    if exercise:
        runs[GIVEN] = count_poses(poses, RepCounter(catalogue, exercise))
    counts = {way: run.counted[exercise] if exercise else run.counted.total() for way, run in runs.items()}
    errors = {}
    if exercise and recording.count is not None:
        for way, run in runs.items():
            elsewhere = run.counted.total() - run.counted[exercise]
            errors[way] = max(abs(counts[way] - recording.count), elsewhere)
        for peer in PEERS:
            if exercise in peer.rules:
                counts[peer.name] = peer.rules[exercise].count(poses)
                errors[peer.name] = abs(counts[peer.name] - recording.count)
    times, signal = _signal(poses, catalogue, exercise)
    origin = poses[0].stamp
    return Result(recording, origin, seconds(poses[-1].stamp - origin), counts, errors, runs, times, signal)


def count_poses(
    poses: Sequence[Pose],
    counter: RepCounter,
    classifier: ExerciseClassifier | None = None,
    labels: Sequence[Classification] = (),
) -> Run:
    """What a counter makes of poses. labels: by stamp, instead of the classifier's; without both it was told."""
    events: list[RepEvent] = []
    summaries: list[SetSummary] = []
    phases: list[tuple[int, Phase]] = []
    if classifier is not None:
        classifier.reset()
    waiting = iter(labels)
    label = next(waiting, None)
    for pose in poses:
        while label is not None and label.stamp <= pose.stamp:
            counter.classify(label)
            label = next(waiting, None)
        if classifier is not None and not labels and (said := classifier.step(pose)) is not None:
            counter.classify(said)
        output = counter.step(pose)
        events += output.events
        summaries += output.summaries
        if not phases or phases[-1][1] != output.state.phase:
            phases.append((pose.stamp, output.state.phase))
    last = counter.finish()
    starts = [*(stamp for stamp, _ in phases), poses[-1].stamp]
    origin = poses[0].stamp
    return Run(
        events + last.events,
        summaries + last.summaries,
        [
            (seconds(start - origin), seconds(end - origin), phase)
            for start, end, (_, phase) in zip(starts[:-1], starts[1:], phases, strict=True)
        ],
    )


def _signal(poses: Sequence[Pose], catalogue: Catalogue, exercise: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Times [n, s] and what drives the exercise [n, 2], a point every tenth of a second."""
    if not exercise:
        return np.empty(0), None
    times: list[float] = []
    plotted: list[Pose] = []
    for pose in poses:
        now = seconds(pose.stamp - poses[0].stamp)
        if not times or now - times[-1] >= _PLOTTED:
            times.append(now)
            plotted.append(pose)
    bodies = Bodies([catalogue[exercise]], MIN_VISIBILITY).of(plotted)
    return np.array(times), np.array([(body.readings[0][0], body.readings[0][2]) for body in bodies])


def _any_exercise(poses: Path) -> dict[str, Any]:
    """The counter that knows no exercises on the min-max scaled sequences; every other one chose its constants."""
    sequences = counted_recordings.scaled_sequences(poses)
    if not sequences:
        return {}
    errors = [abs(periodicity.count(one.points, one.stamps).repetitions - one.count) for one in sequences]
    chosen = np.arange(len(sequences)) % 2 == 0
    names = sorted({one.exercise for one in sequences})
    groups = {name: np.array([one.exercise == name for one in sequences]) for name in names}
    groups["half the constants were chosen on"], groups["other half"] = chosen, ~chosen
    groups["all"] = np.ones(len(sequences), bool)
    return {
        name: scores.scores(
            [errors[row] for row in np.flatnonzero(rows)],
            [sequences[row].count for row in np.flatnonzero(rows)],
            [sequences[row].name for row in np.flatnonzero(rows)],
        )
        for name, rows in groups.items()
    }


def _about_labels(options: Options, classifier: ExerciseClassifier, labels: HeldOutLabels | None) -> str:
    """Whose labels the column NAMED rests on, and whether they have seen what is counted."""
    if labels is not None:
        return (
            f"Exercise not given: held-out labels ({labels.model}: {', '.join(labels.labels)}) of networks that saw "
            "nothing of a clip's source. Sets that they do not know are counted with the exercise given only."
        )
    own = f"Exercise not given: labels of model {classifier.info.model_id}"
    written = (options.model or default_model()).with_suffix(".evaluation.json")
    command = ""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # none, or a damaged one: not known
        command = json.loads(written.read_text()).get("command", "")
    if not command:
        return f"{own}; what it was fitted to is not known here."
    return (
        f"{own}, which was FITTED by `{command}` to the recordings of those tables: where they are counted here, the "
        "figures are better than for people it has not seen. --held-out FILE takes labels of networks that saw nothing "
        "of a clip's source."
    )


def _plain(result: Result) -> dict[str, Any]:
    recording = result.recording
    return {
        "data": recording.data,
        "name": recording.name,
        "exercise": recording.exercise,
        "count": recording.count,
        "certain": recording.certain,
        "source": recording.source,
        "duration_s": round(result.duration, 2),
        "counted": result.counts,
        "off": result.errors,
        "while_idle": result.while_idle,
        "credited": {way: dict(run.counted) for way, run in result.runs.items()},
    }


def _print(evaluation: dict[str, Any], console: Console) -> None:
    console.print(evaluation["labels"], highlight=False, markup=False)
    if evaluation["sets"]:
        shown = table("data", "exercise", "way", "sets", "sources", "exact", "OBO", "MAE")
        for row in evaluation["sets"]:
            which = (row[key] for key in ("data", "exercise", "way", "sets", "sources"))
            shown.add_row(*map(str, which), *(_interval(row, figure) for figure in ("exact", "obo", "mae")))
        console.print(shown)
    wrong = [row for row in evaluation["recordings"] if any(row["off"].get(way) for way in (NAMED, GIVEN))]
    none = [row for row in evaluation["recordings"] if row["exercise"] in NON_EXERCISES]
    wrong += [row for row in none if row["counted"].get(NAMED)]
    wrong += [row for row in evaluation["recordings"] if row["while_idle"] and row not in wrong]
    if wrong:
        shown = table("off", "is", NAMED, GIVEN)
        for row in wrong:
            told = [_said(row["credited"][way]) if way in row["credited"] else "" for way in (NAMED, GIVEN)]
            shown.add_row(row["name"], f"{row['exercise']} {'' if row['count'] is None else row['count']}", *told)
        console.print(shown)
    if evaluation["any_exercise"]:
        shown = table("no exercise known", "sequences", "exact", "OBO", "MAE")
        for name, row in evaluation["any_exercise"].items():
            shown.add_row(name, str(row["sets"]), *(_interval(row, figure) for figure in ("exact", "obo", "mae")))
        console.print(shown)
    if evaluation["negatives"]:
        shown = table("no exercise done", "label", "recordings", "minutes", "phantom repetitions", "in recordings")
        for row in evaluation["negatives"]:
            figures = ("recordings", "minutes", "phantoms", "recordings_with_phantoms")
            shown.add_row(row["data"], row["exercise"], *(str(row[figure]) for figure in figures))
        console.print(shown)
    if evaluation["timing"]:
        shown = table("timing", "exercise", "repetitions", "start off by [s]", "end off by [s]")
        for row in evaluation["timing"]:
            columns = ("data", "exercise", "repetitions", "start_error_s", "end_error_s")
            shown.add_row(*(str(row[key]) for key in columns))
        console.print(shown)
    opinion = evaluation["second_opinion"]
    if opinion["with_opinion"]:
        console.print(
            f"second opinion: {opinion['with_opinion']} of {opinion['sets']} sets have one; the same count in "
            f"{opinion['same']:.0%}, within one in {opinion['within_one']:.0%}",
            highlight=False,
        )


def _said(credited: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in credited.items()) or "nothing"


def _interval(row: dict[str, Any], figure: str) -> str:
    low, high = row[f"{figure}_95"]
    return f"{row[figure]:.2f} [{low:.2f} {high:.2f}]"
